"""Bars inside the kernel: every clock's open bar, and the indicators it feeds when it closes."""

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.banks import update_indicator
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.sources import Ints


@njit(cache=True)
def _close_bar(state: Floats, ints: Ints, clock: int) -> None:
    """Close a clock's bar, if it saw a quote, and refresh the clock's indicators."""
    bar = ints[at.BARS] + clock * at.BAR_WIDTH
    if state[bar + at.BAR_COUNT] == 0.0:
        return
    clock_row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
    ints[clock_row + at.CLOCK_CLOSED] += 1
    for i in range(ints[clock_row + at.CLOCK_FIRST], ints[clock_row + at.CLOCK_LAST]):
        row = ints[at.TECHNICALS] + i * at.TECHNICAL_WIDTH
        value = update_indicator(state, ints, row, bar)
        inverse = state[at.INVERSE_UNITS + ints[row + at.TECHNICAL_SCALE]]
        state[ints[at.RAW] + ints[row + at.TECHNICAL_OUTPUT]] = value * inverse
    state[bar + at.BAR_COUNT] = 0.0
    state[bar + at.BAR_VOLUME] = 0.0


@njit(cache=True)
def roll_clocks(state: Floats, ints: Ints, now_ns: int) -> None:
    """Close the time bars whose end has come; an interval without a quote makes no bar."""
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        length_ns = ints[row + at.CLOCK_LENGTH_NS]
        if length_ns < 0:
            continue
        bucket = now_ns // length_ns
        if bucket != ints[row + at.CLOCK_BUCKET]:
            _close_bar(state, ints, clock)
            ints[row + at.CLOCK_BUCKET] = bucket


@njit(cache=True)
def extend_bars(state: Floats, ints: Ints) -> None:
    """Extend the open time bars by the mid price, and tick bars by the microprice."""
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        bar = ints[at.BARS] + clock * at.BAR_WIDTH
        ticking = ints[row + at.CLOCK_LENGTH_NS] < 0
        price = state[of.MICROPRICE] if ticking else state[of.MID]
        if state[bar + at.BAR_COUNT] == 0.0:
            state[bar + at.BAR_OPEN] = price
            state[bar + at.BAR_HIGH] = price
            state[bar + at.BAR_LOW] = price
        state[bar + at.BAR_COUNT] += 1.0
        state[bar + at.BAR_HIGH] = max(state[bar + at.BAR_HIGH], price)
        state[bar + at.BAR_LOW] = min(state[bar + at.BAR_LOW], price)
        state[bar + at.BAR_CLOSE] = price
        state[bar + at.BAR_PEER] = state[of.PEER_FIRST]
        if ticking and state[bar + at.BAR_COUNT] >= -ints[row + at.CLOCK_LENGTH_NS]:
            _close_bar(state, ints, clock)


@njit(cache=True)
def add_volume(state: Floats, ints: Ints, size: float) -> None:
    """Add a trade to the volume of every open bar."""
    for clock in range(ints[at.CLOCKS + 1]):
        state[ints[at.BARS] + clock * at.BAR_WIDTH + at.BAR_VOLUME] += size
