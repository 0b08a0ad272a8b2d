"""A causal correction of forecasts by what became of earlier ones.

How often the mid moves, and how surely the queues tell the way, differ from day to day more than
features can know. Every forecast is kept until its horizon has passed; then it is known whether the
mid moved, and which way. From these outcomes three numbers are followed, that correct the move
log-odds ``m`` and the direction log-odds ``d`` of the next forecast:

    m' = m + b + s m,    d' = d (1 + u).

They are the state of an extended Kalman filter (Jazwinski 1970, ch. 8; for logistic outcomes
Fahrmeir 1992) whose prior is that the models are right: every number returns to 0 with a half life,
and its variance to the prior one (an Ornstein-Uhlenbeck process). The quotes of one burst share an
outcome, so each outcome counts as a small part of an observation. The correction keeps the order of
forecasts of a moment, knows nothing of the future, and learns nothing across a segment.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.models.calibration import calibrated_odds
from nautilus_scalp.models.calibration import hint_of
from nautilus_scalp.models.calibration import write_odds


CAPACITY = 4096  # predictions that can wait for their outcome; while it is full none are added
HORIZON_NS, HALF_LIFE_NS, EVIDENCE, SD_BIAS, SD_GAIN, SD_DIRECTION = range(6)
RATE_WIDTH = 6
_BIAS, _GAIN, _TURN, _VAR_BIAS, _VAR_GAIN, _COVARIANCE, _VAR_TURN, _LAST_MID = range(8)
_HEAD, _WAITING, _LAST_NS, _BEGUN = range(4)
_MID, _MOVE, _DIRECTION = range(3)
_LARGEST_ODDS = 12.0
_LEAST_GAIN = -0.9  # a correction never turns an order around

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type RateState = tuple[Floats, Floats, Ints, Ints]


def new_state() -> RateState:
    """Return a state that has seen nothing: waiting forecasts, filter, times, marks."""
    return np.zeros((CAPACITY, 3)), np.zeros(8), np.zeros(CAPACITY, np.int64), np.zeros(4, np.int64)


@njit(cache=True)
def forget(state: RateState) -> None:
    """Make a state as good as new."""
    state[1][:] = 0.0
    state[3][:] = 0


@njit(cache=True)
def follow(
    move: float, direction: float, ts_event_ns: int, mid: float, rate: Floats, state: RateState
) -> tuple[float, float]:
    """Take what has become known by a quote, and correct the forecast made on it.

    Parameters
    ----------
    move, direction : float
        Log-odds that the mid moves within the horizon, and that it then rises.
    ts_event_ns : int
        Exchange time of the quote, never falling within a segment.
    mid : float
        Its mid price.
    rate : float64[6]
        Horizon and half life in nanoseconds; the part of an observation that an outcome counts as;
        prior standard deviations of ``b``, ``s`` and ``u``. A half life of 0 corrects nothing.
    state
        From `new_state`; changed here.

    Returns
    -------
    tuple[float, float]
        The corrected log-odds, the first within 12.

    """
    if rate[HALF_LIFE_NS] <= 0.0:
        return move, direction
    forecasts, filtered, times, marks = state
    _fade(ts_event_ns, rate, filtered, marks)
    _settle(ts_event_ns, rate, forecasts, filtered, times, marks)
    filtered[_LAST_MID] = mid
    move = min(max(move, -_LARGEST_ODDS), _LARGEST_ODDS)
    direction = min(max(direction, -_LARGEST_ODDS), _LARGEST_ODDS)
    if marks[_WAITING] < CAPACITY:
        slot = (marks[_HEAD] + marks[_WAITING]) % CAPACITY
        times[slot] = ts_event_ns
        forecasts[slot, _MID] = mid
        forecasts[slot, _MOVE] = move
        forecasts[slot, _DIRECTION] = direction
        marks[_WAITING] += 1
    corrected = move + filtered[_BIAS] + filtered[_GAIN] * move
    return (
        min(max(corrected, -_LARGEST_ODDS), _LARGEST_ODDS),
        direction * (1.0 + filtered[_TURN]),
    )


@njit(cache=True)
def _fade(ts_event_ns: int, rate: Floats, filtered: Floats, marks: Ints) -> None:
    """Let the numbers return to 0 and their variances to the prior ones, by exchange time."""
    before_bias, before_gain = rate[SD_BIAS] ** 2, rate[SD_GAIN] ** 2
    before_turn = rate[SD_DIRECTION] ** 2
    if marks[_BEGUN] == 0:
        marks[_BEGUN] = 1
        filtered[_VAR_BIAS] = before_bias
        filtered[_VAR_GAIN] = before_gain
        filtered[_VAR_TURN] = before_turn
    elif ts_event_ns > marks[_LAST_NS]:
        kept = 0.5 ** ((ts_event_ns - marks[_LAST_NS]) / rate[HALF_LIFE_NS])
        filtered[_BIAS] *= kept
        filtered[_GAIN] *= kept
        filtered[_TURN] *= kept
        kept *= kept
        filtered[_VAR_BIAS] = before_bias + (filtered[_VAR_BIAS] - before_bias) * kept
        filtered[_VAR_GAIN] = before_gain + (filtered[_VAR_GAIN] - before_gain) * kept
        filtered[_COVARIANCE] *= kept
        filtered[_VAR_TURN] = before_turn + (filtered[_VAR_TURN] - before_turn) * kept
    marks[_LAST_NS] = ts_event_ns


@njit(cache=True)
def _settle(
    ts_event_ns: int, rate: Floats, forecasts: Floats, filtered: Floats, times: Ints, marks: Ints
) -> None:
    """Learn from forecasts whose horizon ended before this quote: the mid was that of the last."""
    horizon_ns = np.int64(rate[HORIZON_NS])
    while marks[_WAITING] > 0:
        slot = marks[_HEAD]
        if times[slot] + horizon_ns >= ts_event_ns:
            return
        change = filtered[_LAST_MID] - forecasts[slot, _MID]
        _learn_move(forecasts[slot, _MOVE], change != 0.0, rate[EVIDENCE], filtered)
        if change != 0.0:
            _learn_direction(forecasts[slot, _DIRECTION], change > 0.0, rate[EVIDENCE], filtered)
        marks[_HEAD] = (slot + 1) % CAPACITY
        marks[_WAITING] -= 1


@njit(cache=True)
def _learn_move(move: float, moved: bool, evidence: float, filtered: Floats) -> None:  # noqa: FBT001
    p = 1.0 / (1.0 + np.exp(-(move + filtered[_BIAS] + filtered[_GAIN] * move)))
    by_bias = filtered[_VAR_BIAS] + filtered[_COVARIANCE] * move
    by_gain = filtered[_COVARIANCE] + filtered[_VAR_GAIN] * move
    known = evidence * p * (1.0 - p)
    scale = 1.0 / (1.0 + known * (by_bias + by_gain * move))
    surprise = evidence * (moved - p) * scale
    filtered[_BIAS] += by_bias * surprise
    filtered[_GAIN] = max(filtered[_GAIN] + by_gain * surprise, _LEAST_GAIN)
    known *= scale
    filtered[_VAR_BIAS] -= known * by_bias * by_bias
    filtered[_COVARIANCE] -= known * by_bias * by_gain
    filtered[_VAR_GAIN] -= known * by_gain * by_gain


@njit(cache=True)
def _learn_direction(direction: float, rose: bool, evidence: float, filtered: Floats) -> None:  # noqa: FBT001
    p = 1.0 / (1.0 + np.exp(-direction * (1.0 + filtered[_TURN])))
    known = evidence * p * (1.0 - p) * direction * direction
    variance = filtered[_VAR_TURN]
    scale = 1.0 / (1.0 + known * variance)
    turn = filtered[_TURN] + variance * evidence * direction * (rose - p) * scale
    filtered[_TURN] = max(turn, _LEAST_GAIN)
    filtered[_VAR_TURN] = variance * scale


@njit(cache=True)
def _follow_rows(  # noqa: PLR0913, PLR0917 - plain arrays are what a kernel unpacks fastest
    scores: Floats,
    hint: Floats,
    calibration: Floats,
    order: Ints,
    segment: npt.NDArray[np.int32],
    quotes: tuple[Ints, Floats],
    rate: Floats,
    state: RateState,
    out: Floats,
) -> None:
    ts_event_ns, mid = quotes
    current = np.int64(-1)
    for i in order:
        if segment[i] != current:
            forget(state)
            current = np.int64(segment[i])
        move, direction = calibrated_odds(scores[i], calibration, hint_of(hint, i))
        move, direction = follow(move, direction, ts_event_ns[i], mid[i], rate, state)
        write_odds(move, direction, out[i])


def follow_rows(  # noqa: PLR0913, PLR0917 - what a row is made of, and how
    scores: Floats,
    hint: Floats,
    calibration: Floats,
    segment: npt.NDArray[np.int32],
    ts_event_ns: Ints,
    mid: Floats,
    rate: Floats,
) -> Floats:
    """Calibrate and correct many rows with the kernels that a tick uses.

    Parameters
    ----------
    scores : float64[m, 3]
        Log-probabilities of down, flat, up; rows that are not finite are left out, as a stream
        would not see them.
    hint : float64[m, 5]
        See `nautilus_scalp.models.calibration.hint_rows`.
    calibration : float64[8]
        See `nautilus_scalp.models.calibration.calibrated_odds`.
    segment : int32[m]
        Non-negative; rows of several segments may interleave.
    ts_event_ns, mid : int64[m], float64[m]
        Exchange time and mid price.
    rate : float64[6]
        As for `follow`.

    Returns
    -------
    float64[m, 3]
        Probabilities; NaN for rows left out.

    """
    out = np.full(scores.shape, np.nan)
    rows = np.flatnonzero(np.isfinite(scores[:, 0]))
    order = rows[np.argsort(segment[rows], kind="stable")]
    _follow_rows(
        np.ascontiguousarray(scores),
        hint,
        calibration,
        order,
        segment,
        (np.ascontiguousarray(ts_event_ns), np.ascontiguousarray(mid)),
        rate,
        new_state(),
        out,
    )
    return out
