"""The technical indicators of a clock, refreshed when one of its bars closes."""

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import technical as ta
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.sources import Ints


KINDS = ("rsi", "macd", "stochastic", "bollinger", "williams", "cci", "wave_trend", "atr")
RSI, MACD, STOCHASTIC, BOLLINGER, WILLIAMS, CCI, WAVE_TREND, ATR = range(len(KINDS))


def technical_size(kind: str, lengths: tuple[int, ...]) -> int:  # noqa: PLR0911  a dispatch
    """Return the floats of state that an indicator of this kind and lengths needs."""
    match kind:
        case "rsi":
            return ta.RSI_SIZE
        case "macd":
            return ta.MACD_SIZE
        case "stochastic":
            return ta.range_size(lengths[0]) + window_size(lengths[1])
        case "bollinger" | "cci":
            return window_size(lengths[0])
        case "williams":
            return ta.range_size(lengths[0])
        case "wave_trend":
            return ta.wave_trend_size(lengths[2])
        case "atr":
            return ta.ATR_SIZE
    message = f"no technical indicator is called {kind!r}"
    raise KeyError(message)


def technical_warm_up(kind: str, lengths: tuple[int, ...]) -> int:
    """Return how many bars must have closed before the value counts."""
    match kind:
        case "rsi" | "atr":
            return lengths[0] + 1
        case "macd":
            return lengths[1] + lengths[2] - 1
        case "stochastic":
            return lengths[0] + lengths[1] - 1
        case "wave_trend":
            return sum(lengths)
        case _:
            return lengths[0]


@njit(cache=True)
def _technical(state: Floats, ints: Ints, row: int, bar: int) -> float:  # noqa: PLR0911
    """Update one indicator with a closed bar and return its value."""
    kind = ints[row + at.TECHNICAL_KIND]
    own = ints[row + at.TECHNICAL_STATE]
    length = ints[row + at.TECHNICAL_P0]
    second = ints[row + at.TECHNICAL_P1]
    third = ints[row + at.TECHNICAL_P2]
    high = state[bar + at.BAR_HIGH]
    low = state[bar + at.BAR_LOW]
    close = state[bar + at.BAR_CLOSE]
    if kind == RSI:
        return ta.rsi_update(state, own, length, close)
    if kind == MACD:
        return ta.macd_update(state, own, length, second, third, close)
    if kind == STOCHASTIC:
        average = own + 2 * window_size(length)
        position = ta.range_position_update(state, own, length, high, low, close)
        window_push(state, average, second, position)
        return window_mean(state, average)
    if kind == BOLLINGER:
        return ta.bollinger_update(state, own, length, close)
    if kind == WILLIAMS:
        return ta.range_position_update(state, own, length, high, low, close) - 100.0
    if kind == CCI:
        return ta.cci_update(state, own, length, (high + low + close) / 3.0)
    if kind == WAVE_TREND:
        return ta.wave_trend_update(state, own, length, second, third, (high + low + close) / 3.0)
    return ta.atr_update(state, own, length, high, low, close)


@njit(cache=True)
def close_bar(state: Floats, ints: Ints, clock: int) -> None:
    """Close a clock's bar, if it saw a quote, and refresh the clock's indicators."""
    bar = ints[at.BARS] + clock * at.BAR_WIDTH
    if state[bar + at.BAR_COUNT] == 0.0:
        return
    clock_row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
    ints[clock_row + at.CLOCK_CLOSED] += 1
    for i in range(ints[clock_row + at.CLOCK_FIRST], ints[clock_row + at.CLOCK_LAST]):
        row = ints[at.TECHNICALS] + i * at.TECHNICAL_WIDTH
        state[ints[at.TECHNICAL_VALUES] + i] = _technical(state, ints, row, bar)
    state[bar + at.BAR_COUNT] = 0.0
    state[bar + at.BAR_VOLUME] = 0.0
