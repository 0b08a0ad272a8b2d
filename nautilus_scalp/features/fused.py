"""
One compiled kernel per event type: the stream calls it per event, the batch in a loop.

The kernels run a program (`program.py`): tables of what to average, over which half life, and what
to make of it. A program for a selection of features has shorter tables, not other code.

The kind of event is passed on as ``int(KIND)``: for a literal, Numba would compile it all anew.
"""

import numpy as np
from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.averages import fade
from nautilus_scalp.features.averages import fade_side
from nautilus_scalp.features.averages import feed
from nautilus_scalp.features.checks import book_refusal
from nautilus_scalp.features.checks import quote_refusal
from nautilus_scalp.features.checks import rate_refusal
from nautilus_scalp.features.checks import trade_refusal
from nautilus_scalp.features.clocks import add_volume
from nautilus_scalp.features.clocks import extend_bars
from nautilus_scalp.features.clocks import roll_clocks
from nautilus_scalp.features.depths import depth_sources
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.operations import show_selected
from nautilus_scalp.features.operations import write_outputs
from nautilus_scalp.features.peers import peer_sources
from nautilus_scalp.features.peers import post
from nautilus_scalp.features.quotes import MIN_UNIT_TICKS
from nautilus_scalp.features.quotes import quote_sources
from nautilus_scalp.features.quotes import time_sources
from nautilus_scalp.features.sources import Ints
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.trades import trade_sources


@njit(cache=True)
def begin_segment(state: Floats, ints: Ints, now_ns: int) -> None:
    """Forget everything but the constants and the refusal counts."""
    state[at.VARIABLES : ints[at.HALF_LIVES]] = 0.0
    state[ints[at.WEIGHTS] :] = 0.0
    state[at.INVERSE_UNITS + at.PLAIN] = 1.0
    state[at.INVERSE_UNITS + at.PER_UNIT] = 1.0 / MIN_UNIT_TICKS
    for kind in range(at.KINDS):
        ints[at.EVENTS + kind] = 0
    ints[at.SEGMENT] += 1
    ints[at.ORIGIN_NS] = now_ns
    ints[at.LAST_NS] = now_ns
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        ints[row + at.CLOCK_BUCKET] = 0
        ints[row + at.CLOCK_CLOSED] = 0


@njit(cache=True)
def _admit(state: Floats, ints: Ints, kind: int, reason: int, ts_event_ns: int) -> bool:
    """Count a refusal, or let time pass up to a quote or trade: weights fade, bars close."""
    if reason < 0 and ts_event_ns < ints[at.LAST_EVENT_NS + kind]:
        reason = at.TIME_BACKWARDS
    if reason >= 0:
        ints[at.REFUSED + reason] += 1
        return False
    ints[at.LAST_EVENT_NS + kind] = ts_event_ns
    now_ns = max(ts_event_ns, ints[at.LAST_NS])
    if ints[at.SEGMENT] < 0 or now_ns - ints[at.LAST_NS] > ints[at.GAP_NS]:
        begin_segment(state, ints, now_ns)
    elapsed_ns = now_ns - ints[at.LAST_NS]
    ints[at.LAST_NS] = now_ns
    if elapsed_ns > 0:
        fade(state, ints, elapsed_ns * 1e-6)
    ints[at.EVENTS + kind] += 1
    roll_clocks(state, ints, now_ns)
    return True


@njit(cache=True)
def _admit_side(state: Floats, ints: Ints, kind: int, reason: int, ts_event_ns: int) -> bool:
    """
    Count a refusal, or let the averages of one kind of side event fade up to this one.

    Depth, mark prices and funding rates have a time of their own: whether they are subscribed to
    changes no feature of quotes and trades, not even in its last bit.
    """
    last_ns = ints[at.LAST_EVENT_NS + kind]
    if reason < 0 and ts_event_ns < last_ns:
        reason = at.TIME_BACKWARDS
    if reason >= 0:
        ints[at.REFUSED + reason] += 1
        return False
    ints[at.LAST_EVENT_NS + kind] = ts_event_ns
    if ints[at.EVENTS + kind] > 0 and ts_event_ns > last_ns:
        fade_side(state, ints, kind, (ts_event_ns - last_ns) * 1e-6)
    ints[at.EVENTS + kind] += 1
    return True


@njit(cache=True)
def _has_seen(ints: Ints) -> bool:
    """Tell whether there were enough events of every kind, and books and marks of late."""
    for kind in range(at.KINDS):
        if ints[at.EVENTS + kind] < ints[at.NEED_EVENTS + kind]:
            return False
        age_ns = ints[at.LAST_NS] - ints[at.LAST_EVENT_NS + kind]
        needs_late = kind in (DEPTH, MARK) and ints[at.NEED_EVENTS + kind] > 0
        if needs_late and age_ns > ints[at.GAP_NS]:
            return False
    return True


@njit(cache=True)
def _is_warm(state: Floats, ints: Ints) -> bool:
    """Tell whether every selected feature has seen its warm-up."""
    if not _has_seen(ints):
        return False
    if ints[at.LAST_NS] - ints[at.ORIGIN_NS] < ints[at.NEED_NS]:
        return False
    if ints[at.NEED_PEERS] > 0:
        if ints[at.NEED_PEERS] & 1 > 0 and state[at.PEERS_SEEN] == 0.0:
            return False
        if ints[at.NEED_PEERS] & 2 > 0 and state[at.SPOT_SEEN] == 0.0:
            return False
    for clock in range(ints[at.CLOCKS + 1]):
        row = ints[at.CLOCKS] + clock * at.CLOCK_WIDTH
        if ints[row + at.CLOCK_CLOSED] < ints[row + at.CLOCK_NEED]:
            return False
    return True


@njit(cache=True)
def on_quote(
    state: Floats,
    ints: Ints,
    board: Floats,
    ts_event_ns: int,
    quote: tuple[float, float, float, float],
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
    kind = int(QUOTE)
    reason = quote_refusal(bid, ask, bid_size, ask_size)
    if not _admit(state, ints, kind, reason, ts_event_ns):
        return at.REFUSED_EVENT
    quote_sources(state, ints, bid, ask, bid_size, ask_size)
    if ints[at.RICH] > 0:
        time_sources(state, ints[at.LAST_NS])
        peer_sources(state, ints, board)
    feed(state, ints, kind)
    extend_bars(state, ints)
    write_outputs(state, ints, kind)
    show_selected(state, ints)
    if len(board) > 1:
        post(state, ints, board)
    return at.READY if _is_warm(state, ints) else at.ACCEPTED


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
    kind = int(TRADE)
    reason = trade_refusal(price, size, trade[2])
    if not _admit(state, ints, kind, reason, ts_event_ns):
        return at.REFUSED_EVENT
    trade_sources(state, price, size, trade[2])
    feed(state, ints, kind)
    add_volume(state, ints, size)
    write_outputs(state, ints, kind)
    return at.ACCEPTED


@njit(cache=True)
def on_mark(state: Floats, ints: Ints, ts_event_ns: int, price: float) -> int:
    """Take a mark price; the next quote's vector shows it. Returns as `on_trade` does."""
    kind = int(MARK)
    price = np.rint(price * state[at.PRICE_SCALE]) / state[at.PRICE_SCALE]
    if not _admit_side(state, ints, kind, trade_refusal(price, 1.0, 0.0), ts_event_ns):
        return at.REFUSED_EVENT
    state[at.MARK_PRICE] = price
    return at.ACCEPTED


@njit(cache=True)
def on_funding(state: Floats, ints: Ints, ts_event_ns: int, rate: float) -> int:
    """Take a funding rate; the next quote's vector shows it. Returns as `on_trade` does."""
    kind = int(FUNDING)
    if not _admit_side(state, ints, kind, rate_refusal(rate), ts_event_ns):
        return at.REFUSED_EVENT
    state[of.FUNDING_RATE] = 1e4 * rate
    feed(state, ints, kind)
    write_outputs(state, ints, kind)
    return at.ACCEPTED


@njit(cache=True)
def on_depth(state: Floats, ints: Ints, ts_event_ns: int, book: Floats) -> int:
    """
    Take a depth snapshot (10 levels of bid, ask, bid size, ask size), which it rounds in place.

    Returns
    -------
    int
        `layout.REFUSED_EVENT` (counted, nothing else changed) or `ACCEPTED`.

    """
    for level in range(at.LEVELS):
        for column in range(at.BOOK_WIDTH):
            scale = state[at.PRICE_SCALE] if column <= 1 else state[at.SIZE_SCALE]
            book[level, column] = np.rint(book[level, column] * scale) / scale
    kind = int(DEPTH)
    if not _admit_side(state, ints, kind, book_refusal(book), ts_event_ns):
        return at.REFUSED_EVENT
    depth_sources(state, book)
    feed(state, ints, kind)
    write_outputs(state, ints, kind)
    return at.ACCEPTED
