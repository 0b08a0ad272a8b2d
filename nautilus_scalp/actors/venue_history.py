"""The trades that a venue still has from before the start, joined with what is heard live."""

from collections.abc import Callable
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

import numpy as np
from msgspec import Struct
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.core.data import Data
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.bridge import instrument_facts
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.bridge import trade_values
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.signals.units import Positive


_NS_PER_S = 1_000_000_000
_SETTLE_S = 1.0  # a subscription is in force by then, mostly; if not, it is asked again
_ATTEMPTS = 5

type Tick = QuoteTick | TradeTick


class VenueHistoryConfig(ActorConfig, frozen=True):
    """
    Whose history, and how much of it.

    Parameters
    ----------
    instrument_ids : list[InstrumentId]
        In the order in which the tape is to have them.
    minutes : float
        How far back is asked for. What a venue gives may be less: Bybit the last 1,000 trades.
    patience_s : float
        An answer that takes longer is not waited for.

    """

    instrument_ids: list[InstrumentId]
    minutes: Positive = 10.0
    patience_s: Positive = 30.0


class Joined(Struct, frozen=True, kw_only=True):
    """
    A history and how good it is.

    Parameters
    ----------
    tape : Tape
        Trades of before, then what was heard live meanwhile.
    asked : int
        How many of its events the venue was asked for.
    gaps : list[str]
        Instruments whose live trades do not follow on the trades before them.

    """

    tape: Tape
    asked: int
    gaps: list[str]


class VenueHistory(Actor):
    """
    Asks a venue for past trades, and hands them on together with all that came live meanwhile.

    Venues keep past trades, not past quotes. The request is made when the live trades flow, so that
    both overlap; a trade that is in both is taken once. It subscribes at no venue: it hears what
    others subscribed to.

    Parameters
    ----------
    config : VenueHistoryConfig
        Whose history.
    deliver : Callable[[Joined], None]
        Called once; never, if the venue does not answer in time.

    """

    def __init__(self, config: VenueHistoryConfig, deliver: Callable[[Joined], None]) -> None:
        super().__init__(config)
        self._deliver = deliver
        self._live: list[Tick] = []
        self._past: list[TradeTick] = []
        self._open: set[UUID4] = set()
        self._attempts = 0

    def on_start(self) -> None:
        """Listen, and ask as soon as whoever subscribed can be expected to hear something."""
        for topic in self._topics():
            self.msgbus.subscribe(topic, self._hear)
        self._alert("ask", _SETTLE_S, self._ask)
        self._alert("patience", self.config.patience_s, self._give_up)

    def on_stop(self) -> None:
        """Stop listening."""
        self._finish()

    def on_historical_data(self, data: Data) -> None:
        """Keep a trade that was asked for."""
        self._past.append(data)

    def _topics(self) -> list[str]:
        return [
            f"data.{kind}.{one.venue}.{one.symbol}"
            for one in self.config.instrument_ids
            for kind in ("quotes", "trades")
        ]

    def _alert(self, name: str, after_s: float, callback: Callable[[TimeEvent], None]) -> None:
        at_ns = self.clock.timestamp_ns() + round(after_s * _NS_PER_S)
        self.clock.set_time_alert_ns(name, at_ns, callback)

    def _hear(self, tick: Tick) -> None:
        self._live.append(tick)

    def _ask(self, _event: TimeEvent) -> None:
        self._attempts += 1
        self._past.clear()
        end = self.clock.utc_now()
        start = end - timedelta(minutes=self.config.minutes)
        self._open = {
            self.request_trade_ticks(one, start=start, end=end, callback=self._on_answer)
            for one in self.config.instrument_ids
        }

    def _on_answer(self, request: UUID4) -> None:
        self._open.discard(request)
        if self._open:
            return
        joined = join(self._facts(), self._past, self._live)
        if joined.gaps and self._attempts < _ATTEMPTS:
            self._alert("ask", _SETTLE_S, self._ask)  # by then it reaches into the live trades
            return
        self._finish()
        for name in joined.gaps:
            self.log.warning(f"{name}: live trades do not follow on the venue's history")  # noqa: G004 (Nautilus)
        self._deliver(joined)

    def _give_up(self, _event: TimeEvent) -> None:
        self._finish()
        self.log.warning("the venue gave no history in time: features warm up on the live market")

    def _finish(self) -> None:
        for name in ("ask", "patience"):
            if name in self.clock.timer_names:
                self.clock.cancel_timer(name)
        for topic in self._topics():
            if self.msgbus.is_subscribed(topic, self._hear):
                self.msgbus.unsubscribe(topic, self._hear)
        self._live, self._past, self._open = [], [], set()

    def _facts(self) -> list[InstrumentFacts]:
        return [instrument_facts(self.cache.instrument(one)) for one in self.config.instrument_ids]


def join(
    instruments: Sequence[InstrumentFacts], past: Sequence[TradeTick], live: Sequence[Tick]
) -> Joined:
    """
    Put past trades before, and between, what was heard live.

    Parameters
    ----------
    instruments : sequence of InstrumentFacts
        In the order of the tape.
    past : sequence of TradeTick
        As a venue answered, of all instruments.
    live : sequence of QuoteTick and TradeTick
        In the order of arrival.

    Returns
    -------
    Joined
        Live events in their order; a past trade stands before the first live event that is later.

    """
    past = _oldest_first(past)
    first: dict[InstrumentId, TradeTick] = {}
    for tick in live:
        if isinstance(tick, TradeTick):
            first.setdefault(tick.instrument_id, tick)
    kept, met = [], set()
    for trade in past:
        begins = first.get(trade.instrument_id)
        if begins is not None and trade.trade_id == begins.trade_id:
            met.add(trade.instrument_id)
        later = begins is not None and trade.ts_event > begins.ts_event
        if trade.instrument_id not in met and not later:
            kept.append(trade)
    rows = _merged(kept, live)
    gaps = sorted(str(name) for name in first.keys() - met)
    return Joined(tape=_tape(instruments, rows), asked=len(kept), gaps=gaps)


def _oldest_first(past: Sequence[TradeTick]) -> list[TradeTick]:
    """Sort by time; trades of one millisecond stay in the venue's order, whichever way it lists."""
    answers: dict[InstrumentId, list[TradeTick]] = {}
    for trade in past:
        answers.setdefault(trade.instrument_id, []).append(trade)
    for trades in answers.values():
        if trades[0].ts_event > trades[-1].ts_event:
            trades.reverse()
    return sorted(chain.from_iterable(answers.values()), key=lambda trade: trade.ts_event)


def _merged(past: list[TradeTick], live: Sequence[Tick]) -> list[Tick]:
    rows: list[Tick] = []
    taken = 0
    for tick in live:
        while taken < len(past) and past[taken].ts_event < tick.ts_event:
            rows.append(past[taken])
            taken += 1
        rows.append(tick)
    return rows + past[taken:]


def _tape(instruments: Sequence[InstrumentFacts], rows: list[Tick]) -> Tape:
    index = {facts.instrument_id: place for place, facts in enumerate(instruments)}
    quotes = [isinstance(tick, QuoteTick) for tick in rows]
    values = np.zeros((len(rows), 4))
    for row, tick in enumerate(rows):
        if isinstance(tick, QuoteTick):
            values[row] = quote_values(tick)
        else:
            values[row, :3] = trade_values(tick)
    ts_event = np.array([tick.ts_event for tick in rows], np.int64)
    steps = np.arange(len(rows))
    return Tape(
        instruments=tuple(instruments),
        kind=np.where(quotes, QUOTE, TRADE).astype(np.uint8),
        instrument=np.array([index[str(tick.instrument_id)] for tick in rows], np.int16),
        ts_event_ns=ts_event,
        ts_init_ns=np.maximum.accumulate(ts_event - steps) + steps,
        values=values,
    )
