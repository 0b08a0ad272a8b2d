"""
One compiled kernel per event type: the stream calls it per event, the batch in a loop.

The kernels run a program (`program.py`): tables of what to average, over which half life, and what
to make of it. A program for a selection of features has shorter tables, not other code.
"""

import math

import numpy as np
from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources
from nautilus_scalp.features.banks import close_bar
from nautilus_scalp.features.kernels import LN2
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.operations import write_outputs
from nautilus_scalp.features.sources import Ints


@njit(cache=True)
def quote_refusal(bid: float, ask: float, bid_size: float, ask_size: float) -> int:
    """Return the index in `layout.REASONS` of what is wrong with a quote, or -1."""
    if math.isnan(bid) or math.isnan(ask) or math.isnan(bid_size) or math.isnan(ask_size):
        return at.NAN
    if math.isinf(bid) or math.isinf(ask) or math.isinf(bid_size) or math.isinf(ask_size):
        return at.INFINITE
    least = min(bid, ask, bid_size, ask_size)
    if least <= 0.0:
        return at.NEGATIVE if least < 0.0 else at.ZERO
    return at.CROSSED if bid >= ask else -1


@njit(cache=True)
def trade_refusal(price: float, size: float, side: float) -> int:
    """Return the index in `layout.REASONS` of what is wrong with a trade, or -1."""
    if math.isnan(price) or math.isnan(size) or math.isnan(side):
        return at.NAN
    if math.isinf(price) or math.isinf(size) or math.isinf(side):
        return at.INFINITE
    least = min(price, size)
    if least <= 0.0:
        return at.NEGATIVE if least < 0.0 else at.ZERO
    return -1 if side in {-1.0, 0.0, 1.0} else at.SIDE


@njit(cache=True)
def begin_segment(state: Floats, ints: Ints, now_ns: int) -> None:
    """Forget everything but the constants and the refusal counts."""
    state[at.VARIABLES : ints[at.HALF_LIVES]] = 0.0
    state[ints[at.WEIGHTS] :] = 0.0
    ints[at.QUOTES] = 0
    ints[at.TRADES] = 0
    ints[at.SEGMENT] += 1
    ints[at.ORIGIN_NS] = now_ns
    ints[at.LAST_NS] = now_ns
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        ints[row + at.CLOCK_BUCKET] = 0
        ints[row + at.CLOCK_CLOSED] = 0


@njit(cache=True)
def _roll_clocks(state: Floats, ints: Ints, now_ns: int) -> None:
    """Close the time bars whose end has come; an interval without a quote makes no bar."""
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        length_ns = ints[row + at.CLOCK_LENGTH_NS]
        if length_ns == 0:
            continue
        bucket = now_ns // length_ns
        if bucket != ints[row + at.CLOCK_BUCKET]:
            close_bar(state, ints, clock)
            ints[row + at.CLOCK_BUCKET] = bucket


@njit(cache=True)
def _advance(state: Floats, ints: Ints, now_ns: int) -> None:
    """Let time pass: old weights fade, bars close."""
    if ints[at.SEGMENT] < 0 or now_ns - ints[at.LAST_NS] > ints[at.GAP_NS]:
        begin_segment(state, ints, now_ns)
    elapsed_ms = (now_ns - ints[at.LAST_NS]) * 1e-6
    ints[at.LAST_NS] = now_ns
    count = ints[at.HALF_LIVES + 1]
    lives = ints[at.HALF_LIVES]
    weights = ints[at.WEIGHTS]
    if elapsed_ms > 0.0:
        for i in range(count):
            kept = math.exp(-LN2 * elapsed_ms / state[lives + i])
            state[lives + count + i] = kept
            state[weights + i] *= kept
        flows = ints[at.FLOWS]
        flow_state = ints[at.FLOW_STATE]
        for i in range(ints[at.FLOWS + 1]):
            half_life = ints[flows + i * at.CELL_WIDTH + at.CELL_HALF_LIFE]
            state[flow_state + i] *= state[lives + count + half_life]
        kept = math.exp(-LN2 * elapsed_ms / state[at.SCALE_HALF_LIFE_MS])
        state[at.MEAN_DEPTH + 2] *= kept
        state[at.MEAN_TRADE + 2] *= kept
        state[at.SQUARED_MOVES] *= kept
        state[at.MOVE_MS] = state[at.MOVE_MS] * kept + elapsed_ms
        state[at.MOVE_AGE_MS] += elapsed_ms
    _roll_clocks(state, ints, now_ns)


@njit(cache=True)
def _feed_flows(state: Floats, ints: Ints, first: int, last: int) -> None:
    """Add this event's sources to the decayed sums that they feed."""
    flows = ints[at.FLOWS]
    flow_state = ints[at.FLOW_STATE]
    for i in range(first, last):
        state[flow_state + i] += state[ints[flows + i * at.CELL_WIDTH + at.CELL_SOURCE]]


@njit(cache=True)
def _feed_cells(state: Floats, ints: Ints) -> None:
    """Add this quote's sources to the exponentially weighted means and variances."""
    weights = ints[at.WEIGHTS]
    for i in range(ints[at.HALF_LIVES + 1]):
        state[weights + i] += 1.0
    cells = ints[at.CELLS]
    count = ints[at.CELLS + 1]
    means = ints[at.CELL_STATE]
    for i in range(count):
        row = cells + i * at.CELL_WIDTH
        share = 1.0 / state[weights + ints[row + at.CELL_HALF_LIFE]]
        difference = state[ints[row + at.CELL_SOURCE]] - state[means + i]
        state[means + i] += share * difference
        variance = state[means + count + i] + share * difference * difference
        state[means + count + i] = (1.0 - share) * variance


@njit(cache=True)
def _feed_bars(state: Floats, ints: Ints) -> None:
    """Extend the open time bars by the mid price; a tick bar is one quote's microprice."""
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        bar = ints[at.BARS] + clock * at.BAR_WIDTH
        ticking = ints[row + at.CLOCK_LENGTH_NS] == 0
        price = state[sources.MICROPRICE] if ticking else state[sources.MID]
        if state[bar + at.BAR_COUNT] == 0.0:
            state[bar + at.BAR_OPEN] = price
            state[bar + at.BAR_HIGH] = price
            state[bar + at.BAR_LOW] = price
        state[bar + at.BAR_COUNT] += 1.0
        state[bar + at.BAR_HIGH] = max(state[bar + at.BAR_HIGH], price)
        state[bar + at.BAR_LOW] = min(state[bar + at.BAR_LOW], price)
        state[bar + at.BAR_CLOSE] = price
        if ticking:
            close_bar(state, ints, clock)


@njit(cache=True)
def _is_warm(ints: Ints) -> bool:
    """Tell whether every selected feature has seen its warm-up."""
    if ints[at.QUOTES] < ints[at.NEED_QUOTES] or ints[at.TRADES] < ints[at.NEED_TRADES]:
        return False
    if ints[at.LAST_NS] - ints[at.ORIGIN_NS] < ints[at.NEED_NS]:
        return False
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        if ints[row + at.CLOCK_CLOSED] < ints[row + at.CLOCK_NEED]:
            return False
    return True


@njit(cache=True)
def on_quote(
    state: Floats, ints: Ints, ts_event_ns: int, quote: tuple[float, float, float, float]
) -> int:
    """
    Take a quote (bid, ask, bid size, ask size) and refresh the feature vector.

    Returns
    -------
    int
        `layout.REFUSED_EVENT` (counted, nothing else changed), `ACCEPTED` or `READY`.

    """
    price_scale = state[at.PRICE_SCALE]
    size_scale = state[at.SIZE_SCALE]
    bid = np.rint(quote[0] * price_scale) / price_scale
    ask = np.rint(quote[1] * price_scale) / price_scale
    bid_size = np.rint(quote[2] * size_scale) / size_scale
    ask_size = np.rint(quote[3] * size_scale) / size_scale
    reason = quote_refusal(bid, ask, bid_size, ask_size)
    if reason < 0 and ts_event_ns < ints[at.LAST_QUOTE_NS]:
        reason = at.TIME_BACKWARDS
    if reason >= 0:
        ints[at.REFUSED + reason] += 1
        return at.REFUSED_EVENT
    ints[at.LAST_QUOTE_NS] = ts_event_ns
    _advance(state, ints, max(ts_event_ns, ints[at.LAST_NS]))
    ints[at.QUOTES] += 1
    sources.quote_sources(state, bid, ask, bid_size, ask_size)
    _feed_flows(state, ints, 0, ints[at.QUOTE_FLOWS + 1])
    _feed_bars(state, ints)
    _feed_cells(state, ints)
    write_outputs(state, ints)
    return at.READY if _is_warm(ints) else at.ACCEPTED


@njit(cache=True)
def on_trade(state: Floats, ints: Ints, ts_event_ns: int, trade: tuple[float, float, float]) -> int:
    """
    Take a trade (price, size, aggressor side); the next quote's vector shows it.

    Returns
    -------
    int
        `layout.REFUSED_EVENT` (counted, nothing else changed) or `ACCEPTED`.

    """
    price = np.rint(trade[0] * state[at.PRICE_SCALE]) / state[at.PRICE_SCALE]
    size = np.rint(trade[1] * state[at.SIZE_SCALE]) / state[at.SIZE_SCALE]
    reason = trade_refusal(price, size, trade[2])
    if reason < 0 and ts_event_ns < ints[at.LAST_TRADE_NS]:
        reason = at.TIME_BACKWARDS
    if reason >= 0:
        ints[at.REFUSED + reason] += 1
        return at.REFUSED_EVENT
    ints[at.LAST_TRADE_NS] = ts_event_ns
    _advance(state, ints, max(ts_event_ns, ints[at.LAST_NS]))
    ints[at.TRADES] += 1
    sources.trade_sources(state, price, size, trade[2])
    _feed_flows(state, ints, ints[at.QUOTE_FLOWS + 1], ints[at.FLOWS + 1])
    for clock in range(ints[at.CLOCKS + 1]):
        state[ints[at.BARS] + clock * at.BAR_WIDTH + at.BAR_VOLUME] += size
    return at.ACCEPTED
