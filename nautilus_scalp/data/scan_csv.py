"""Compiled scanners of the Binance archive's csv lines."""

import numba as nb
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.rows import Row
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.scan_log import to_ns
from nautilus_scalp.data.scan_text import COMMA
from nautilus_scalp.data.scan_text import MALFORMED
from nautilus_scalp.data.scan_text import OK
from nautilus_scalp.data.scan_text import decimal
from nautilus_scalp.data.scan_text import integer


QUOTES, TRADES, AGG_TRADES, BARS = 0, 1, 2, 3
_COLUMNS = np.array([7, 6, 7, 7])  # the fewest that a line of each kind has
_MAX_COLUMNS = 12
_TO_LOWER, _TRUE, _FALSE, _BUYER, _SELLER = 32, ord("t"), ord("f"), 1, 2

type Bytes = npt.NDArray[np.uint8]
type Ints = npt.NDArray[np.int64]


@nb.njit(cache=True)
def _columns(buf: Bytes, i: int, end: int, at: Ints) -> int:
    """Note where the columns start; return how many there are."""
    count = 0
    while count < _MAX_COLUMNS:
        at[count] = i
        count += 1
        while i < end and buf[i] != COMMA:
            i += 1
        i += 1
        if i > end:
            break
    at[count] = i
    return count


@nb.njit(cache=True)
def _whole(buf: Bytes, at: Ints, column: int) -> tuple[int, int]:
    """Return an integer column and its status."""
    value, i, ok = integer(buf, at[column], at[column + 1] - 1)
    return value, OK if ok and i == at[column + 1] - 1 else MALFORMED


@nb.njit(cache=True)
def _fixed(buf: Bytes, at: Ints, column: int, precision: int) -> tuple[int, int]:
    """Return a decimal column and its status."""
    value, i, status = decimal(buf, at[column], at[column + 1] - 1, precision)
    return value, status if i == at[column + 1] - 1 else MALFORMED


@nb.njit(cache=True)
def _quote(buf: Bytes, at: Ints, row: Row, precisions: tuple[int, int]) -> int:
    row.u, first = _whole(buf, at, 0)
    row.bid, second = _fixed(buf, at, 1, precisions[0])
    row.bid_size, third = _fixed(buf, at, 2, precisions[1])
    row.ask, fourth = _fixed(buf, at, 3, precisions[0])
    row.ask_size, fifth = _fixed(buf, at, 4, precisions[1])
    t, sixth = _whole(buf, at, 5)
    sent, seventh = _whole(buf, at, 6)
    row.t_ns, row.sent_ns = to_ns(t), to_ns(sent)
    return min(first, second, third, fourth, fifth, sixth, seventh)


@nb.njit(cache=True)
def _trade(buf: Bytes, at: Ints, row: Row, precisions: tuple[int, int], time_at: int) -> int:
    row.u, first = _whole(buf, at, 0)
    row.price, second = _fixed(buf, at, 1, precisions[0])
    row.size, third = _fixed(buf, at, 2, precisions[1])
    t, fourth = _whole(buf, at, time_at)
    row.t_ns = to_ns(t)
    row.sent_ns = row.t_ns
    maker = buf[at[time_at + 1]] | _TO_LOWER  # "true", "True", "false" or "False"
    row.side = _SELLER if maker == _TRUE else _BUYER
    row.market = True
    fifth = OK if maker in (_TRUE, _FALSE) else MALFORMED
    return min(first, second, third, fourth, fifth)


@nb.njit(cache=True)
def _bar(buf: Bytes, at: Ints, row: Row, precisions: tuple[int, int]) -> int:
    row.u, first = _whole(buf, at, 0)
    row.open, second = _fixed(buf, at, 1, precisions[0])
    row.high, third = _fixed(buf, at, 2, precisions[0])
    row.low, fourth = _fixed(buf, at, 3, precisions[0])
    row.close, fifth = _fixed(buf, at, 4, precisions[0])
    row.volume, sixth = _fixed(buf, at, 5, precisions[1])
    t, seventh = _whole(buf, at, 6)
    row.t_ns = to_ns(t)  # the close, as with the live client
    row.sent_ns = row.t_ns
    return min(first, second, third, fourth, fifth, sixth, seventh)


@nb.njit(cache=True)
def scan_csv(
    text: tuple[Bytes, Ints, Ints],
    line0: int,
    kind: int,
    precisions: tuple[int, int],
    out: tuple[Rows, Rows, Rows, Rows],
) -> tuple[int, int]:
    """Scan the lines of an archive file.

    Parameters
    ----------
    text : tuple of uint8[bytes], int64[n], int64[n]
        Bytes, and where each line starts and stops.
    line0 : int
        Number of the first line.
    kind : int
        ``QUOTES``, ``TRADES``, ``AGG_TRADES`` or ``BARS``.
    precisions : tuple of int
        Decimals of a price and of a quantity.
    out : tuple of structured arrays
        Quotes, trades, bars and rejects; the kind's and the rejects are filled from index 0.

    Returns
    -------
    tuple of int
        Rows and rejects filled.

    """
    buf, starts, stops = text
    quotes, trades, bars, bad = out
    at = np.empty(_MAX_COLUMNS + 1, np.int64)
    n = n_bad = 0
    for k in range(len(starts)):
        status = MALFORMED
        if _columns(buf, starts[k], stops[k], at) >= _COLUMNS[kind]:
            if kind == QUOTES:
                quotes[n].line = line0 + k
                status = _quote(buf, at, quotes[n], precisions)
            elif kind == BARS:
                bars[n].line = line0 + k
                status = _bar(buf, at, bars[n], precisions)
            else:
                trades[n].line = line0 + k
                status = _trade(buf, at, trades[n], precisions, 4 + (kind == AGG_TRADES))
        if status == OK:
            n += 1
        else:
            bad[n_bad].line = line0 + k
            bad[n_bad].reason = status
            n_bad += 1
    return n, n_bad
