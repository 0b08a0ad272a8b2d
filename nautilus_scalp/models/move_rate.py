"""A causal correction of how often the mid moves, from outcomes that are already known.

The share of quotes after which the mid moves drifts from day to day and from minute to minute more
than features can tell: between two recordings of the sample it doubles. Every prediction is kept
until its horizon has passed; then it is known whether the mid moved. With the outcomes ``y`` and
the forecasts ``p`` of the recent past, both fading with a half life, the log-odds of the next
forecast are shifted by

    logit(observed) - logit(expected),    expected = sum p / n,
    observed = (sum y + prior * expected) / (n + prior),

so that forecasts agree with the recent past on average, and a few outcomes change little. The
direction given a move is not touched. Nothing is learned across a segment.
"""

import numpy as np
import numpy.typing as npt
from numba import njit


CAPACITY = 4096  # predictions that can wait for their outcome; while it is full none are added
HORIZON_NS, HALF_LIFE_NS, PRIOR = 0, 1, 2
RATE_WIDTH = 3
_OBSERVED, _EXPECTED, _COUNT, _LAST_MID = 0, 1, 2, 3
_HEAD, _WAITING, _LAST_NS = 0, 1, 2
_SMALLEST = 1e-4

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type RateState = tuple[Floats, Floats, Ints, Ints]


def new_state() -> RateState:
    """Return a state that has seen nothing: waiting forecasts, sums, times, marks."""
    return np.zeros((CAPACITY, 2)), np.zeros(4), np.zeros(CAPACITY, np.int64), np.zeros(3, np.int64)


@njit(cache=True)
def forget(state: RateState) -> None:
    """Make a state as good as new."""
    state[1][:] = 0.0
    state[3][:] = 0


@njit(cache=True)
def follow(p_move: float, ts_event_ns: int, mid: float, rate: Floats, state: RateState) -> float:
    """Take what has become known by a quote, and correct the forecast made on it.

    Parameters
    ----------
    p_move : float
        Forecast probability that the mid moves within the horizon.
    ts_event_ns : int
        Exchange time of the quote, never falling within a segment.
    mid : float
        Its mid price.
    rate : float64[3]
        Horizon and half life in nanoseconds, and prior; a half life of 0 corrects nothing.
    state
        From `new_state`; changed here.

    Returns
    -------
    float
        The corrected probability.

    """
    if rate[HALF_LIFE_NS] <= 0.0:
        return p_move
    forecasts, sums, times, marks = state
    elapsed = ts_event_ns - marks[_LAST_NS]
    if sums[_COUNT] > 0.0 and elapsed > 0:
        fade = 0.5 ** (elapsed / rate[HALF_LIFE_NS])
        sums[_OBSERVED] *= fade
        sums[_EXPECTED] *= fade
        sums[_COUNT] *= fade
    marks[_LAST_NS] = ts_event_ns
    _settle(ts_event_ns, rate[HORIZON_NS], forecasts, sums, times, marks)
    sums[_LAST_MID] = mid
    if marks[_WAITING] < CAPACITY:
        slot = (marks[_HEAD] + marks[_WAITING]) % CAPACITY
        times[slot] = ts_event_ns
        forecasts[slot, 0] = mid
        forecasts[slot, 1] = p_move
        marks[_WAITING] += 1
    return _shifted(p_move, sums, rate[PRIOR])


@njit(cache=True)
def _settle(
    ts_event_ns: int, horizon_ns: float, forecasts: Floats, sums: Floats, times: Ints, marks: Ints
) -> None:
    """Count the forecasts whose horizon ended before this quote: the mid was that of the last."""
    while marks[_WAITING] > 0:
        slot = marks[_HEAD]
        if times[slot] + np.int64(horizon_ns) >= ts_event_ns:
            return
        if forecasts[slot, 0] != sums[_LAST_MID]:
            sums[_OBSERVED] += 1.0
        sums[_EXPECTED] += forecasts[slot, 1]
        sums[_COUNT] += 1.0
        marks[_HEAD] = (slot + 1) % CAPACITY
        marks[_WAITING] -= 1


@njit(cache=True)
def _shifted(p_move: float, sums: Floats, prior: float) -> float:
    if sums[_COUNT] <= 0.0:
        return p_move
    expected = _inside(sums[_EXPECTED] / sums[_COUNT])
    observed = _inside((sums[_OBSERVED] + prior * expected) / (sums[_COUNT] + prior))
    odds = observed / (1.0 - observed) * (1.0 - expected) / expected
    p = _inside(p_move)
    return odds * p / (odds * p + 1.0 - p)


@njit(cache=True)
def _inside(p: float) -> float:
    return min(max(p, _SMALLEST), 1.0 - _SMALLEST)


@njit(cache=True)
def rescale(probabilities: Floats, p_move: float) -> None:
    """Give down and up (float64[3], in place) another sum, and the direction as it was."""
    before = 1.0 - probabilities[1]
    if before > 0.0 and p_move != before:
        probabilities[0] *= p_move / before
        probabilities[2] *= p_move / before
        probabilities[1] = 1.0 - p_move


@njit(cache=True)
def _follow_rows(
    probabilities: Floats,
    order: Ints,
    segment: npt.NDArray[np.int32],
    quotes: tuple[Ints, Floats],
    rate: Floats,
    state: RateState,
) -> None:
    ts_event_ns, mid = quotes
    current = np.int64(-1)
    for i in order:
        if segment[i] != current:
            forget(state)
            current = np.int64(segment[i])
        p = probabilities[i]
        rescale(p, follow(1.0 - p[1], ts_event_ns[i], mid[i], rate, state))


def follow_rows(
    probabilities: Floats,
    segment: npt.NDArray[np.int32],
    ts_event_ns: Ints,
    mid: Floats,
    rate: Floats,
) -> Floats:
    """Correct the forecasts of many rows with the kernel that a tick uses.

    Parameters
    ----------
    probabilities : float64[m, 3]
        Down, flat, up; rows that are not finite are left out, as a stream would not see them.
    segment : int32[m]
        Non-negative; rows of several segments may interleave.
    ts_event_ns, mid : int64[m], float64[m]
        Exchange time and mid price.
    rate : float64[3]
        As for `follow`.

    Returns
    -------
    float64[m, 3]
        Corrected probabilities.

    """
    out = probabilities.copy()
    rows = np.flatnonzero(np.isfinite(out[:, 0]))
    order = rows[np.argsort(segment[rows], kind="stable")]
    _follow_rows(out, order, segment, (ts_event_ns, mid), rate, new_state())
    return out
