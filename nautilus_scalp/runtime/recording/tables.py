"""A batch of the recorder as Arrow tables in Nautilus's own schemas."""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.serialization.arrow.serializer import ArrowSerializer

from nautilus_scalp.actors.recorder import OBJECT
from nautilus_scalp.actors.recorder import Batch
from nautilus_scalp.actors.signal_tape import tape_directory
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.tables import quote_table
from nautilus_scalp.data.tables import trade_table
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.messages import AlphaSignal


_FOLDERS = {
    OrderBookDelta: "order_book_deltas",
    OrderBookDepth10: "order_book_depths",
    MarkPriceUpdate: "mark_price_update",
    FundingRateUpdate: "funding_rate_update",
}

type Ints = npt.NDArray[np.int64]
type FactsOf = Callable[[str], InstrumentFacts]


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """A table and where it goes: below ``data`` of the catalog, or below the recording itself."""

    folder: str
    table: pa.Table


def unique_times(ts_init: Ints, last_ns: int) -> Ints:
    """Return times that strictly increase, by moving as few as little as possible.

    Two streams of a venue may be stamped within the same nanosecond, or handed over in another
    order than they were stamped in. The catalog knows one order only, that of ``ts_init``.

    Parameters
    ----------
    ts_init : int64[n]
        In the order of arrival.
    last_ns : int
        The last one of the batch before.

    Returns
    -------
    int64[n]
        Never earlier than the given ones.

    Examples
    --------
    >>> unique_times(np.array([5, 5, 4, 9]), 0).tolist()
    [5, 6, 7, 9]

    """
    steps = np.arange(len(ts_init))
    raised: Ints = np.maximum.accumulate(np.maximum(ts_init - steps, last_ns + 1)) + steps
    return raised


def batch_tables(batch: Batch, ts_init: Ints, facts_of: FactsOf) -> Iterator[Columns]:
    """Yield everything of a batch that is kept as columns.

    Parameters
    ----------
    batch : Batch
        From the recorder.
    ts_init : int64[n]
        The unique times of its market events.
    facts_of : Callable[[str], InstrumentFacts]
        Precisions by instrument id.

    Yields
    ------
    Columns
        Never empty ones.

    """
    rows = np.frombuffer(batch.rows, np.int64).reshape(-1, 4)
    kinds, instruments, ts_event = rows[:, 0], rows[:, 1], rows[:, 2]
    plain = kinds != OBJECT
    values = np.frombuffer(batch.values, np.float64).reshape(-1, 4)
    trade_ids = np.array(batch.trade_ids, dtype=object)
    for index in np.unique(instruments[plain]).tolist():
        name = str(batch.instruments[index])
        facts = facts_of(name)
        quotes = (kinds == QUOTE) & (instruments == index)
        if quotes.any():
            table = _quotes(facts, ts_event[quotes], values[quotes[plain]], ts_init[quotes])
            yield Columns(folder=f"data/quote_tick/{name}", table=table)
        trades = (kinds == TRADE) & (instruments == index)
        if trades.any():
            ids = trade_ids[(instruments == index)[kinds == TRADE]].tolist()
            table = _trades(facts, ts_event[trades], values[trades[plain]], ts_init[trades], ids)
            yield Columns(folder=f"data/trade_tick/{name}", table=table)
    yield from _objects(batch, ts_init[~plain])
    yield from _signals(batch)


def _quotes(
    facts: InstrumentFacts, ts_event: Ints, values: npt.NDArray[np.float64], ts_init: Ints
) -> pa.Table:
    rows = np.zeros(len(values), QUOTE_DTYPE)
    rows["t_ns"] = ts_event
    price, size = 10.0**facts.price_precision, 10.0**facts.size_precision
    for column, (name, scale) in enumerate(
        (("bid", price), ("ask", price), ("bid_size", size), ("ask_size", size))
    ):
        rows[name] = np.rint(values[:, column] * scale)
    return quote_table(facts, rows, ts_init)


def _trades(
    facts: InstrumentFacts,
    ts_event: Ints,
    values: npt.NDArray[np.float64],
    ts_init: Ints,
    trade_ids: list[str],
) -> pa.Table:
    rows = np.zeros(len(values), TRADE_DTYPE)
    rows["t_ns"] = ts_event
    rows["price"] = np.rint(values[:, 0] * 10.0**facts.price_precision)
    rows["size"] = np.rint(values[:, 1] * 10.0**facts.size_precision)
    rows["side"] = values[:, 2]
    return trade_table(facts, rows, ts_init, trade_ids)


def _objects(batch: Batch, ts_init: Ints) -> Iterator[Columns]:
    groups: dict[tuple[type, str], list[tuple[Any, int]]] = {}
    for thing, ts in zip(batch.objects, ts_init.tolist(), strict=True):
        # The catalog keeps the changes of one message one by one, under one time.
        parts = thing.deltas if isinstance(thing, OrderBookDeltas) else (thing,)
        for part in parts:
            groups.setdefault((type(part), str(part.instrument_id)), []).append((part, ts))
    for (kind, name), members in groups.items():
        table = ArrowSerializer.serialize_batch([thing for thing, _ in members], kind)
        at = table.schema.get_field_index("ts_init")
        times = pa.array([ts for _, ts in members], pa.uint64())
        table = table.set_column(at, table.schema.field(at), times)
        yield Columns(folder=f"data/{_FOLDERS[kind]}/{name}", table=table)


def _signals(batch: Batch) -> Iterator[Columns]:
    groups: dict[tuple[str, str], list[int]] = {}
    for row, signal in enumerate(batch.signals):
        groups.setdefault((signal.model_id, str(signal.instrument_id)), []).append(row)
    recorded = np.frombuffer(batch.features, np.float64)
    vectors = recorded.reshape(len(batch.signals), -1) if len(recorded) else None
    for (model_id, name), members in groups.items():
        signals = [batch.signals[row] for row in members]
        yield Columns(folder=f"data/{tape_directory(model_id, name)}", table=_signal_table(signals))
        if vectors is None:
            continue
        chosen = vectors[members]
        columns = {str(column): chosen[:, column] for column in range(chosen.shape[1])}
        times = pa.array([signal.ts_init for signal in signals], pa.uint64())
        table = pa.table({**columns, "ts_init": times})
        yield Columns(folder=f"features/{name}", table=table)


def _signal_table(signals: list[AlphaSignal]) -> pa.Table:
    schema: pa.Schema = AlphaSignal._schema  # noqa: SLF001 (Nautilus's place for it)
    columns = {
        key: [getattr(signal, key) for signal in signals]
        for key in schema.names
        if key not in ("type", "instrument_id")
    }
    columns["instrument_id"] = [str(signal.instrument_id) for signal in signals]
    columns["type"] = [AlphaSignal.__name__] * len(signals)
    return pa.table({key: columns[key] for key in schema.names}, schema=schema)
