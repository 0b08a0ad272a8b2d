"""One actor says in which regime each of several instruments is."""

import math
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.bridge import quote_prices
from nautilus_scalp.bridge.quotes import QuoteListener
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.signals.garch import GarchParams
from nautilus_scalp.signals.keeping import Statistics
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams


if TYPE_CHECKING:
    from nautilus_scalp.actors.warm_up import History
    from nautilus_scalp.features.tape import Tape


class _Feed:
    """One instrument: how its regime is told, and who hears its quotes."""

    __slots__ = ("classifier", "instrument_id", "listener", "untold")

    def __init__(
        self,
        instrument_id: InstrumentId,
        params: RegimeParams,
        hear: Callable[["_Feed", QuoteTick], None],
    ) -> None:
        self.instrument_id = instrument_id
        self.classifier = RegimeClassifier(params)
        self.listener = QuoteListener(partial(hear, self))
        self.untold = False  # nobody has heard yet of the regime that came back


class RegimeActorConfig(ActorConfig, frozen=True):
    """
    Which instruments, and where one regime ends and another begins.

    Parameters
    ----------
    instrument_ids : list[InstrumentId]
        Instruments to follow.
    params : RegimeParams
        How the market is measured, and the thresholds.
    garch : dict[str, GarchParams], optional
        Fitted volatility of single instruments, by id, in place of `params.measures.garch`: what
        ``nautilus-scalp garch`` prints.

    """

    instrument_ids: list[InstrumentId]
    params: RegimeParams = RegimeParams()
    garch: dict[str, GarchParams] | None = None

    def params_of(self, instrument_id: InstrumentId) -> RegimeParams:
        """Return how one instrument is measured."""
        fitted = (self.garch or {}).get(instrument_id.value)
        if fitted is None:
            return self.params
        return replace(self.params, measures=replace(self.params.measures, garch=fitted))

    def __post_init__(self) -> None:
        """Refuse a fit of an instrument that is not followed, or of other bars."""
        followed = {instrument_id.value for instrument_id in self.instrument_ids}
        unknown = sorted((self.garch or {}).keys() - followed)
        if unknown:
            message = f"RegimeActor: garch.{unknown[0]!r} is not one of instrument_ids"
            raise UsageError(message, f"name one of {', '.join(sorted(followed))}")
        for instrument_id in self.instrument_ids:
            self.params_of(instrument_id)


class RegimeActor(Actor):
    """
    Publishes a ``RegimeSignal`` when the regime of an instrument changes.

    Configured before the ensemble and the strategies it sees a quote before they do: what they do
    on that quote, they do in its regime.

    Parameters
    ----------
    config : RegimeActorConfig
        Which instruments, and the thresholds.

    Attributes
    ----------
    changes : Counter[str]
        How often each regime began, ``INSTRUMENT REGIME`` by ``INSTRUMENT REGIME``.

    """

    def __init__(self, config: RegimeActorConfig) -> None:
        super().__init__(config)
        self.changes: Counter[str] = Counter()
        self._unsound = 0
        self._feeds = {
            instrument_id: _Feed(instrument_id, config.params_of(instrument_id), self._hear)
            for instrument_id in config.instrument_ids
        }
        classifiers = {name.value: feed.classifier for name, feed in self._feeds.items()}
        self._statistics = Statistics("regimes", **classifiers)
        self._parting: dict[str, bytes] = {}
        self._history: History | None = None

    def live_through(self, history: "History") -> None:
        """
        Know the market from what happened before the start.

        Parameters
        ----------
        history : History
            Asked once, at the start, for a tape of the actor's instruments in their order.

        """
        self._history = history

    def on_start(self) -> None:
        """Live through the history, if there is one, and subscribe."""
        if self._history is not None:
            self._play(self._history(self.config.instrument_ids))
            self._history = None
        for instrument_id, feed in self._feeds.items():
            feed.listener.open(self, instrument_id)

    def on_stop(self) -> None:
        """Unsubscribe; from now on nobody says what the market is like."""
        self._parting = self._statistics.save(self.clock)
        for instrument_id, feed in self._feeds.items():
            feed.listener.close(self, instrument_id)
            if feed.classifier.regime is not None:
                feed.classifier.reset()
                self._publish(feed, self.clock.timestamp_ns())

    def on_resume(self) -> None:
        """Begin anew."""
        self._parting = {}
        self.on_start()

    def on_save(self) -> dict[str, bytes]:
        """Keep what is usual in the market, and the regime."""
        return self._parting or self._statistics.save(self.clock)

    def on_load(self, state: dict[str, bytes]) -> None:
        """Take that back, if it is young."""
        self._statistics.load(state, self.clock)
        for feed in self._feeds.values():
            feed.untold = feed.classifier.regime is not None

    def on_reset(self) -> None:
        """Forget everything."""
        for feed in self._feeds.values():
            feed.classifier.reset()
        self._parting = {}
        self.changes.clear()
        self._unsound = 0

    @property
    def refusals(self) -> Counter[str]:
        """Quotes that were ignored."""
        late = sum(feed.classifier.refusals for feed in self._feeds.values())
        counts = {"crossed_or_missing_market": self._unsound, "time_backwards": late}
        return Counter({reason: count for reason, count in counts.items() if count})

    def _play(self, tape: "Tape") -> None:
        """Follow past quotes, where a quick restart has not brought back what they say."""
        new = [None if feed.untold else feed for feed in self._feeds.values()]
        quotes = np.flatnonzero(tape.kind == QUOTE)
        columns = (tape.instrument, tape.ts_event_ns, tape.values[:, 0], tape.values[:, 1])
        for index, ts_event, bid, ask in zip(*(c[quotes].tolist() for c in columns), strict=True):
            feed = new[index]
            if feed is not None:
                feed.classifier.on_mid(ts_event, 0.5 * (bid + ask))
                feed.untold = feed.classifier.regime is not None

    def _hear(self, feed: _Feed, tick: QuoteTick) -> None:
        """Follow the market."""
        if not self.is_running:
            return
        ts_event, classifier = tick.ts_event, feed.classifier
        bid, ask = quote_prices(tick)
        if not 0.0 < bid < ask < math.inf:
            self._unsound += 1
            feed.listener.wake_ns = 0
            return
        if classifier.on_mid(ts_event, 0.5 * (bid + ask)) or feed.untold:
            feed.untold = False
            self._publish(feed, ts_event)
        # Until the bar ends the same price says nothing. It ends by the exchange's time, which is
        # never later than ours; were its clock ahead of ours, a bar would be told of a little late.
        feed.listener.wake_ns = classifier.bar_end_ns

    def _publish(self, feed: _Feed, ts_event: int) -> None:
        instrument_id, classifier = feed.instrument_id, feed.classifier
        measures, name = classifier.measures, classifier.regime or UNCLASSIFIED
        signal = RegimeSignal(
            ts_event,
            self.clock.timestamp_ns(),
            instrument_id,
            str(name),
            measures.volatility if measures else math.nan,
            measures.ratio if measures else math.nan,
            measures.shift if measures else math.nan,
            measures.trend if measures else math.nan,
            measures.noise if measures else math.nan,
        )
        self.changes[f"{instrument_id} {name}"] += 1
        self.msgbus.publish(regime_topic(instrument_id), signal)
