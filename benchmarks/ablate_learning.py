"""What each design choice of the training bought, on rows that the models never saw.

    python -m benchmarks.ablate_learning [--minutes M] [--catalog DIR] [--work DIR]

Folds: the recordings before 2024-07-19 in turn, four parts of recorded time (purged), each
instrument by models of the other, and half an hour of a synthetic market with edge 0.9 by models of
the half hour before. The sample's own test window decides nothing. Every choice is undone alone; a
row shows what that changes, averaged over folds and instruments by their moves, with a 95 %
interval from a paired bootstrap over blocks of time. The sizes are SPEC's but for the LSTM, which
is small, and there are two parts out of fold instead of four. A choice that leaves a fold without a
class to learn is compared on the others, as the number of moves tells.

Fitted models are kept in DIR, so that the command can be interrupted, or told to stop after some
minutes, and goes on where it was. It prints a table of what is there.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextlib import nullcontext
from datetime import UTC
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.ablation_table import HORIZONS_MS
from benchmarks.ablation_table import Cells
from benchmarks.ablation_table import Said
from benchmarks.ablation_table import print_table
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.errors import InputError
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import hint_columns
from nautilus_scalp.models.calibration import hint_rows
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training import fit_models
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import SelectionParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import add_features
from nautilus_scalp.training.fit_ensemble import log_scores
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.fit_weights import blend
from nautilus_scalp.training.fit_weights import configured_weights
from nautilus_scalp.training.folds import Fold
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.frame import hold_out_tail
from nautilus_scalp.training.join import Joined
from nautilus_scalp.training.join import filter_settings
from nautilus_scalp.training.join import join_models
from nautilus_scalp.training.join import label_weights
from nautilus_scalp.training.out_of_fold import OutOfFold
from nautilus_scalp.training.out_of_fold import predict_out_of_fold
from nautilus_scalp.training.pipeline import assemble
from nautilus_scalp.training.stages import Stages
from nautilus_scalp.training.walk_forward import frame_folds


type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]

END = datetime(2024, 7, 19, tzinfo=UTC)
EDGE, SYNTHETIC_HOURS, SYNTHETIC_SEED = 0.9, 1.0, 77
NO_HINTS = (-1, -1, -1)
FOLDS = {  # name -> how the sample is cut
    "recordings": WalkForwardParams(scheme="recordings"),
    "parts": WalkForwardParams(scheme="kfold", folds=4),
    "instruments": WalkForwardParams(scheme="instruments"),
}
SYNTHETIC = WalkForwardParams(scheme="expanding", folds=1)
replace = msgspec.structs.replace
BASE = TrainingConfig(
    name="ablation",
    lstm=LstmParams(hidden=16, head=16, batch=16, epochs=8),
    ensemble=EnsembleParams(folds=2, fold_epochs=5),
)
SHIPPED = "as shipped"


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


type Join = Callable[[Part], tuple[Floats, Joined, tuple[int, int, int]]]


def plain_scaler(values: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation with the tails as they are."""
    scale = values.std(axis=0)
    return values.mean(axis=0), np.where(scale > 0.0, scale, 1.0)


def no_scaler(values: Floats) -> tuple[Floats, Floats]:
    """Return a scaling that changes nothing but the clipping at 5."""
    return np.zeros(values.shape[1]), np.ones(values.shape[1])


def equal_weights(dataset: Dataset) -> Dataset:
    """Let every row count the same."""
    return replace(dataset, weight=np.ones_like(dataset.weight))


def patched(name: str, value: object) -> Callable[[], AbstractContextManager[object]]:
    """Return what replaces a function while models are fitted."""
    return lambda: patch.object(fit_models, name, value)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A choice that is undone before fitting."""

    config: TrainingConfig = BASE
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    change: Callable[[Dataset], Dataset] = lambda dataset: dataset


FITS = {
    SHIPPED: Fit(),
    "without the mirror": Fit(config=replace(BASE, mirror=False)),
    "without uniqueness weights": Fit(change=equal_weights),
    "features learned, not fixed": Fit(
        config=replace(BASE, selection=SelectionParams(method="learned"))
    ),
    "scaling by plain mean and deviation": Fit(around=patched("fit_scaler", plain_scaler)),
    "inputs not standardised": Fit(around=patched("fit_scaler", no_scaler)),
}


def shipped(part: Part) -> tuple[Floats, Joined, tuple[int, int, int]]:
    """Join the models as `assemble` does."""
    weights = configured_weights(part.config.ensemble)
    columns = hint_columns(part.dataset.schema.names)
    return weights, _join(part, weights, columns, part.apart), columns


def hints_left(kept: int) -> Join:
    """Return a join with the first of the three hints alone, or none."""

    def join(part: Part) -> tuple[Floats, Joined, tuple[int, int, int]]:
        weights = configured_weights(part.config.ensemble)
        imbalance, spread, last_move = (
            hint_columns(part.dataset.schema.names)[:kept] + NO_HINTS[kept:]
        )
        columns = (imbalance, spread, last_move)
        return weights, _join(part, weights, columns, part.apart), columns

    return join


def on_the_tail(part: Part) -> tuple[Floats, Joined, tuple[int, int, int]]:
    """Calibrate on the tail that was held out for early stopping."""
    weights, _, columns = shipped(part)
    return weights, _join(part, weights, columns, part.tail), columns


def uncalibrated(part: Part) -> tuple[Floats, Joined, tuple[int, int, int]]:
    """Average the models as they are."""
    weights, joined, _ = shipped(part)
    plain = np.tile(IDENTITY, (*joined.calibration.shape[:1], 1))
    heads = dict.fromkeys(joined.horizons, IDENTITY)
    return weights, replace(joined, calibration=plain, horizons=heads), NO_HINTS


def learned(part: Part) -> tuple[Floats, Joined, tuple[int, int, int]]:
    """Learn the weights out of fold."""
    rows = part.apart.rows
    weights = blend(part.apart.per_model, *label_weights(part.dataset, rows))
    columns = hint_columns(part.dataset.schema.names)
    return weights, _join(part, weights, columns, part.apart), columns


def of_models(*kept: str) -> Join:
    """Return a join of some models, their weights in proportion."""

    def join(part: Part) -> tuple[Floats, Joined, tuple[int, int, int]]:
        weights = configured_weights(part.config.ensemble)
        weights = weights * [name in kept for name in MODEL_NAMES]
        weights /= weights.sum()
        columns = hint_columns(part.dataset.schema.names)
        return weights, _join(part, weights, columns, part.apart), columns

    return join


JOINS: dict[str, Join] = {
    "without gap and pull of the last move": hints_left(1),
    "without any hint of the book": hints_left(0),
    "calibrated on the tail, not out of fold": on_the_tail,
    "not calibrated": uncalibrated,
    "weights learned, not configured": learned,
    **{
        f"without {name}": of_models(*(n for n in MODEL_NAMES if n != name)) for name in MODEL_NAMES
    },
    **{f"{name} alone": of_models(name) for name in MODEL_NAMES},
}
UNCORRECTED = "without the correction by outcomes"


def main() -> None:
    """Fit what is missing until time is up; print a table of what is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--catalog", type=Path, default=Path("catalogs/sample"))
    parser.add_argument("--work", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no fit later")
    options = parser.parse_args()
    deadline = time.monotonic() + 60.0 * options.minutes
    tapes = {
        "sample": read_tape(options.catalog, None, None, to_ns(END)),
        "synthetic": synthetic_tape(
            SyntheticParams(seed=SYNTHETIC_SEED, hours=SYNTHETIC_HOURS, edge=EDGE)
        ),
    }
    table: dict[str, dict[str, Cells]] = {market: {} for market in tapes}
    for name, fit in FITS.items():
        for market, tape in tapes.items():
            for fold_name, frame, fold in _folds(market, tape, fit.config):
                if time.monotonic() > deadline:
                    continue
                for row, found in _tried(options.work / market, name, fold_name, frame, fold):
                    cells = {(fold_name, instrument): one for instrument, one in found.items()}
                    table[market].setdefault(row, {}).update(cells)
    if time.monotonic() > deadline:
        print("\nstopped: the same command goes on where it was")  # noqa: T201
    for market, rows in table.items():
        if rows:
            print(f"\n{market}\n")  # noqa: T201
            print_table(rows, SHIPPED)


def _tried(
    work: Path, name: str, fold_name: str, frame: Frame, fold: Fold
) -> list[tuple[str, dict[int, Said]]]:
    """Fit a variant to a fold, or say why that cannot be done, and return its rows."""
    started = time.monotonic()
    stages = Stages(work / fold_name.replace(" ", "-") / name.replace(" ", "-"))
    try:
        part = _fitted(frame, fold, FITS[name], stages)
    except InputError as error:  # a fold may lack a class, and the others have to do
        print(f"{fold_name}, {name}: {error.message}", flush=True)  # noqa: T201
        return []
    print(f"{fold_name}, {name}: {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
    return _rows(name, part)


def _folds(market: str, tape: Tape, config: TrainingConfig) -> list[tuple[str, Frame, Fold]]:
    schemes = FOLDS if market == "sample" else {"synthetic": SYNTHETIC}
    frame = build_frame(tape, config)
    return [
        (f"{scheme} {fold.name}", frame, fold)
        for scheme, params in schemes.items()
        for fold in frame_folds(frame, replace(config, walk_forward=params))
    ]


def _fitted(frame: Frame, fold: Fold, fit: Fit, stages: Stages) -> Part:
    config = fit.config
    split = hold_out_tail(frame, fold.split.train, config)
    dataset = fit.change(add_features(frame, split, config, stages))
    with fit.around():
        arrays = fit_packed(
            dataset.side(dataset.split.train),
            dataset.side(dataset.split.holdout),
            config,
            stages=stages.inner("whole"),
        )
        # only rows that were given to the fold may calibrate it
        inside = replace(dataset, usable=dataset.usable & fold.split.train)
        tail_config = replace(config, ensemble=replace(config.ensemble, folds=0))
        manifest = assemble(arrays, inside, tail_config, fold.name, {}).manifest
        raw = Ensemble(manifest, arrays)
        apart = predict_out_of_fold(inside, raw, config, _silent, stages)
    tail = predict_out_of_fold(inside, raw, tail_config, _silent, stages)
    return Part(
        config=config,
        dataset=dataset,
        test=fold.split.holdout[: len(dataset.matrix)],
        per_model=raw.predict_matrix(dataset.matrix).per_model,
        apart=apart,
        tail=tail,
    )


def _silent(_stage: str, _fraction: float) -> None:
    """Report nothing."""


def _join(part: Part, weights: Floats, columns: tuple[int, int, int], said: OutOfFold) -> Joined:
    with patch("nautilus_scalp.training.join.hint_columns", lambda _names: columns):
        return join_models(said, weights, part.dataset, part.config)


def _rows(name: str, part: Part) -> list[tuple[str, dict[int, Said]]]:
    """Return what a fit says of the test rows: as shipped, and with each join undone."""
    if name != SHIPPED:
        return [(name, _publish(part, *shipped(part)))]
    still = replace(part.config.move_rate, half_life_ms=0.0)
    uncorrected = replace(part, config=replace(part.config, move_rate=still))
    return [
        (SHIPPED, _publish(part, *shipped(part))),
        (UNCORRECTED, _publish(uncorrected, *shipped(uncorrected))),
        *((row, _publish(part, *join(part))) for row, join in JOINS.items()),
    ]


def _publish(
    part: Part, weights: Floats, joined: Joined, columns: tuple[int, int, int]
) -> dict[int, Said]:
    """Return probabilities as they would be published, by instrument."""
    matrix, dataset = part.dataset.matrix, part.dataset
    hint = hint_rows(matrix.values, columns)
    pooled = np.zeros((len(matrix), 3))
    for k in np.flatnonzero(weights):
        scores = log_scores(part.per_model[k])
        pooled += weights[k] * calibrate_rows(scores, joined.calibration[k], np.zeros_like(hint))
    said = {
        h: follow_rows(
            log_scores(pooled),
            hint,
            np.array(joined.horizons[str(h)]),
            matrix.segment,
            matrix.ts_event_ns,
            matrix.mid,
            filter_settings(part.config, h),
        )
        for h in HORIZONS_MS
    }
    found = {}
    for instrument in np.unique(matrix.instrument[part.test]):
        own = part.test & (matrix.instrument == instrument)
        at = np.flatnonzero(own & np.isfinite(pooled[:, 0]))
        moves = {h: dataset.labels[h].move_bps[: len(matrix)][at] for h in HORIZONS_MS}
        found[int(instrument)] = Said(
            ts_event_ns=matrix.ts_event_ns[at],
            rows=at,
            probabilities={h: said[h][at] for h in HORIZONS_MS},
            move_bps=moves,
            imbalance=matrix.imbalance[at],
        )
    return found


if __name__ == "__main__":
    main()
