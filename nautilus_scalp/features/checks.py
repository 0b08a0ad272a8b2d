"""What is wrong with an event, as an index into `layout.REASONS`, or -1."""

import math

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features.kernels import Floats


@njit(cache=True)
def quote_refusal(bid: float, ask: float, bid_size: float, ask_size: float) -> int:
    """Check a quote: every number finite and above zero, the bid below the ask."""
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
    """Check a trade: price and size finite and above zero, the side +1, -1 or 0."""
    if math.isnan(price) or math.isnan(size) or math.isnan(side):
        return at.NAN
    if math.isinf(price) or math.isinf(size) or math.isinf(side):
        return at.INFINITE
    least = min(price, size)
    if least <= 0.0:
        return at.NEGATIVE if least < 0.0 else at.ZERO
    return -1 if side in (-1.0, 0.0, 1.0) else at.SIDE


@njit(cache=True)
def book_refusal(book: Floats) -> int:
    """Check a depth snapshot: every level a good quote, prices strictly worse level by level."""
    for level in range(at.LEVELS):
        bid = book[level, 0]
        ask = book[level, 1]
        reason = quote_refusal(bid, ask, book[level, 2], book[level, 3])
        if reason >= 0:
            return reason
        if level > 0 and (bid >= book[level - 1, 0] or ask <= book[level - 1, 1]):
            return at.CROSSED
    return -1


@njit(cache=True)
def rate_refusal(rate: float) -> int:
    """Check a funding rate: finite; it may be negative."""
    if math.isnan(rate):
        return at.NAN
    return at.INFINITE if math.isinf(rate) else -1
