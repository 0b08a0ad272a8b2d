"""Fit what joins the models: calibrations, the call threshold, calibrations of other horizons."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.ensemble import ENSEMBLE_ROW
from nautilus_scalp.models.ensemble import SMALLEST_PROBABILITY


Float64 = npt.NDArray[np.float64]
Integer = npt.NDArray[np.integer]

FEWEST_CALLS = 100
THRESHOLDS = np.round(np.arange(0.5, 1.0, 0.01), 2)


class Pooling(msgspec.Struct, frozen=True, kw_only=True):
    """
    How raw model outputs become the signal.

    Attributes
    ----------
    calibration : float64[5, 3]
        Of each model, then of the ensemble.
    horizons : dict[str, tuple[float, float, float]]
        By horizon in milliseconds: calibration of the ensemble's output for that horizon.
    threshold : float
        Probability from which the signal counts as a call.

    """

    calibration: Float64
    horizons: dict[str, tuple[float, float, float]]
    threshold: float


def log_scores(probabilities: Float64) -> Float64:
    """Return probabilities as class scores; the floor is that of the compiled ensemble."""
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def fit_pooling(
    per_model: Float64,
    weights: Float64,
    labels: dict[int, Integer],
    horizon_ms: int,
    false_positive_target: float,
) -> Pooling:
    """Fit every calibration on held-out rows, from the models outwards.

    Parameters
    ----------
    per_model : float64[4, m, 3]
        Uncalibrated probabilities of held-out rows.
    weights : float64[4]
        Of the models; they sum to 1.
    labels : dict[int, integer[m]]
        By horizon: 0 down, 1 flat, 2 up, negative where there is none.
    horizon_ms : int
        The horizon of the models.
    false_positive_target : float
        Largest share of wrong calls that the threshold may have on these rows.

    Returns
    -------
    Pooling
        The fit.

    """
    label = labels[horizon_ms]
    calibration = np.empty((len(per_model) + 1, 3))
    pooled = np.zeros(per_model.shape[1:])
    for k, probabilities in enumerate(per_model):
        scores = log_scores(probabilities)
        calibration[k] = fit_calibration(scores, label)
        pooled += weights[k] * calibrate_rows(scores, calibration[k])
    scores = log_scores(pooled)
    calibration[ENSEMBLE_ROW] = fit_calibration(scores, label)
    signal = calibrate_rows(scores, calibration[ENSEMBLE_ROW])
    horizons = {}
    for horizon, other in labels.items():
        known = other >= 0
        move_gain, move_bias, direction_gain = fit_calibration(
            log_scores(signal[known]), other[known]
        ).tolist()
        horizons[str(horizon)] = (move_gain, move_bias, direction_gain)
    return Pooling(
        calibration=calibration,
        horizons=horizons,
        threshold=call_threshold(signal, label, false_positive_target),
    )


def call_threshold(signal: Float64, label: Integer, target: float) -> float:
    """Return the smallest threshold from which calls are wrong at most as often as the target.

    Parameters
    ----------
    signal : float64[m, 3]
        Calibrated probabilities.
    label : integer[m]
        0 down, 1 flat, 2 up.
    target : float
        Share of calls that may be wrong: the mid moves the other way or not at all.

    Returns
    -------
    float
        One of 0.50, 0.51 .. 0.99. Thresholds that fewer than 100 rows reach say nothing and are
        not considered; if none meets the target, it is the one with the smallest share of wrong
        calls, and 0.99 if there are too few calls at any.

    """
    top = np.maximum(signal[:, 0], signal[:, 2])
    called = np.where(signal[:, 2] > signal[:, 0], 2, 0)
    wrong = called != label
    best, least_wrong = float(THRESHOLDS[-1]), np.inf
    for threshold in THRESHOLDS:
        calls = top >= threshold
        if np.count_nonzero(calls) < FEWEST_CALLS:
            break
        share = float(wrong[calls].mean())
        if share <= target:
            return float(threshold)
        if share < least_wrong:
            best, least_wrong = float(threshold), share
    return best
