"""Binance archive files (data.binance.vision): csv or zip, with or without a header line.

The columns of ``trades``, ``aggTrades``, ``bookTicker`` and ``klines`` are in the archive's fixed
order. Times are milliseconds; spot files since 2025 have microseconds.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from nautilus_scalp.data.judge import Batch
from nautilus_scalp.data.raw_files import Block
from nautilus_scalp.data.raw_files import blocks
from nautilus_scalp.data.rows import BAR_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REJECT_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.scan_csv import AGG_TRADES
from nautilus_scalp.data.scan_csv import BARS
from nautilus_scalp.data.scan_csv import QUOTES
from nautilus_scalp.data.scan_csv import TRADES
from nautilus_scalp.data.scan_csv import scan_csv
from nautilus_scalp.data.scan_log import to_ns
from nautilus_scalp.errors import InputError


COLUMNS = {
    "trades": "id price qty quote_qty time is_buyer_maker",
    "aggTrades": "agg_trade_id price quantity first_trade_id last_trade_id transact_time "
    "is_buyer_maker",
    "bookTicker": "update_id best_bid_price best_bid_qty best_ask_price best_ask_qty "
    "transaction_time event_time",
    "klines": "open_time open high low close volume close_time",
}
_TIME_COLUMN = {"trades": 4, "aggTrades": 5, "bookTicker": 5, "klines": 0}
_SCAN_KIND = {"bookTicker": QUOTES, "trades": TRADES, "aggTrades": AGG_TRADES, "klines": BARS}
_STEPS = {
    "1s": "1-SECOND",
    "1m": "1-MINUTE",
    "3m": "3-MINUTE",
    "5m": "5-MINUTE",
    "15m": "15-MINUTE",
    "30m": "30-MINUTE",
    "1h": "1-HOUR",
    "2h": "2-HOUR",
    "4h": "4-HOUR",
    "6h": "6-HOUR",
    "8h": "8-HOUR",
    "12h": "12-HOUR",
    "1d": "1-DAY",
}
_NAME = re.compile(
    r"(?P<symbol>[A-Z0-9]+)-(?P<kind>trades|aggTrades|bookTicker|[0-9]+[smhdwM]o?)-[0-9-]+\.(csv|zip)",
)


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive file's name and first lines say."""

    kind: str
    symbol: str
    futures: bool
    first_ns: int
    bar_step: str = ""


def recognise(path: Path, lines: list[bytes]) -> Archive | None:
    """Return what the file is, None if its name is not an archive's.

    The name gives kind and symbol, as in ``BTCUSDT-aggTrades-2024-08-08.zip``. It does not say
    where the symbol trades: USD-M futures unless the path contains ``spot``.

    Raises
    ------
    InputError
        If the name is an archive's and the content is not, or the bar length is not supported.

    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    name = match["kind"]
    kind = name if name in COLUMNS else "klines"
    if kind == "klines" and name not in _STEPS:
        message = f"{path}: bars of {name} are not supported"
        raise InputError(message, f"import one of {', '.join(_STEPS)}")
    number = 2 if has_header(lines[0]) and len(lines) > 1 else 1
    row = lines[number - 1]
    fields = row.split(b",")
    at = _TIME_COLUMN[kind]
    if len(fields) < len(COLUMNS[kind].split()) or not fields[at].strip().isdigit():
        start = row[:60].decode(errors="backslashreplace")
        message = f"{path}, line {number}: not a line of {kind}: {start!r}"
        raise InputError(message, f"expected the columns {COLUMNS[kind].replace(' ', ', ')}")
    return Archive(
        kind=kind,
        symbol=match["symbol"],
        futures="spot" not in str(path).lower(),
        first_ns=int(to_ns(int(fields[at]))),
        bar_step=_STEPS.get(name, ""),
    )


def has_header(line: bytes) -> bool:
    """Return whether a csv's first line names its columns."""
    return not line[:1].isdigit()


def read_csv(path: Path, kind: str, precisions: tuple[int, int]) -> Iterator[tuple[Block, Batch]]:
    """Yield an archive file's rows, block by block.

    Parameters
    ----------
    path : Path
    kind : str
        A key of ``COLUMNS``.
    precisions : tuple[int, int]
        Decimals of a price and of a quantity.

    Raises
    ------
    InputError
        If the file is truncated or cannot be read.

    """
    code = _SCAN_KIND[kind]
    for block in blocks(path):
        first = block.starts[0]
        header = block.first_line == 1 and has_header(block.text[first : first + 1].tobytes())
        n_lines = len(block.starts) - header
        quotes = np.zeros(n_lines if code == QUOTES else 0, QUOTE_DTYPE)
        trades = np.zeros(n_lines if code in (TRADES, AGG_TRADES) else 0, TRADE_DTYPE)
        bars = np.zeros(n_lines if code == BARS else 0, BAR_DTYPE)
        bad = np.zeros(n_lines, REJECT_DTYPE)
        text = (block.text, block.starts[header:], block.stops[header:])
        out = (quotes, trades, bars, bad)
        n, n_bad = scan_csv(text, block.first_line + header, code, precisions, out)
        yield block, Batch(quotes=quotes[:n], trades=trades[:n], bars=bars[:n], bad=bad[:n_bad])
