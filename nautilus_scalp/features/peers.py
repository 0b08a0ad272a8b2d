"""What an instrument may know of the others: their last event, never a later one."""

import math

import numpy as np
from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.sources import Ints


(_MID, _GAP, _IMBALANCE, _FLOW, _VOLUME, _MOVE, _AGE) = range(of.PEER_FIRST, of.PEER_FIRST + 7)


@njit(cache=True)
def own_mid_bps(state: Floats) -> float:
    """Return the log of the mid price in basis points."""
    return 1e4 * math.log(0.5 * (state[at.BID] + state[at.ASK]))


@njit(cache=True)
def post(state: Floats, ints: Ints, board: Floats) -> None:
    """Show this instrument's present state to the others."""
    row = board[ints[at.BOARD_ROW]]
    mid = 0.5 * (state[at.BID] + state[at.ASK])
    row[at.BOARD_MID] = own_mid_bps(state)
    row[at.BOARD_UNIT] = 1e4 * state[at.UNIT_TICKS] * state[at.TICK] / mid
    row[at.BOARD_IMBALANCE] = state[of.IMBALANCE]
    row[at.BOARD_FLOW] = state[at.OWN_FLOW]
    row[at.BOARD_VOLUME] = state[at.OWN_VOLUME]
    row[at.BOARD_MOVE] = state[of.LAST_MOVE]
    row[at.BOARD_NS] = np.float64(ints[at.LAST_NS])


@njit(cache=True)
def _fresh(ints: Ints, board: Floats, row: int) -> bool:
    """Tell whether another instrument has quoted within the gap that begins a segment."""
    at_ns = board[row, at.BOARD_NS]
    return bool(at_ns > 0.0 and ints[at.LAST_NS] - at_ns <= ints[at.GAP_NS])


@njit(cache=True)
def _spot(state: Floats, ints: Ints, board: Floats) -> None:
    spot = ints[at.SPOT_ROW]
    state[at.SPOT_SEEN] = 0.0
    if spot >= 0 and _fresh(ints, board, spot):
        state[at.SPOT_SEEN] = 1.0
        state[of.BASIS] = own_mid_bps(state) - board[spot, at.BOARD_MID]


@njit(cache=True)
def peer_sources(state: Floats, ints: Ints, board: Floats) -> None:
    """Read the others' last quotes off the board: means over every peer, or nothing at all."""
    _spot(state, ints, board)
    own = ints[at.BOARD_ROW]
    spot = ints[at.SPOT_ROW]
    count = 0
    oldest_ns = np.float64(ints[at.LAST_NS])
    mid = 0.0
    unit = 0.0
    imbalance = 0.0
    flow = 0.0
    volume = 0.0
    move = 0.0
    state[at.PEERS_SEEN] = 0.0
    for row in range(len(board)):
        if row in (own, spot):
            continue
        if not _fresh(ints, board, row):
            return
        count += 1
        oldest_ns = min(oldest_ns, board[row, at.BOARD_NS])
        mid += board[row, at.BOARD_MID]
        unit += board[row, at.BOARD_UNIT]
        imbalance += board[row, at.BOARD_IMBALANCE]
        flow += board[row, at.BOARD_FLOW]
        volume += board[row, at.BOARD_VOLUME]
        move += board[row, at.BOARD_MOVE]
    if count == 0:
        return
    share = 1.0 / count
    if state[at.PEER_ANCHOR] == 0.0:
        state[at.PEER_ANCHOR] = mid * share
    state[at.PEERS_SEEN] = 1.0
    state[at.PEER_UNIT] = unit * share
    state[at.INVERSE_UNITS + at.PER_PEER_UNIT] = count / unit
    own_bps = 1e4 * state[of.MID] * state[at.TICK] / state[at.ANCHOR]
    state[_MID] = mid * share - state[at.PEER_ANCHOR]
    state[_GAP] = own_bps - state[_MID]
    state[_IMBALANCE] = imbalance * share
    state[_FLOW] = flow * share
    state[_VOLUME] = volume * share
    state[_MOVE] = move * share
    state[_AGE] = math.log1p((np.float64(ints[at.LAST_NS]) - oldest_ns) * 1e-6)
