"""Compiled readers of numbers and JSON in raw bytes.

An object is read by indexing its keys first, so key order, blanks and unknown keys do not matter.
Indices are byte offsets; ``end`` is where the line ends. A reader that finds something else than
it looks for says so in its status and never guesses.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.rows import CODE


OK = 255  # greater than every reason, so the minimum of several is the first fault
MALFORMED = CODE["malformed"]
TOO_MANY_DECIMALS = CODE["too_many_decimals"]

BLANK, COMMA, COLON, AT, DOUBLE_QUOTE = ord(" "), ord(","), ord(":"), ord("@"), ord('"')
OPEN_LIST, CLOSE_LIST = ord("["), ord("]")
_TAB, _RETURN, _BACKSLASH, _MINUS, _POINT = ord("\t"), ord("\r"), ord("\\"), ord("-"), ord(".")
_ZERO, _NINE = ord("0"), ord("9")
_OPEN_OBJECT, _CLOSE_OBJECT = ord("{"), ord("}")
_MAX_DIGITS = 18  # of an int64

# Single-letter keys are indexed under their own code, the longer ones that matter under these.
SLOTS = 128
PREVIOUS_ID, STREAM, DATA, LAST_ID, BIDS, ASKS = 1, 2, 3, 4, 5, 6
_LONG_KEYS = ("pu", "stream", "data", "lastUpdateId", "bids", "asks")

_FNV_START = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)

type Bytes = npt.NDArray[np.uint8]
type Ints = npt.NDArray[np.int64]


@nb.njit(cache=True)
def word_hash(buf: Bytes, i: int, stop: int) -> np.uint64:
    """Return the FNV-1a hash of ``buf[i:stop]`` (Fowler, Noll, Vo; 64 bits)."""
    value = _FNV_START
    for k in range(i, stop):
        value = (value ^ np.uint64(buf[k])) * _FNV_PRIME
    return value


def hash_of(word: str) -> np.uint64:
    """Return the hash that ``word_hash`` gives for a word."""
    raw = np.frombuffer(word.encode(), np.uint8)
    return np.uint64(word_hash(raw, 0, len(raw)))


_LONG_KEY_HASHES = np.array([hash_of(word) for word in _LONG_KEYS], np.uint64)


@nb.njit(cache=True)
def skip_blanks(buf: Bytes, i: int, end: int) -> int:
    """Return the index of the first byte at or after ``i`` that is no blank."""
    while i < end and (buf[i] == BLANK or buf[i] == _TAB or buf[i] == _RETURN):
        i += 1
    return i


@nb.njit(cache=True)
def integer(buf: Bytes, i: int, end: int) -> tuple[int, int, bool]:
    """Read an integer at ``i``; return ``(value, next index, ok)``."""
    negative = i < end and buf[i] == _MINUS
    if negative:
        i += 1
    value = 0
    first = i
    while i < end and _ZERO <= buf[i] <= _NINE:
        value = value * 10 + int(buf[i] - _ZERO)
        i += 1
    ok = bool(0 < i - first <= _MAX_DIGITS + 1 and value >= 0)
    return (-value if negative else value), i, ok


@nb.njit(cache=True)
def _fixed_point(buf: Bytes, i: int, end: int, precision: int) -> tuple[int, int, int]:
    value = 0
    digits = 0
    decimals = -1  # none before the point
    status = OK
    while i < end:
        c = buf[i]
        if c == _POINT and decimals < 0:
            decimals = 0
        elif c < _ZERO or c > _NINE:
            break
        elif decimals < precision:
            digits += 1
            decimals += decimals >= 0
            value = value * 10 + int(c - _ZERO)
        elif c != _ZERO:
            status = TOO_MANY_DECIMALS
        i += 1
    padding = precision - max(decimals, 0)
    value *= 10**padding
    if digits == 0 or digits + padding > _MAX_DIGITS:
        status = MALFORMED
    return value, i, status


@nb.njit(cache=True)
def decimal(buf: Bytes, i: int, end: int, precision: int) -> tuple[int, int, int]:
    """Read a decimal, quoted or bare, as an integer of ``10**-precision``.

    Returns ``(value, next index, status)``; the status is ``OK``, ``MALFORMED`` or, for a
    non-zero digit beyond the precision, ``TOO_MANY_DECIMALS``.
    """
    quoted = i < end and buf[i] == DOUBLE_QUOTE
    if quoted:
        i += 1
    negative = i < end and buf[i] == _MINUS
    if negative:
        i += 1
    value, i, status = _fixed_point(buf, i, end, precision)
    if quoted:
        if i >= end or buf[i] != DOUBLE_QUOTE:
            status = MALFORMED
        i += 1
    return (-value if negative else value), i, status


@nb.njit(cache=True)
def skip_string(buf: Bytes, i: int, end: int) -> int:
    """Return the index after the string that starts at ``i``."""
    i += 1
    while i < end and buf[i] != DOUBLE_QUOTE:
        i += 2 if buf[i] == _BACKSLASH else 1
    return i + 1


@nb.njit(cache=True)
def _skip_nested(buf: Bytes, i: int, end: int) -> int:
    nesting = 0
    while i < end:
        c = buf[i]
        if c == DOUBLE_QUOTE:
            i = skip_string(buf, i, end)
            continue
        if c in (OPEN_LIST, _OPEN_OBJECT):
            nesting += 1
        elif c in (CLOSE_LIST, _CLOSE_OBJECT):
            nesting -= 1
            if nesting == 0:
                return i + 1
        i += 1
    return end + 1


@nb.njit(cache=True)
def _skip_value(buf: Bytes, i: int, end: int) -> int:
    """Return the index after the JSON value at ``i``, or ``end + 1`` if it does not end."""
    if i >= end:
        return end + 1
    c = buf[i]
    if c == DOUBLE_QUOTE:
        return skip_string(buf, i, end)
    if c in (OPEN_LIST, _OPEN_OBJECT):
        return _skip_nested(buf, i, end)
    first = i
    while i < end and buf[i] != COMMA and buf[i] != _CLOSE_OBJECT and buf[i] != CLOSE_LIST:
        i += 1
    return i if i > first else end + 1


@nb.njit(cache=True)
def _slot(buf: Bytes, i: int, stop: int) -> int:
    if stop - i == 1:
        return int(buf[i]) if buf[i] < SLOTS else -1
    name = word_hash(buf, i, stop)
    for k in range(len(_LONG_KEY_HASHES)):
        if _LONG_KEY_HASHES[k] == name:
            return k + 1
    return -1


@nb.njit(cache=True)
def _index_member(buf: Bytes, i: int, end: int, at: Ints) -> int:
    """Note the value of the ``"key": value`` at ``i``; return the index after it, or -1."""
    if i >= end or buf[i] != DOUBLE_QUOTE:
        return -1
    key = i + 1
    i = skip_string(buf, i, end)
    slot = _slot(buf, key, min(i, end) - 1)
    i = skip_blanks(buf, i, end)
    if i >= end or buf[i] != COLON:
        return -1
    i = skip_blanks(buf, i + 1, end)
    if slot >= 0:
        at[slot] = i
    return skip_blanks(buf, _skip_value(buf, i, end), end)


@nb.njit(cache=True)
def index_object(buf: Bytes, i: int, end: int, at: Ints) -> int:
    """Note where each known key's value starts.

    Parameters
    ----------
    buf : uint8[bytes]
    i, end : int
        Where the object starts and where the line ends.
    at : int64[SLOTS]
        Filled: the offset of each key's value, -1 where the key is absent.

    Returns
    -------
    int
        The index after the object, -1 if there is no complete object.

    """
    at[:] = -1
    i = skip_blanks(buf, i, end)
    if i >= end or buf[i] != _OPEN_OBJECT:
        return -1
    i = skip_blanks(buf, i + 1, end)
    if i < end and buf[i] == _CLOSE_OBJECT:
        return i + 1
    while True:
        i = _index_member(buf, i, end, at)
        if i < 0 or i >= end:
            return -1
        if buf[i] == _CLOSE_OBJECT:
            return i + 1
        if buf[i] != COMMA:
            return -1
        i = skip_blanks(buf, i + 1, end)
