"""A depth snapshot of ten levels becomes its sources."""

import math

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import ew_mean
from nautilus_scalp.features.kernels import ew_update


_PER_LEVEL = 3  # imbalance, flow, size
_SWEEP_LEVELS = 5.0
(
    _BID_GAP_2, _ASK_GAP_2, _BID_GAP_5, _ASK_GAP_5, _BID_GAP_10, _ASK_GAP_10, _BID_TOTAL,
    _ASK_TOTAL, _PRESSURE, _DEPTH_GAP, _BID_SHARE, _ASK_SHARE, _BID_ENTROPY, _ASK_ENTROPY,
    _BID_WALL, _ASK_WALL, _BID_COST, _ASK_COST, _COST_SKEW,
) = range(of.DEPTH_FIRST, of.DEPTH_FIRST + 19)  # fmt: skip


@njit(cache=True)
def _level_flow(state: Floats, old: int, book: Floats, level: int) -> float:
    """Return what the snapshot adds to the bid and takes from the ask at one level."""
    if state[old] == 0.0:
        return 0.0
    flow = 0.0
    if book[level, 0] >= state[old]:
        flow += book[level, 2]
    if book[level, 0] <= state[old]:
        flow -= state[old + 2]
    if book[level, 1] <= state[old + 1]:
        flow -= book[level, 3]
    if book[level, 1] >= state[old + 1]:
        flow += state[old + 3]
    return flow


@njit(cache=True)
def _levels(state: Floats, book: Floats) -> float:
    """Write the sources of each level and return the mean size of a level."""
    total = 0.0
    for level in range(at.LEVELS):
        total += book[level, 2] + book[level, 3]
    ew_update(state, at.MEAN_LEVEL, 1.0, total / (2.0 * at.LEVELS))
    mean = ew_mean(state, at.MEAN_LEVEL)
    bids = 0.0
    asks = 0.0
    for level in range(at.LEVELS):
        source = of.LEVEL_FIRST + _PER_LEVEL * level
        bids += book[level, 2]
        asks += book[level, 3]
        old = at.BOOK + level * at.BOOK_WIDTH
        state[source] = (bids - asks) / (bids + asks)
        state[source + 1] = _level_flow(state, old, book, level) / mean
        state[source + 2] = math.log((book[level, 2] + book[level, 3]) / (2.0 * mean))
    return mean


@njit(cache=True)
def _sweep(book: Floats, side: int, mid: float, quantity: float) -> float:
    """Return how far from the mid price the mean price of trading a quantity lies."""
    left = quantity
    cost = 0.0
    for level in range(at.LEVELS):
        taken = min(left, book[level, 2 + side])
        cost += taken * abs(book[level, side] - mid)
        left -= taken
    cost += left * abs(book[at.LEVELS - 1, side] - mid)
    return float(cost / quantity)


@njit(cache=True)
def _side(state: Floats, book: Floats, side: int, mean: float) -> None:
    """Write what describes one side of the book: 0 bids, 1 asks."""
    tick = state[at.TICK]
    best = book[0, side]
    total = 0.0
    wall = 0
    for level in range(at.LEVELS):
        total += book[level, 2 + side]
        if book[level, 2 + side] > book[wall, 2 + side]:
            wall = level
    entropy = 0.0
    for level in range(at.LEVELS):
        share = book[level, 2 + side] / total
        entropy -= share * math.log(share)
    state[_BID_GAP_2 + side] = math.log(abs(book[1, side] - best) / tick)
    state[_BID_GAP_5 + side] = math.log(abs(book[4, side] - best) / tick)
    state[_BID_GAP_10 + side] = math.log(abs(book[at.LEVELS - 1, side] - best) / tick)
    state[_BID_TOTAL + side] = math.log(total / (at.LEVELS * mean))
    state[_BID_SHARE + side] = book[0, 2 + side] / total
    state[_BID_ENTROPY + side] = entropy
    state[_BID_WALL + side] = math.log1p(abs(book[wall, side] - best) / tick)


@njit(cache=True)
def depth_sources(state: Floats, book: Floats) -> None:
    """
    Turn an accepted snapshot into its sources; weights of older ones have faded already.

    Parameters
    ----------
    state : float64[n]
        The engine's state.
    book : float64[10, 4]
        Bid, ask, bid size, ask size, best level first.

    """
    tick = state[at.TICK]
    mean = _levels(state, book)
    _side(state, book, 0, mean)
    _side(state, book, 1, mean)
    mid = 0.5 * (book[0, 0] + book[0, 1])
    near_bids = 0.0
    near_asks = 0.0
    value = 0.0
    size = 0.0
    for level in range(at.LEVELS):
        near_bids += book[level, 2] * tick / (mid - book[level, 0])
        near_asks += book[level, 3] * tick / (book[level, 1] - mid)
        value += book[level, 2] * (book[level, 0] - mid) + book[level, 3] * (book[level, 1] - mid)
        size += book[level, 2] + book[level, 3]
    state[_PRESSURE] = (near_bids - near_asks) / (near_bids + near_asks)
    state[_DEPTH_GAP] = value / (size * tick)
    quantity = _SWEEP_LEVELS * mean
    state[_BID_COST] = _sweep(book, 0, mid, quantity) / tick
    state[_ASK_COST] = _sweep(book, 1, mid, quantity) / tick
    state[_COST_SKEW] = math.log(state[_ASK_COST] / state[_BID_COST])
    for level in range(at.LEVELS):
        for column in range(at.BOOK_WIDTH):
            state[at.BOOK + level * at.BOOK_WIDTH + column] = book[level, column]
