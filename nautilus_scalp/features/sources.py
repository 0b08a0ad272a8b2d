"""The quantities that every quote and trade is turned into before anything is averaged."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features.kernels import EW_SIZE
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import ew_mean
from nautilus_scalp.features.kernels import ew_update


type Ints = npt.NDArray[np.int64]

QUOTE_SOURCES = (
    "mid",  # ticks from the segment's first mid price
    "microprice",  # ticks from the segment's first mid price
    "imbalance",  # (bid size - ask size) / (bid size + ask size)
    "spread",  # log of ticks
    "depth",  # log of (bid size + ask size) over its running mean
    "thin_side",  # log of the smaller queue over half that mean, signed as the imbalance
    "order_flow",  # contribution of this quote to the order flow imbalance, in mean queues
    "squared_move",  # square of the mid price's move, ticks
    "move",  # the mid price's move, ticks
    "last_move",  # sign of the last move, fading with its age
)
TRADE_SOURCES = (
    "signed_volume",  # aggressor side times size over its running mean
    "volume",  # size over its running mean
    "value",  # that times price, in ticks from the segment's first mid price
)
(
    MID,
    MICROPRICE,
    IMBALANCE,
    SPREAD,
    DEPTH,
    THIN_SIDE,
    ORDER_FLOW,
    SQUARED_MOVE,
    MOVE,
    LAST_MOVE,
) = range(at.SOURCES, at.SOURCES + len(QUOTE_SOURCES))
_TRADE_FIRST = at.SOURCES + len(QUOTE_SOURCES)
SIGNED_VOLUME, VOLUME, VALUE = range(_TRADE_FIRST, _TRADE_FIRST + len(TRADE_SOURCES))

_MOVE_MEMORY_MS = 250.0
_MIN_UNIT_TICKS = 0.5
assert EW_SIZE == at.MEAN_TRADE - at.MEAN_DEPTH  # noqa: S101  two modules, one layout


@njit(cache=True)
def order_flow(state: Floats, bid: float, ask: float, bid_size: float, ask_size: float) -> float:
    """
    Return e_n, the net size that this quote adds to the bid and takes from the ask.

    References
    ----------
    Cont, R., Kukanov, A., Stoikov, S. (2014), The price impact of order book events, eq. (4).

    """
    flow = 0.0
    if bid >= state[at.BID]:
        flow += bid_size
    if bid <= state[at.BID]:
        flow -= state[at.BID_SIZE]
    if ask <= state[at.ASK]:
        flow -= ask_size
    if ask >= state[at.ASK]:
        flow += state[at.ASK_SIZE]
    return flow


@njit(cache=True)
def _track_moves(state: Floats, mid: float) -> None:
    """Update the last move, the realised variance and the unit of price changes."""
    move = mid - state[at.MID]
    state[at.MID] = mid
    if move != 0.0:
        state[at.MOVE_SIGN] = 1.0 if move > 0.0 else -1.0
        state[at.MOVE_AGE_MS] = 0.0
    state[at.SQUARED_MOVES] += move * move
    per_second = 1000.0 * state[at.SQUARED_MOVES] / max(state[at.MOVE_MS], 1.0)
    state[at.UNIT_TICKS] = max(math.sqrt(per_second), _MIN_UNIT_TICKS)
    state[MOVE] = move
    state[SQUARED_MOVE] = move * move
    state[LAST_MOVE] = state[at.MOVE_SIGN] * math.exp(-state[at.MOVE_AGE_MS] / _MOVE_MEMORY_MS)


@njit(cache=True)
def quote_sources(state: Floats, bid: float, ask: float, bid_size: float, ask_size: float) -> None:
    """Turn an accepted quote into its sources; weights of older events have faded already."""
    tick = state[at.TICK]
    total = bid_size + ask_size
    ew_update(state, at.MEAN_DEPTH, 1.0, total)
    mean_depth = ew_mean(state, at.MEAN_DEPTH)
    imbalance = (bid_size - ask_size) / total
    if state[at.ANCHOR] == 0.0:
        state[at.ANCHOR] = 0.5 * (bid + ask)
    mid = (0.5 * (bid + ask) - state[at.ANCHOR]) / tick
    flow = 0.0
    if state[at.BID] > 0.0:
        flow = order_flow(state, bid, ask, bid_size, ask_size)
    else:
        state[at.MID] = mid
    spread = (ask - bid) / tick
    _track_moves(state, mid)
    state[MID] = mid
    state[MICROPRICE] = mid + 0.5 * spread * imbalance
    state[IMBALANCE] = imbalance
    state[SPREAD] = math.log(spread)
    state[DEPTH] = math.log(total / mean_depth)
    thin = math.log1p(mean_depth / (2.0 * min(bid_size, ask_size)))
    state[THIN_SIDE] = thin if imbalance > 0.0 else -thin
    state[ORDER_FLOW] = flow / mean_depth
    state[at.BID] = bid
    state[at.ASK] = ask
    state[at.BID_SIZE] = bid_size
    state[at.ASK_SIZE] = ask_size


@njit(cache=True)
def trade_sources(state: Floats, price: float, size: float, side: float) -> None:
    """Turn an accepted trade into its sources; weights of older events have faded already."""
    ew_update(state, at.MEAN_TRADE, 1.0, size)
    relative = size / ew_mean(state, at.MEAN_TRADE)
    state[SIGNED_VOLUME] = side * relative
    state[VOLUME] = relative
    if state[at.ANCHOR] == 0.0:
        state[at.ANCHOR] = price
    state[VALUE] = relative * (price - state[at.ANCHOR]) / state[at.TICK]
