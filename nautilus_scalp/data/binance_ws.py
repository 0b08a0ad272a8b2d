"""Recorded Binance websocket logs: ``<local receive time> <combined-stream JSON>`` a line.

A file may hold the streams ``bookTicker``, ``trade`` (or ``aggTrade``), ``depth`` and
``markPrice`` of one or several symbols, and REST depth snapshots.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from nautilus_scalp.data.judge import Batch
from nautilus_scalp.data.raw_files import Block
from nautilus_scalp.data.raw_files import blocks
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import MARK_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REJECT_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.scan_log import BAD
from nautilus_scalp.data.scan_log import DEPTHS
from nautilus_scalp.data.scan_log import LEVELS
from nautilus_scalp.data.scan_log import MARKS
from nautilus_scalp.data.scan_log import QUOTES
from nautilus_scalp.data.scan_log import TRADES
from nautilus_scalp.data.scan_log import scan_log
from nautilus_scalp.data.scan_text import OPEN_LIST


PROBE_LINES = 2_000


class Stream(msgspec.Struct, frozen=True):
    """A symbol that a log holds, and where it trades."""

    symbol: str
    futures: bool
    first_ns: int
    trade_stream: str


class _Data(msgspec.Struct):
    """The fields that tell futures from spot, and an exchange time."""

    E: int = 0
    T: int = 0
    pu: int | None = None
    X: str | None = None


class _Message(msgspec.Struct):
    stream: str = ""
    data: _Data | None = None


def streams_of(lines: list[bytes]) -> dict[str, Stream]:
    """Find out which symbols the first lines of a file speak of.

    Futures send ``T`` with the top of the book, ``pu`` with depth and ``X`` with trades; spot
    sends none of these.

    Parameters
    ----------
    lines : list of bytes

    Returns
    -------
    dict of str to Stream
        By upper-case symbol; empty if this is not a recording.

    """
    decoder = msgspec.json.Decoder(_Message)
    found: dict[str, Stream] = {}
    for line in lines:
        local, _, text = line.partition(b" ")
        if not local.isdigit():
            continue
        try:
            message = decoder.decode(text)
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
        symbol, _, kind = message.stream.partition("@")
        if message.data is None or not kind:
            continue
        _note(found, symbol.upper(), kind, message.data)
    return found


def _note(found: dict[str, Stream], symbol: str, kind: str, data: _Data) -> None:
    is_trade = kind in ("trade", "aggTrade")
    if kind == "bookTicker":
        futures = data.T > 0
    elif kind.startswith("depth"):
        futures = data.pu is not None
    elif kind == "trade":
        futures = data.X is not None
    else:  # mark prices are futures; an aggTrade looks the same on both
        futures = kind.startswith("markPrice")
    known = found.get(symbol)
    if known is None:
        first_ns = (data.E or data.T) * 1_000_000
        found[symbol] = Stream(symbol, futures, first_ns, kind if is_trade else "")
    else:
        found[symbol] = Stream(
            symbol,
            known.futures or futures,
            known.first_ns or (data.E or data.T) * 1_000_000,
            known.trade_stream or (kind if is_trade else ""),
        )


def read_log(
    path: Path, symbol: str, precisions: tuple[int, int], *, futures: bool
) -> Iterator[tuple[Block, Batch]]:
    """Yield a recording's rows of one symbol, block by block.

    Parameters
    ----------
    path : Path
    symbol : str
    precisions : tuple[int, int]
        Decimals of a price and of a quantity.
    futures : bool

    Raises
    ------
    InputError
        If the file is truncated or cannot be read.

    """
    name = np.frombuffer(symbol.lower().encode(), np.uint8)
    for block in blocks(path):
        n_lines = len(block.starts)
        n_levels = int(np.count_nonzero(block.text == OPEN_LIST))
        out = (
            np.zeros(n_lines, QUOTE_DTYPE),
            np.zeros(n_lines, TRADE_DTYPE),
            np.zeros(n_lines, DEPTH_DTYPE),
            np.zeros(n_levels, LEVEL_DTYPE),
            np.zeros(n_lines, MARK_DTYPE),
            np.zeros(n_lines, REJECT_DTYPE),
        )
        text = (block.text, block.starts, block.stops)
        filled = scan_log(text, block.first_line, (name, futures, precisions), out)
        parts = [rows[:n].copy() for rows, n in zip(out, filled, strict=True)]
        yield (
            block,
            Batch(
                quotes=parts[QUOTES],
                trades=parts[TRADES],
                depths=parts[DEPTHS],
                levels=parts[LEVELS],
                marks=parts[MARKS],
                bad=parts[BAD],
            ),
        )
