"""Compiled scanner of recorded Binance websocket messages: bytes to integer columns."""

import numba as nb
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data import scan_text
from nautilus_scalp.data.rows import ASK
from nautilus_scalp.data.rows import BID
from nautilus_scalp.data.rows import CODE
from nautilus_scalp.data.rows import MARK_PRECISION
from nautilus_scalp.data.rows import Row
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.scan_text import ASKS
from nautilus_scalp.data.scan_text import BIDS
from nautilus_scalp.data.scan_text import CLOSE_LIST
from nautilus_scalp.data.scan_text import COMMA
from nautilus_scalp.data.scan_text import DATA
from nautilus_scalp.data.scan_text import LAST_ID
from nautilus_scalp.data.scan_text import MALFORMED
from nautilus_scalp.data.scan_text import OK
from nautilus_scalp.data.scan_text import OPEN_LIST
from nautilus_scalp.data.scan_text import PREVIOUS_ID
from nautilus_scalp.data.scan_text import STREAM
from nautilus_scalp.data.scan_text import decimal
from nautilus_scalp.data.scan_text import index_object
from nautilus_scalp.data.scan_text import integer
from nautilus_scalp.data.scan_text import skip_blanks
from nautilus_scalp.data.scan_text import skip_string
from nautilus_scalp.data.scan_text import word_hash


MISSING_FIELD = CODE["missing_field"]
OTHER_SYMBOL = CODE["other_symbol"]
OTHER_MARKET = CODE["other_market"]
UNUSED_STREAM = CODE["unused_stream"]

# Positions in the tuple of output arrays, and the counts that ``scan_log`` returns.
QUOTES, TRADES, DEPTHS, LEVELS, MARKS, BAD = 0, 1, 2, 3, 4, 5

_BOOK_TICKER = scan_text.hash_of("bookTicker")
_TRADE = scan_text.hash_of("trade")
_AGG_TRADE = scan_text.hash_of("aggTrade")
_DEPTH = scan_text.hash_of("depth")
_MARK_PRICE = scan_text.hash_of("markPrice")
_MARKET = scan_text.hash_of("MARKET")

# Binance's single-letter keys.
_EVENT_TIME, _TIME, _UPDATE_ID, _FIRST_ID = ord("E"), ord("T"), ord("u"), ord("U")
_BID, _BID_SIZE, _ASK, _ASK_SIZE = ord("b"), ord("B"), ord("a"), ord("A")
_PRICE, _SIZE, _MAKER, _EXECUTION = ord("p"), ord("q"), ord("m"), ord("X")
_TRADE_ID, _AGG_ID, _FUNDING_RATE = ord("t"), ord("a"), ord("r")
_BEST_MATCH = ord("M")  # of spot trades; futures trades have the execution type instead
_TRUE, _BUYER, _SELLER = ord("t"), 1, 2
_UPPER_A, _UPPER_Z, _TO_LOWER = ord("A"), ord("Z"), 32
_MS = 1_000_000
_FIRST_NS = 10**17  # every time of this century in nanoseconds is greater

type Bytes = npt.NDArray[np.uint8]
type Ints = npt.NDArray[np.int64]
type Want = tuple[Bytes, bool, tuple[int, int]]
type Out = tuple[Rows, Rows, Rows, Rows, Rows, Rows]
type Scratch = tuple[Ints, Ints, Ints]  # rows filled, index of the message, index of its data


@nb.njit(cache=True)
def to_ns(value: int) -> int:
    """Turn an epoch time of any unit from seconds to nanoseconds into nanoseconds, 0 if none."""
    if value <= 0:
        return 0
    while value < _FIRST_NS:
        value *= 1000
    return value


@nb.njit(cache=True)
def _millis(buf: Bytes, at: Ints, key: int, end: int) -> int:
    """Return a millisecond field as nanoseconds, 0 if it is absent or not a number."""
    if at[key] < 0:
        return 0
    value, _, ok = integer(buf, at[key], end)
    return value * _MS if ok else 0


@nb.njit(cache=True)
def _levels(
    buf: Bytes, span: tuple[int, int], out: Out, n: int, side: int, precisions: tuple[int, int]
) -> tuple[int, int]:
    """Append the ``[[price, size], ...]`` of a span as levels; return ``(n, status)``."""
    i, end = span
    levels = out[LEVELS]
    if i >= end or buf[i] != OPEN_LIST:
        return n, MALFORMED
    i = skip_blanks(buf, i + 1, end)
    if i < end and buf[i] == CLOSE_LIST:
        return n, OK
    while True:
        i, status = _level(buf, i, end, levels[n], precisions)
        if status != OK:
            return n, status
        levels[n].side = side
        n += 1
        i = skip_blanks(buf, i, end)
        if i < end and buf[i] == CLOSE_LIST:
            return n, OK
        if i >= end or buf[i] != COMMA:
            return n, MALFORMED
        i = skip_blanks(buf, i + 1, end)


@nb.njit(cache=True)
def _level(
    buf: Bytes, i: int, end: int, level: Row, precisions: tuple[int, int]
) -> tuple[int, int]:
    """Read one ``[price, size]``; return ``(next index, status)``."""
    if i >= end or buf[i] != OPEN_LIST:
        return i, MALFORMED
    level.price, i, first = decimal(buf, skip_blanks(buf, i + 1, end), end, precisions[0])
    i = skip_blanks(buf, i, end)
    if i >= end or buf[i] != COMMA:
        return i, MALFORMED
    level.size, i, second = decimal(buf, skip_blanks(buf, i + 1, end), end, precisions[1])
    i = skip_blanks(buf, i, end)
    if i >= end or buf[i] != CLOSE_LIST or level.price <= 0 or level.size < 0:
        return i, MALFORMED
    return i + 1, min(first, second)


@nb.njit(cache=True)
def _both_sides(
    buf: Bytes, starts: tuple[int, int], end: int, row: Row, want: Want, inout: tuple[Out, Scratch]
) -> int:
    """Read bids and asks behind the levels filled so far; on success the row owns them."""
    out, scratch = inout
    filled = scratch[0]
    row.start = filled[LEVELS]
    n, status = _levels(buf, (starts[0], end), out, row.start, BID, want[2])
    if status == OK:
        n, status = _levels(buf, (starts[1], end), out, n, ASK, want[2])
    if status == OK:
        row.stop = n
        filled[LEVELS] = n
        filled[DEPTHS] += 1
    return status


@nb.njit(cache=True)
def _snapshot(
    buf: Bytes, end: int, stamp: tuple[int, int], want: Want, out: Out, scratch: Scratch
) -> int:
    filled, at, _ = scratch
    if at[BIDS] < 0 or at[ASKS] < 0:
        return MISSING_FIELD
    if (at[_TIME] >= 0) != want[1]:
        return OTHER_MARKET
    row = out[DEPTHS][filled[DEPTHS]]
    row.line, row.recv_ns = stamp
    row.snapshot, row.clear, row.gap, row.top = True, True, False, -1
    row.t_ns = _millis(buf, at, _TIME, end)
    row.sent_ns = _millis(buf, at, _EVENT_TIME, end)
    row.u, _, ok = integer(buf, at[LAST_ID], end)
    row.prev_u = row.u
    if not ok:
        return MALFORMED
    return _both_sides(buf, (at[BIDS], at[ASKS]), end, row, want, (out, scratch))


@nb.njit(cache=True)
def _depth(
    buf: Bytes, end: int, stamp: tuple[int, int], want: Want, out: Out, scratch: Scratch
) -> int:
    filled, _, at = scratch
    futures = want[1]
    for key in (_BID, _ASK, _UPDATE_ID, _FIRST_ID, _EVENT_TIME):
        if at[key] < 0:
            return MISSING_FIELD
    if (at[PREVIOUS_ID] >= 0) != futures:
        return OTHER_MARKET
    row = out[DEPTHS][filled[DEPTHS]]
    row.line, row.recv_ns = stamp
    row.snapshot, row.clear, row.gap, row.top = False, False, False, -1
    row.sent_ns = _millis(buf, at, _EVENT_TIME, end)
    row.t_ns = _millis(buf, at, _TIME, end) if futures else row.sent_ns
    row.u, _, first = integer(buf, at[_UPDATE_ID], end)
    before, _, second = integer(buf, at[PREVIOUS_ID] if futures else at[_FIRST_ID], end)
    row.prev_u = before if futures else before - 1
    if not (first and second and row.t_ns > 0):
        return MALFORMED
    return _both_sides(buf, (at[_BID], at[_ASK]), end, row, want, (out, scratch))


@nb.njit(cache=True)
def _quote(
    buf: Bytes, end: int, stamp: tuple[int, int], want: Want, out: Out, scratch: Scratch
) -> int:
    filled, _, at = scratch
    for key in (_BID, _BID_SIZE, _ASK, _ASK_SIZE, _UPDATE_ID):
        if at[key] < 0:
            return MISSING_FIELD
    row = out[QUOTES][filled[QUOTES]]
    row.line, row.recv_ns = stamp
    row.t_ns = _millis(buf, at, _TIME, end)
    row.sent_ns = _millis(buf, at, _EVENT_TIME, end)
    if (row.t_ns > 0) != want[1]:
        return OTHER_MARKET
    price, size = want[2]
    row.u, _, ok = integer(buf, at[_UPDATE_ID], end)
    row.bid, _, first = decimal(buf, at[_BID], end, price)
    row.ask, _, second = decimal(buf, at[_ASK], end, price)
    row.bid_size, _, third = decimal(buf, at[_BID_SIZE], end, size)
    row.ask_size, _, fourth = decimal(buf, at[_ASK_SIZE], end, size)
    status = min(first, second, third, fourth, OK if ok else MALFORMED)
    filled[QUOTES] += status == OK
    return status


@nb.njit(cache=True)
def _trade(
    buf: Bytes, end: int, stamp: tuple[int, int], want: Want, out: Out, scratch: Scratch
) -> int:
    filled, _, at = scratch
    for key in (_PRICE, _SIZE, _TIME, _MAKER):
        if at[key] < 0:
            return MISSING_FIELD
    # an aggTrade has its id in "a"; a trade of old spot logs has the seller's order id there
    id_key = _TRADE_ID if at[_TRADE_ID] >= 0 else _AGG_ID
    if at[id_key] < 0:
        return MISSING_FIELD
    if at[_BEST_MATCH if want[1] else _EXECUTION] >= 0:
        return OTHER_MARKET
    row = out[TRADES][filled[TRADES]]
    row.line, row.recv_ns = stamp
    row.t_ns = _millis(buf, at, _TIME, end)
    row.sent_ns = _millis(buf, at, _EVENT_TIME, end)
    row.u, _, ok = integer(buf, at[id_key], end)
    row.price, _, first = decimal(buf, at[_PRICE], end, want[2][0])
    row.size, _, second = decimal(buf, at[_SIZE], end, want[2][1])
    row.side = _SELLER if buf[at[_MAKER]] == _TRUE else _BUYER  # the buyer was the maker
    row.market = True
    if at[_EXECUTION] >= 0:
        start = at[_EXECUTION]
        row.market = word_hash(buf, start + 1, skip_string(buf, start, end) - 1) == _MARKET
    status = min(first, second, OK if ok and row.t_ns > 0 else MALFORMED)
    filled[TRADES] += status == OK
    return status


@nb.njit(cache=True)
def _mark(
    buf: Bytes, end: int, stamp: tuple[int, int], want: Want, out: Out, scratch: Scratch
) -> int:
    filled, _, at = scratch
    if not want[1]:
        return OTHER_MARKET
    for key in (_PRICE, _FUNDING_RATE, _EVENT_TIME, _TIME):
        if at[key] < 0:
            return MISSING_FIELD
    row = out[MARKS][filled[MARKS]]
    row.line, row.recv_ns = stamp
    row.sent_ns = _millis(buf, at, _EVENT_TIME, end)
    row.t_ns = row.sent_ns
    row.u = row.t_ns
    row.next_funding_ns = _millis(buf, at, _TIME, end)
    row.mark, _, first = decimal(buf, at[_PRICE], end, MARK_PRECISION)
    row.rate, _, second = decimal(buf, at[_FUNDING_RATE], end, MARK_PRECISION)
    status = min(first, second, OK if row.t_ns > 0 else MALFORMED)
    filled[MARKS] += status == OK
    return status


@nb.njit(cache=True)
def _same_symbol(buf: Bytes, i: int, stop: int, symbol: Bytes) -> bool:
    if stop - i != len(symbol):
        return False
    for k in range(len(symbol)):
        c = buf[i + k]
        if _UPPER_A <= c <= _UPPER_Z:
            c += _TO_LOWER
        if c != symbol[k]:
            return False
    return True


@nb.njit(cache=True)
def _stream_kind(buf: Bytes, i: int, end: int, symbol: Bytes) -> tuple[np.uint64, bool]:
    """Return the hash of the stream's kind and whether the stream is the symbol's."""
    stop = skip_string(buf, i, end) - 1
    i += 1
    middle = i
    while middle < stop and buf[middle] != scan_text.AT:
        middle += 1
    last = middle + 1
    while last < stop and buf[last] != scan_text.AT:
        last += 1
    return word_hash(buf, middle + 1, last), _same_symbol(buf, i, middle, symbol)


@nb.njit(cache=True)
def _data_message(
    buf: Bytes, end: int, stamp: tuple[int, int], want: Want, out: Out, scratch: Scratch
) -> int:
    _, outer, at = scratch
    kind, mine = _stream_kind(buf, outer[STREAM], end, want[0])
    if not mine:
        return OTHER_SYMBOL
    if index_object(buf, outer[DATA], end, at) < 0:
        return MALFORMED
    if kind == _BOOK_TICKER:
        return _quote(buf, end, stamp, want, out, scratch)
    if kind in (_TRADE, _AGG_TRADE):
        return _trade(buf, end, stamp, want, out, scratch)
    if kind == _DEPTH:
        return _depth(buf, end, stamp, want, out, scratch)
    return _mark(buf, end, stamp, want, out, scratch) if kind == _MARK_PRICE else UNUSED_STREAM


@nb.njit(cache=True)
def _line(
    buf: Bytes, span: tuple[int, int], line: int, want: Want, out: Out, scratch: Scratch
) -> int:
    """Read ``<local receive time> <message>``; return the line's status."""
    start, end = span
    local, i, ok = integer(buf, start, end)
    if not ok or local <= 0 or i >= end or buf[i] != scan_text.BLANK:
        return MALFORMED
    stop = index_object(buf, i + 1, end, scratch[1])
    if stop < 0 or skip_blanks(buf, stop, end) != end:
        return MALFORMED
    stamp = (line, to_ns(local))
    if scratch[1][LAST_ID] >= 0:
        return _snapshot(buf, end, stamp, want, out, scratch)
    if scratch[1][STREAM] < 0 or scratch[1][DATA] < 0:
        return UNUSED_STREAM
    return _data_message(buf, end, stamp, want, out, scratch)


@nb.njit(cache=True)
def scan_log(text: tuple[Bytes, Ints, Ints], line0: int, want: Want, out: Out) -> Ints:
    """Scan the lines of a recording of one instrument.

    Parameters
    ----------
    text : tuple of uint8[bytes], int64[n], int64[n]
        Bytes, and where each line starts and stops.
    line0 : int
        Number of the first line.
    want : tuple of uint8[k], bool, (int, int)
        The lower-case symbol; whether the fields of USD-M futures (``T``, ``pu``) must be there
        or must not; decimals of a price and of a quantity.
    out : tuple of structured arrays
        Quotes, trades, depths, levels, marks and rejects, filled from index 0.

    Returns
    -------
    int64[6]
        Rows filled, in the order of ``out``.

    """
    buf, starts, stops = text
    filled = np.zeros(6, np.int64)
    scratch = (filled, np.empty(scan_text.SLOTS, np.int64), np.empty(scan_text.SLOTS, np.int64))
    for k in range(len(starts)):
        status = _line(buf, (starts[k], stops[k]), line0 + k, want, out, scratch)
        if status != OK:
            out[BAD][filled[BAD]].line = line0 + k
            out[BAD][filled[BAD]].reason = status
            filled[BAD] += 1
    return filled
