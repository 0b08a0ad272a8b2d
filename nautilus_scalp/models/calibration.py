"""Probability calibration in two symmetric questions: does the mid move, and if so which way.

With class scores ``s`` (log-probabilities up to a constant) the move log-odds are
``m = log(exp(s_up) + exp(s_down)) - s_flat`` and the direction log-odds ``d = s_up - s_down``.
Each is scaled as Platt (1999) does: ``p_move = sigmoid(b + g m)``, ``p_up = p_move sigmoid(h d)``.
The direction has no intercept, so calibration data that happen to trend leave no bias behind.
Balanced class weights shift ``m`` by a constant; ``b`` takes that back. The ensemble's direction
may also lean on the `tilt` of the queues, ``t = log(bid size / ask size)``: ``sigmoid(h d + c t)``.
"""

import numpy as np
import numpy.typing as npt
from numba import njit


Float64 = npt.NDArray[np.float64]

IDENTITY = (1.0, 0.0, 1.0, 0.0)
WIDTH = len(IDENTITY)
LARGEST_TILT = 6.0
DOWN = 0
FLAT = 1
UP = 2
_NEWTON_STEPS = 50
_RIDGE = 1.0


@njit(cache=True)
def log_odds(scores: Float64) -> tuple[float, float]:
    """Return the move and the direction log-odds of class scores (float64[3])."""
    top = max(scores[UP], scores[DOWN])
    direction = scores[UP] - scores[DOWN]
    move = top + np.log1p(np.exp(-abs(direction))) - scores[FLAT]
    return move, direction


@njit(cache=True)
def tilt(imbalance: float) -> float:
    """Return the log of bid over ask size, within 6, from queue imbalance in [-1, 1]."""
    share = min(max(imbalance, -1.0 + 1e-9), 1.0 - 1e-9)
    odds = np.log((1.0 + share) / (1.0 - share))
    bounded: float = min(max(odds, -LARGEST_TILT), LARGEST_TILT)
    return bounded


@njit(cache=True)
def _tilt_rows(imbalance: Float64) -> Float64:
    out = np.empty(len(imbalance))
    for i in range(len(imbalance)):
        out[i] = tilt(imbalance[i])
    return out


@njit(cache=True)
def calibrate(scores: Float64, calibration: Float64, lean: float, out: Float64) -> None:
    """Write calibrated class probabilities into ``out``.

    Parameters
    ----------
    scores : float64[3]
        Log-probabilities up to a constant, in the order down, flat, up.
    calibration : float64[4]
        Move gain, move bias, direction gain, tilt gain.
    lean : float
        `tilt` of the queues; 0 for a model alone.
    out : float64[3]
        Probabilities; may be the same array as ``scores``.

    """
    move, direction = log_odds(scores)
    p_move = 1.0 / (1.0 + np.exp(-(calibration[0] * move + calibration[1])))
    p_up = 1.0 / (1.0 + np.exp(-(calibration[2] * direction + calibration[3] * lean)))
    out[DOWN] = p_move * (1.0 - p_up)
    out[FLAT] = 1.0 - p_move
    out[UP] = p_move * p_up


@njit(cache=True)
def calibrate_rows(scores: Float64, calibration: Float64, imbalance: Float64) -> Float64:
    """Calibrate every row with the kernel that a tick uses.

    Parameters
    ----------
    scores : float64[m, 3]
        As for `calibrate`.
    calibration : float64[4]
        As for `calibrate`.
    imbalance : float64[m]
        Queue imbalance; zeros for a model alone.

    Returns
    -------
    float64[m, 3]
        Probabilities.

    """
    out = np.empty_like(scores)
    for i in range(scores.shape[0]):
        calibrate(scores[i], calibration, tilt(imbalance[i]), out[i])
    return out


@njit(cache=True)
def _log_odds_rows(scores: Float64) -> Float64:
    out = np.empty((scores.shape[0], 2))
    for i in range(scores.shape[0]):
        move, direction = log_odds(scores[i])
        out[i, 0] = move
        out[i, 1] = direction
    return out


def fit_calibration(
    scores: Float64, label: npt.NDArray[np.integer], imbalance: Float64 | None = None
) -> Float64:
    """Fit gains and bias on rows that no model was fitted on.

    Parameters
    ----------
    scores : float64[m, 3]
        Class scores, finite.
    label : integer[m]
        0 down, 1 flat, 2 up.
    imbalance : float64[m], optional
        Queue imbalance, if the direction may lean on it.

    Returns
    -------
    float64[4]
        Move gain, move bias, direction gain, tilt gain. A weak prior (one pseudo-observation)
        holds the gains at 1, and that of the tilt at 0, where the rows say nothing; gains are kept
        non-negative, so calibration never turns an opinion around.

    """
    odds = _log_odds_rows(np.ascontiguousarray(scores, np.float64))
    moved = label != FLAT
    gain, bias = _platt(np.column_stack((odds[:, 0], np.ones(len(odds)))), moved, (1.0, 0.0))
    direction, leaning = odds[moved, 1:], 0.0
    (own,) = _platt(direction, label[moved] == UP, (1.0,))
    if imbalance is not None:
        tilts = _tilt_rows(imbalance[moved])[:, None]
        both = _platt(np.hstack((direction, tilts)), label[moved] == UP, (1.0, 0.0))
        if both.min() >= 0.0:
            own, leaning = both
        elif both[0] < 0.0:
            own, leaning = 0.0, _platt(tilts, label[moved] == UP, (0.0,))[0]
    return np.array((max(gain, 0.0), bias, max(own, 0.0), max(leaning, 0.0)))


def _platt(
    inputs: Float64, outcome: npt.NDArray[np.bool_], prior: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Fit a logistic regression by damped Newton steps, with a unit ridge around ``prior``."""
    center = np.array(prior)
    weight = center.copy()
    for _ in range(_NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weight, -30.0, 30.0)))
        gradient = inputs.T @ (p - outcome) + _RIDGE * (weight - center)
        hessian = (inputs * (p * (1.0 - p))[:, None]).T @ inputs + _RIDGE * np.eye(len(weight))
        step = np.linalg.solve(hessian, gradient)
        weight -= np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-12:  # noqa: PLR2004 - converged to the last digits
            break
    return weight
