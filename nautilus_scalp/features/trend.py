"""
Technical indicators of trend and money flow, one bar at a time, over preallocated state.

The rules are those of `technical`: a stretch of zeros has seen nothing, definitions follow TA-Lib,
and each docstring names the neutral value of a flat market and of the warm-up.
"""

from numba import njit

from nautilus_scalp.features.kernels import WINDOW_HEADER
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_max
from nautilus_scalp.features.kernels import window_oldest
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_sum
from nautilus_scalp.features.technical import EMA_SIZE
from nautilus_scalp.features.technical import ema_update


DIRECTION_SIZE = 9  # bars, high, low, close, +DM, -DM, true range, ADX, directional indices seen
TEMA_SIZE = 1 + 3 * EMA_SIZE
_SEEN, _HIGH, _LOW, _CLOSE, _PLUS, _MINUS, _RANGE, _ADX, _INDICES = range(DIRECTION_SIZE)
_KAMA_FAST, _KAMA_SLOW = 2.0 / 3.0, 2.0 / 31.0


@njit(cache=True)
def _directional_index(state: Floats, offset: int) -> float:
    """Return +DI less -DI, from the sums."""
    width = state[offset + _RANGE]
    return float(100.0 * (state[offset + _PLUS] - state[offset + _MINUS]) / width) if width else 0.0


@njit(cache=True)
def direction_update(
    state: Floats, offset: int, length: int, high: float, low: float, close: float
) -> float:
    """
    Directional movement: +DI minus -DI, -100 to 100; 0 during the warm-up and when flat.

    The average directional index of the same block is read by `average_direction`.

    References
    ----------
    Wilder, J. W. (1978), New Concepts in Technical Trading Systems.

    """
    seen = state[offset + _SEEN]
    up = high - state[offset + _HIGH]
    down = state[offset + _LOW] - low
    previous = state[offset + _CLOSE]
    state[offset + _SEEN] = seen + 1.0
    state[offset + _HIGH] = high
    state[offset + _LOW] = low
    state[offset + _CLOSE] = close
    if seen == 0.0:
        return 0.0
    kept = 1.0 if seen < length else 1.0 - 1.0 / length
    plus = up if up > max(down, 0.0) else 0.0
    minus = down if down > max(up, 0.0) else 0.0
    true_range = max(high, previous) - min(low, previous)
    state[offset + _PLUS] = state[offset + _PLUS] * kept + plus
    state[offset + _MINUS] = state[offset + _MINUS] * kept + minus
    state[offset + _RANGE] = state[offset + _RANGE] * kept + true_range
    if seen < length:
        return 0.0
    total = state[offset + _PLUS] + state[offset + _MINUS]
    index = 100.0 * abs(state[offset + _PLUS] - state[offset + _MINUS]) / total if total else 0.0
    count = state[offset + _INDICES] + 1.0
    state[offset + _INDICES] = count
    state[offset + _ADX] += (index - state[offset + _ADX]) / min(count, float(length))
    return _directional_index(state, offset)


@njit(cache=True)
def average_direction(state: Floats, offset: int, length: int) -> float:
    """Return the average directional index, 0 to 100, of a `direction_update` block."""
    return float(state[offset + _ADX]) if state[offset + _INDICES] >= length else 0.0


def money_flow_size(length: int) -> int:
    """Return the floats that `money_flow_update` needs."""
    return 2 + 2 * window_size(length)


@njit(cache=True)
def money_flow_update(
    state: Floats, offset: int, length: int, typical: float, volume: float
) -> float:
    """
    Money flow index, 0 to 100; 50 without volume and during the warm-up.

    References
    ----------
    Quong, G., Soudack, A. (1989), Volume-weighted RSI: money flow.

    """
    seen = state[offset]
    change = typical - state[offset + 1]
    state[offset] = seen + 1.0
    state[offset + 1] = typical
    if seen == 0.0:
        return 50.0
    rises = offset + 2
    falls = rises + window_size(length)
    window_push(state, rises, length, typical * volume if change > 0.0 else 0.0)
    window_push(state, falls, length, typical * volume if change < 0.0 else 0.0)
    if seen < length or max(window_max(state, rises), window_max(state, falls)) <= 0.0:
        return 50.0
    up = window_sum(state, rises)
    return 100.0 * up / (up + window_sum(state, falls))


@njit(cache=True)
def _extreme_ages(state: Floats, highs: int, lows: int, length: int) -> float:
    """Return bars since the lowest low minus bars since the highest high, the latest of equals."""
    head = int(state[highs + 1])
    highest = 0
    lowest = 0
    top = -1e300
    bottom = 1e300
    for age in range(length):
        place = head - 1 - age
        if place < 0:
            place += length
        high = state[highs + WINDOW_HEADER + place]
        low = state[lows + WINDOW_HEADER + place]
        if high > top:
            top = high
            highest = age
        if low < bottom:
            bottom = low
            lowest = age
    return float(lowest - highest)


@njit(cache=True)
def aroon_update(state: Floats, offset: int, length: int, high: float, low: float) -> float:
    """
    Aroon oscillator, -100 to 100; 0 during the warm-up.

    References
    ----------
    Chande, T. (1995), A time price oscillator, Stocks & Commodities.

    """
    lows = offset + window_size(length + 1)
    window_push(state, offset, length + 1, high)
    window_push(state, lows, length + 1, low)
    if window_count(state, offset) <= length:
        return 0.0
    return 100.0 * _extreme_ages(state, offset, lows, length + 1) / length


def ultimate_size(lengths: tuple[int, ...]) -> int:
    """Return the floats that `ultimate_update` needs."""
    return 2 + sum(2 * window_size(length) for length in lengths)


@njit(cache=True)
def ultimate_update(
    state: Floats, offset: int, lengths: tuple[int, int, int], bar: tuple[float, float, float]
) -> float:
    """
    Ultimate oscillator of a bar (high, low, close), 0 to 100; 50 when flat and in the warm-up.

    References
    ----------
    Williams, L. (1985), The ultimate oscillator, Stocks & Commodities.

    """
    seen = state[offset]
    previous = state[offset + 1]
    state[offset] = seen + 1.0
    state[offset + 1] = bar[2]
    if seen == 0.0:
        return 50.0
    floor = min(bar[1], previous)
    width = max(bar[0], previous) - floor
    total = 0.0
    weight = 4.0
    own = offset + 2
    flat = False
    for i in range(3):
        size = window_size(lengths[i])
        window_push(state, own, lengths[i], bar[2] - floor)
        window_push(state, own + size, lengths[i], width)
        if window_max(state, own + size) > 0.0:
            total += weight * window_sum(state, own) / window_sum(state, own + size)
        else:
            flat = True
        own += 2 * size
        weight *= 0.5
    return 50.0 if flat or seen < lengths[2] else 100.0 * total / 7.0


def kama_size(length: int) -> int:
    """Return the floats that `kama_update` needs."""
    return 3 + 2 * window_size(length)


@njit(cache=True)
def kama_update(state: Floats, offset: int, length: int, price: float) -> float:
    """
    Kaufman's adaptive moving average; the price itself during the warm-up.

    References
    ----------
    Kaufman, P. (1995), Smarter Trading.

    """
    seen = state[offset]
    change = price - state[offset + 1]
    state[offset] = seen + 1.0
    state[offset + 1] = price
    prices = offset + 3
    steps = prices + window_size(length)
    oldest = window_oldest(state, prices, length)
    window_push(state, prices, length, price)
    if seen > 0.0:
        window_push(state, steps, length, abs(change))
    if seen < length:
        state[offset + 2] = price
        return price
    path = window_sum(state, steps)
    moved = price - oldest
    flat = window_max(state, steps) <= 0.0
    efficiency = 1.0 if flat or path <= moved else abs(moved / path)
    smooth = efficiency * (_KAMA_FAST - _KAMA_SLOW) + _KAMA_SLOW
    state[offset + 2] += smooth * smooth * (price - state[offset + 2])
    return float(state[offset + 2])


@njit(cache=True)
def tema_update(state: Floats, offset: int, length: int, price: float) -> float:
    """
    Triple exponential moving average; the price itself during the warm-up.

    References
    ----------
    Mulloy, P. (1994), Smoothing data with faster moving averages, Stocks & Commodities.

    """
    seen = state[offset] + 1.0
    state[offset] = seen
    first = ema_update(state, offset + 1, length, price)
    if seen < length:
        return price
    second = ema_update(state, offset + 1 + EMA_SIZE, length, first)
    if seen < 2 * length - 1:
        return price
    third = ema_update(state, offset + 1 + 2 * EMA_SIZE, length, second)
    return 3.0 * (first - second) + third if seen >= 3 * length - 2 else price


def chaikin_size(length: int) -> int:
    """Return the floats that `chaikin_update` needs."""
    return 2 * window_size(length)


@njit(cache=True)
def chaikin_update(
    state: Floats, offset: int, length: int, bar: tuple[float, float, float], volume: float
) -> float:
    """
    Chaikin money flow of a bar (high, low, close), -1 to 1; 0 without volume or range.

    References
    ----------
    Chaikin, M. (1980s), money flow: accumulation distribution over volume.

    """
    width = bar[0] - bar[1]
    place = (2.0 * bar[2] - bar[0] - bar[1]) / width if width > 0.0 else 0.0
    volumes = offset + window_size(length)
    window_push(state, offset, length, place * volume)
    window_push(state, volumes, length, volume)
    if window_max(state, volumes) <= 0.0:
        return 0.0
    return window_sum(state, offset) / window_sum(state, volumes)
