"""
Classic technical indicators, one observation at a time, over preallocated state.

As in `kernels`, an indicator owns a stretch of zeros beginning at `offset`. Smoothing, seeds and
scales follow TA-Lib's definitions; where TA-Lib divides nought by nought (a flat market) the answer
here is the neutral value that each docstring names. Until an indicator has seen its warm-up it
returns that neutral value too.
"""

import math

from numba import njit

from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_absolute_deviation
from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_max
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_min
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_variance


EMA_SIZE = 2  # observations seen, value
RSI_SIZE = 4  # changes seen, last price, average gain, average loss
ATR_SIZE = 3  # true ranges seen, last close, value
MACD_SIZE = 1 + 3 * EMA_SIZE
WAVE_LINE_SIZE = 3 * EMA_SIZE

_FLAT = 1e-9  # a mean distance under which only rounding is left
_CCI_SCALE = 0.015  # Lambert (1980): puts some three quarters of the values within +-100


@njit(cache=True)
def ema_update(state: Floats, offset: int, length: int, value: float) -> float:
    """
    Exponential moving average with weight 2 / (length + 1), seeded by the mean of the first ones.

    Returns
    -------
    float
        The average; during the first `length` observations their plain mean.

    """
    seen = state[offset] + 1.0
    state[offset] = seen
    share = 1.0 / seen if seen <= length else 2.0 / (length + 1.0)
    state[offset + 1] += share * (value - state[offset + 1])
    return float(state[offset + 1])


@njit(cache=True)
def rsi_update(state: Floats, offset: int, length: int, price: float) -> float:
    """
    Relative strength index, 0 to 100; 50 when nothing moved or during the warm-up.

    References
    ----------
    Wilder, J. W. (1978), New Concepts in Technical Trading Systems.

    """
    seen = state[offset]
    state[offset] = seen + 1.0
    change = price - state[offset + 1]
    state[offset + 1] = price
    if seen == 0.0:
        return 50.0
    share = 1.0 / min(seen, float(length))
    state[offset + 2] += share * (max(change, 0.0) - state[offset + 2])
    state[offset + 3] += share * (max(-change, 0.0) - state[offset + 3])
    total = state[offset + 2] + state[offset + 3]
    if seen < length or total <= 0.0:
        return 50.0
    return float(100.0 * state[offset + 2] / total)


@njit(cache=True)
def macd_update(
    state: Floats, offset: int, fast: int, slow: int, signal: int, price: float
) -> float:
    """
    Histogram of the moving average convergence/divergence, in price units; 0 during the warm-up.

    The fast average begins late, so that both averages are seeded on the same observation.

    References
    ----------
    Appel, G. (1979), The Moving Average Convergence-Divergence Method.

    """
    seen = state[offset] + 1.0
    state[offset] = seen
    fast_offset = offset + 1
    slow_offset = fast_offset + EMA_SIZE
    signal_offset = slow_offset + EMA_SIZE
    slow_average = ema_update(state, slow_offset, slow, price)
    if seen <= slow - fast:
        return 0.0
    line = ema_update(state, fast_offset, fast, price) - slow_average
    if seen < slow:
        return 0.0
    average = ema_update(state, signal_offset, signal, line)
    return line - average if seen >= slow + signal - 1 else 0.0


@njit(cache=True)
def macd_line(state: Floats, offset: int, slow: int) -> float:
    """Return the line (fast less slow average) of a `macd_update` block; 0 during the warm-up."""
    if state[offset] < slow:
        return 0.0
    return float(state[offset + 2] - state[offset + 2 + EMA_SIZE])


@njit(cache=True)
def range_size(length: int) -> int:
    """Return the floats that `range_position_update` needs."""
    return 2 * window_size(length)


@njit(cache=True)
def range_position_update(
    state: Floats, offset: int, length: int, high: float, low: float, close: float
) -> float:
    """
    Place of the close in the range of the last `length` bars, 0 to 100; 50 in a flat range.

    This is the fast stochastic %K; minus 100 it is Williams %R; its moving average is the slow %K.

    References
    ----------
    Lane, G. C. (1984), Lane's Stochastics. Williams, L. (1979), How I Made One Million Dollars
    Last Year Trading Commodities.

    """
    lows = offset + window_size(length)
    window_push(state, offset, length, high)
    window_push(state, lows, length, low)
    floor = window_min(state, lows)
    spread = window_max(state, offset) - floor
    return 100.0 * (close - floor) / spread if spread > 0.0 else 50.0


@njit(cache=True)
def bollinger_update(state: Floats, offset: int, length: int, price: float) -> float:
    """
    Place in the Bollinger bands, in standard deviations from the mean of the window; 0 when flat.

    %b is ``0.5 + position / (2 * width)`` for bands of `width` standard deviations.

    References
    ----------
    Bollinger, J. (2001), Bollinger on Bollinger Bands.

    """
    window_push(state, offset, length, price)
    variance = window_variance(state, offset)
    if variance <= 0.0:
        return 0.0
    return float((price - window_mean(state, offset)) / math.sqrt(variance))


@njit(cache=True)
def cci_update(state: Floats, offset: int, length: int, typical: float) -> float:
    """
    Commodity channel index of the typical price; 0 when flat or while the window fills.

    References
    ----------
    Lambert, D. R. (1980), Commodity Channel Index, Commodities magazine.

    """
    window_push(state, offset, length, typical)
    if window_count(state, offset) < length:
        return 0.0
    deviation = window_absolute_deviation(state, offset)
    if deviation <= 0.0:
        return 0.0
    return (typical - window_mean(state, offset)) / (_CCI_SCALE * deviation)


def wave_trend_size(signal: int) -> int:
    """Return the floats that `wave_trend_update` needs."""
    return WAVE_LINE_SIZE + window_size(signal)


@njit(cache=True)
def wave_line_update(
    state: Floats, offset: int, channel: int, average: int, typical: float
) -> float:
    """
    Wave trend line (WT1); 0 where nothing moved.

    References
    ----------
    LazyBear (2014), WaveTrend Oscillator, TradingView.

    """
    centre = ema_update(state, offset, channel, typical)
    distance = ema_update(state, offset + EMA_SIZE, channel, abs(typical - centre))
    index = (typical - centre) / (_CCI_SCALE * distance) if distance > _FLAT else 0.0
    return ema_update(state, offset + 2 * EMA_SIZE, average, index)


@njit(cache=True)
def wave_trend_update(
    state: Floats, offset: int, channel: int, average: int, signal: int, typical: float
) -> float:
    """
    Wave trend minus its signal line; 0 where nothing moved.

    References
    ----------
    LazyBear (2014), WaveTrend Oscillator, TradingView.

    """
    wave = wave_line_update(state, offset, channel, average, typical)
    line = offset + WAVE_LINE_SIZE
    window_push(state, line, signal, wave)
    return wave - window_mean(state, line)


@njit(cache=True)
def atr_update(
    state: Floats, offset: int, length: int, high: float, low: float, close: float
) -> float:
    """
    Average true range in price units; the first bar only sets the previous close.

    References
    ----------
    Wilder, J. W. (1978), New Concepts in Technical Trading Systems.

    """
    seen = state[offset]
    previous = state[offset + 1]
    state[offset] = seen + 1.0
    state[offset + 1] = close
    if seen == 0.0:
        return 0.0
    true_range = max(high, previous) - min(low, previous)
    state[offset + 2] += (true_range - state[offset + 2]) / min(seen, float(length))
    return float(state[offset + 2])
