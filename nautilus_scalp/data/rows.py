"""Columns of one kind of market event while it travels from a raw file to the catalog.

Prices and quantities are integers: the exchange's decimal string without its point, padded to the
instrument's precision. Nothing between the raw text and the Parquet file is a float.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


# Every kind starts with the same columns: the line of the file, the recorder's clock (0: none),
# the exchange's send time and event time, and the number that orders the kind's own stream.
_COMMON = [
    ("line", np.int64),
    ("recv_ns", np.int64),
    ("sent_ns", np.int64),
    ("t_ns", np.int64),
    ("u", np.int64),
]

QUOTE_DTYPE = np.dtype(
    [
        *_COMMON,
        ("bid", np.int64),
        ("ask", np.int64),
        ("bid_size", np.int64),
        ("ask_size", np.int64),
    ],
)
TRADE_DTYPE = np.dtype(
    [
        *_COMMON,
        ("price", np.int64),
        ("size", np.int64),
        ("side", np.uint8),  # Nautilus: 1 buyer, 2 seller was the aggressor
        ("market", np.bool_),  # False: an insurance-fund or ADL print
    ],
)
DEPTH_DTYPE = np.dtype(
    [
        *_COMMON,
        ("prev_u", np.int64),  # the update id that must precede this message
        ("start", np.int64),  # levels[start:stop] belong to this message
        ("stop", np.int64),
        ("snapshot", np.bool_),
        ("clear", np.bool_),  # the book is emptied before the levels are applied
        ("gap", np.bool_),  # messages are missing before this one
        ("top", np.int64),  # row of the ten-level snapshot taken after this message, or -1
    ],
)
LEVEL_DTYPE = np.dtype([("side", np.uint8), ("price", np.int64), ("size", np.int64)])
MARK_DTYPE = np.dtype(
    [*_COMMON, ("mark", np.int64), ("rate", np.int64), ("next_funding_ns", np.int64)],
)
BAR_DTYPE = np.dtype(
    [
        *_COMMON,
        ("open", np.int64),
        ("high", np.int64),
        ("low", np.int64),
        ("close", np.int64),
        ("volume", np.int64),
    ],
)
REJECT_DTYPE = np.dtype([("line", np.int64), ("reason", np.uint8)])

BID, ASK = 1, 2  # Nautilus OrderSide
MARK_PRECISION = 8  # mark price and funding rate arrive with eight decimals
TOP_LEVELS = 10

# Why a row did not enter the catalog. The names are the quarantine file's and the report's.
REASONS = (
    "malformed",
    "missing_field",
    "too_many_decimals",
    "other_symbol",
    "other_market",
    "unused_stream",
    "duplicate",
    "out_of_order",
    "late",
    "implausible_time",
    "no_exchange_clock",
    "zero_quote",
    "crossed_quote",
    "zero_trade",
    "non_market_print",
    "invalid_bar",
    "depth_before_snapshot",
    "depth_gap",
    "depth_after_gap",
    "stale_snapshot",
)
CODE = {name: code for code, name in enumerate(REASONS)}

type Rows = npt.NDArray[np.void]
type Row = Any  # one record of such an array; its fields are known to numba only


def rejects(lines: npt.NDArray[np.int64], reason: str) -> Rows:
    """Return reject rows for the given line numbers, all with one reason."""
    out = np.empty(len(lines), REJECT_DTYPE)
    out["line"] = lines
    out["reason"] = CODE[reason]
    return out
