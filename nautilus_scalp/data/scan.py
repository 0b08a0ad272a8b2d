"""Compiled scanners: raw bytes of recordings and archives to integer columns.

The JSON scanner indexes the keys of one line's object and then reads the fields that the stream
needs, so key order, blanks and unknown keys do not matter. What it cannot read gets a reason; it
never guesses.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.rows import ASK
from nautilus_scalp.data.rows import BID
from nautilus_scalp.data.rows import CODE
from nautilus_scalp.data.rows import MARK_PRECISION


MALFORMED = CODE["malformed"]
MISSING_FIELD = CODE["missing_field"]
TOO_MANY_DECIMALS = CODE["too_many_decimals"]
OTHER_SYMBOL = CODE["other_symbol"]
OTHER_MARKET = CODE["other_market"]
UNUSED_STREAM = CODE["unused_stream"]
OK = 255

# Slots of the multi-letter keys in the position table; single letters use their own code.
_PREV, _STREAM, _DATA, _LAST_ID, _BIDS, _ASKS = 1, 2, 3, 4, 5, 6
_SLOTS = 128

_QUOTE_MARK, _BACKSLASH, _MINUS, _POINT = 34, 92, 45, 46
_ZERO, _NINE, _COMMA, _COLON, _AT = 48, 57, 44, 58, 64
_OPEN_LIST, _CLOSE_LIST, _OPEN_OBJECT, _CLOSE_OBJECT = 91, 93, 123, 125
_MAX_DIGITS = 18
_MS = 1_000_000

type Bytes = npt.NDArray[np.uint8]


@nb.njit(cache=True)
def _blank(buf, i, end):
    while i < end and (buf[i] == 32 or buf[i] == 9 or buf[i] == 13):
        i += 1
    return i


@nb.njit(cache=True)
def integer(buf, i, end):
    """Read an integer at ``i``; return ``(value, next, ok)``."""
    negative = i < end and buf[i] == _MINUS
    if negative:
        i += 1
    value = np.int64(0)
    first = i
    while i < end and _ZERO <= buf[i] <= _NINE:
        value = value * 10 + np.int64(buf[i] - _ZERO)
        i += 1
    ok = 0 < i - first <= _MAX_DIGITS + 1
    return (-value if negative else value), i, ok


@nb.njit(cache=True)
def decimal(buf, i, end, precision):
    """Read a decimal, quoted or bare, as an integer of ``10**-precision``.

    Returns ``(value, next, status)``; the status is ``OK``, ``MALFORMED`` or
    ``TOO_MANY_DECIMALS`` (a non-zero digit beyond the precision).
    """
    quoted = i < end and buf[i] == _QUOTE_MARK
    if quoted:
        i += 1
    negative = i < end and buf[i] == _MINUS
    if negative:
        i += 1
    value = np.int64(0)
    digits = 0
    decimals = -1
    status = OK
    while i < end:
        c = buf[i]
        if _ZERO <= c <= _NINE:
            digits += 1
            if decimals < precision:
                value = value * 10 + np.int64(c - _ZERO)
                if decimals >= 0:
                    decimals += 1
            elif c != _ZERO:
                status = TOO_MANY_DECIMALS
        elif c == _POINT and decimals < 0:
            decimals = 0
        else:
            break
        i += 1
    for _ in range(precision - max(decimals, 0)):
        value *= 10
    if quoted:
        if i >= end or buf[i] != _QUOTE_MARK:
            status = MALFORMED
        i += 1
    if digits == 0 or value < 0 or digits > _MAX_DIGITS + precision:
        status = MALFORMED
    return (-value if negative else value), i, status


@nb.njit(cache=True)
def _skip_string(buf, i, end):
    i += 1
    while i < end and buf[i] != _QUOTE_MARK:
        i += 2 if buf[i] == _BACKSLASH else 1
    return i + 1


@nb.njit(cache=True)
def _skip_value(buf, i, end):
    """Return the index after the JSON value at ``i``, or ``end + 1`` if it does not end."""
    if i >= end:
        return end + 1
    c = buf[i]
    if c == _QUOTE_MARK:
        return _skip_string(buf, i, end)
    if c in (_OPEN_LIST, _OPEN_OBJECT):
        nesting = 0
        while i < end:
            c = buf[i]
            if c == _QUOTE_MARK:
                i = _skip_string(buf, i, end)
                continue
            if c in (_OPEN_LIST, _OPEN_OBJECT):
                nesting += 1
            elif c in (_CLOSE_LIST, _CLOSE_OBJECT):
                nesting -= 1
                if nesting == 0:
                    return i + 1
            i += 1
        return end + 1
    first = i
    while i < end and buf[i] != _COMMA and buf[i] != _CLOSE_OBJECT and buf[i] != _CLOSE_LIST:
        i += 1
    return i if i > first else end + 1


@nb.njit(cache=True)
def _matches(buf, i, stop, word):
    if stop - i != len(word):
        return False
    for k in range(len(word)):
        if buf[i + k] != word[k]:
            return False
    return True


_WORDS = tuple(
    np.frombuffer(word, np.uint8).copy()
    for word in (b"pu", b"stream", b"data", b"lastUpdateId", b"bids", b"asks")
)
_PU, _STREAM_WORD, _DATA_WORD, _LAST_ID_WORD, _BIDS_WORD, _ASKS_WORD = _WORDS
_BOOK_TICKER = np.frombuffer(b"bookTicker", np.uint8).copy()
_TRADE = np.frombuffer(b"trade", np.uint8).copy()
_AGG_TRADE = np.frombuffer(b"aggTrade", np.uint8).copy()
_DEPTH = np.frombuffer(b"depth", np.uint8).copy()
_MARK_PRICE = np.frombuffer(b"markPrice", np.uint8).copy()
_MARKET = np.frombuffer(b"MARKET", np.uint8).copy()


@nb.njit(cache=True)
def _slot(buf, i, stop):
    length = stop - i
    if length == 1:
        return np.int64(buf[i]) if buf[i] < _SLOTS else -1
    if _matches(buf, i, stop, _PU):
        return _PREV
    if _matches(buf, i, stop, _STREAM_WORD):
        return _STREAM
    if _matches(buf, i, stop, _DATA_WORD):
        return _DATA
    if _matches(buf, i, stop, _LAST_ID_WORD):
        return _LAST_ID
    if _matches(buf, i, stop, _BIDS_WORD):
        return _BIDS
    if _matches(buf, i, stop, _ASKS_WORD):
        return _ASKS
    return -1


@nb.njit(cache=True)
def _index(buf, i, end, at):
    """Note where each known key's value starts; return the index after the object, or -1."""
    at[:] = -1
    i = _blank(buf, i, end)
    if i >= end or buf[i] != _OPEN_OBJECT:
        return -1
    i = _blank(buf, i + 1, end)
    if i < end and buf[i] == _CLOSE_OBJECT:
        return i + 1
    while i < end:
        if buf[i] != _QUOTE_MARK:
            return -1
        key = i + 1
        i = _skip_string(buf, i, end)
        slot = _slot(buf, key, i - 1)
        i = _blank(buf, i, end)
        if i >= end or buf[i] != _COLON:
            return -1
        i = _blank(buf, i + 1, end)
        if slot >= 0:
            at[slot] = i
        i = _blank(buf, _skip_value(buf, i, end), end)
        if i >= end:
            return -1
        if buf[i] == _CLOSE_OBJECT:
            return i + 1
        if buf[i] != _COMMA:
            return -1
        i = _blank(buf, i + 1, end)
    return -1


@nb.njit(cache=True)
def _levels(buf, i, end, levels, n, side, price_precision, size_precision):
    """Append the ``[[price, size], ...]`` at ``i``; return ``(n, status)``."""
    if i >= end or buf[i] != _OPEN_LIST:
        return n, MALFORMED
    i = _blank(buf, i + 1, end)
    if i < end and buf[i] == _CLOSE_LIST:
        return n, OK
    while i < end:
        if buf[i] != _OPEN_LIST:
            return n, MALFORMED
        price, i, status = decimal(buf, _blank(buf, i + 1, end), end, price_precision)
        if status != OK:
            return n, status
        i = _blank(buf, i, end)
        if i >= end or buf[i] != _COMMA:
            return n, MALFORMED
        size, i, status = decimal(buf, _blank(buf, i + 1, end), end, size_precision)
        if status != OK:
            return n, status
        i = _blank(buf, i, end)
        if i >= end or buf[i] != _CLOSE_LIST or price <= 0 or size < 0:
            return n, MALFORMED
        levels[n].side = side
        levels[n].price = price
        levels[n].size = size
        n += 1
        i = _blank(buf, i + 1, end)
        if i < end and buf[i] == _CLOSE_LIST:
            return n, OK
        if i >= end or buf[i] != _COMMA:
            return n, MALFORMED
        i = _blank(buf, i + 1, end)
    return n, MALFORMED


@nb.njit(cache=True)
def _millis(buf, at, key, end):
    """Return the millisecond field as nanoseconds, 0 if it is absent or not a number."""
    if at[key] < 0:
        return np.int64(0)
    value, _, ok = integer(buf, at[key], end)
    return value * _MS if ok else np.int64(0)


@nb.njit(cache=True)
def _read_quote(buf, at, end, row, futures, precisions):
    for key in (98, 66, 97, 65, 117):  # b B a A u
        if at[key] < 0:
            return MISSING_FIELD
    row.t_ns = _millis(buf, at, 84, end)
    row.sent_ns = _millis(buf, at, 69, end)
    if (row.t_ns > 0) != futures:
        return OTHER_MARKET
    row.u, _, ok = integer(buf, at[117], end)
    row.bid, _, first = decimal(buf, at[98], end, precisions[0])
    row.ask, _, second = decimal(buf, at[97], end, precisions[0])
    row.bid_size, _, third = decimal(buf, at[66], end, precisions[1])
    row.ask_size, _, fourth = decimal(buf, at[65], end, precisions[1])
    return min(first, second, third, fourth, OK if ok else MALFORMED)


@nb.njit(cache=True)
def _read_trade(buf, at, end, row, id_key, precisions):
    for key in (112, 113, 84, 109, id_key):  # p q T m
        if at[key] < 0:
            return MISSING_FIELD
    row.t_ns = _millis(buf, at, 84, end)
    row.sent_ns = _millis(buf, at, 69, end)
    row.u, _, ok = integer(buf, at[id_key], end)
    row.price, _, first = decimal(buf, at[112], end, precisions[0])
    row.size, _, second = decimal(buf, at[113], end, precisions[1])
    row.side = 2 if buf[at[109]] == 116 else 1  # "true": the buyer was the maker
    row.market = True
    if at[88] >= 0:  # X, futures only
        stop = _skip_string(buf, at[88], end) - 1
        row.market = _matches(buf, at[88] + 1, stop, _MARKET)
    return min(first, second, OK if ok and row.t_ns > 0 else MALFORMED)


@nb.njit(cache=True)
def _read_depth(buf, at, end, row, futures):
    for key in (98, 97, 117, 85, 69):  # b a u U E
        if at[key] < 0:
            return MISSING_FIELD
    if (at[_PREV] >= 0) != futures:
        return OTHER_MARKET
    row.sent_ns = _millis(buf, at, 69, end)
    row.t_ns = _millis(buf, at, 84, end) if futures else row.sent_ns
    row.u, _, ok = integer(buf, at[117], end)
    if futures:
        row.prev_u, _, ok_prev = integer(buf, at[_PREV], end)
    else:
        first, _, ok_prev = integer(buf, at[85], end)
        row.prev_u = first - 1
    row.snapshot = False
    return OK if ok and ok_prev and row.t_ns > 0 else MALFORMED


@nb.njit(cache=True)
def _read_mark(buf, at, end, row):
    for key in (112, 114, 69, 84):  # p r E T
        if at[key] < 0:
            return MISSING_FIELD
    row.sent_ns = _millis(buf, at, 69, end)
    row.t_ns = row.sent_ns
    row.u = row.t_ns
    row.next_funding_ns = _millis(buf, at, 84, end)
    row.mark, _, first = decimal(buf, at[112], end, MARK_PRECISION)
    row.rate, _, second = decimal(buf, at[114], end, MARK_PRECISION)
    return min(first, second, OK if row.t_ns > 0 else MALFORMED)


@nb.njit(cache=True)
def _same_symbol(buf, i, stop, symbol):
    if stop - i != len(symbol):
        return False
    for k in range(len(symbol)):
        c = buf[i + k]
        if 65 <= c <= 90:
            c += 32
        if c != symbol[k]:
            return False
    return True


@nb.njit(cache=True)
def _starts(buf, i, stop, word):
    return stop - i >= len(word) and _matches(buf, i, i + len(word), word)


@nb.njit(cache=True)
def _receive_time(buf, i, end):
    """Return ``(nanoseconds, next, ok)``; the log's unit shows in the number's size."""
    value, i, ok = integer(buf, i, end)
    if not ok or value <= 0 or i >= end or buf[i] != 32:
        return value, i, False
    while value < 10**17:  # seconds, milliseconds and microseconds of this century
        value *= 1000
    return value, i + 1, True


@nb.njit(cache=True)
def scan_log(
    buf,
    starts,
    stops,
    line0,
    symbol,
    futures,
    precisions,
    quotes,
    trades,
    depths,
    levels,
    marks,
    bad,
):
    """Scan the lines of a recording of one instrument.

    Parameters
    ----------
    buf : uint8[bytes]
    starts, stops : int64[n]
        The lines, newline excluded.
    line0 : int
        Number of the first line.
    symbol : uint8[k]
        Lower-case symbol of the streams to read.
    futures : bool
        Whether the fields of USD-M futures (``T``, ``pu``) must be there, or must not.
    precisions : tuple[int, int]
        Decimals of a price and of a quantity.
    quotes, trades, depths, levels, marks, bad : structured arrays
        Filled from index 0.

    Returns
    -------
    tuple of int
        Rows filled, in the order of the arrays.

    """
    n_quotes = n_trades = n_depths = n_levels = n_marks = n_bad = 0
    outer = np.empty(_SLOTS, np.int64)
    at = np.empty(_SLOTS, np.int64)
    for k in range(len(starts)):
        end = stops[k]
        line = line0 + k
        status = MALFORMED
        recv, i, ok = _receive_time(buf, starts[k], end)
        stop = _index(buf, i, end, outer) if ok else -1
        if stop < 0 or _blank(buf, stop, end) != end:
            pass
        elif outer[_LAST_ID] >= 0:
            row = depths[n_depths]
            row.line, row.recv_ns, row.snapshot, row.top = line, recv, True, -1
            row.clear, row.gap = True, False
            row.t_ns = _millis(buf, outer, 84, end)
            row.sent_ns = _millis(buf, outer, 69, end)
            row.u, _, ok = integer(buf, outer[_LAST_ID], end)
            row.prev_u = row.u
            row.start = n_levels
            filled = n_levels
            if ok and outer[_BIDS] >= 0 and outer[_ASKS] >= 0:
                filled, status = _levels(buf, outer[_BIDS], end, levels, filled, BID, *precisions)
                if status == OK:
                    filled, status = _levels(
                        buf, outer[_ASKS], end, levels, filled, ASK, *precisions
                    )
            if status == OK:
                n_levels = filled
                row.stop = n_levels
                n_depths += 1
        elif outer[_STREAM] < 0 or outer[_DATA] < 0:
            status = UNUSED_STREAM
        else:
            name = outer[_STREAM] + 1
            name_stop = _skip_string(buf, outer[_STREAM], end) - 1
            middle = name
            while middle < name_stop and buf[middle] != _AT:
                middle += 1
            kind = middle + 1
            if not _same_symbol(buf, name, middle, symbol):
                status = OTHER_SYMBOL
            elif _index(buf, outer[_DATA], end, at) < 0:
                status = MALFORMED
            elif _matches(buf, kind, name_stop, _BOOK_TICKER):
                row = quotes[n_quotes]
                row.line, row.recv_ns = line, recv
                status = _read_quote(buf, at, end, row, futures, precisions)
                n_quotes += status == OK
            elif _matches(buf, kind, name_stop, _TRADE) or _matches(
                buf, kind, name_stop, _AGG_TRADE
            ):
                row = trades[n_trades]
                row.line, row.recv_ns = line, recv
                id_key = 116 if buf[kind] == 116 else 97
                status = _read_trade(buf, at, end, row, id_key, precisions)
                n_trades += status == OK
            elif _starts(buf, kind, name_stop, _DEPTH):
                row = depths[n_depths]
                row.line, row.recv_ns, row.top = line, recv, -1
                row.clear, row.gap = False, False
                status = _read_depth(buf, at, end, row, futures)
                if status == OK:
                    row.start = n_levels
                    filled, status = _levels(buf, at[98], end, levels, n_levels, BID, *precisions)
                    if status == OK:
                        filled, status = _levels(buf, at[97], end, levels, filled, ASK, *precisions)
                    if status == OK:
                        n_levels = filled
                        row.stop = n_levels
                        n_depths += 1
            elif _starts(buf, kind, name_stop, _MARK_PRICE):
                row = marks[n_marks]
                row.line, row.recv_ns = line, recv
                status = _read_mark(buf, at, end, row)
                n_marks += status == OK
            else:
                status = UNUSED_STREAM
        if status != OK:
            bad[n_bad].line = line
            bad[n_bad].reason = status
            n_bad += 1
    return n_quotes, n_trades, n_depths, n_levels, n_marks, n_bad
