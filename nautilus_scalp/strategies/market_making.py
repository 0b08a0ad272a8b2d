"""Market making: a ladder of post-only quotes on both sides, leaning against its inventory."""

import math
from collections import Counter

from nautilus_trader.common.events import TimeEvent
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.events import OrderEvent

from nautilus_scalp.bridge import trade_values
from nautilus_scalp.quoting.intensity import FillIntensity
from nautilus_scalp.quoting.pricing import Market
from nautilus_scalp.quoting.pull import PullGuard
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.signals.combination import NO_OPINION
from nautilus_scalp.signals.keeping import Statistics
from nautilus_scalp.signals.volatility import RealisedVolatility
from nautilus_scalp.strategies.attentive import AttentiveStrategy
from nautilus_scalp.strategies.execution import Execution
from nautilus_scalp.strategies.inbox import SignalInbox
from nautilus_scalp.strategies.market_making_config import MarketMakingConfig
from nautilus_scalp.strategies.quoting_desk import QuotingDesk


_NS_PER_MS = 1_000_000
_STALE = "stale"  # name of a timer


class MarketMaking(AttentiveStrategy):
    """
    Keeps a ladder of quotes around a price that leans away from inventory.

    Parameters
    ----------
    config : MarketMakingConfig
        What is quoted, and how.

    Attributes
    ----------
    refusals : Counter[str]
        What was not done, and why.

    """

    def __init__(self, config: MarketMakingConfig) -> None:
        super().__init__(config)
        self.refusals: Counter[str] = Counter()
        instrument_id = config.instrument_id
        terms = config.risk, self.refusals, config.regime, Priority.QUOTES
        self._execution = Execution(self, instrument_id, *terms)
        self._inbox = SignalInbox(self, instrument_id, config.signal, self.refusals)
        self._volatility = RealisedVolatility(config.volatility)
        self._intensity: FillIntensity | None = None
        self._pull = PullGuard(config.pull)
        self._statistics = Statistics(
            instrument_id.value,
            volatility=self._volatility,
            pull=self._pull,
            guard=self._inbox.guard,
        )
        self._max_age_ns = round(config.risk.max_data_age_ms * _NS_PER_MS)
        self._desk = QuotingDesk(config, self._execution, self._pull, self.refusals)
        self._refresh_ns = round(config.refresh_interval_ms * _NS_PER_MS)
        self._last_prices = (0.0, 0.0)
        self._review_ns = 0

    @property
    def signals_received(self) -> int:
        """Signals so far."""
        return self._inbox.received

    @property
    def position_qty(self) -> float:
        """Signed position in base currency, by the strategy's own fills."""
        return self._execution.state.position_qty

    def on_start(self) -> None:
        """Look up the instrument and subscribe."""
        self._execution.start()
        self._subscribe()

    def stop(self) -> None:
        """Go flat; once that is done, stop."""
        if self._execution.stop():
            super().stop()

    def on_stop(self) -> None:
        """Unsubscribe; `stop` has made the strategy flat."""
        self._inbox.close()
        self.clock.cancel_timer(_STALE)
        self._execution.attention.close()
        self.ignore_trades(self.config.instrument_id)

    def on_resume(self) -> None:
        """Take over what happened during the pause and begin anew."""
        self._forget()
        self._execution.resume()
        self._subscribe()

    def on_reset(self) -> None:
        """Forget everything."""
        self._forget()
        self._execution.reset()
        self._inbox.reset()
        self.refusals.clear()

    def on_save(self) -> dict[str, bytes]:
        """Keep the losses so far, and what was learnt."""
        self._volatility.settle()
        return self._execution.permission.save() | self._statistics.save(self.clock)

    def on_load(self, state: dict[str, bytes]) -> None:
        """Take that back."""
        self._execution.permission.load(state)
        self._statistics.load(state, self.clock)

    def on_data(self, data: Data) -> None:
        """
        Keep the latest signal.

        Parameters
        ----------
        data : Data
            An ``AlphaSignal``.

        """
        self._inbox.take(data)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """
        Measure how far trades reach, what they leave of the queues, and which way they run.

        Parameters
        ----------
        tick : TradeTick
            A trade.

        """
        price, size, side = trade_values(tick)
        if self._intensity is not None:
            self._intensity.on_trade(price)
        desk = self._desk
        if desk.prices is None or price in desk.prices:  # nearly all meet none of our orders
            desk.on_trade(price, size, side)
        threat = self._pull.on_trade(tick.ts_event, size, side)
        if threat and self.is_running:  # at once: the next would be ours
            self.refusals["toxic_flow"] += 1
            self._execution.cancel_all(self._pull.threatened)
            self._desk.unsettle()

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Bring the quotes up to date.

        Parameters
        ----------
        tick : QuoteTick
            The market.

        """
        if self._look_at(tick):
            self._execution.attention.rest(self._glance, self._review_ns)
        else:
            self._execution.attention.look_by(self._review_ns)

    def _look_at(self, tick: QuoteTick) -> bool:
        """Look at the market; return whether glances will do until the quotes are reviewed."""
        execution = self._execution
        if not execution.on_market(tick):
            execution.cancel_all()
            return False
        state = execution.state
        bid, ask, ts_event, now_ns = state.bid, state.ask, state.quote_ns, state.now_ns
        if now_ns - ts_event > self._max_age_ns:
            self._withdraw("stale_data")
            return False
        mid = 0.5 * (bid + ask)
        self._pull.on_market(ts_event, bid, ask)
        self._volatility.on_mid(ts_event, mid)
        if self._inbox.guard is not None:
            self._inbox.on_mid(ts_event, mid)
        if self._intensity is not None:
            self._intensity.on_mid(ts_event, mid)
        blocked = state.blocked or execution.permission.floor.closed
        if blocked is not None:
            self._pause(blocked, now_ns)
            return False
        if execution.leaving:
            return False
        moved = (bid, ask) != self._last_prices
        due_ns = self._desk.next_change_ns if moved else self._review_ns
        if now_ns >= due_ns:
            self._last_prices = (bid, ask)
            self._review_ns = now_ns + self._refresh_ns
            self._quote(tick)
        return True

    def _glance(self, ts_init: int, ts_event: int) -> bool:
        """
        Take in that prices stood; say whether that needs a look.

        The spread stood with the prices and the flow only faded: once somebody looks, the pull
        guard makes up for both.
        """
        if ts_init - ts_event > self._max_age_ns or self._pull.threatened:
            return True
        state = self._execution.on_time(ts_init, ts_event)
        if self._execution.permission.shut(state):
            return True
        self._volatility.on_stand(ts_event)
        if self._inbox.guard is not None:
            self._inbox.on_mid(ts_event, state.mid)
        if self._intensity is not None:
            self._intensity.on_mid(ts_event, state.mid)
        return False

    def _quote(self, tick: QuoteTick) -> None:
        """Bring the quotes to where the ladder wants them in the market of this look."""
        state = self._execution.state
        bid, ask, ts_event = state.bid, state.ask, state.quote_ns
        opinion = self._inbox.opinion(ts_event)
        silent = opinion is NO_OPINION
        move_bps = 0.0 if silent else opinion.expected_move_bps * opinion.trust(self.config.signal)
        fills = self._intensity
        arrival_rate, depth_decay = math.nan, math.nan
        if fills is not None:
            arrival_rate, depth_decay = fills.arrival_rate, fills.depth_decay
        bid_size, ask_size = tick.bid_size.as_double(), tick.ask_size.as_double()
        volatility = self._volatility.value
        market = Market(
            bid, ask, bid_size, ask_size, volatility, move_bps, arrival_rate, depth_decay
        )
        self._desk.quote(market, opinion)

    def on_order_event(self, event: OrderEvent) -> None:
        """
        Follow the orders.

        Parameters
        ----------
        event : OrderEvent
            What became of one of them.

        """
        self._execution.attention.stir()
        if self._execution.on_order_event(event):
            self._desk.unsettle()

    def _subscribe(self) -> None:
        self._inbox.open()
        self._execution.attention.open()
        self.hear_trades(self.config.instrument_id)
        if self.config.ladder.model != "volatility":
            tick_size = self._execution.rules.tick_size
            self._intensity = FillIntensity(self.config.intensity, tick_size)
            self._statistics.add("intensity", self._intensity)
        # A feed that falls silent calls no handler: the clock has to look.
        self.clock.set_timer_ns(_STALE, self._max_age_ns, 0, 0, self._look_at_age)

    def _forget(self) -> None:
        self._volatility.reset()
        self._pull.reset()
        self._intensity = None
        self._desk.reset()
        self._last_prices = (0.0, 0.0)
        self._review_ns = 0

    def _pause(self, reason: str, now_ns: int) -> None:
        """Go flat: a maker that may not quote has no way out of its inventory."""
        self._execution.leave()
        if now_ns >= self._review_ns:
            self._review_ns = now_ns + self._refresh_ns
            self.refusals[reason] += 1

    def _look_at_age(self, event: TimeEvent) -> None:
        self._execution.catch_up()
        if event.ts_event - self._execution.state.now_ns > self._max_age_ns:
            self._withdraw("stale_data")

    def _withdraw(self, reason: str) -> None:
        """Cancel what works, without a review of the market."""
        if self._execution.working:
            self.refusals[reason] += 1
            self._execution.cancel_all()
            self._desk.unsettle()
