"""Rows to Arrow tables in Nautilus's own schemas."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.serialization.arrow.schema import NAUTILUS_ARROW_SCHEMA

from nautilus_scalp.data.encode import decimal_texts
from nautilus_scalp.data.encode import fixed_column
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.ordering import GRID_NS
from nautilus_scalp.data.rows import MARK_PRECISION
from nautilus_scalp.data.rows import TOP_LEVELS
from nautilus_scalp.data.rows import Rows


_ADD, _UPDATE, _DELETE, _CLEAR = 1, 2, 3, 4
_F_SNAPSHOT, _F_LAST = 32, 128

type Ints = npt.NDArray[np.int64]


class Precisions(Protocol):
    """What of an instrument the columns depend on."""

    @property
    def instrument_id(self) -> str:
        """Nautilus instrument id."""

    @property
    def price_precision(self) -> int:
        """Decimals of a price."""

    @property
    def size_precision(self) -> int:
        """Decimals of a quantity."""


def quote_table(spec: Precisions, rows: Rows, ts_init: Ints) -> pa.Table:
    """Return ``QUOTE_DTYPE`` rows as ``QuoteTick`` columns."""
    columns = [
        fixed_column(rows["bid"], spec.price_precision),
        fixed_column(rows["ask"], spec.price_precision),
        fixed_column(rows["bid_size"], spec.size_precision),
        fixed_column(rows["ask_size"], spec.size_precision),
        *_times(rows["t_ns"], ts_init),
    ]
    return _table(QuoteTick, columns, _metadata(spec))


def trade_table(
    spec: Precisions, rows: Rows, ts_init: Ints, trade_ids: Sequence[str] | None = None
) -> pa.Table:
    """Return ``TRADE_DTYPE`` rows as ``TradeTick`` columns; ids that are no numbers come apart."""
    ids = pa.array(rows["u"]).cast(pa.string()) if trade_ids is None else pa.array(trade_ids)
    columns = [
        fixed_column(rows["price"], spec.price_precision),
        fixed_column(rows["size"], spec.size_precision),
        pa.array(rows["side"]),
        ids,
        *_times(rows["t_ns"], ts_init),
    ]
    return _table(TradeTick, columns, _metadata(spec))


def delta_table(spec: InstrumentSpec, rows: Rows, levels: Rows, ts_init: Ints) -> pa.Table:
    """Return ``DEPTH_DTYPE`` rows as ``OrderBookDelta`` columns, one row a level.

    A message's rows share its event time and update id; the last one has the flag ``F_LAST``. A
    message that empties the book begins with ``CLEAR``.
    """
    counts = rows["stop"] - rows["start"]
    total = counts + rows["clear"]
    first = np.cumsum(total) - total
    message = np.repeat(np.arange(len(rows)), total)
    position = np.arange(len(message)) - first[message]
    level = rows["start"][message] + position - rows["clear"][message]
    clearing = rows["clear"][message] & (position == 0)
    picked = (
        levels[np.where(clearing, 0, level)]
        if len(levels)
        else np.zeros(len(message), levels.dtype)
    )
    picked[clearing] = 0
    snapshot = rows["snapshot"][message]
    action = np.where(picked["size"] == 0, _DELETE, np.where(snapshot, _ADD, _UPDATE))
    action[clearing] = _CLEAR
    last = position == total[message] - 1
    flags = np.where(snapshot, _F_SNAPSHOT, 0) | np.where(last, _F_LAST, 0)
    columns = [
        pa.array(action.astype(np.uint8)),
        pa.array(picked["side"]),
        fixed_column(picked["price"], spec.price_precision),
        fixed_column(picked["size"], spec.size_precision),
        pa.array(np.zeros(len(message), np.uint64)),
        pa.array(flags.astype(np.uint8)),
        pa.array(rows["u"][message].astype(np.uint64)),
        *_times(rows["t_ns"][message], ts_init[message] + position * GRID_NS),
    ]
    return _table(OrderBookDelta, columns, _metadata(spec))


def depth10_table(spec: InstrumentSpec, rows: Rows, tops: Ints, ts_init: Ints) -> pa.Table:
    """Return the sampled books of depth messages as ``OrderBookDepth10`` columns.

    Parameters
    ----------
    spec : InstrumentSpec
    rows : DEPTH_DTYPE[k]
        The messages after which the book was sampled.
    tops : int64[k, 4, 10]
        Bid prices, ask prices, bid sizes, ask sizes; best first.
    ts_init : int64[k]

    """
    precision = [spec.price_precision] * 2 + [spec.size_precision] * 2
    columns = [
        fixed_column(np.ascontiguousarray(tops[:, part, level]), precision[part])
        for part in range(4)
        for level in range(TOP_LEVELS)
    ]
    one = pa.array(np.ones(len(rows), np.uint32))  # an aggregated level is one order to Nautilus
    columns += [one] * (2 * TOP_LEVELS)
    columns += [
        pa.array(np.full(len(rows), _F_SNAPSHOT | _F_LAST, np.uint8)),
        pa.array(rows["u"].astype(np.uint64)),
        *_times(rows["t_ns"], ts_init),
    ]
    return _table(OrderBookDepth10, columns, _metadata(spec))


def mark_table(spec: InstrumentSpec, rows: Rows, ts_init: Ints) -> pa.Table:
    """Return ``MARK_DTYPE`` rows as ``MarkPriceUpdate`` columns, with the stream's 8 decimals."""
    columns = [fixed_column(rows["mark"], MARK_PRECISION), *_times(rows["t_ns"], ts_init)]
    metadata = {"instrument_id": spec.instrument_id, "price_precision": str(MARK_PRECISION)}
    return _table(MarkPriceUpdate, columns, metadata)


def funding_table(spec: InstrumentSpec, rows: Rows, ts_init: Ints) -> pa.Table:
    """Return ``MARK_DTYPE`` rows as ``FundingRateUpdate`` columns."""
    rates = [f'"{text}"'.encode() for text in decimal_texts(rows["rate"], MARK_PRECISION)]
    columns = [
        pa.array(rates, pa.binary()),
        pa.nulls(len(rows), pa.uint16()),
        pa.array(rows["next_funding_ns"].astype(np.uint64)),
        *_times(rows["t_ns"], ts_init),
    ]
    return _table(FundingRateUpdate, columns, {"instrument_id": spec.instrument_id})


def bar_table(spec: InstrumentSpec, bar_type: str, rows: Rows, ts_init: Ints) -> pa.Table:
    """Return ``BAR_DTYPE`` rows as ``Bar`` columns."""
    prices = [
        fixed_column(rows[name], spec.price_precision) for name in ("open", "high", "low", "close")
    ]
    volume = fixed_column(rows["volume"], spec.size_precision)
    metadata = {"bar_type": bar_type, **_metadata(spec)}
    return _table(Bar, [*prices, volume, *_times(rows["t_ns"], ts_init)], metadata)


def _metadata(spec: Precisions) -> dict[str, str]:
    return {
        "instrument_id": spec.instrument_id,
        "price_precision": str(spec.price_precision),
        "size_precision": str(spec.size_precision),
    }


def _times(t_ns: Ints, ts_init: Ints) -> list[pa.Array]:
    return [pa.array(t_ns.astype(np.uint64)), pa.array(ts_init.astype(np.uint64))]


def _table(data_cls: type, columns: list[pa.Array], metadata: dict[str, str]) -> pa.Table:
    schema = NAUTILUS_ARROW_SCHEMA[data_cls].with_metadata(metadata)
    return pa.Table.from_arrays(columns, schema=schema)


type TableMaker = Callable[..., pa.Table]
