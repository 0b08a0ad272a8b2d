"""A trade becomes its sources."""

import math

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import ew_mean
from nautilus_scalp.features.kernels import ew_update


SIGNED_VOLUME, VOLUME, VALUE = of.TRADE_FIRST, of.TRADE_FIRST + 1, of.TRADE_FIRST + 2
(
    _TRADES, _SIGN, _LARGE_1K, _LARGE_10K, _LARGE_100K, _BUYS, _SELLS, _SIZE, _INTERVAL, _MOVE,
    _EDGE, _RUN,
) = range(of.TRADE_FIRST + 3, of.TRADE_FIRST + 15)  # fmt: skip
_LARGE, _LARGER, _LARGEST = 1e3, 1e4, 1e5  # notional, quote currency


@njit(cache=True)
def trade_sources(state: Floats, price: float, size: float, side: float) -> None:
    """Turn an accepted trade into its sources; weights of older events have faded already."""
    ew_update(state, at.MEAN_TRADE, 1.0, size)
    relative = size / ew_mean(state, at.MEAN_TRADE)
    if state[at.ANCHOR] == 0.0:
        state[at.ANCHOR] = price
    ticks = (price - state[at.ANCHOR]) / state[at.TICK]
    notional = price * size
    state[SIGNED_VOLUME] = side * relative
    state[VOLUME] = relative
    state[VALUE] = relative * ticks
    state[_TRADES] = 1.0
    state[_SIGN] = side
    state[_LARGE_1K] = side if _LARGE <= notional < _LARGER else 0.0
    state[_LARGE_10K] = side if _LARGER <= notional < _LARGEST else 0.0
    state[_LARGE_100K] = side if notional >= _LARGEST else 0.0
    state[_BUYS] = relative if side > 0.0 else 0.0
    state[_SELLS] = relative if side < 0.0 else 0.0
    state[_SIZE] = math.log(relative)
    state[_INTERVAL] = math.log1p(state[at.TRADE_AGE_MS])
    state[_MOVE] = (
        (price - state[at.TRADE_PRICE]) / state[at.TICK] if state[at.TRADE_PRICE] > 0.0 else 0.0
    )
    state[_EDGE] = side * (ticks - state[at.MID]) if state[at.BID] > 0.0 else 0.0
    state[_RUN] = state[_RUN] + side if side * state[_RUN] > 0.0 else side
    state[at.TRADE_PRICE] = price
    state[at.TRADE_AGE_MS] = 0.0
    state[at.OWN_VOLUME] += side * relative
    if side > 0.0:
        state[at.EATEN_ASK] += size
    elif side < 0.0:
        state[at.EATEN_BID] += size
