"""One subscription to an instrument's quotes, and who is called for which of them."""

import math
from collections.abc import Callable

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import is_matching_py
from nautilus_trader.common.data_topics import TopicCache
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.bridge import quote_prices


NEVER_NS = 2**63 - 1
_NO_PRICES = (math.nan, math.nan)


class QuoteListener:
    """
    Who is called for a quote that shows another price, or that comes when it wants to look anyway.

    Parameters
    ----------
    hear : Callable[[QuoteTick], None]
        Is called. While it is, it may say by `wake_ns` when it wants to look at a market whose
        prices stand, if not after `step_ns`.
    glance : Callable[[int, int], bool], optional
        Is called instead, with ``ts_init`` and the exchange's time, while the listener rests; says
        whether the quote has to be heard after all.

    Attributes
    ----------
    wake_ns : int
        From this moment on, by ``ts_init``, it is called for any quote.
    step_ns : int
        Time between two looks at a market whose prices stand, unless `wake_ns` says another.
    rest_ns : int
        Until this moment, or until it is called, it rests: it only glances at a market whose prices
        stand.

    """

    __slots__ = (
        "_reader",
        "glance",
        "hear",
        "rest_ns",
        "step_ns",
        "wake_ns",
    )

    def __init__(
        self,
        hear: Callable[[QuoteTick], None],
        glance: Callable[[int, int], bool] = lambda _ts_init, _ts_event: True,
    ) -> None:
        self.hear = hear
        self.glance = glance
        self.rest_ns = 0
        self.step_ns = 0
        self.wake_ns = 0
        self._reader: QuoteReader | None = None

    def wake_by(self, ts_ns: int = 0) -> None:
        """Hear the first quote from a moment on, the next one by default."""
        if ts_ns < self.rest_ns:  # noqa: PLR1730 (the call of min would take longer)
            self.rest_ns = ts_ns
        self.stir_by(ts_ns)

    def stir_by(self, ts_ns: int = 0) -> None:
        """Hear the first quote from a moment on, or glance at it, if the listener rests."""
        if ts_ns < self.wake_ns:
            self.wake_ns = ts_ns
            if self._reader is not None:
                self._reader.wake_by(ts_ns)

    def open(self, actor: Actor, instrument_id: InstrumentId) -> None:
        """
        Listen from now on, to the next quote whatever it says.

        Listeners that follow each other on the bus share a subscription: nearly all quotes change
        a size and no price, and that is seen once for all of them. Whoever subscribed between two
        of them keeps its place.

        Parameters
        ----------
        actor : Actor
            Asks the venue for the quotes.
        instrument_id : InstrumentId
            Of which instrument.

        """
        topic = TopicCache().get_quotes_topic(instrument_id)
        self._reader = _last_reader(actor.msgbus, topic) or QuoteReader()
        self.wake_by()
        self._reader.join(self)
        actor.msgbus.subscribe(topic, self._reader.on_quote)
        actor.subscribe_quote_ticks(instrument_id)
        actor.msgbus.unsubscribe(topic, actor.handle_quote_tick)  # the reader has its place

    def close(self, actor: Actor, instrument_id: InstrumentId) -> None:
        """Listen no longer; the last one ends what the venue was asked for."""
        if self._reader is None:
            return
        topic = TopicCache().get_quotes_topic(instrument_id)
        actor.msgbus.subscribe(topic, actor.handle_quote_tick)
        if self._reader.leave(self):
            actor.msgbus.unsubscribe(topic, self._reader.on_quote)
        actor.unsubscribe_quote_ticks(instrument_id)
        self._reader = None


class QuoteReader:
    """Reads the quotes of an instrument for several listeners."""

    __slots__ = ("_ask", "_bid", "_listeners", "_wake_ns")

    def __init__(self) -> None:
        self._bid, self._ask = _NO_PRICES
        self._listeners: tuple[QuoteListener, ...] = ()
        self._wake_ns = 0

    def join(self, listener: QuoteListener) -> None:
        """Call one more, after the others."""
        self._listeners = (*self._listeners, listener)
        self._wake_ns = 0

    def leave(self, listener: QuoteListener) -> bool:
        """Call one less; return whether nobody is left."""
        self._listeners = tuple(other for other in self._listeners if other is not listener)
        return not self._listeners

    def wake_by(self, ts_ns: int) -> None:
        """Ask the listeners, at the first quote from a moment on, whether they want to hear it."""
        if ts_ns < self._wake_ns:  # noqa: PLR1730 (the call of min would take longer)
            self._wake_ns = ts_ns

    def on_quote(self, tick: QuoteTick) -> None:
        """
        Take a quote from the bus.

        Parameters
        ----------
        tick : QuoteTick
            Of the instrument.

        """
        if (
            tick.ts_init >= self._wake_ns
            or tick.bid_price.as_double() != self._bid
            or tick.ask_price.as_double() != self._ask
        ):
            self._tell(tick)

    def _tell(self, tick: QuoteTick) -> None:
        prices = bid, ask = quote_prices(tick)
        moved = bid != self._bid or ask != self._ask
        ts_init = tick.ts_init
        self._bid, self._ask = _NO_PRICES  # until everybody has heard of these
        self._wake_ns = NEVER_NS  # unless somebody is woken by who hears of them later
        for one in self._listeners:
            if moved or ts_init >= one.wake_ns:
                one.wake_ns = ts_init + one.step_ns
                if moved or ts_init >= one.rest_ns or one.glance(ts_init, tick.ts_event):
                    one.rest_ns = 0
                    one.hear(tick)
                elif one.rest_ns < one.wake_ns:
                    one.wake_ns = one.rest_ns
            if one.wake_ns < self._wake_ns:  # noqa: PLR1730 (the call of min would take longer)
                self._wake_ns = one.wake_ns
        self._bid, self._ask = prices


def _last_reader(bus: MessageBus, topic: str) -> QuoteReader | None:
    """Return who reads a topic, if nobody subscribed to it later."""
    handlers = [
        subscription.handler
        for subscription in bus.subscriptions()
        if is_matching_py(topic, subscription.topic) and not subscription.priority
    ]
    reader = getattr(handlers[-1], "__self__", None) if handlers else None
    return reader if isinstance(reader, QuoteReader) else None
