"""Probability calibration in two symmetric questions: does the mid move, and if so which way.

With class scores ``s`` (log-probabilities up to a constant) the move log-odds are
``m = log(exp(s_up) + exp(s_down)) - s_flat`` and the direction log-odds ``d = s_up - s_down``.
Each is scaled as Platt (1999) does: ``p_move = sigmoid(g m + b)``, ``p_up = p_move sigmoid(h d)``.
The direction has no intercept, so calibration data that happen to trend leave no bias behind.
Balanced class weights shift ``m`` by a constant; ``b`` takes that back.

The ensemble also reads five `hints` of the book itself, which models of the average quote blur:
the tilt of the queues ``t = log(bid size / ask size)``; whether the best prices stand apart by more
than a tick, ``o``; where the last move pulls the gap then, ``l``; and without a gap how fresh the
last move is, ``f``, and how much of the thinner queue trades ate, ``e``. With them
``p_move = sigmoid(g m + b + a o + r f + w e)`` and ``p_up = p_move sigmoid(h d + c t + q l)``.
"""

import numpy as np
import numpy.typing as npt
from numba import njit


Float64 = npt.NDArray[np.float64]
type Gains = tuple[float, float, float, float, float, float, float, float]
type Hints = tuple[float, float, float, float, float]
type Columns = tuple[int, int, int, int]

MOVE_GAIN, MOVE_BIAS, GAP_GAIN, FRESH_GAIN, EATEN_GAIN, DIRECTION_GAIN, TILT_GAIN, PULL_GAIN = (
    range(8)
)
IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
NO_HINTS = (0.0, 0.0, 0.0, 0.0, 0.0)
WIDTH = len(IDENTITY)
HINT_FEATURES = ("imbalance.now", "spread.now", "last_move.now", "thin_eaten.now")
LARGEST_TILT = 6.0
DOWN = 0
FLAT = 1
UP = 2
_NEWTON_STEPS = 60
_LARGEST_STEP = 1.0
_CONVERGED = 1e-10
_WIDE = 0.5  # log ticks: below it the best prices are a tick apart


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


def hint_columns(names: tuple[str, ...]) -> Columns:
    """Return where a model has the features in ``HINT_FEATURES``; -1 for one that it lacks."""
    imbalance, spread, last_move, eaten = (
        names.index(feature) if feature in names else -1 for feature in HINT_FEATURES
    )
    return imbalance, spread, last_move, eaten


@njit(cache=True)
def hints(value: Float64, columns: Columns) -> Hints:
    """Read the hints of one event.

    A gap between the best prices closes, and the mid moves with it: up if the bid follows, down if
    the ask comes back. It mostly closes the way the last move went, less surely the wider it is.
    Without a gap, moves follow each other; and a queue that trades eat is gone before one of the
    same size that they leave alone.

    Parameters
    ----------
    value : float64[F]
        Features.
    columns : tuple[int, int, int, int]
        From `hint_columns`; a hint whose feature is missing is 0.

    Returns
    -------
    tuple[float, float, float, float, float]
        Tilt of the queues; 1 if the best prices are more than a tick apart, else 0; the fading sign
        of the last move over the ticks too many, 0 without a gap; the size of that fading sign and
        the log of 1 + what trades ate of the thinner queue over what is left, both 0 with a gap.

    """
    lean = tilt(value[columns[0]]) if columns[0] >= 0 else 0.0
    last_move = value[columns[2]] if columns[2] >= 0 else 0.0
    eaten = abs(value[columns[3]]) if columns[3] >= 0 else 0.0
    if columns[1] < 0 or value[columns[1]] < _WIDE:
        return lean, 0.0, 0.0, abs(last_move), eaten
    return lean, 1.0, last_move / (np.exp(value[columns[1]]) - 1.0), 0.0, 0.0


@njit(cache=True)
def hint_rows(values: Float64, columns: Columns) -> Float64:
    """Read the `hints` of every row of features (float64[m, F]) into float64[m, 5]."""
    out = np.empty((values.shape[0], len(NO_HINTS)))
    for i in range(values.shape[0]):
        for k, hint in enumerate(hints(values[i], columns)):
            out[i, k] = hint
    return out


@njit(cache=True)
def hint_of(rows: Float64, i: int) -> Hints:
    """Return one row of what `hint_rows` read."""
    return rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3], rows[i, 4]


@njit(cache=True)
def calibrated_odds(scores: Float64, calibration: Float64, hint: Hints) -> tuple[float, float]:
    """Return the calibrated move and direction log-odds.

    Parameters
    ----------
    scores : float64[3]
        Log-probabilities up to a constant, in the order down, flat, up.
    calibration : float64[8]
        Gain of the move, its bias, gains of gap, fresh move and eaten queue; gains of the
        direction, of tilt and pull.
    hint : tuple[float, float, float, float, float]
        `hints` of the event; `NO_HINTS` for a model alone.

    """
    move, direction = log_odds(scores)
    lean, gap, pull, fresh, eaten = hint
    return (
        calibration[MOVE_GAIN] * move
        + calibration[MOVE_BIAS]
        + calibration[GAP_GAIN] * gap
        + calibration[FRESH_GAIN] * fresh
        + calibration[EATEN_GAIN] * eaten,
        calibration[DIRECTION_GAIN] * direction
        + calibration[TILT_GAIN] * lean
        + calibration[PULL_GAIN] * pull,
    )


@njit(cache=True)
def write_odds(move: float, direction: float, out: Float64) -> None:
    """Write the class probabilities (float64[3]) of move and direction log-odds."""
    p_move = 1.0 / (1.0 + np.exp(-move))
    p_up = 1.0 / (1.0 + np.exp(-direction))
    out[DOWN] = p_move * (1.0 - p_up)
    out[FLAT] = 1.0 - p_move
    out[UP] = p_move * p_up


@njit(cache=True)
def calibrate(scores: Float64, calibration: Float64, hint: Hints, out: Float64) -> None:
    """Write calibrated class probabilities into ``out``, which may be ``scores``."""
    move, direction = calibrated_odds(scores, calibration, hint)
    write_odds(move, direction, out)


@njit(cache=True)
def calibrate_rows(scores: Float64, calibration: Float64, hint: Float64) -> Float64:
    """Calibrate every row with the kernel that a tick uses.

    Parameters
    ----------
    scores : float64[m, 3]
        As for `calibrated_odds`.
    calibration : float64[8]
        As for `calibrated_odds`.
    hint : float64[m, 5]
        From `hint_rows`; zeros for a model alone.

    Returns
    -------
    float64[m, 3]
        Probabilities.

    """
    out = np.empty_like(scores)
    for i in range(scores.shape[0]):
        calibrate(scores[i], calibration, hint_of(hint, i), out[i])
    return out


@njit(cache=True)
def log_odds_rows(scores: Float64) -> Float64:
    """Return `log_odds` of every row: float64[m, 2], move and direction."""
    out = np.empty((scores.shape[0], 2))
    for i in range(scores.shape[0]):
        move, direction = log_odds(scores[i])
        out[i, 0] = move
        out[i, 1] = direction
    return out


def fit_calibration(scores: Float64, label: npt.NDArray[np.integer]) -> Float64:
    """Fit gains and bias of a model on rows that it was not fitted on.

    Parameters
    ----------
    scores : float64[m, 3]
        Class scores, finite.
    label : integer[m]
        0 down, 1 flat, 2 up.

    Returns
    -------
    float64[8]
        As for `calibrated_odds`, without hints. A weak prior (one pseudo-observation) holds the
        gains at 1 where the rows say nothing; gains are kept non-negative, so calibration never
        turns an opinion around.

    """
    odds = log_odds_rows(np.ascontiguousarray(scores, np.float64))
    moved = label != FLAT
    inputs = np.column_stack((odds[:, 0], np.ones(len(odds))))
    move_gain, bias = fit_gains(inputs, moved, center=(1.0, 0.0), ridge=(1.0, 1.0), free=(1,))
    (direction_gain,) = fit_gains(
        odds[moved, 1:], label[moved] == UP, center=(1.0,), ridge=(1.0,), free=()
    )
    return np.array((move_gain, bias, 0.0, 0.0, 0.0, direction_gain, 0.0, 0.0))


def fit_gains(
    inputs: Float64,
    outcome: npt.NDArray[np.bool_],
    *,
    center: tuple[float, ...],
    ridge: tuple[float, ...],
    free: tuple[int, ...],
) -> Float64:
    """Fit a logistic regression by damped Newton steps, without an intercept of its own.

    Parameters
    ----------
    inputs : float64[m, k]
        Finite.
    outcome : bool[m]
        What is to be foretold.
    center, ridge : tuple[float, ...]
        Prior mean of each gain, and how many pseudo-observations hold it there.
    free : tuple[int, ...]
        Inputs whose gain may be negative; another that would be is 0 and the rest fitted anew.

    Returns
    -------
    float64[k]
        Gains.

    """
    kept = list(range(inputs.shape[1]))
    while kept:
        prior, hold = (np.array([told[k] for k in kept], np.float64) for told in (center, ridge))
        weight = _newton(inputs[:, kept], outcome, prior, hold)
        lost = {k for k, found in zip(kept, weight, strict=True) if found < 0.0 and k not in free}
        if not lost:
            break
        kept = [k for k in kept if k not in lost]
    gains = np.zeros(inputs.shape[1])
    if kept:
        gains[kept] = weight
    return gains


def _newton(
    inputs: Float64, outcome: npt.NDArray[np.bool_], center: Float64, ridge: Float64
) -> Float64:
    weight = center.copy()
    for _ in range(_NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weight, -30.0, 30.0)))
        gradient = inputs.T @ (p - outcome) + ridge * (weight - center)
        hessian = (inputs * (p * (1.0 - p))[:, None]).T @ inputs + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        weight -= np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        if np.abs(step).max() < _CONVERGED:
            break
    return weight
