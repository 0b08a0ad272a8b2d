"""Statistics of the last bars: slopes, moments, levels, the volume profile and correlations."""

import math

from numba import njit

from nautilus_scalp.features.kernels import WINDOW_HEADER
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_max
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_oldest
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_sum
from nautilus_scalp.features.kernels import window_variance
from nautilus_scalp.features.technical import RSI_SIZE
from nautilus_scalp.features.technical import range_position_update
from nautilus_scalp.features.technical import range_size
from nautilus_scalp.features.technical import rsi_update


SKEW, KURTOSIS, AUTOCORRELATION = 0, 1, 2
CORRELATION, LEAD, LAG, BETA = 0, 1, 2, 3
_PARKINSON = 1.0 / (4.0 * math.log(2.0))
_FLAT = 1e-12  # variance in ticks squared under which only rounding is left


@njit(cache=True)
def slope_update(state: Floats, offset: int, length: int, price: float) -> float:
    """Slope of the least-squares line through the last prices, a bar; 0 in the warm-up."""
    window_push(state, offset, length, price)
    if window_count(state, offset) < length:
        return 0.0
    mean = window_mean(state, offset)
    centre = 0.5 * (length - 1)
    head = int(state[offset + 1])
    total = 0.0
    for i in range(length):
        place = head + i if head + i < length else head + i - length
        total += (i - centre) * (state[offset + WINDOW_HEADER + place] - mean)
    return float(total / (length * (length * length - 1.0) / 12.0))


@njit(cache=True)
def momentum_update(state: Floats, offset: int, length: int, price: float) -> float:
    """Price minus the price `length` bars ago; 0 in the warm-up."""
    oldest = window_oldest(state, offset, length)
    full = window_count(state, offset) == length
    window_push(state, offset, length, price)
    return price - oldest if full else 0.0


def efficiency_size(length: int) -> int:
    """Return the floats that `efficiency_update` needs."""
    return 2 + 2 * window_size(length)


@njit(cache=True)
def efficiency_update(state: Floats, offset: int, length: int, price: float) -> float:
    """
    Signed efficiency ratio, net move over path, -1 to 1; 0 where nothing moved.

    References
    ----------
    Kaufman, P. (1995), Smarter Trading.

    """
    seen = state[offset]
    change = price - state[offset + 1]
    state[offset] = 1.0
    state[offset + 1] = price
    paths = offset + 2 + window_size(length)
    window_push(state, offset + 2, length, change if seen > 0.0 else 0.0)
    window_push(state, paths, length, abs(change) if seen > 0.0 else 0.0)
    if window_max(state, paths) <= 0.0:
        return 0.0
    return window_sum(state, offset + 2) / window_sum(state, paths)


def vwap_size(length: int) -> int:
    """Return the floats that `vwap_gap_update` needs."""
    return 2 * window_size(length)


@njit(cache=True)
def vwap_gap_update(
    state: Floats, offset: int, length: int, typical: float, volume: float
) -> float:
    """Typical price minus the volume-weighted average of the last bars; 0 without volume."""
    volumes = offset + window_size(length)
    window_push(state, offset, length, typical * volume)
    window_push(state, volumes, length, volume)
    if window_max(state, volumes) <= 0.0:
        return 0.0
    return typical - window_sum(state, offset) / window_sum(state, volumes)


@njit(cache=True)
def volume_ratio_update(state: Floats, offset: int, length: int, volume: float) -> float:
    """Log of a bar's volume over the mean of the last bars, both with 1 % of the mean added."""
    window_push(state, offset, length, volume)
    if window_max(state, offset) <= 0.0:
        return 0.0
    mean = window_mean(state, offset)
    return math.log((volume + 0.01 * mean) / (1.01 * mean))


def divergence_size(span: int) -> int:
    """Return the floats that `divergence_update` needs."""
    return RSI_SIZE + 2 * range_size(span)


@njit(cache=True)
def divergence_update(state: Floats, offset: int, length: int, span: int, price: float) -> float:
    """RSI divergence: place of the price in its range less that of its RSI, -100 to 100."""
    strength = rsi_update(state, offset, length, price)
    prices = offset + RSI_SIZE
    place = range_position_update(state, prices, span, price, price, price)
    strengths = prices + range_size(span)
    return place - range_position_update(state, strengths, span, strength, strength, strength)


@njit(cache=True)
def move_window_size(length: int) -> int:
    """Return the floats that the windows over bar-to-bar moves need."""
    return 2 + window_size(length)


@njit(cache=True)
def _push_move(state: Floats, offset: int, length: int, price: float) -> None:
    """Add the move since the last bar to a window behind (bars seen, last price)."""
    if state[offset] > 0.0:
        window_push(state, offset + 2, length, price - state[offset + 1])
    state[offset] = 1.0
    state[offset + 1] = price


@njit(cache=True)
def volatility_update(state: Floats, offset: int, length: int, price: float) -> float:
    """Return the standard deviation of the last bar-to-bar moves."""
    _push_move(state, offset, length, price)
    return math.sqrt(window_variance(state, offset + 2))


@njit(cache=True)
def moment_update(state: Floats, offset: int, length: int, which: int, price: float) -> float:
    """Skew, excess kurtosis or lag-1 autocorrelation of the last moves; 0 when they are equal."""
    _push_move(state, offset, length, price)
    window = offset + 2
    variance = window_variance(state, window)
    count = window_count(state, window)
    if count < length or variance <= _FLAT:
        return 0.0
    mean = window_mean(state, window)
    head = int(state[window + 1])
    total = 0.0
    before = 0.0
    for i in range(length):
        place = head + i if head + i < length else head + i - length
        difference = state[window + WINDOW_HEADER + place] - mean
        square = difference * difference
        if which == SKEW:
            total += square * difference
        elif which == KURTOSIS:
            total += square * square
        else:
            total += difference * before
        before = difference
    if which == SKEW:
        return float(total / (length * variance * math.sqrt(variance)))
    if which == KURTOSIS:
        return float(total / (length * variance * variance) - 3.0)
    return float(total / (length * variance))


@njit(cache=True)
def parkinson_update(state: Floats, offset: int, length: int, high: float, low: float) -> float:
    """
    Range volatility of a bar.

    References
    ----------
    Parkinson, M. (1980), The extreme value method for estimating the variance of the rate of
    return, J. Business 53(1).

    """
    window_push(state, offset, length, (high - low) * (high - low))
    return math.sqrt(max(window_mean(state, offset), 0.0) * _PARKINSON)


def profile_size(length: int) -> int:
    """Return the floats that `profile_update` needs."""
    return 2 * window_size(length)


@njit(cache=True)
def profile_update(state: Floats, offset: int, length: int, typical: float, volume: float) -> float:
    """
    Distance from the volume profile's point of control, taken as the bar with most volume.

    References
    ----------
    Steidlmayer, P. (1985), Market Profile.

    """
    volumes = offset + window_size(length)
    window_push(state, offset, length, typical)
    window_push(state, volumes, length, volume)
    place = 0
    for i in range(window_count(state, volumes)):
        first = volumes + WINDOW_HEADER
        if state[first + i] > state[first + place]:
            place = i
    return float(typical - state[offset + WINDOW_HEADER + place])


def peer_size(length: int) -> int:
    """Return the floats that `peer_update` needs."""
    return 2 * move_window_size(length)


@njit(cache=True)
def peer_update(
    state: Floats, offset: int, length: int, which: int, prices: tuple[float, float]
) -> float:
    """
    Correlation of the last moves of (own price, peers' price), or the beta to the peers.

    `LEAD` correlates a move with the peers' move one bar earlier, `LAG` the other way round.
    """
    theirs = offset + move_window_size(length)
    _push_move(state, offset, length, prices[0])
    _push_move(state, theirs, length, prices[1])
    own, other = offset + 2, theirs + 2
    if window_count(state, own) < length:
        return 0.0
    own_variance = window_variance(state, own)
    other_variance = window_variance(state, other)
    if own_variance <= _FLAT or other_variance <= _FLAT:
        return 0.0
    own_mean = window_mean(state, own)
    other_mean = window_mean(state, other)
    head = int(state[own + 1])
    total = 0.0
    mine_before = 0.0
    theirs_before = 0.0
    for i in range(length):
        place = WINDOW_HEADER + (head + i if head + i < length else head + i - length)
        mine = state[own + place] - own_mean
        other_move = state[other + place] - other_mean
        if which == LEAD:
            total += mine * theirs_before
        elif which == LAG:
            total += mine_before * other_move
        else:
            total += mine * other_move
        mine_before = mine
        theirs_before = other_move
    scale = other_variance if which == BETA else math.sqrt(own_variance * other_variance)
    return float(total / (length * scale))
