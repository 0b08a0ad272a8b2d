"""Dispatch: a closed bar goes to one technical indicator."""

import math

from numba import njit

from nautilus_scalp.features import bar_windows as bw
from nautilus_scalp.features import layout as at
from nautilus_scalp.features import technical as ta
from nautilus_scalp.features import trend
from nautilus_scalp.features.indicators import NAMES
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_max
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_min
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_variance
from nautilus_scalp.features.sources import Ints


(
    _RSI, _MACD, _MACD_LINE, _MACD_SLOPE, _STOCHASTIC, _STOCHASTIC_D, _BOLLINGER, _BANDWIDTH,
    _WILLIAMS, _CCI, _WAVE_TREND, _WAVE_LINE, _ATR, _ADX, _DIRECTION, _MONEY_FLOW, _AROON,
    _ULTIMATE, _KAMA_GAP, _TEMA_GAP, _CHAIKIN, _SLOPE, _MOMENTUM, _RESISTANCE, _SUPPORT,
    _EFFICIENCY, _VWAP, _VOLUME_RATIO,
    _PROFILE, _DIVERGENCE, _VOLATILITY, _PARKINSON, _SKEW, _KURTOSIS,
    _AUTOCORRELATION, _PEER_CORRELATION, _PEER_LEAD, _PEER_LAG, _PEER_BETA,
) = range(len(NAMES))  # fmt: skip


@njit(cache=True)
def _smoothed(state: Floats, offset: int, length: int, again: int, value: float) -> float:
    """Average the last `length` values and, unless `again` is 0, the last averages too."""
    window_push(state, offset, length, value)
    if again == 0:
        return window_mean(state, offset)
    slow = offset + window_size(length)
    window_push(state, slow, again, window_mean(state, offset))
    return window_mean(state, slow)


@njit(cache=True)
def _macd(state: Floats, own: int, kind: int, lengths: tuple[int, int, int], price: float) -> float:
    """Update the averages and return histogram, line or change of the histogram."""
    fast, slow, signal = lengths
    histogram = ta.macd_update(state, own, fast, slow, signal, price)
    if kind == _MACD:
        return histogram
    if kind == _MACD_LINE:
        return ta.macd_line(state, own, slow)
    change = histogram - state[own + ta.MACD_SIZE]
    state[own + ta.MACD_SIZE] = histogram
    return float(change)


@njit(cache=True)
def _oscillator(state: Floats, ints: Ints, row: int, bar: int) -> float:  # noqa: PLR0911
    """Update an indicator of `technical`."""
    kind = ints[row + at.TECHNICAL_KIND]
    own = ints[row + at.TECHNICAL_STATE]
    length = ints[row + at.TECHNICAL_LENGTHS]
    second = ints[row + at.TECHNICAL_LENGTHS + 1]
    third = ints[row + at.TECHNICAL_LENGTHS + 2]
    high = state[bar + at.BAR_HIGH]
    low = state[bar + at.BAR_LOW]
    close = state[bar + at.BAR_CLOSE]
    typical = (high + low + close) / 3.0
    if kind == _RSI:
        return ta.rsi_update(state, own, length, close)
    if kind <= _MACD_SLOPE:
        return _macd(state, own, kind, (length, second, third), close)
    if kind <= _STOCHASTIC_D:
        place = ta.range_position_update(state, own, length, high, low, close)
        smooth = own + ta.range_size(length)
        return _smoothed(state, smooth, second, third if kind == _STOCHASTIC_D else 0, place)
    if kind == _BOLLINGER:
        return ta.bollinger_update(state, own, length, close)
    if kind == _BANDWIDTH:
        window_push(state, own, length, close)
        return math.sqrt(window_variance(state, own))
    if kind == _WILLIAMS:
        return ta.range_position_update(state, own, length, high, low, close) - 100.0
    if kind == _CCI:
        return ta.cci_update(state, own, length, typical)
    if kind == _WAVE_TREND:
        return ta.wave_trend_update(state, own, length, second, third, typical)
    return ta.wave_line_update(state, own, length, second, typical)


@njit(cache=True)
def _trend(state: Floats, ints: Ints, row: int, bar: int) -> float:  # noqa: PLR0911
    """Update an indicator of `trend`, or the average true range."""
    kind = ints[row + at.TECHNICAL_KIND]
    own = ints[row + at.TECHNICAL_STATE]
    length = ints[row + at.TECHNICAL_LENGTHS]
    second = ints[row + at.TECHNICAL_LENGTHS + 1]
    third = ints[row + at.TECHNICAL_LENGTHS + 2]
    high = state[bar + at.BAR_HIGH]
    low = state[bar + at.BAR_LOW]
    close = state[bar + at.BAR_CLOSE]
    volume = state[bar + at.BAR_VOLUME]
    if kind == _ATR:
        return ta.atr_update(state, own, length, high, low, close)
    if kind <= _DIRECTION:
        difference = trend.direction_update(state, own, length, high, low, close)
        return trend.average_direction(state, own, length) if kind == _ADX else difference
    if kind == _MONEY_FLOW:
        typical = state[at.ANCHOR] + state[at.TICK] * (high + low + close) / 3.0
        return trend.money_flow_update(state, own, length, typical, volume)
    if kind == _AROON:
        return trend.aroon_update(state, own, length, high, low)
    if kind == _ULTIMATE:
        return trend.ultimate_update(state, own, (length, second, third), (high, low, close))
    if kind == _KAMA_GAP:
        return float(close - trend.kama_update(state, own, length, close))
    if kind == _TEMA_GAP:
        return float(close - trend.tema_update(state, own, length, close))
    return trend.chaikin_update(state, own, length, (high, low, close), volume)


@njit(cache=True)
def _level(state: Floats, ints: Ints, row: int, bar: int) -> float:  # noqa: PLR0911
    """Update an indicator of slope, level or volume."""
    kind = ints[row + at.TECHNICAL_KIND]
    own = ints[row + at.TECHNICAL_STATE]
    length = ints[row + at.TECHNICAL_LENGTHS]
    close = state[bar + at.BAR_CLOSE]
    volume = state[bar + at.BAR_VOLUME]
    if kind == _SLOPE:
        return bw.slope_update(state, own, length, close)
    if kind == _MOMENTUM:
        return bw.momentum_update(state, own, length, close)
    if kind == _RESISTANCE:
        window_push(state, own, length, state[bar + at.BAR_HIGH])
        return float(window_max(state, own) - close)
    if kind == _SUPPORT:
        window_push(state, own, length, state[bar + at.BAR_LOW])
        return float(close - window_min(state, own))
    if kind == _EFFICIENCY:
        return bw.efficiency_update(state, own, length, close)
    if kind == _VWAP:
        return bw.vwap_gap_update(state, own, length, close, volume)
    if kind == _VOLUME_RATIO:
        return bw.volume_ratio_update(state, own, length, volume)
    if kind == _PROFILE:
        return bw.profile_update(state, own, length, close, volume)
    second = ints[row + at.TECHNICAL_LENGTHS + 1]
    return bw.divergence_update(state, own, length, second, close)


@njit(cache=True)
def update_indicator(state: Floats, ints: Ints, row: int, bar: int) -> float:  # noqa: PLR0911
    """Give a closed bar to the indicator of a row; return its value, in ticks or its own unit."""
    kind = ints[row + at.TECHNICAL_KIND]
    own = ints[row + at.TECHNICAL_STATE]
    length = ints[row + at.TECHNICAL_LENGTHS]
    close = state[bar + at.BAR_CLOSE]
    if kind <= _WAVE_LINE:
        return _oscillator(state, ints, row, bar)
    if kind <= _CHAIKIN:
        return _trend(state, ints, row, bar)
    if kind <= _DIVERGENCE:
        return _level(state, ints, row, bar)
    if kind == _VOLATILITY:
        return bw.volatility_update(state, own, length, close)
    if kind == _PARKINSON:
        high = state[bar + at.BAR_HIGH]
        return bw.parkinson_update(state, own, length, high, state[bar + at.BAR_LOW])
    if kind <= _AUTOCORRELATION:
        return bw.moment_update(state, own, length, kind - _SKEW, close)
    prices = (close, state[bar + at.BAR_PEER])
    return bw.peer_update(state, own, length, kind - _PEER_CORRELATION, prices)
