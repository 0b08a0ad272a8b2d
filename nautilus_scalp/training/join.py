"""Join fitted models into one signal: calibrations, thresholds, and how good each part was."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.classification import horizon_metrics
from nautilus_scalp.models.calibration import Gains
from nautilus_scalp.models.calibration import hint_columns
from nautilus_scalp.models.calibration import hint_rows
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.models.predict import ENSEMBLE_ROW
from nautilus_scalp.settings import to_iso
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.fit_ensemble import Outcome
from nautilus_scalp.training.fit_ensemble import call_threshold
from nautilus_scalp.training.fit_ensemble import fit_pooling
from nautilus_scalp.training.fit_ensemble import log_scores
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import Labels
from nautilus_scalp.training.labels import uniqueness
from nautilus_scalp.training.out_of_fold import OutOfFold


BLOCK_NS = 5_000_000_000  # quotes of five seconds are right or wrong together
SCORED = ("moves", "auc", "auc_imbalance", "accuracy", "brier", "ece", "false_positive_rate")

type Floats = npt.NDArray[np.float64]
type Rows = npt.NDArray[np.int64]


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """
    What turns models into a signal.

    Attributes
    ----------
    calibration : float64[5, 8]
        Of each model, then of the ensemble.
    horizons : dict[str, Gains]
        By horizon in milliseconds: calibration of the mean of the models for that horizon.
    signal_threshold : float
        Probability of up or down from which the signal is a call.
    thresholds : dict[str, float]
        The same by horizon, for the probabilities of that horizon.
    folds : list[dict[str, Any]]
        Name, window, rows and figures of each part that was predicted out of fold.

    """

    calibration: Floats
    horizons: dict[str, Gains]
    signal_threshold: float
    thresholds: dict[str, float]
    folds: list[dict[str, Any]]


def join_models(
    said: OutOfFold, weights: Floats, dataset: Dataset, config: TrainingConfig
) -> Joined:
    """Fit calibrations and thresholds on what models say of rows that they were not fitted on.

    Parameters
    ----------
    said : OutOfFold
        What they say.
    weights : float64[4]
        Of the models.
    dataset : Dataset
        The rows.
    config : TrainingConfig
        Horizons and settings.

    Returns
    -------
    Joined
        The fit. Figures of its folds are of the forecasts as they would have been published.

    """
    rows = said.rows
    hint = hint_rows(dataset.values[rows], hint_columns(dataset.schema.names))
    target = _outcome(dataset.target, dataset, rows)
    outcomes = {h: _outcome(labels, dataset, rows) for h, labels in dataset.labels.items()}
    pooling = fit_pooling(said.per_model, weights, hint, target, outcomes)
    scores = log_scores(pooling.pooled)
    block = dataset.group[rows] << 32 | dataset.ts_event_ns[rows] // BLOCK_NS
    quotes = (dataset.segment[rows], dataset.ts_event_ns[rows], dataset.mid[rows])

    def published(calibration: Floats, horizon_ms: int) -> Floats:
        return follow_rows(scores, hint, calibration, *quotes, filter_settings(config, horizon_ms))

    limit = config.ensemble.false_positive_target
    told = {h: published(fit, h) for h, fit in pooling.horizons.items()}
    thresholds = {
        str(h): call_threshold(signal, outcomes[h].label, block, said.part, limit)
        for h, signal in told.items()
    }
    signal = published(pooling.calibration[ENSEMBLE_ROW], config.horizon_ms)
    return Joined(
        calibration=pooling.calibration,
        horizons={str(h): tuple(fit.tolist()) for h, fit in pooling.horizons.items()},
        signal_threshold=call_threshold(signal, target.label, block, said.part, limit),
        thresholds=thresholds,
        folds=[_judge(said, part, told, thresholds, dataset) for part in range(len(said.names))],
    )


def filter_settings(config: TrainingConfig, horizon_ms: int) -> Floats:
    """Return the settings of `nautilus_scalp.models.move_rate.follow` for a horizon.

    What the filter observes is a `horizon` label; forecasts of another kind are left as they are.
    """
    params = config.move_rate
    half_life_ms = params.half_life_ms if config.label.kind == "horizon" else 0.0
    times_ms = (horizon_ms, half_life_ms, params.burst_ms)
    spread = (params.bias, params.gain, params.bend, params.gap, params.direction)
    return np.array((*(time * NS_PER_MS for time in times_ms), *spread))


def label_weights(dataset: Dataset, rows: Rows) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return what is learned of some rows and the uniqueness of it among them."""
    end_ns = dataset.target.end_ns[rows]
    unique = uniqueness(dataset.ts_event_ns[rows], end_ns, dataset.segment[rows])
    return dataset.target.direction[rows], unique


def _outcome(labels: Labels, dataset: Dataset, rows: Rows) -> Outcome:
    unique = uniqueness(dataset.ts_event_ns[rows], labels.end_ns[rows], dataset.segment[rows])
    return Outcome(label=labels.direction[rows], share=float(unique.mean()))


def _judge(
    said: OutOfFold,
    part: int,
    told: dict[int, Floats],
    thresholds: dict[str, float],
    dataset: Dataset,
) -> dict[str, Any]:
    here = np.flatnonzero(said.part == part)
    times = dataset.ts_event_ns[said.rows[here]]
    horizons = {}
    for horizon, signal in told.items():
        labels = dataset.labels[horizon]
        known = here[labels.known[said.rows[here]]]
        figures = horizon_metrics(
            signal[known],
            labels.move_bps[said.rows[known]],
            dataset.imbalance[said.rows[known]],
            thresholds[str(horizon)],
        )
        horizons[str(horizon)] = {
            name: getattr(figures, name) for name in (*SCORED, "coverage", "threshold")
        }
    return {
        "name": said.names[part],
        "start": to_iso(int(times.min())),
        "end": to_iso(int(times.max())),
        "train_rows": said.train_rows[part],
        "test_rows": len(here),
        "horizons": horizons,
    }
