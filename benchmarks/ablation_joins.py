"""Ways to join models into a signal: as shipped, and with one choice undone at a time."""

from typing import cast
from unittest.mock import patch

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.ablation_table import HORIZONS_MS
from benchmarks.ablation_table import Said
from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.calibration import Columns
from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import hint_columns
from nautilus_scalp.models.calibration import hint_rows
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.fit_ensemble import DIRECTION_HELD
from nautilus_scalp.training.fit_ensemble import log_scores
from nautilus_scalp.training.fit_weights import blend
from nautilus_scalp.training.fit_weights import configured_weights
from nautilus_scalp.training.join import Joined
from nautilus_scalp.training.join import filter_settings
from nautilus_scalp.training.join import join_models
from nautilus_scalp.training.join import label_weights
from nautilus_scalp.training.out_of_fold import OutOfFold


type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]

replace = msgspec.structs.replace


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """
    Models fitted for a fold, and what they say.

    Attributes
    ----------
    config : TrainingConfig
    dataset : Dataset
    test : bool[m]
        Rows of the real tape that are scored.
    per_model : float64[4, m, 3]
        Uncalibrated probabilities of all rows of the real tape.
    apart, tail : OutOfFold
        Uncalibrated probabilities of rows that models were not fitted on: by parts, and of the
        tail that early stopping saw.

    """

    config: TrainingConfig
    dataset: Dataset
    test: Bools
    per_model: Floats
    apart: OutOfFold
    tail: OutOfFold


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """
    How models become a signal; the defaults are what is shipped.

    Attributes
    ----------
    models : tuple[str, ...]
        Those that have a weight, in proportion to what is configured.
    hints : int, optional
        How many of the features behind the hints are read, in their order; all by default.
    tail : bool
        Calibrate on the tail held out for early stopping, not out of fold.
    calibrated, follows : bool
        Whether the models are calibrated, and probabilities follow known outcomes.
    learned : bool
        Weights are learned out of fold.
    held : float
        Pseudo-observations that hold the gains of models and queues on the direction.

    """

    models: tuple[str, ...] = MODEL_NAMES
    hints: int | None = None
    tail: bool = False
    calibrated: bool = True
    follows: bool = True
    learned: bool = False
    held: float = DIRECTION_HELD[0]


JOINS = {
    "without the correction by outcomes": Join(follows=False),
    "without the eaten queue as a hint": Join(hints=3),
    "tilt of the queues as the only hint": Join(hints=1),
    "without any hint of the book": Join(hints=0),
    "say of models and queues as the rows have it": Join(held=1.0),
    "say of models and queues as the prior has it": Join(held=1e6),
    "calibrated on the tail, not out of fold": Join(tail=True),
    "not calibrated": Join(calibrated=False),
    "weights learned, not configured": Join(learned=True),
    **{
        f"without {name}": Join(models=tuple(n for n in MODEL_NAMES if n != name))
        for name in MODEL_NAMES
    },
    **{f"{name} alone": Join(models=(name,)) for name in MODEL_NAMES},
}


def publish(part: Part, join: Join) -> dict[int, Said]:
    """Return the probabilities that would be published of the test rows, by instrument."""
    matrix = part.dataset.matrix
    if not join.follows:
        still = replace(part.config.move_rate, half_life_ms=0.0)
        part = replace(part, config=replace(part.config, move_rate=still))
    if not join.calibrated:
        join = replace(join, hints=0)
    weights = _weights(part, join)
    columns = _columns(matrix.schema.names, join.hints)
    joined = _joined(part, join, weights, columns)
    hint = hint_rows(matrix.values, columns)
    pooled = np.zeros((len(matrix), 3))
    for k in np.flatnonzero(weights):
        scores = log_scores(part.per_model[k])
        pooled += weights[k] * calibrate_rows(scores, joined.calibration[k], np.zeros_like(hint))
    told = {
        horizon_ms: follow_rows(
            log_scores(pooled),
            hint,
            np.array(joined.horizons[str(horizon_ms)]),
            matrix.segment,
            matrix.ts_event_ns,
            matrix.mid,
            filter_settings(part.config, horizon_ms),
        )
        for horizon_ms in HORIZONS_MS
    }
    return _by_instrument(part, told)


def _columns(names: tuple[str, ...], hints: int | None) -> Columns:
    """Return where the first hints read from; -1 for the others."""
    found = hint_columns(names)
    kept = found[:hints]
    return cast("Columns", kept + (-1,) * (len(found) - len(kept)))


def _weights(part: Part, join: Join) -> Floats:
    if join.learned:
        labels = label_weights(part.dataset, part.apart.rows)
        return blend(part.apart.per_model, *labels)
    weights = configured_weights(part.config.ensemble)
    weights = weights * [name in join.models for name in MODEL_NAMES]
    return weights / weights.sum()


def _joined(part: Part, join: Join, weights: Floats, columns: Columns) -> Joined:
    """Fit the join as `assemble` does, with other hints."""
    said = part.tail if join.tail else part.apart
    held = (join.held, join.held, *DIRECTION_HELD[2:])
    with (
        patch("nautilus_scalp.training.join.hint_columns", lambda _names: columns),
        patch("nautilus_scalp.training.fit_ensemble.DIRECTION_HELD", held),
    ):
        joined = join_models(said, weights, part.dataset, part.config)
    if join.calibrated:
        return joined
    plain = np.tile(IDENTITY, (len(joined.calibration), 1))
    return replace(joined, calibration=plain, horizons=dict.fromkeys(joined.horizons, IDENTITY))


def _by_instrument(part: Part, told: dict[int, Floats]) -> dict[int, Said]:
    """Return what is told of the rows that are scored, as many as were fitted on."""
    matrix, labels = part.dataset.matrix, part.dataset.labels
    found = {}
    for instrument in np.unique(matrix.instrument[part.test]).tolist():
        own = part.test & matrix.ready & (matrix.instrument == instrument)
        at = np.flatnonzero(own)[:: part.config.walk_forward.stride]
        found[instrument] = Said(
            ts_event_ns=matrix.ts_event_ns[at],
            rows=at,
            probabilities={h: probabilities[at] for h, probabilities in told.items()},
            move_bps={h: labels[h].move_bps[at] for h in HORIZONS_MS},
            imbalance=matrix.imbalance[at],
        )
    return found
