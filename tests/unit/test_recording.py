"""Recordings: what was heard comes back to the nanosecond, and what a crash cut short does not."""

import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import LimitOrder

from nautilus_scalp.actors.recorder import OBJECT
from nautilus_scalp.actors.recorder import Batch
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.parity.reader import read_stream
from nautilus_scalp.runtime.recording.history import load_history
from nautilus_scalp.runtime.recording.history import save_history
from nautilus_scalp.runtime.recording.intents import ORDER_ID
from nautilus_scalp.runtime.recording.intents import IntentLog
from nautilus_scalp.runtime.recording.journal import Entry
from nautilus_scalp.runtime.recording.tables import unique_times
from nautilus_scalp.runtime.recording.writer import CATALOG
from nautilus_scalp.runtime.recording.writer import RecordingWriter
from nautilus_scalp.runtime.replacing import replace_file
from nautilus_scalp.runtime.replacing import replacing


BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
FACTS = InstrumentFacts(instrument_id=str(BTC), price_precision=2, size_precision=3, tick_size=0.1)
T0 = 1_700_000_000_000_000_000


def facts_of(_name: str) -> InstrumentFacts:
    return FACTS


def batch_of(start: int) -> Batch:
    """Return a quote, a trade and a change of the book; the trade was stamped first."""
    batch = Batch([BTC])
    batch.rows.extend((QUOTE, 0, start, start + 5))
    batch.values.extend((63_926.10, 63_926.20, 1.234, 0.001))
    batch.notes.append((1, "timer", {"name": "value"}))
    batch.rows.extend((TRADE, 0, start + 1, start + 3))
    batch.values.extend((63_926.20, 0.5, 1.0, 0.0))
    batch.trade_ids.append("a-1")
    batch.rows.extend((OBJECT, 0, start + 2, start + 7))
    changes = [OrderBookDelta.clear(BTC, 1, start + 2, start + 7)] * 2
    batch.objects.append(OrderBookDeltas(BTC, changes))
    return batch


def write(directory: Path, *batches: Batch) -> RecordingWriter:
    writer = RecordingWriter(directory, facts_of, lambda: None)
    for batch in batches:
        assert writer.take(batch)
    writer.close()
    return writer


def test_unique_times_move_as_little_as_possible() -> None:
    assert unique_times(np.array([5, 5, 4, 9]), 0).tolist() == [5, 6, 7, 9]
    assert unique_times(np.array([5, 9]), 6).tolist() == [7, 9]


def test_events_come_back_in_order_with_their_own_times(tmp_path: Path) -> None:
    writer = write(tmp_path, batch_of(T0), batch_of(T0 + 100))
    assert (writer.written, writer.failed) == (6, None)
    found = list(read_stream(tmp_path))
    assert [type(each) for each in found[:4]] == [QuoteTick, Entry, TradeTick, OrderBookDeltas]
    quote, entry, trade, change = found[:4]
    assert str(quote.bid_price) == "63926.10"
    assert str(quote.ask_size) == "0.001"
    assert entry.body == {"name": "value"}
    assert (str(trade.trade_id), trade.aggressor_side.name) == ("a-1", "BUYER")
    assert [each.ts_init - T0 for each in (quote, trade, change)] == [5, 3, 7]
    assert len(change.deltas) == 2
    assert [each.ts_init - T0 for each in found[4:] if not isinstance(each, Entry)] == [
        105,
        103,
        107,
    ]


def test_files_that_no_segment_names_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, batch_of(T0), batch_of(T0 + 100))
    segments = sorted((tmp_path / "journal").glob("*.json"))
    segments[-1].unlink()  # killed before the second batch was complete
    assert len([each for each in read_stream(tmp_path) if not isinstance(each, Entry)]) == 3
    assert len(list((tmp_path / CATALOG / "data" / "quote_tick" / str(BTC)).iterdir())) == 2


def test_disk_that_fails_ends_the_recording_alone(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where a folder should be")
    writer = write(tmp_path, batch_of(T0))
    assert writer.failed is not None
    assert not writer.take(batch_of(T0 + 100))


def test_disk_that_is_too_slow_ends_the_recording_and_bounds_the_memory(tmp_path: Path) -> None:
    gate = threading.Event()
    writer = RecordingWriter(tmp_path, facts_of, lambda: gate.wait(timeout=60) and None)
    taken = 0
    while writer.take(batch_of(T0 + 100 * taken)):
        taken += 1
    gate.set()
    writer.close()
    assert writer.failed == "the disk is too slow"
    assert taken in {8, 9}  # what waits, and what is being written


def test_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")
    with suppress(InterruptedError), replacing(path) as temporary:
        temporary.write_bytes(b"half of the ne")
        raise InterruptedError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def limit_order(client_id: str, price: str) -> LimitOrder:
    return LimitOrder(
        TraderId("T-1"),
        StrategyId("S-1"),
        BTC,
        ClientOrderId(client_id),
        OrderSide.BUY,
        Quantity.from_str("0.010"),
        Price.from_str(price),
        UUID4(),
        T0,
    )


def submit(log: IntentLog, client_id: str, price: str = "100.0") -> dict[str, object]:
    order = limit_order(client_id, price)
    command = SubmitOrder(order.trader_id, order.strategy_id, order, UUID4(), T0)
    (intent,) = log.describe(command)
    return intent


def test_intents_do_not_depend_on_ids() -> None:
    first, second = submit(IntentLog(), "id-a"), submit(IntentLog(), "id-b")
    assert first.pop(ORDER_ID) == "id-a"
    assert second.pop(ORDER_ID) == "id-b"
    assert first == second
    assert first["order"] == "S-1 #1"
    assert first["quantity"] == "0.010"
    assert submit(IntentLog(), "id-c", "100.1")["options"] != first["options"]


def test_changes_and_cancels_name_their_order() -> None:
    log = IntentLog()
    submit(log, "id-a")
    submit(log, "id-b")
    ids = (TraderId("T-1"), StrategyId("S-1"), BTC, ClientOrderId("id-b"), None)
    change = ModifyOrder(*ids, None, Price.from_str("99.0"), None, UUID4(), T0)
    base = {"strategy": "S-1", "instrument": str(BTC), "order": "S-1 #2"}
    assert log.describe(change) == [
        {**base, "do": "modify", "quantity": None, "price": "99.0", "trigger_price": None}
    ]
    assert log.describe(CancelOrder(*ids, UUID4(), T0)) == [{**base, "do": "cancel"}]


def test_history_comes_back_bit_for_bit(tmp_path: Path) -> None:
    tape = Tape(
        instruments=(FACTS,),
        kind=np.array([QUOTE, TRADE], np.uint8),
        instrument=np.zeros(2, np.int16),
        ts_event_ns=np.array([T0, T0 + 1]),
        ts_init_ns=np.array([T0, T0 + 2]),
        values=np.array([[0.1, 0.2, 1.0, 2.0], [0.3, 1.0, -1.0, 0.0]]),
    )
    path = tmp_path / "history" / "actor.npz"
    save_history(path, tape)
    found = load_history(path)
    assert found.instruments == tape.instruments
    for name in ("kind", "instrument", "ts_event_ns", "ts_init_ns", "values", "books"):
        assert np.array_equal(getattr(found, name), getattr(tape, name)), name
