"""Fit what joins the models: calibrations, the call threshold, calibrations of other horizons."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.models.calibration import WIDTH
from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.predict import ENSEMBLE_ROW
from nautilus_scalp.models.predict import SMALLEST_PROBABILITY


Float64 = npt.NDArray[np.float64]
Integer = npt.NDArray[np.integer]

FEWEST_CALLS = 100
THRESHOLDS = np.round(np.arange(0.5, 1.0, 0.01), 2)


class Pooling(msgspec.Struct, frozen=True, kw_only=True):
    """
    How raw model outputs become the signal.

    Attributes
    ----------
    calibration : float64[5, 4]
        Of each model, then of the ensemble.
    horizons : dict[str, tuple[float, float, float, float]]
        By horizon in milliseconds: calibration of the ensemble's output for that horizon.

    """

    calibration: Float64
    horizons: dict[str, tuple[float, float, float, float]]


def log_scores(probabilities: Float64) -> Float64:
    """Return probabilities as class scores; the floor is that of the compiled ensemble."""
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def fit_pooling(
    per_model: Float64,
    weights: Float64,
    imbalance: Float64,
    target: Integer,
    labels: dict[int, Integer],
) -> Pooling:
    """Fit every calibration on held-out rows, from the models outwards.

    Parameters
    ----------
    per_model : float64[4, m, 3]
        Uncalibrated probabilities of held-out rows.
    weights : float64[4]
        Of the models; they sum to 1.
    imbalance : float64[m]
        Queue imbalance, which the ensemble's direction may lean on: then it is not worse than
        imbalance alone where the models have little to add.
    target : integer[m]
        What the models were fitted to: 0 down, 1 flat, 2 up.
    labels : dict[int, integer[m]]
        By horizon: 0 down, 1 flat, 2 up, negative where there is none.

    Returns
    -------
    Pooling
        The fit.

    """
    alone = np.zeros(len(target))
    calibration = np.empty((len(per_model) + 1, WIDTH))
    pooled = np.zeros(per_model.shape[1:])
    for k, probabilities in enumerate(per_model):
        scores = log_scores(probabilities)
        calibration[k] = fit_calibration(scores, target)
        pooled += weights[k] * calibrate_rows(scores, calibration[k], alone)
    scores = log_scores(pooled)
    calibration[ENSEMBLE_ROW] = fit_calibration(scores, target, imbalance)
    signal = calibrate_rows(scores, calibration[ENSEMBLE_ROW], imbalance)
    horizons = {}
    for horizon, other in labels.items():
        known = other >= 0
        fitted = fit_calibration(log_scores(signal[known]), other[known], imbalance[known])
        move_gain, move_bias, direction_gain, tilt_gain = fitted.tolist()
        horizons[str(horizon)] = (move_gain, move_bias, direction_gain, tilt_gain)
    return Pooling(calibration=calibration, horizons=horizons)


def call_threshold(signal: Float64, label: Integer, group: Integer, target: float) -> float:
    """Return the smallest threshold from which calls are wrong at most as often as the target.

    Every group is held to the target alone, so that the threshold survives a change of the day or
    of the instrument.

    Parameters
    ----------
    signal : float64[m, 3]
        Published probabilities.
    label : integer[m]
        0 down, 1 flat, 2 up.
    group : integer[m]
        Recording and instrument of every row.
    target : float
        Share of calls that may be wrong: the mid moves the other way or not at all.

    Returns
    -------
    float
        One of 0.50, 0.51 .. 0.99. Groups in which fewer than 100 rows reach a threshold say
        nothing about it. Where none says anything, or none of the thresholds meets the target, the
        probabilities are taken at their word: it is ``1 - target``.

    """
    top = np.maximum(signal[:, 0], signal[:, 2])
    called = np.where(signal[:, 2] > signal[:, 0], 2, 0)
    wrong = called != label
    for threshold in THRESHOLDS:
        calls = top >= threshold
        shares = [
            float(wrong[here].mean())
            for here in (calls & (group == each) for each in np.unique(group))
            if np.count_nonzero(here) >= FEWEST_CALLS
        ]
        if not shares:
            break
        if max(shares) <= target:
            return float(threshold)
    return float(np.round(1.0 - target, 2))
