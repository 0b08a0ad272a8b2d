"""A causal correction of forecasts by what became of earlier ones.

How often the mid moves, and how surely the queues tell the way, differ from day to day more than
features can know. Every forecast is kept until its horizon has passed; then it is known whether the
mid moved, and which way. From these outcomes a curve ``c`` and numbers ``a`` and ``u`` are followed
that correct the move log-odds ``m`` and the direction log-odds ``d`` of the next forecast:

    m' = m + c(m) + a [best prices stand apart],    d' = d (1 + u).

The curve is linear between knots. All of this is the state of an extended Kalman filter (Jazwinski
1970, ch. 8; for logistic outcomes Fahrmeir 1992). Its prior is that the models are right but for a
constant, a slope and a bend at every knot of the curve, for ``a`` and for ``u``: every number
returns to 0 with a half life, and the covariance to the prior one (an Ornstein-Uhlenbeck process).
The quotes of a burst share an outcome, so each outcome counts as the share that a quote has of its
burst in the mean. Where there is no gap the correction keeps the order of forecasts of a moment; it
knows nothing of the future, and learns nothing across a segment.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.models.calibration import calibrated_odds
from nautilus_scalp.models.calibration import hint_of
from nautilus_scalp.models.calibration import write_odds


CAPACITY = 4096  # predictions that can wait for their outcome; while it is full none are added
HORIZON_NS, HALF_LIFE_NS, BURST_NS, SD_BIAS, SD_GAIN, SD_BEND, SD_GAP, SD_DIRECTION = range(8)
RATE_WIDTH = 8
GAP_HINT = 1  # where `nautilus_scalp.models.calibration.hints` has the gap
_KNOTS, _LOWEST, _STEP = 7, -4.5, 1.5  # from one move in ninety to all but one
_GAP = _KNOTS
_FOLLOWED = _KNOTS + 1  # the curve at its knots, and the gap
_TURN, _VAR_TURN, _LAST_MID, _BURST, _SHARES, _QUOTES, _LEVER = range(_FOLLOWED, _FOLLOWED + 7)
_HEAD, _WAITING, _LAST_NS, _BEGUN = range(4)
_MID, _MOVE, _DIRECTION, _APART = range(4)
_LARGEST_ODDS = 12.0
_LEAST_GAIN = -0.9  # a correction never turns an order around

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type RateState = tuple[Floats, Floats, Floats, Floats, Ints, Ints]


def new_state() -> RateState:
    """Return a state that has seen nothing.

    Waiting forecasts; numbers followed; their covariance and the prior one; times; marks.
    """
    square = (_FOLLOWED, _FOLLOWED)
    numbers = np.zeros(_LEVER + _FOLLOWED)
    times, marks = np.zeros(CAPACITY, np.int64), np.zeros(4, np.int64)
    return np.zeros((CAPACITY, 4)), numbers, np.zeros(square), np.zeros(square), times, marks


@njit(cache=True)
def forget(state: RateState) -> None:
    """Make a state as good as new."""
    state[1][:] = 0.0
    state[5][:] = 0


@njit(cache=True)
def follow(
    odds: tuple[float, float],
    gap: float,
    quote: tuple[int, float],
    rate: Floats,
    state: RateState,
) -> tuple[float, float]:
    """Take what has become known by a quote, and correct the forecast made on it.

    Parameters
    ----------
    odds : tuple[float, float]
        Log-odds that the mid moves within the horizon, and that it then rises.
    gap : float
        1 if the best prices stand more than a tick apart, else 0.
    quote : tuple[int, float]
        Exchange time in nanoseconds, never falling within a segment, and mid price.
    rate : float64[8]
        Horizon, half life and time constant of a burst in nanoseconds; prior standard deviations of
        the curve's constant, slope and bends, of ``a`` and of ``u``. A half life of 0 corrects
        nothing.
    state
        From `new_state`; changed here.

    Returns
    -------
    tuple[float, float]
        The corrected log-odds, the first within 12.

    """
    if rate[HALF_LIFE_NS] <= 0.0:
        return odds
    forecasts, numbers, covariance, prior, times, marks = state
    ts_event_ns, mid = quote
    _fade(ts_event_ns, rate, numbers, covariance, prior, marks)
    _settle(ts_event_ns, rate, forecasts, numbers, covariance, times, marks)
    numbers[_LAST_MID] = mid
    numbers[_BURST] += 1.0
    numbers[_SHARES] += 1.0 / numbers[_BURST]
    numbers[_QUOTES] += 1.0
    move = min(max(odds[0], -_LARGEST_ODDS), _LARGEST_ODDS)
    direction = min(max(odds[1], -_LARGEST_ODDS), _LARGEST_ODDS)
    if marks[_WAITING] < CAPACITY:
        slot = (marks[_HEAD] + marks[_WAITING]) % CAPACITY
        times[slot] = ts_event_ns
        forecasts[slot, _MID] = mid
        forecasts[slot, _MOVE] = move
        forecasts[slot, _DIRECTION] = direction
        forecasts[slot, _APART] = gap
        marks[_WAITING] += 1
    knot, beyond = _cell(move)
    corrected = move + _correction(knot, beyond, gap, numbers)
    return (
        min(max(corrected, -_LARGEST_ODDS), _LARGEST_ODDS),
        direction * (1.0 + numbers[_TURN]),
    )


@njit(cache=True)
def _cell(move: float) -> tuple[int, float]:
    """Return the knot below move log-odds and the share of the way to the next."""
    at = min(max((move - _LOWEST) / _STEP, 0.0), _KNOTS - 1.0)
    knot = min(int(at), _KNOTS - 2)
    return knot, at - knot


@njit(cache=True)
def _correction(knot: int, beyond: float, gap: float, numbers: Floats) -> float:
    curve = (1.0 - beyond) * numbers[knot] + beyond * numbers[knot + 1]
    corrected: float = curve + gap * numbers[_GAP]
    return corrected


@njit(cache=True)
def _begin(rate: Floats, numbers: Floats, covariance: Floats, prior: Floats) -> None:
    """Set the prior: a constant, a slope and bends of the curve, and the gap on its own."""
    for k in range(_KNOTS):
        for j in range(_KNOTS):
            sloped = (_LOWEST + _STEP * k) * (_LOWEST + _STEP * j)
            prior[k, j] = rate[SD_BIAS] ** 2 + rate[SD_GAIN] ** 2 * sloped
        prior[k, k] += rate[SD_BEND] ** 2
    prior[_GAP, _GAP] = rate[SD_GAP] ** 2
    covariance[:] = prior
    numbers[_VAR_TURN] = rate[SD_DIRECTION] ** 2


@njit(cache=True)
def _fade(
    ts_event_ns: int, rate: Floats, numbers: Floats, covariance: Floats, prior: Floats, marks: Ints
) -> None:
    """Let the numbers return to 0 and their covariance to the prior one, by exchange time."""
    if marks[_BEGUN] == 0:
        marks[_BEGUN] = 1
        _begin(rate, numbers, covariance, prior)
    elif ts_event_ns > marks[_LAST_NS]:
        passed_ns = ts_event_ns - marks[_LAST_NS]
        kept = 0.5 ** (passed_ns / rate[HALF_LIFE_NS])
        for k in range(_FOLLOWED):
            numbers[k] *= kept
        numbers[_TURN] *= kept
        numbers[_SHARES] *= kept
        numbers[_QUOTES] *= kept
        numbers[_BURST] *= np.exp(-passed_ns / max(rate[BURST_NS], 1.0))
        kept *= kept
        for k in range(_FOLLOWED):
            for j in range(_FOLLOWED):
                covariance[k, j] = prior[k, j] + (covariance[k, j] - prior[k, j]) * kept
        before = rate[SD_DIRECTION] ** 2
        numbers[_VAR_TURN] = before + (numbers[_VAR_TURN] - before) * kept
    marks[_LAST_NS] = ts_event_ns


@njit(cache=True)
def _settle(  # noqa: PLR0913, PLR0917 - as above
    ts_event_ns: int,
    rate: Floats,
    forecasts: Floats,
    numbers: Floats,
    covariance: Floats,
    times: Ints,
    marks: Ints,
) -> None:
    """Learn from forecasts whose horizon ended before this quote: the mid was that of the last."""
    horizon_ns = np.int64(rate[HORIZON_NS])
    while marks[_WAITING] > 0:
        slot = marks[_HEAD]
        if times[slot] + horizon_ns >= ts_event_ns:
            return
        evidence = numbers[_SHARES] / numbers[_QUOTES]
        change = numbers[_LAST_MID] - forecasts[slot, _MID]
        _learn_move(forecasts[slot], change != 0.0, evidence, numbers, covariance)
        if change != 0.0:
            _learn_direction(forecasts[slot, _DIRECTION], change > 0.0, evidence, numbers)
        marks[_HEAD] = (slot + 1) % CAPACITY
        marks[_WAITING] -= 1


@njit(cache=True)
def _learn_move(
    forecast: Floats,
    moved: bool,  # noqa: FBT001
    evidence: float,
    numbers: Floats,
    covariance: Floats,
) -> None:
    move, gap = forecast[_MOVE], forecast[_APART]
    knot, beyond = _cell(move)
    p = 1.0 / (1.0 + np.exp(-(move + _correction(knot, beyond, gap, numbers))))
    for k in range(_FOLLOWED):
        near = (1.0 - beyond) * covariance[k, knot] + beyond * covariance[k, knot + 1]
        numbers[_LEVER + k] = near + gap * covariance[k, _GAP]
    variance = (1.0 - beyond) * numbers[_LEVER + knot] + beyond * numbers[_LEVER + knot + 1]
    variance += gap * numbers[_LEVER + _GAP]
    known = evidence * p * (1.0 - p)
    scale = 1.0 / (1.0 + known * variance)
    surprise = evidence * (moved - p) * scale
    known *= scale
    for k in range(_FOLLOWED):
        lever = numbers[_LEVER + k]
        numbers[k] += lever * surprise
        for j in range(_FOLLOWED):
            covariance[k, j] -= known * lever * numbers[_LEVER + j]
    _keep_order(knot, numbers)


@njit(cache=True)
def _keep_order(knot: int, numbers: Floats) -> None:
    """Let no step of the curve fall by more than forecasts rise; what was learned last stays."""
    fall = -_LEAST_GAIN * _STEP
    excess = numbers[knot] - fall - numbers[knot + 1]
    if excess > 0.0:
        numbers[knot] -= 0.5 * excess
        numbers[knot + 1] += 0.5 * excess
    for k in range(knot + 1, _KNOTS - 1):
        numbers[k + 1] = max(numbers[k + 1], numbers[k] - fall)
    for k in range(knot, 0, -1):
        numbers[k - 1] = min(numbers[k - 1], numbers[k] + fall)


@njit(cache=True)
def _learn_direction(direction: float, rose: bool, evidence: float, numbers: Floats) -> None:  # noqa: FBT001
    p = 1.0 / (1.0 + np.exp(-direction * (1.0 + numbers[_TURN])))
    known = evidence * p * (1.0 - p) * direction * direction
    variance = numbers[_VAR_TURN]
    scale = 1.0 / (1.0 + known * variance)
    turn = numbers[_TURN] + variance * evidence * direction * (rose - p) * scale
    numbers[_TURN] = max(turn, _LEAST_GAIN)
    numbers[_VAR_TURN] = variance * scale


@njit(cache=True)
def _follow_rows(  # noqa: PLR0913, PLR0917 - as above
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
        odds = calibrated_odds(scores[i], calibration, hint_of(hint, i))
        quote = (ts_event_ns[i], mid[i])
        move, direction = follow(odds, hint[i, GAP_HINT], quote, rate, state)
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
    rate : float64[8]
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
