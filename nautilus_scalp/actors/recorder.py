"""A recorder keeps what the other components hear and do, and hands it on in batches."""

from array import array
from collections.abc import Callable
from typing import Any

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.events import OrderPendingCancel
from nautilus_trader.model.events import OrderPendingUpdate
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_scalp.bridge import depth_snapshot
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.signals.units import Positive


_NS_PER_S = 1_000_000_000
_MANY_ORDERS = 10_000
_FIRST = 1_000  # before every handler that may act on a message
OBJECT = 255  # a row whose values are in `Batch.objects`
# A strategy makes these itself, live and in a replay: they are not news to it.
_OWN_EVENTS = (OrderInitialized, OrderPendingUpdate, OrderPendingCancel)

type Features = Callable[[InstrumentId], Floats]


class RecorderConfig(ActorConfig, frozen=True):
    """
    How often records are handed on.

    Parameters
    ----------
    flush_interval_s : float
        Most time between two batches.
    max_rows : int
        Most market events in a batch.

    """

    flush_interval_s: Positive = 10.0
    max_rows: int = 20_000


class Batch:
    """
    What was recorded since the batch before, in the order in which it was heard.

    Attributes
    ----------
    rows : array of int64
        Four numbers a market event: kind (of a tape, or `OBJECT`), instrument, ``ts_event`` and
        ``ts_init``.
    values : array of float64
        Four numbers a quote (bid, ask, their sizes) or trade (price, size, aggressor as in
        Nautilus's enumeration, 0).
    trade_ids : list[str]
        Of the trades.
    objects : list[Data]
        Changes of the book, the snapshots that features saw of it, mark prices and funding rates
        themselves; they are few.
    instruments : list[InstrumentId]
        Behind the numbers of instruments, of all batches so far.
    signals : list[AlphaSignal]
        Every prediction.
    features : array of float64
        The vectors that the predictions were made on, one after the other.
    notes : list[tuple[int, str, object]]
        Everything else: how many market events of the batch came before it, what kind, the thing.

    """

    __slots__ = (
        "features",
        "instruments",
        "notes",
        "objects",
        "rows",
        "signals",
        "trade_ids",
        "values",
    )

    def __init__(self, instruments: list[InstrumentId]) -> None:
        self.rows = array("q")
        self.values = array("d")
        self.trade_ids: list[str] = []
        self.objects: list[Data] = []
        self.instruments = instruments
        self.signals: list[AlphaSignal] = []
        self.features = array("d")
        self.notes: list[tuple[int, str, Any]] = []

    @property
    def n_rows(self) -> int:
        """How many market events it has."""
        return len(self.rows) // 4

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded."""
        return not (self.rows or self.notes)


class Recorder(Actor):
    """
    Listens to whatever the components of a node are told, before they are.

    On the hot path it appends a few numbers; what is slower is left to whoever takes the batches.
    It asks no data client for anything: it records what others subscribed to.

    Parameters
    ----------
    config : RecorderConfig
        How often.
    sink : Callable[[Batch], bool]
        Takes a batch without waiting; False when it cannot, which ends the recording.
    features : Callable[[InstrumentId], Floats], optional
        Returns the vector behind the prediction that is being published.

    Attributes
    ----------
    recording : bool
        Whether it still records.

    """

    def __init__(
        self,
        config: RecorderConfig,
        sink: Callable[[Batch], bool],
        features: Features | None = None,
    ) -> None:
        super().__init__(config)
        self.recording = False
        self._sink = sink
        self._features = features
        self._indices: dict[InstrumentId, int] = {}
        self._seen: set[ClientOrderId] = set()
        self._batch = Batch([])
        self._most_numbers = 4 * config.max_rows

    def on_start(self) -> None:
        """Note where the run starts from, and listen to everything."""
        self.recording = True
        for account in self.cache.accounts():
            self.note("account", account.last_event)
        held = {order for p in self.cache.positions_open() for order in p.client_order_ids}
        for order in self.cache.orders():
            if order.is_open or order.is_inflight or order.client_order_id in held:
                self._introduce(order, order.events)
        self.note("start", None)
        for topic, handler in self._topics():
            self.msgbus.subscribe(topic, handler, priority=_FIRST)
        interval_ns = round(self.config.flush_interval_s * _NS_PER_S)
        self.clock.set_timer_ns("flush", interval_ns, 0, 0, self._on_flush)

    def on_stop(self) -> None:
        """Hand the last batch on."""
        self.clock.cancel_timer("flush")
        for topic, handler in self._topics():
            self.msgbus.unsubscribe(topic, handler)
        self.note("end", None)
        self.flush()
        self.recording = False

    def note(self, kind: str, thing: object) -> None:
        """
        Record something that is no market event.

        Parameters
        ----------
        kind : str
            What it is.
        thing : object
            The thing; it must not change any more.

        """
        if self.recording:
            self._batch.notes.append((self._batch.n_rows, kind, thing))

    def note_own(self, order_id: ClientOrderId) -> None:
        """Note that an order comes from a component on record, which a replay will make anew."""
        self._seen.add(order_id)

    def note_book(self, deltas: OrderBookDeltas) -> None:
        """
        Record the ten best levels after a message, which the features have just seen.

        Parameters
        ----------
        deltas : OrderBookDeltas
            The message; the book in the cache shows what it did.

        """
        if self.recording:
            instrument = self.cache.instrument(deltas.instrument_id)
            book = self.cache.order_book(deltas.instrument_id)
            self._on_object(depth_snapshot(instrument, book, deltas))

    def flush(self) -> None:
        """Hand on what there is."""
        if self._batch.empty or not self.recording:
            return
        if len(self._seen) > _MANY_ORDERS:
            self._seen = {name for name in self._seen if self.cache.order_exists(name)}
        batch, self._batch = self._batch, Batch(self._batch.instruments)
        if not self._sink(batch):
            self.recording = False
            self.log.error("the recording ends here: its batches are not taken any more")

    # --- what is heard ---

    def _topics(self) -> tuple[tuple[str, Callable[[Any], None]], ...]:
        return (
            ("data.quotes.*", self._on_quote),
            ("data.trades.*", self._on_trade),
            ("data.book.*", self._on_object),
            ("data.mark_prices.*", self._on_object),
            ("data.funding_rates.*", self._on_object),
            ("data.AlphaSignal.*", self._on_signal),
            ("data.RegimeSignal.*", self._on_regime),
            ("data.Binance*", self._on_venue_message),
            ("events.order.*", self._on_order_event),
            ("events.account.*", self._on_account),
        )

    def _on_flush(self, _event: TimeEvent) -> None:
        self.flush()

    def _on_quote(self, tick: QuoteTick) -> None:
        batch = self._batch
        batch.rows.extend((QUOTE, self._index(tick.instrument_id), tick.ts_event, tick.ts_init))
        batch.values.extend(quote_values(tick))
        if len(batch.rows) >= self._most_numbers:
            self.flush()

    def _on_trade(self, tick: TradeTick) -> None:
        batch = self._batch
        batch.rows.extend((TRADE, self._index(tick.instrument_id), tick.ts_event, tick.ts_init))
        price, size = tick.price.as_double(), tick.size.as_double()
        batch.values.extend((price, size, float(tick.aggressor_side), 0.0))
        batch.trade_ids.append(tick.trade_id.value)

    def _on_object(self, data: Any) -> None:  # noqa: ANN401 (book, mark price or funding rate)
        batch = self._batch
        batch.rows.extend((OBJECT, self._index(data.instrument_id), data.ts_event, data.ts_init))
        batch.objects.append(data)

    def _on_signal(self, signal: AlphaSignal) -> None:
        self._batch.signals.append(signal)
        if self._features is not None:
            self._batch.features.frombytes(self._features(signal.instrument_id).tobytes())

    def _on_venue_message(self, message: Data) -> None:
        """Note a message in the venue's own form; Binance's clients put funding rates in one."""
        self.note("message", message)

    def _on_regime(self, signal: RegimeSignal) -> None:
        self.note("regime", signal)

    def _on_order_event(self, event: OrderEvent) -> None:
        if event.client_order_id not in self._seen:
            order = self.cache.order(event.client_order_id)
            if order is None:
                return  # an order that a strategy is about to send
            self._introduce(order, [each for each in order.events if each.id != event.id])
        if not isinstance(event, _OWN_EVENTS):
            self.note("event", event)

    def _on_account(self, event: AccountState) -> None:
        self.note("account", event)

    # --- details ---

    def _index(self, instrument_id: InstrumentId) -> int:
        index = self._indices.get(instrument_id)
        if index is None:
            index = self._indices[instrument_id] = len(self._indices)
            self._batch.instruments.append(instrument_id)
        return index

    def _introduce(self, order: Order, events: list[OrderEvent]) -> None:
        """Note an order that no component on record has sent, with its story so far."""
        self._seen.add(order.client_order_id)
        self.note("order", tuple(events))
