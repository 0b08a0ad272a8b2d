"""A quote becomes its sources."""

import math

import numpy as np
from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import ew_mean
from nautilus_scalp.features.kernels import ew_update
from nautilus_scalp.features.sources import Ints


_MOVE_MEMORY_MS = 250.0
MIN_UNIT_TICKS = 0.5
(
    _BID_DEPTH, _ASK_DEPTH, _BID_FLOW, _ASK_FLOW, _FLOW_SIZE, _ADDED, _REMOVED, _MICRO_MOVE,
    _MICRO_PATH, _SQUARED_MICRO, _PATH, _MOVES, _TREND, _IMBALANCE_CHANGE, _IMBALANCE_PATH, _QUOTES,
    _INTERVAL, _MOVE_AGE, _TRADE_AGE, _TRADE_GAP, _MOVE_RUN,
) = range(of.RICH_FIRST, of.RICH_FIRST + 21)  # fmt: skip
_DAY_NS = 86_400_000_000_000
_WEEK_NS = 7 * _DAY_NS


@njit(cache=True)
def bid_flow(state: Floats, bid: float, bid_size: float) -> float:
    """
    Return the bid part of e_n: the size that this quote adds to the bid.

    References
    ----------
    Cont, R., Kukanov, A., Stoikov, S. (2014), The price impact of order book events, eq. (4).

    """
    flow = bid_size if bid >= state[at.BID] else 0.0
    return float(flow - state[at.BID_SIZE]) if bid <= state[at.BID] else flow


@njit(cache=True)
def ask_flow(state: Floats, ask: float, ask_size: float) -> float:
    """Return the ask part of e_n: the size that this quote takes from the ask."""
    flow = -ask_size if ask <= state[at.ASK] else 0.0
    return float(flow + state[at.ASK_SIZE]) if ask >= state[at.ASK] else flow


@njit(cache=True)
def _track_moves(state: Floats, mid: float) -> None:
    """Update the last move, the realised variance and the unit of price changes."""
    move = mid - state[at.MID]
    state[at.MID] = mid
    before = state[at.MOVE_SIGN]
    sign = before
    state[_TREND] = 0.0
    if move != 0.0:
        sign = 1.0 if move > 0.0 else -1.0
        state[_TREND] = sign * before
        state[_MOVE_RUN] = state[_MOVE_RUN] + sign if sign == before else sign
        state[at.MOVE_SIGN] = sign
        state[at.MOVE_AGE_MS] = 0.0
    state[at.SQUARED_MOVES] += move * move
    per_second = 1000.0 * state[at.SQUARED_MOVES] / max(state[at.MOVE_MS], 1.0)
    state[at.UNIT_TICKS] = max(math.sqrt(per_second), MIN_UNIT_TICKS)
    state[at.INVERSE_UNITS + at.PER_UNIT] = 1.0 / state[at.UNIT_TICKS]
    state[of.MOVE] = move
    state[of.SQUARED_MOVE] = move * move
    state[of.LAST_MOVE] = sign * math.exp(-state[at.MOVE_AGE_MS] / _MOVE_MEMORY_MS)


@njit(cache=True)
def quote_sources(
    state: Floats, ints: Ints, bid: float, ask: float, bid_size: float, ask_size: float
) -> None:
    """Turn an accepted quote into its sources; weights of older events have faded already."""
    tick = state[at.TICK]
    total = bid_size + ask_size
    ew_update(state, at.MEAN_DEPTH, 1.0, total)
    mean_depth = ew_mean(state, at.MEAN_DEPTH)
    imbalance = (bid_size - ask_size) / total
    if state[at.ANCHOR] == 0.0:
        state[at.ANCHOR] = 0.5 * (bid + ask)
    mid = (0.5 * (bid + ask) - state[at.ANCHOR]) / tick
    spread = (ask - bid) / tick
    microprice = mid + 0.5 * spread * imbalance
    from_bid = 0.0
    from_ask = 0.0
    if state[at.BID] > 0.0:
        from_bid = bid_flow(state, bid, bid_size) / mean_depth
        from_ask = ask_flow(state, ask, ask_size) / mean_depth
    else:
        state[at.MID] = mid
        state[of.MICROPRICE] = microprice
        state[of.IMBALANCE] = imbalance
    if ints[at.RICH] > 0:
        state[_BID_FLOW] = from_bid
        state[_ASK_FLOW] = from_ask
        _rich_book(state, bid, ask, bid_size, ask_size)
        state[_MICRO_MOVE] = microprice - state[of.MICROPRICE]
        state[_IMBALANCE_CHANGE] = imbalance - state[of.IMBALANCE]
    _track_moves(state, mid)
    state[of.MID] = mid
    state[of.MICROPRICE] = microprice
    state[of.IMBALANCE] = imbalance
    state[of.SPREAD] = math.log(spread)
    state[of.DEPTH_SIZE] = math.log(total / mean_depth)
    thin = math.log1p(mean_depth / (2.0 * min(bid_size, ask_size)))
    state[of.THIN_SIDE] = thin if imbalance > 0.0 else -thin
    state[of.THIN_EATEN] = (
        math.log1p(state[at.EATEN_ASK] / ask_size)
        if imbalance > 0.0
        else -math.log1p(state[at.EATEN_BID] / bid_size)
    )
    state[of.ORDER_FLOW] = from_bid + from_ask
    state[at.OWN_FLOW] += from_bid + from_ask
    if ints[at.RICH] > 0:
        _rich_moves(state)
    state[at.BID] = bid
    state[at.ASK] = ask
    state[at.BID_SIZE] = bid_size
    state[at.ASK_SIZE] = ask_size
    state[at.QUOTE_AGE_MS] = 0.0


@njit(cache=True)
def _rich_book(state: Floats, bid: float, ask: float, bid_size: float, ask_size: float) -> None:
    """Compare this quote's queues with the last one's, which `state` still holds."""
    mean_depth = ew_mean(state, at.MEAN_DEPTH)
    state[_BID_DEPTH] = math.log(2.0 * bid_size / mean_depth)
    state[_ASK_DEPTH] = math.log(2.0 * ask_size / mean_depth)
    added = 0.0
    removed = 0.0
    if bid == state[at.BID]:
        added += max(bid_size - state[at.BID_SIZE], 0.0)
        removed += max(state[at.BID_SIZE] - bid_size, 0.0)
    if ask == state[at.ASK]:
        added += max(ask_size - state[at.ASK_SIZE], 0.0)
        removed += max(state[at.ASK_SIZE] - ask_size, 0.0)
    state[_ADDED] = added / mean_depth
    state[_REMOVED] = removed / mean_depth


@njit(cache=True)
def _rich_moves(state: Floats) -> None:
    """Paths, ages and rates, from the sources already there."""
    move = state[of.MOVE]
    state[_FLOW_SIZE] = abs(state[of.ORDER_FLOW])
    state[_MICRO_PATH] = abs(state[_MICRO_MOVE])
    state[_SQUARED_MICRO] = state[_MICRO_MOVE] * state[_MICRO_MOVE]
    state[_PATH] = abs(move)
    state[_MOVES] = 1.0 if move != 0.0 else 0.0
    state[_IMBALANCE_PATH] = abs(state[_IMBALANCE_CHANGE])
    state[_QUOTES] = 1.0
    state[_INTERVAL] = math.log1p(state[at.QUOTE_AGE_MS])
    state[_MOVE_AGE] = math.log1p(state[at.MOVE_AGE_MS])
    state[_TRADE_AGE] = math.log1p(state[at.TRADE_AGE_MS])
    mark = state[at.MARK_PRICE]
    state[of.MARK_GAP] = (
        state[of.MID] - (mark - state[at.ANCHOR]) / state[at.TICK] if mark > 0.0 else 0.0
    )
    price = state[at.TRADE_PRICE]
    state[_TRADE_GAP] = (
        (price - state[at.ANCHOR]) / state[at.TICK] - state[of.MID] if price > 0.0 else 0.0
    )


@njit(cache=True)
def _phase(state: Floats, position: int, now_ns: int, period_ns: int) -> None:
    """Write the sine and cosine of the time within a period."""
    angle = 2.0 * math.pi * ((now_ns % period_ns) / period_ns)
    state[position] = math.sin(angle)
    state[position + 1] = math.cos(angle)


@njit(cache=True)
def time_sources(state: Floats, now_ns: int) -> None:
    """Write the time of day, of week and of the trading sessions (UTC)."""
    first = of.TIME_FIRST
    monday_ns = now_ns + 3 * _DAY_NS  # the epoch was a Thursday, three days after a Monday
    _phase(state, first, now_ns, _DAY_NS)
    _phase(state, first + 2, monday_ns, _WEEK_NS)
    third = (now_ns % _DAY_NS) * 3 // _DAY_NS
    for session in range(3):
        state[first + 4 + session] = 1.0 if third == session else 0.0
    state[first + 7] = 1.0 if monday_ns % _WEEK_NS >= 5 * _DAY_NS else 0.0
    state[first + 8] = np.float64(now_ns % (_DAY_NS // 3)) / np.float64(_DAY_NS // 3)
    _phase(state, first + 9, now_ns, 1_000_000_000)
    _phase(state, first + 11, now_ns, 60_000_000_000)
