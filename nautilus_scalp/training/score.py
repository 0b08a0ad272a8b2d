"""Score a model on a feature matrix: the figures of ``evaluate``, without a catalog or a file."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.classification import HorizonMetrics
from nautilus_scalp.evaluation.classification import ReliabilityBin
from nautilus_scalp.evaluation.classification import horizon_metrics
from nautilus_scalp.evaluation.classification import reliability
from nautilus_scalp.evaluation.intervals import with_intervals
from nautilus_scalp.features.engine import FeatureMatrix
from nautilus_scalp.models.calibration import hint_columns
from nautilus_scalp.models.calibration import hint_rows
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import BatchPrediction
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.move_rate import HORIZON_NS
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.training.fit_ensemble import log_scores
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import label_moves


Float64 = npt.NDArray[np.float64]

type ByHorizon = dict[str, HorizonMetrics]


class SignalScores(msgspec.Struct, frozen=True, kw_only=True):
    """
    How good a model's signal was on some events.

    Attributes
    ----------
    n : int
        Events that were predicted and have a label at the model's horizon.
    horizons : dict[str, HorizonMetrics]
        By horizon in milliseconds, the ensemble over all instruments.
    per_model : dict[str, dict[str, HorizonMetrics]]
        The same for each model. Its Brier score and calibration error are those of its own
        horizon only.
    per_instrument : dict[str, dict[str, HorizonMetrics]]
        The ensemble, by instrument.
    reliability : dict[str, list[ReliabilityBin]]
        Of the probabilities of ``up`` and ``down`` at the model's horizon.
    notes : tuple[str, ...]
        Why a figure is missing.

    """

    n: int
    horizons: ByHorizon
    per_model: dict[str, ByHorizon]
    per_instrument: dict[str, ByHorizon]
    reliability: dict[str, list[ReliabilityBin]]
    notes: tuple[str, ...]

    def answer(self) -> dict[str, Any]:
        """Return the figures as plain dictionaries and lists."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def score_matrix(
    ensemble: Ensemble,
    matrix: FeatureMatrix,
    instrument_ids: Sequence[str],
    among: npt.NDArray[np.bool_] | None = None,
) -> SignalScores:
    """Predict every event of a matrix and score the predictions at every horizon of the model.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    matrix : FeatureMatrix
        Computed with the model's features.
    instrument_ids : Sequence[str]
        Names behind ``matrix.instrument``.
    among : bool[m], optional
        Rows to score, none of which may have been trained on; all by default. The others are
        predicted as well, so that states carry on as they would live.

    Returns
    -------
    SignalScores
        The figures; those that the events cannot support are None.

    """
    manifest = ensemble.manifest
    prediction = ensemble.predict_matrix(matrix)
    predicted = np.isfinite(prediction.probabilities[:, 0])
    if among is not None:
        predicted &= among
    horizons: ByHorizon = {}
    per_model: dict[str, ByHorizon] = {name: {} for name in MODEL_NAMES}
    per_instrument: dict[str, ByHorizon] = {name: {} for name in instrument_ids}
    for horizon in manifest.horizons_ms:
        key = str(horizon)
        labels = label_moves(matrix.ts_event_ns, matrix.mid, matrix.segment, horizon)
        rows = np.flatnonzero(predicted & labels.known)
        threshold = manifest.call_thresholds.get(key, manifest.signal_threshold)
        truth = (labels.move_bps, matrix.imbalance, matrix.ts_event_ns)
        own = horizon_probabilities(ensemble, matrix, prediction, horizon)
        horizons[key] = judge(rows, own, *truth, threshold)
        for index, name in enumerate(instrument_ids):
            here = rows[matrix.instrument[rows] == index]
            per_instrument[name][key] = judge(here, own, *truth, threshold)
        for name, output in zip(MODEL_NAMES, prediction.per_model, strict=True):
            per_model[name][key] = horizon_metrics(
                output[rows],
                labels.move_bps[rows],
                matrix.imbalance[rows],
                manifest.signal_threshold,
                calibrated=horizon == manifest.horizon_ms,
            )
    labels = label_moves(matrix.ts_event_ns, matrix.mid, matrix.segment, manifest.horizon_ms)
    rows = np.flatnonzero(predicted & labels.known)
    signal, direction = prediction.probabilities[rows], labels.direction[rows]
    return SignalScores(
        n=len(rows),
        horizons=horizons,
        per_model=per_model,
        per_instrument=per_instrument,
        reliability={
            "up": reliability(signal[:, 2], np.equal(direction, 2)),
            "down": reliability(signal[:, 0], np.equal(direction, 0)),
        },
        notes=_notes(ensemble, len(rows)),
    )


def horizon_probabilities(
    ensemble: Ensemble, matrix: FeatureMatrix, prediction: BatchPrediction, horizon_ms: int
) -> Float64:
    """Return down, flat, up for one of the model's horizons, corrected by that horizon's outcomes.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    matrix : FeatureMatrix
        Its features.
    prediction : BatchPrediction
        What it predicted on them.
    horizon_ms : int
        One of ``manifest.horizons_ms``. For that of the model it is what is published.

    Returns
    -------
    float64[m, 3]
        NaN where there is no prediction.

    """
    manifest = ensemble.manifest
    if horizon_ms == manifest.horizon_ms and manifest.label.get("kind", "horizon") == "horizon":
        return prediction.probabilities
    rate = ensemble.arrays["move_rate"].astype(np.float64)
    rate[HORIZON_NS] = horizon_ms * NS_PER_MS
    return follow_rows(
        log_scores(prediction.pooled),
        hint_rows(matrix.values, hint_columns(manifest.feature_names)),
        np.array(manifest.horizon_calibration[str(horizon_ms)]),
        matrix.segment,
        matrix.ts_event_ns,
        matrix.mid,
        rate,
    )


def judge(
    rows: npt.NDArray[np.int64],
    probabilities: Float64,
    move_bps: Float64,
    imbalance: Float64,
    ts_event_ns: npt.NDArray[np.int64],
    threshold: float,
) -> HorizonMetrics:
    """Score some rows, with floor and intervals; the arrays are of all rows."""
    said, move, queues = probabilities[rows], move_bps[rows], imbalance[rows]
    figures = horizon_metrics(said, move, queues, threshold)
    return with_intervals(figures, said, move, queues, ts_event_ns[rows])


def _notes(ensemble: Ensemble, n: int) -> tuple[str, ...]:
    own = ensemble.manifest.horizon_ms
    notes = [f"brier and ece of single models are given at their own horizon of {own} ms only"]
    if n == 0:
        notes.append("no event of the window has both warm features and a label")
    return tuple(notes)
