"""A recording as one stream: market events and entries of the journal, in their true order."""

import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.store import file_span
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.runtime.recording.journal import Entry
from nautilus_scalp.runtime.recording.journal import Segment
from nautilus_scalp.runtime.recording.journal import read_segment
from nautilus_scalp.runtime.recording.journal import read_segments
from nautilus_scalp.runtime.recording.writer import CATALOG
from nautilus_scalp.runtime.recording.writer import JOURNAL


_MARKET = {
    "quote_tick": QuoteTick,
    "trade_tick": TradeTick,
    "order_book_deltas": OrderBookDelta,
    "order_book_depths": OrderBookDepth10,
    "mark_price_update": MarkPriceUpdate,
    "funding_rate_update": FundingRateUpdate,
}
_SIGNALS = "custom_alpha_signal"
_FEATURES = "features"
# The wall clock's part of a signal is not the same twice.
_NOT_COMPARED = frozenset({"ts_init", "type"})

type SignalFields = dict[str, Any]


def read_stream(directory: Path) -> Iterator[Data | Entry]:
    """Yield what components were told and what they answered.

    Parameters
    ----------
    directory : Path
        A recording.

    Yields
    ------
    Data or Entry
        Market events with the ``ts_init`` that they had; one segment is in memory at a time.

    """
    catalog = ParquetDataCatalog(str(directory / CATALOG))
    for path in read_segments(directory / JOURNAL):
        segment = read_segment(path)
        entries = iter([*segment.entries, None])
        entry = next(entries)
        for row, event in enumerate(_market(catalog, segment)):
            while entry is not None and entry.after <= row:
                yield entry
                entry = next(entries)
            yield event
        while entry is not None:
            yield entry
            entry = next(entries)


def read_signals(directory: Path, instrument_id: str) -> Iterator[tuple[SignalFields, Floats]]:
    """Yield the recorded signals of an instrument, with the vectors behind them.

    Parameters
    ----------
    directory : Path
        A recording.
    instrument_id : str
        Whose.

    Yields
    ------
    tuple[dict, float64[F]]
        The vector is empty if features were not recorded.

    """
    for path in read_segments(directory / JOURNAL):
        files = [Path(name) for name in read_segment(path).files]
        of_instrument = [file for file in files if file.parent.name == instrument_id]
        signals = [file for file in of_instrument if _SIGNALS in file.parts]
        vectors = [file for file in of_instrument if file.parts[0] == _FEATURES]
        for number, file in enumerate(signals):
            rows = pq.read_table(directory / file, partitioning=None).to_pylist()
            matrix = _matrix(directory / vectors[number]) if vectors else np.empty((len(rows), 0))
            for row, vector in zip(rows, matrix, strict=True):
                yield comparable(row), vector


def comparable(fields: SignalFields) -> SignalFields:
    """Return the fields of a signal that a replay must repeat."""
    return {key: value for key, value in fields.items() if key not in _NOT_COMPARED}


def same(first: object, second: object) -> bool:
    """Tell whether two values are equal to the last bit; NaN equals NaN."""
    if isinstance(first, float) and isinstance(second, float) and math.isnan(first):
        return math.isnan(second)
    return first == second


def _matrix(path: Path) -> Floats:
    table = pq.read_table(path, partitioning=None)
    columns = [table[name].to_numpy() for name in table.schema.names if name != "ts_init"]
    return np.stack(columns, axis=1)


def _messages(deltas: list[OrderBookDelta]) -> Iterator[OrderBookDeltas]:
    """Put the changes that came in one message together again; they share its time."""
    for _, group in groupby(deltas, key=lambda delta: delta.ts_init):
        changes = list(group)
        yield OrderBookDeltas(changes[0].instrument_id, changes)


def _market(catalog: ParquetDataCatalog, segment: Segment) -> list[Data]:
    events: list[Data] = []
    for name in segment.files:
        file = Path(name)
        kind = _MARKET.get(file.parts[2]) if name.startswith(CATALOG) else None
        span = file_span(file)
        if kind is not None and span is not None:
            ids = [file.parent.name]
            found = catalog.query(kind, identifiers=ids, start=span[0], end=span[1])
            events += _messages(found) if kind is OrderBookDelta else found
    events.sort(key=lambda event: event.ts_init)
    for row, ts_init in segment.moved:
        events[row] = _stamped(events[row], ts_init)
    return events


def _stamped(event: Data, ts_init: int) -> Data:
    if isinstance(event, OrderBookDeltas):
        changes = [_stamped(delta, ts_init) for delta in event.deltas]
        return OrderBookDeltas(event.instrument_id, changes)
    stamped: Data = type(event).from_dict({**type(event).to_dict(event), "ts_init": ts_init})
    return stamped
