"""The order book rebuilt from snapshot and diffs, with the exchange's own continuity rule.

Binance's procedure ("How to manage a local order book correctly"): a diff belongs to the book if
the update id that must precede it is the last one applied (``pu`` on USD-M futures, ``U - 1`` on
spot); the first diff after a snapshot must reach over the snapshot's id. A book that has lost a
message is emptied and stays unusable until the next snapshot. Where the recording itself was
silent for longer than ``silence_ns`` a new recording begins, which is not a lost message.
"""

import msgspec
import numba as nb
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.rows import BID
from nautilus_scalp.data.rows import CODE
from nautilus_scalp.data.rows import TOP_LEVELS
from nautilus_scalp.data.rows import Row
from nautilus_scalp.data.rows import Rows


NO_BOOK, FRESH, CHAINED, BROKEN = 0, 1, 2, 3
ACCEPTED = 255
BEFORE_SNAPSHOT = CODE["depth_before_snapshot"]
AFTER_GAP = CODE["depth_after_gap"]
GAP = CODE["depth_gap"]
STALE = CODE["stale_snapshot"]

# state[]: what the book is good for, last update id and time, levels per side, last sampling
# interval, messages that left the book crossed
_STATUS, _LAST_U, _LAST_T, _BIDS, _ASKS, _BUCKET, _CROSSED = 0, 1, 2, 3, 4, 5, 6


type Ints = npt.NDArray[np.int64]
type Codes = npt.NDArray[np.uint8]


class BookState(msgspec.Struct, kw_only=True):
    """A book as it is kept between imports, prices and sizes as integers of the precision."""

    status: int = NO_BOOK
    last_u: int = 0
    last_t_ns: int = 0
    bids: list[tuple[int, int]] = []
    asks: list[tuple[int, int]] = []


@nb.njit(cache=True)
def _apply_level(prices: Ints, sizes: Ints, n: int, sign: int, level: Row) -> int:
    """Set one level of a side; the side is sorted with its best price last. Return the count."""
    price, size = level.price, level.size
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if sign * prices[middle] < sign * price:
            low = middle + 1
        else:
            high = middle
    found = low < n and prices[low] == price
    if size == 0:
        if found:
            for k in range(low, n - 1):
                prices[k] = prices[k + 1]
                sizes[k] = sizes[k + 1]
            return n - 1
        return n
    if not found:
        for k in range(n, low, -1):
            prices[k] = prices[k - 1]
            sizes[k] = sizes[k - 1]
        prices[low] = price
        n += 1
    sizes[low] = size
    return n


@nb.njit(cache=True)
def _judge(row: Row, state: Ints, silence_ns: int) -> int:
    """Decide what a depth message is to the book as it stands."""
    if row.snapshot:
        return STALE if state[_STATUS] in (FRESH, CHAINED) and row.u < state[_LAST_U] else ACCEPTED
    if state[_STATUS] == NO_BOOK:
        return BEFORE_SNAPSHOT
    if state[_STATUS] == BROKEN:
        return AFTER_GAP
    if row.prev_u == state[_LAST_U]:
        return ACCEPTED
    reaches_over = row.prev_u <= state[_LAST_U] <= row.u
    if state[_STATUS] == FRESH and reaches_over:
        return ACCEPTED
    return BEFORE_SNAPSHOT if row.t_ns - state[_LAST_T] > silence_ns else GAP


@nb.njit(cache=True)
def _end_book(row: Row, state: Ints, verdict: int) -> None:
    """Empty the book with a message that cannot be applied."""
    if state[_STATUS] in (FRESH, CHAINED):
        row.clear = True
        row.gap = verdict == GAP
        state[_STATUS] = BROKEN if row.gap else NO_BOOK
        state[_BIDS] = state[_ASKS] = 0


@nb.njit(cache=True)
def _apply(row: Row, levels: Rows, state: Ints, sides: Ints) -> bool:
    """Apply an accepted message; return whether it left the book crossed."""
    if row.snapshot:
        state[_BIDS] = state[_ASKS] = 0
    for j in range(row.start, row.stop):
        if levels[j].side == BID:
            state[_BIDS] = _apply_level(sides[0], sides[1], state[_BIDS], 1, levels[j])
        else:
            state[_ASKS] = _apply_level(sides[2], sides[3], state[_ASKS], -1, levels[j])
    state[_STATUS] = FRESH if row.snapshot else CHAINED
    state[_LAST_U] = row.u
    state[_LAST_T] = row.t_ns
    n_bids, n_asks = state[_BIDS], state[_ASKS]
    if n_bids > 0 and n_asks > 0 and sides[0, n_bids - 1] >= sides[2, n_asks - 1]:
        state[_CROSSED] += 1
        return True
    return False


@nb.njit(cache=True)
def _sample(state: Ints, sides: Ints, top: Ints) -> bool:
    """Copy the ten best levels of both sides; return whether there are so many."""
    n_bids, n_asks = state[_BIDS], state[_ASKS]
    if n_bids < TOP_LEVELS or n_asks < TOP_LEVELS:
        return False
    for j in range(TOP_LEVELS):
        top[0, j] = sides[0, n_bids - 1 - j]
        top[1, j] = sides[2, n_asks - 1 - j]
        top[2, j] = sides[1, n_bids - 1 - j]
        top[3, j] = sides[3, n_asks - 1 - j]
    return True


@nb.njit(cache=True)
def _replay(
    messages: tuple[Rows, Rows],
    state: Ints,
    sides: Ints,
    times_ns: tuple[int, int],
    out: tuple[Codes, Ints],
) -> int:
    """Apply messages in order; fill verdicts and samples; return the number of samples."""
    depths, levels = messages
    interval_ns, silence_ns = times_ns
    verdict, tops = out
    n_tops = 0
    for k in range(len(depths)):
        row = depths[k]
        verdict[k] = _judge(row, state, silence_ns)
        if verdict[k] != ACCEPTED:
            row.stop = row.start
            if verdict[k] != STALE:
                _end_book(row, state, verdict[k])
            continue
        crossed = _apply(row, levels, state, sides)
        bucket = row.t_ns // interval_ns
        if bucket != state[_BUCKET] and not crossed and _sample(state, sides, tops[n_tops]):
            state[_BUCKET] = bucket
            row.top = n_tops
            n_tops += 1
    return n_tops


class Book:
    """One instrument's book, fed with depth messages in update-id order.

    Parameters
    ----------
    interval_ns : int
        The ten best levels are sampled after the first message of every such interval.
    silence_ns : int
        A longer silence ends a recording.
    state : BookState, optional
        The book that an earlier import left.

    """

    def __init__(self, interval_ns: int, silence_ns: int, state: BookState | None = None) -> None:
        state = state or BookState()
        self._times_ns = (interval_ns, silence_ns)
        self._sides = np.zeros((4, 1024), np.int64)  # bid prices, bid sizes, ask prices, ask sizes
        self._state = np.zeros(7, np.int64)
        self._state[_STATUS] = state.status
        self._state[_LAST_U] = state.last_u
        self._state[_LAST_T] = state.last_t_ns
        self._state[_BUCKET] = state.last_t_ns // interval_ns if state.last_t_ns else -1
        self._grow(max(len(state.bids), len(state.asks)))
        for offset, side in ((0, state.bids), (2, state.asks)):
            pairs = np.array(side, np.int64).reshape(-1, 2)
            self._sides[offset : offset + 2, : len(pairs)] = pairs.T
            self._state[_BIDS + offset // 2] = len(pairs)

    @property
    def crossed(self) -> int:
        """Messages after which the rebuilt book was crossed."""
        return int(self._state[_CROSSED])

    def state(self) -> BookState:
        """Return the book to keep for the next import."""
        n_bids, n_asks = int(self._state[_BIDS]), int(self._state[_ASKS])
        return BookState(
            status=int(self._state[_STATUS]),
            last_u=int(self._state[_LAST_U]),
            last_t_ns=int(self._state[_LAST_T]),
            bids=[tuple(pair) for pair in self._sides[0:2, :n_bids].T.tolist()],
            asks=[tuple(pair) for pair in self._sides[2:4, :n_asks].T.tolist()],
        )

    def replay(self, depths: Rows, levels: Rows) -> tuple[Codes, Ints]:
        """Apply depth messages and say which of them the book could use.

        Parameters
        ----------
        depths : DEPTH_DTYPE[n]
            In update-id order. ``top`` is filled; where a message cannot be used ``stop`` is put
            back to ``start``, and ``clear`` and ``gap`` are set where the book ends with it.
        levels : LEVEL_DTYPE[m]

        Returns
        -------
        verdict : uint8[n]
            ``ACCEPTED`` or the code of the reason.
        tops : int64[k, 4, 10]
            Bid prices, ask prices, bid sizes, ask sizes; best first.

        """
        self._grow(int(max(self._state[_BIDS], self._state[_ASKS])) + len(levels))
        verdict = np.empty(len(depths), np.uint8)
        tops = np.empty((len(depths), 4, TOP_LEVELS), np.int64)
        if len(depths) == 0:
            return verdict, tops
        out = (verdict, tops)
        n_tops = _replay((depths, levels), self._state, self._sides, self._times_ns, out)
        return verdict, tops[:n_tops]

    def _grow(self, needed: int) -> None:
        if needed > self._sides.shape[1]:
            wider = np.zeros((4, 2 * needed), np.int64)
            wider[:, : self._sides.shape[1]] = self._sides
            self._sides = wider
