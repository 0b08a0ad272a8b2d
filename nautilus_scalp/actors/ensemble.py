"""One actor turns the market data of several instruments into signals for all strategies."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Literal

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.config import ActorConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId

from nautilus_scalp.actors.channel import Channel
from nautilus_scalp.actors.channel import engines_for
from nautilus_scalp.actors.rehearsal import Understudy
from nautilus_scalp.actors.side_feed import subscribe_side
from nautilus_scalp.actors.side_feed import unsubscribe_side
from nautilus_scalp.actors.side_tape import SideSource
from nautilus_scalp.actors.side_tape import SideTape
from nautilus_scalp.actors.warm_up import History
from nautilus_scalp.actors.warm_up import play_history
from nautilus_scalp.bridge import book_values
from nautilus_scalp.bridge import funding_rate_value
from nautilus_scalp.bridge import instrument_facts
from nautilus_scalp.bridge import trade_values
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.catalogue import side_kinds
from nautilus_scalp.features.engine import SELECTED_ALONE
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.tape import LEVELS
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.models.artifact import load_artifact


if TYPE_CHECKING:
    from collections.abc import Callable

BOOK_INTERVAL_NS = 100_000_000  # a catalog holds the book after the first message of every 100 ms
_REHEARSAL_TOPIC = "rehearsal"
_NOBODY = StrategyId("Nobody-000")
NO_SIDE_TAPE = SideTape(iter(()), ())


class EnsembleActorConfig(ActorConfig, frozen=True):
    """
    Which instruments, and which model.

    Parameters
    ----------
    instrument_ids : list[InstrumentId]
        Instruments to predict.
    model_path : str
        Directory of the trained artifact.
    indicators : {"selected", "all"}
        Whether the model's own features alone are computed, or the whole catalogue is kept up to
        date with them, for whoever reads `all_indicators`. The signals are the same, and come
        first: the rest of the catalogue follows once a signal's listeners have acted on it.

    """

    instrument_ids: list[InstrumentId]
    model_path: str
    indicators: Literal["selected", "all"] = "selected"


class EnsembleActor(Actor):
    """
    Publishes an ``AlphaSignal`` for every quote on which the features are ready.

    It starts before the strategies and so receives a quote before they do: the signal on a quote
    is there when a strategy handles that quote.

    Parameters
    ----------
    config : EnsembleActorConfig
        Which instruments, and which model.

    Attributes
    ----------
    signals_published : int
        Signals so far.
    rehearses : bool
        Whether `rehearse` is going to be called; it is asked at the start.
    book_listener : Callable[[OrderBookDeltas], None] or None
        Told of a message after which the features saw a snapshot of the book.

    """

    def __init__(self, config: EnsembleActorConfig) -> None:
        super().__init__(config)
        self.signals_published = 0
        self.book_listener: Callable[[OrderBookDeltas], None] | None = None
        self.rehearses = False
        self._understudy: Understudy | None = None
        self._rehearsed_at = 0
        self._channels: dict[InstrumentId, Channel] = {}
        self._last: Channel | None = None
        self._side_kinds: frozenset[int] = frozenset()
        self._side_source: SideSource | None = None
        self._side_tape = NO_SIDE_TAPE
        self._history: History | None = None

    def live_through(self, history: History) -> None:
        """
        Warm features and models up with what happened before the start.

        Parameters
        ----------
        history : History
            Asked once, at the start, for a tape of the actor's instruments in their order.

        """
        self._history = history

    def relive(self, tape: Tape) -> None:
        """
        Begin anew with past trades, and what has been heard since the start.

        Parameters
        ----------
        tape : Tape
            Of the actor's instruments in their order: trades alone at first, then quotes and trades
            up to the last that was heard.

        """
        for channel in self._channels.values():
            channel.forget()
        self._play(tape, trades_first=True)
        for instrument_id in self._channels:
            cold = ", ".join(self.cold(instrument_id)) or "none"
            self.log.info(f"{instrument_id}: still cold: {cold}")  # noqa: G004 (Nautilus)

    def cold(self, instrument_id: InstrumentId) -> list[str]:
        """
        Return the features that have not warmed up.

        Parameters
        ----------
        instrument_id : InstrumentId
            One of the actor's instruments.

        Returns
        -------
        list[str]
            Names in the grammar, of those that the model reads.

        """
        return self._channels[instrument_id].cold

    def replay_side_events(self, source: SideSource) -> None:
        """
        Take depth, mark prices and funding rates from a recording instead of subscribing to them.

        Parameters
        ----------
        source : SideSource
            Asked at every start for the kinds that are computed with.

        """
        self._side_source = source

    def on_start(self) -> None:
        """Load the model, which refuses other features than its own, and subscribe."""
        ensemble = load_artifact(Path(self.config.model_path))
        facts = [self._facts(instrument_id) for instrument_id in self.config.instrument_ids]
        engines = engines_for(ensemble, facts, self.config.indicators)
        self._channels = {
            instrument_id: Channel(instrument_id, engine, ensemble)
            for instrument_id, engine in zip(self.config.instrument_ids, engines, strict=True)
        }
        self._side_kinds = side_kinds(engines[0].names)
        if self._side_source is not None:
            pieces = self._side_source(self._side_kinds, side_kinds(engines[0].schema.names))
            self._side_tape = SideTape(pieces, engines)
        if self.rehearses:
            engine = engines_for(ensemble, facts, SELECTED_ALONE)[0]
            orders = OrderFactory(self.trader_id, _NOBODY, self.clock)
            self._understudy = Understudy(list(self._channels.values()), ensemble, engine, orders)
        names, mode = engines[0].names, engines[0].mode
        self.log.info(f"{len(names)} indicators an instrument ({mode})")  # noqa: G004 (Nautilus)
        self._warm_up()
        for instrument_id in self._channels:
            self._subscribe(instrument_id)

    def on_stop(self) -> None:
        """Leave the data streams."""
        for instrument_id in self._channels:
            self.unsubscribe_quote_ticks(instrument_id)
            self.unsubscribe_trade_ticks(instrument_id)
            self.msgbus.unsubscribe(regime_topic(instrument_id), self._on_regime)
            if self._side_source is None:
                unsubscribe_side(self, instrument_id, self._side_kinds)

    def on_resume(self) -> None:
        """Begin anew: what happened during the pause is not known."""
        for instrument_id, channel in self._channels.items():
            channel.forget()
            self._subscribe(instrument_id)

    def on_reset(self) -> None:
        """Forget everything, the model included."""
        self._channels.clear()
        self._last = None
        self._side_tape = NO_SIDE_TAPE
        self.signals_published = 0
        self._understudy = None

    @property
    def side_tape(self) -> SideTape:
        """What is replayed beside quotes and trades; an empty tape where they are subscribed to."""
        return self._side_tape

    @property
    def warming_up(self) -> list[InstrumentId]:
        """Instruments that no signal has come of yet."""
        return [name for name, channel in self._channels.items() if not channel.initialized]

    @property
    def refusals(self) -> Counter[str]:
        """Quotes and trades that the features refused, and predictions that were not finite."""
        counts: Counter[str] = Counter()
        for channel in self._channels.values():
            counts.update({key: n for key, n in channel.engine.refusals.items() if n})
            if channel.not_finite:
                counts["prediction_not_finite"] += channel.not_finite
        return counts

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Predict.

        Parameters
        ----------
        tick : QuoteTick
            A quote of one of the instruments.

        """
        if self._side_tape.next_ns < tick.ts_init:
            self._side_tape.play_until(tick.ts_init)
        channel = self._last  # comparing ids takes a tenth of the time of looking one up
        if channel is None or channel.instrument_id != tick.instrument_id:
            self._last = channel = self._channels[tick.instrument_id]
        signal = channel.answer(tick, self.clock)
        if signal is not None:
            if not channel.initialized:
                self._say_initialized(channel)
            self.signals_published += 1
            self.msgbus.publish(channel.topic, signal)
        channel.engine.catch_up()

    def rehearse(self) -> None:
        """
        Predict a made-up quote on a copy of everything, and make an order of it, for nobody.

        What has not run for milliseconds has left the processor's caches, and takes many times as
        long when the next quote comes. Nothing is done if a quote has come since the last time.
        """
        published, self._rehearsed_at = self._rehearsed_at, self.signals_published
        if self._understudy is not None and published == self.signals_published:
            signal = self._understudy.rehearse(self.clock)
            if signal is not None:
                self.msgbus.publish(_REHEARSAL_TOPIC, signal)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """
        Let the features see a trade.

        Parameters
        ----------
        tick : TradeTick
            A trade of one of the instruments.

        """
        if self._side_tape.next_ns < tick.ts_init:
            self._side_tape.play_until(tick.ts_init)
        self._channels[tick.instrument_id].engine.on_trade(tick.ts_event, *trade_values(tick))

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """
        Let the features see the ten best levels, sampled as in a catalog.

        Parameters
        ----------
        deltas : OrderBookDeltas
            A change of the book of one of the instruments, which the cache holds.

        """
        channel = self._channels[deltas.instrument_id]
        sample = deltas.ts_event // BOOK_INTERVAL_NS
        if sample == channel.book_sample or not deltas.flags & RecordFlag.F_LAST:
            return
        levels = book_values(self.cache.order_book(deltas.instrument_id), LEVELS)
        if levels is not None:
            channel.book_sample = sample
            channel.engine.on_depth(deltas.ts_event, levels)
            if self.book_listener is not None:
                self.book_listener(deltas)

    def on_mark_price(self, mark_price: MarkPriceUpdate) -> None:
        """Let the features see a mark price."""
        engine = self._channels[mark_price.instrument_id].engine
        engine.on_mark(mark_price.ts_event, mark_price.value.as_double())

    def on_funding_rate(self, funding_rate: FundingRateUpdate | Data) -> None:
        """Let the features see a funding rate, or a venue's own message that holds one."""
        engine = self._channels[funding_rate.instrument_id].engine
        engine.on_funding(funding_rate.ts_event, funding_rate_value(funding_rate))

    def on_data(self, data: Data) -> None:
        """Take what `subscribe_side` asked for: a funding rate."""
        self.on_funding_rate(data)

    def features(self, instrument_id: InstrumentId) -> Floats:
        """
        Return what the model sees of an instrument.

        Parameters
        ----------
        instrument_id : InstrumentId
            One of the actor's instruments.

        Returns
        -------
        float64[F]
            The vector of the last quote; a reused buffer.

        """
        return self._channels[instrument_id].engine.value

    def all_indicators(self, instrument_id: InstrumentId) -> dict[str, float]:
        """
        Return everything that is computed for an instrument, by name.

        Parameters
        ----------
        instrument_id : InstrumentId
            One of the actor's instruments.

        Returns
        -------
        dict[str, float]
            Values after the last event, in the units of ``features list``.

        """
        engine = self._channels[instrument_id].engine
        return dict(zip(engine.names, engine.all_values().tolist(), strict=True))

    def _warm_up(self) -> None:
        if self._history is None:
            return
        self._play(self._history(self.config.instrument_ids), trades_first=False)

    def _play(self, tape: Tape, *, trades_first: bool) -> None:
        channels = list(self._channels.values())
        predictions = play_history(
            tape,
            [one.engine for one in channels],
            [one.stream for one in channels],
            trades_first=trades_first,
        )
        words = f"lived through {len(tape.kind)} events, {predictions} predictions"
        self.log.info(f"warm-up: {words}")  # noqa: G004 (Nautilus)

    def _say_initialized(self, channel: Channel) -> None:
        channel.initialized = True
        self.log.info(f"{channel.instrument_id}: initialised, signals from now on")  # noqa: G004

    def _subscribe(self, instrument_id: InstrumentId) -> None:
        """Listen to the market, and to a ``RegimeActor`` if one runs."""
        self.subscribe_quote_ticks(instrument_id)
        self.subscribe_trade_ticks(instrument_id)
        self.msgbus.subscribe(regime_topic(instrument_id), self._on_regime)
        if self._side_source is None:
            subscribe_side(self, instrument_id, self._side_kinds)

    def _on_regime(self, signal: RegimeSignal) -> None:
        self._channels[signal.instrument_id].regime = signal.regime

    def _facts(self, instrument_id: InstrumentId) -> InstrumentFacts:
        instrument = self.cache.instrument(instrument_id)
        if instrument is None:
            message = f"{self.id}: instrument {instrument_id} is not known"
            raise UsageError(message, "add the instrument to the catalog or the venue's provider")
        return instrument_facts(instrument)
