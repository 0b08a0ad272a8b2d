"""Compiled scanners of the Binance archive's csv lines."""

import numba as nb
import numpy as np

from nautilus_scalp.data.scan import MALFORMED
from nautilus_scalp.data.scan import OK
from nautilus_scalp.data.scan import decimal
from nautilus_scalp.data.scan import integer


_COMMA = 44
_MAX_COLUMNS = 12


@nb.njit(cache=True)
def to_ns(value):
    """Turn an epoch time of unknown unit (seconds to nanoseconds) into nanoseconds."""
    if value <= 0:
        return np.int64(0)
    while value < 10**17:
        value *= 1000
    return np.int64(value)


@nb.njit(cache=True)
def _columns(buf, i, end, at):
    """Note where the first columns start; return how many there are."""
    count = 0
    while count < _MAX_COLUMNS:
        at[count] = i
        count += 1
        while i < end and buf[i] != _COMMA:
            i += 1
        if i >= end:
            break
        i += 1
    at[count] = end + 1
    return count


@nb.njit(cache=True)
def _whole(buf, at, column):
    """Return an integer column and whether it is nothing else."""
    value, i, ok = integer(buf, at[column], at[column + 1] - 1)
    return value, ok and i == at[column + 1] - 1


@nb.njit(cache=True)
def _fixed(buf, at, column, precision):
    """Return a decimal column and its status."""
    value, i, status = decimal(buf, at[column], at[column + 1] - 1, precision)
    return value, status if i == at[column + 1] - 1 else MALFORMED


@nb.njit(cache=True)
def _reject(bad, n_bad, line, status):
    bad[n_bad].line = line
    bad[n_bad].reason = status
    return n_bad + 1


@nb.njit(cache=True)
def scan_quotes(buf, starts, stops, line0, precisions, rows, bad):
    """Scan ``bookTicker`` lines; return the numbers of rows and of rejects."""
    at = np.empty(_MAX_COLUMNS + 1, np.int64)
    n = n_bad = 0
    for k in range(len(starts)):
        status = MALFORMED
        if _columns(buf, starts[k], stops[k], at) >= 7:
            row = rows[n]
            row.line = line0 + k
            row.u, first = _whole(buf, at, 0)
            row.bid, second = _fixed(buf, at, 1, precisions[0])
            row.bid_size, third = _fixed(buf, at, 2, precisions[1])
            row.ask, fourth = _fixed(buf, at, 3, precisions[0])
            row.ask_size, fifth = _fixed(buf, at, 4, precisions[1])
            t, sixth = _whole(buf, at, 5)
            sent, seventh = _whole(buf, at, 6)
            row.t_ns, row.sent_ns = to_ns(t), to_ns(sent)
            whole = OK if first and sixth and seventh and row.t_ns > 0 else MALFORMED
            status = min(second, third, fourth, fifth, whole)
        if status == OK:
            n += 1
        else:
            n_bad = _reject(bad, n_bad, line0 + k, status)
    return n, n_bad


@nb.njit(cache=True)
def scan_trades(buf, starts, stops, line0, precisions, columns, rows, bad):
    """Scan ``trades`` or ``aggTrades`` lines; ``columns`` are those of time and buyer-maker."""
    at = np.empty(_MAX_COLUMNS + 1, np.int64)
    time_at, maker_at = columns
    n = n_bad = 0
    for k in range(len(starts)):
        status = MALFORMED
        if _columns(buf, starts[k], stops[k], at) > maker_at:
            row = rows[n]
            row.line = line0 + k
            row.u, first = _whole(buf, at, 0)
            row.price, second = _fixed(buf, at, 1, precisions[0])
            row.size, third = _fixed(buf, at, 2, precisions[1])
            t, fourth = _whole(buf, at, time_at)
            row.t_ns = to_ns(t)
            row.sent_ns = row.t_ns
            maker = buf[at[maker_at]] | 32  # t or f, in either case
            row.side = 2 if maker == 116 else 1
            row.market = True
            known = maker in (116, 102)
            whole = OK if first and fourth and known and row.t_ns > 0 else MALFORMED
            status = min(second, third, whole)
        if status == OK:
            n += 1
        else:
            n_bad = _reject(bad, n_bad, line0 + k, status)
    return n, n_bad


@nb.njit(cache=True)
def scan_bars(buf, starts, stops, line0, precisions, rows, bad):
    """Scan ``klines`` lines; a bar's event time is its close time, as with the live client."""
    at = np.empty(_MAX_COLUMNS + 1, np.int64)
    n = n_bad = 0
    for k in range(len(starts)):
        status = MALFORMED
        if _columns(buf, starts[k], stops[k], at) >= 7:
            row = rows[n]
            row.line = line0 + k
            row.u, first = _whole(buf, at, 0)
            row.open, second = _fixed(buf, at, 1, precisions[0])
            row.high, third = _fixed(buf, at, 2, precisions[0])
            row.low, fourth = _fixed(buf, at, 3, precisions[0])
            row.close, fifth = _fixed(buf, at, 4, precisions[0])
            row.volume, sixth = _fixed(buf, at, 5, precisions[1])
            t, seventh = _whole(buf, at, 6)
            row.t_ns = to_ns(t)
            row.sent_ns = row.t_ns
            whole = OK if first and seventh and row.t_ns > 0 else MALFORMED
            status = min(second, third, fourth, fifth, sixth, whole)
        if status == OK:
            n += 1
        else:
            n_bad = _reject(bad, n_bad, line0 + k, status)
    return n, n_bad
