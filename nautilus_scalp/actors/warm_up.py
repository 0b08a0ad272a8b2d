"""What happened before the start, told to features and models before the first live event."""

from collections.abc import Callable
from collections.abc import Sequence

from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.ensemble import EnsembleStream


type History = Callable[[list[InstrumentId]], Tape]


def play_history(
    history: Tape,
    engines: Sequence[FeatureEngine],
    streams: Sequence[EnsembleStream],
    *,
    trades_first: bool = False,
) -> int:
    """
    Let engines and models live through a history; nothing is published.

    They end as they would have, had they been running: the same calls in the same order. A gap
    between the end of the history and the first live event that is longer than ``reset_gap_ms``
    makes them begin anew, like any other gap.

    Parameters
    ----------
    history : Tape
        Quotes, trades and whatever else was recorded, of instruments in the order of `engines`.
    engines : sequence of FeatureEngine
        One an instrument, sharing a board.
    streams : sequence of EnsembleStream
        One an instrument.
    trades_first : bool
        Whether the history begins with trades alone, as a venue gives them: quotes that there were
        between them are missing, and what reads quotes warms up from the first one on.

    Returns
    -------
    int
        Predictions that were made.

    """
    predictions = 0
    quoteless = set(range(len(engines))) if trades_first else set()
    columns = (history.kind, history.instrument, history.ts_event_ns)
    kinds, instruments, times = (column.tolist() for column in columns)
    for kind, index, ts_ns, row in zip(kinds, instruments, times, history.values, strict=True):
        engine = engines[index]
        if kind == QUOTE:
            if index in quoteless:
                quoteless.discard(index)
                engine.begin_quotes()
            if engine.on_quote(ts_ns, *row.tolist()):
                streams[index].predict(engine.value, engine.segment, ts_ns, engine.mid)
                predictions += 1
        elif kind == TRADE:
            engine.on_trade(ts_ns, *row[:3].tolist())
        elif kind == DEPTH:
            engine.on_depth(ts_ns, history.books[int(row[0])])
        elif kind == MARK:
            engine.on_mark(ts_ns, row[0])
        elif kind == FUNDING:
            engine.on_funding(ts_ns, row[0])
    for index in quoteless:
        engines[index].begin_quotes()
    return predictions
