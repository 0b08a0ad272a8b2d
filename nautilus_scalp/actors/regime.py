"""One actor says in which regime each of several instruments is."""

import math
from collections import Counter

from msgspec.structs import replace
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.errors import UsageError
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.signals.garch import GarchParams
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams


# Bid, ask and time of the last price, and the end of its bar.
_NOTHING = (math.nan, math.nan, 0, 0)


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
        self._seen = dict.fromkeys(config.instrument_ids, _NOTHING)
        self._classifiers = {
            instrument_id: RegimeClassifier(config.params_of(instrument_id))
            for instrument_id in config.instrument_ids
        }

    def on_start(self) -> None:
        """Subscribe."""
        for instrument_id in self._classifiers:
            self.subscribe_quote_ticks(instrument_id)

    def on_stop(self) -> None:
        """Unsubscribe; from now on nobody says what the market is like."""
        for instrument_id, classifier in self._classifiers.items():
            self.unsubscribe_quote_ticks(instrument_id)
            if classifier.regime is not None:
                classifier.reset()
                self._seen[instrument_id] = _NOTHING
                self._publish(instrument_id, self.clock.timestamp_ns())

    def on_resume(self) -> None:
        """Begin anew."""
        self.on_start()

    def on_reset(self) -> None:
        """Forget everything."""
        for classifier in self._classifiers.values():
            classifier.reset()
        self._seen = dict.fromkeys(self._classifiers, _NOTHING)
        self.changes.clear()
        self._unsound = 0

    @property
    def refusals(self) -> Counter[str]:
        """Quotes that were ignored."""
        late = sum(classifier.refusals for classifier in self._classifiers.values())
        counts = {"crossed_or_missing_market": self._unsound, "time_backwards": late}
        return Counter({reason: count for reason, count in counts.items() if count})

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Follow the market.

        Parameters
        ----------
        tick : QuoteTick
            A quote of one of the instruments.

        """
        instrument_id, ts_event = tick.instrument_id, tick.ts_event
        old_bid, old_ask, begin_ns, end_ns = self._seen[instrument_id]
        bid, ask = tick.bid_price.as_double(), tick.ask_price.as_double()
        if bid == old_bid and ask == old_ask and begin_ns <= ts_event < end_ns:
            return  # most quotes change a size and no price
        if not 0.0 < bid < ask < math.inf:
            self._unsound += 1
            return
        classifier = self._classifiers[instrument_id]
        if classifier.on_mid(ts_event, 0.5 * (bid + ask)):
            self._publish(instrument_id, ts_event)
        self._seen[instrument_id] = (bid, ask, ts_event, classifier.bar_end_ns)

    def _publish(self, instrument_id: InstrumentId, ts_event: int) -> None:
        classifier = self._classifiers[instrument_id]
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
