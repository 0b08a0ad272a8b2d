"""Market making: a ladder of post-only quotes on both sides, leaning against its inventory."""

import math
from collections import Counter

from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.bridge import quote_prices
from nautilus_scalp.bridge import trade_values
from nautilus_scalp.errors import UsageError
from nautilus_scalp.quoting.diff import diff
from nautilus_scalp.quoting.intensity import FillIntensity
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.ladder import Ladder
from nautilus_scalp.quoting.ladder import Quote
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pricing import Market
from nautilus_scalp.quoting.pull import PullGuard
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.quoting.pull import sure_of
from nautilus_scalp.quoting.queue import QueueParams
from nautilus_scalp.quoting.queue import see_best
from nautilus_scalp.quoting.queue import see_trade
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.risk.sizing import annual_volatility
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.combination import Opinion
from nautilus_scalp.signals.keeping import Statistics
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.volatility import RealisedVolatility
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.attentive import AttentiveStrategy
from nautilus_scalp.strategies.execution import Execution
from nautilus_scalp.strategies.inbox import SignalInbox
from nautilus_scalp.strategies.regime_watch import ArbiterParams
from nautilus_scalp.strategies.stake import BY_RULE
from nautilus_scalp.strategies.stake import stake


_NS_PER_MS = 1_000_000
_STALE = "stale"  # name of a timer
_RESIZE = 0.25  # a size that differs by less is kept, and with it the places in the queues


class MarketMakingConfig(StrategyConfig, frozen=True):
    """
    What is quoted, and how.

    Parameters
    ----------
    instrument_id : InstrumentId
        What is traded.
    order_notional : float
        Value of one quote, in quote currency; turned into a quantity at the first price.
    sizing : SizingParams, optional
        Size quotes by the account's balance, and resize them when that changes by a quarter.
    inventory_limit : float
        The position is never worth more, in quote currency, at the first price.
    refresh_interval_ms : float
        Least time between two rounds of changes to the quotes. Between them the quotes are reviewed
        when a best price moved; when only sizes, volatility or the signal did, once an interval.
    tolerance_ticks : int
        A quote that should move by no more than this stays, and keeps its place in the queue.
    queue : QueueParams, optional
        When a good place in the queue is kept for longer; left out, all places are alike.
    pull : PullParams
        When quotes are pulled: one-sided flow, a spread that collapses. They are also pulled when
        the last quote is older than `risk.max_data_age_ms`.
    ladder : LadderParams
        Where the quotes stand.
    volatility : VolatilityParams
        What the spread is scaled with.
    intensity : IntensityParams
        How fill rates are measured, for the optimal models.
    signal : CombinationParams
        ``rules`` quotes without the model. ``combined`` shifts the quotes by the expected move, and
        takes the side away that a sure model is against. There is no ``signal`` alone: the model
        has no opinion about a spread.
    risk : RiskLimits
        What may be risked.
    regime : ArbiterParams, optional
        In which regimes it trades; left out, regimes do not matter.

    """

    instrument_id: InstrumentId
    order_notional: Positive = 1_000.0
    sizing: SizingParams | None = None
    inventory_limit: Positive = 5_000.0
    refresh_interval_ms: NotNegative = 100.0
    tolerance_ticks: int = 0
    queue: QueueParams | None = QueueParams()
    pull: PullParams = PullParams()
    ladder: LadderParams = LadderParams()
    volatility: VolatilityParams = VolatilityParams()
    intensity: IntensityParams = IntensityParams()
    signal: CombinationParams = CombinationParams()
    risk: RiskLimits = RiskLimits()
    regime: ArbiterParams | None = None

    def __post_init__(self) -> None:
        """Refuse a mode that market making does not have."""
        if self.signal.mode == "signal":
            message = 'MarketMaking: signal.mode = "signal"'
            raise UsageError(message, 'set signal.mode to "rules" or "combined"')
        if self.regime is not None and self.regime.on_leave == "run_off":
            message = 'MarketMaking: regime.on_leave = "run_off"'
            raise UsageError(message, 'a maker has no exits to wait for: set it to "flatten"')


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
        self._refresh_ns = round(config.refresh_interval_ms * _NS_PER_MS)
        self._ladder: Ladder | None = None
        self._profile = self._execution.permission.regime.profile
        self._notional = 0.0
        self._desired: list[Quote] = []
        self._settled = False
        self._last_prices = (0.0, 0.0)
        self._next_change_ns = 0
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
        self.unsubscribe_quote_ticks(self.config.instrument_id)
        self.unsubscribe_trade_ticks(self.config.instrument_id)

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
        see_trade(self._execution.working, price, size, side)
        before = self._pull.threatened
        self._pull.on_trade(tick.ts_event, size, side)
        threatened = self._pull.threatened
        if threatened and threatened != before:  # at once: the next trade would be ours
            self.refusals["toxic_flow"] += 1
            self._execution.cancel_all(threatened)
            self._settled = False

    def unchanged(self, tick: QuoteTick) -> bool:
        """Whether a quote shows the prices of the last one, and no review is due."""
        return tick.ts_init < self._review_ns and self._execution.unchanged(tick)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Bring the quotes up to date.

        Parameters
        ----------
        tick : QuoteTick
            The market.

        """
        bid, ask = quote_prices(tick)
        now_ns = tick.ts_init
        if not self._execution.on_market(bid, ask, tick.ts_event, now_ns):
            self._execution.cancel_all()
            return
        if now_ns - tick.ts_event > self._max_age_ns:
            self._withdraw("stale_data")
            return
        mid = 0.5 * (bid + ask)
        self._pull.on_market(tick.ts_event, bid, ask)
        volatility = self._volatility.on_mid(tick.ts_event, mid)
        self._inbox.on_mid(tick.ts_event, mid)
        if self._intensity is not None:
            self._intensity.on_mid(tick.ts_event, mid)
        blocked = self._execution.state.blocked or self._execution.permission.floor.closed
        if blocked is not None:
            self._pause(blocked, now_ns)
            return
        moved = (bid, ask) != self._last_prices
        if self._execution.leaving or now_ns < (self._next_change_ns if moved else self._review_ns):
            return
        self._last_prices = (bid, ask)
        self._review_ns = now_ns + self._refresh_ns
        opinion = self._inbox.opinion(tick.ts_event)
        fills = self._intensity
        rates = (fills.arrival_rate, fills.depth_decay) if fills is not None else ()
        move_bps = opinion.expected_move_bps * opinion.trust(self.config.signal)
        sizes = tick.bid_size.as_double(), tick.ask_size.as_double()
        market = Market(bid, ask, *sizes, volatility, move_bps, *rates)
        self._requote(market, opinion)

    def on_order_event(self, event: OrderEvent) -> None:
        """
        Follow the orders.

        Parameters
        ----------
        event : OrderEvent
            What became of one of them.

        """
        self._execution.on_order_event(event)
        self._settled = False

    def _subscribe(self) -> None:
        self._inbox.open()
        self.subscribe_quote_ticks(self.config.instrument_id)
        self.subscribe_trade_ticks(self.config.instrument_id)
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
        self._ladder = None
        self._notional = 0.0
        self._desired = []
        self._settled = False
        self._last_prices = (0.0, 0.0)
        self._next_change_ns = 0
        self._review_ns = 0

    def _requote(self, market: Market, opinion: Opinion) -> None:
        execution = self._execution
        notional = self._quote_notional(market.volatility)
        resized = abs(notional - self._notional) > _RESIZE * self._notional
        changed = resized or self._profile is not execution.permission.regime.profile
        if self._ladder is None or changed:
            self._ladder = self._make_ladder(market.mid, notional)
        desired = self._ladder.quote(market, execution.state.position_qty)
        if not desired:
            self.refusals[self._why_no_quotes(market)] += 1
        desired, pulled = self._pull.allowed(sure_of(desired, opinion, self.config.signal))
        if pulled is not None:
            self.refusals[pulled] += 1
        config = self.config
        see_best(execution.working, market.bid, market.ask, market.bid_size, market.ask_size)
        if self._settled and desired == self._desired:
            return  # nothing has happened since these very quotes needed no change
        self._desired = desired
        actions = diff(
            desired, execution.working, execution.rules, config.tolerance_ticks, config.queue
        )
        self._settled = not actions
        if actions:
            execution.apply(actions)
            self._next_change_ns = execution.state.now_ns + self._refresh_ns

    def _pause(self, reason: str, now_ns: int) -> None:
        """Go flat: a maker that may not quote has no way out of its inventory."""
        self._execution.leave()
        if now_ns >= self._review_ns:
            self._review_ns = now_ns + self._refresh_ns
            self.refusals[reason] += 1

    def _look_at_age(self, event: TimeEvent) -> None:
        if event.ts_event - self._execution.state.now_ns > self._max_age_ns:
            self._withdraw("stale_data")

    def _withdraw(self, reason: str) -> None:
        """Cancel what works, without a review of the market."""
        if self._execution.working:
            self.refusals[reason] += 1
            self._execution.cancel_all()
            self._settled = False

    def _quote_notional(self, volatility: float) -> float:
        """Return the value of a quote, before the regime scales it; 0 while it is not known."""
        config, execution = self.config, self._execution
        if config.sizing is None:
            return float(config.order_notional)
        yearly = annual_volatility(volatility, config.volatility.horizon_ms)
        equity = execution.state.equity
        value = stake(config.sizing, BY_RULE, yearly, execution.permission, equity)
        return max(0.0, value)

    def _make_ladder(self, mid: float, notional: float) -> Ladder:
        config = self.config
        self._notional = notional
        self._profile = self._execution.permission.regime.profile
        multiple = self._profile.size_multiple
        limit_qty = multiple * config.inventory_limit / mid
        self._execution.permission.limit_position(limit_qty)
        return Ladder(
            config.ladder,
            self._execution.rules,
            multiple * notional / mid,
            limit_qty,
            config.volatility.horizon_ms,
        )

    def _why_no_quotes(self, market: Market) -> str:
        if self.config.sizing is not None and math.isnan(market.volatility):
            return "volatility_unknown"
        notional = self._profile.size_multiple * self._notional
        if not self._execution.rules.floor_qty(notional / market.mid):
            return "order_below_step"
        if math.isnan(market.volatility):
            return "volatility_unknown"
        unknown = self._intensity is not None and math.isnan(market.depth_decay)
        return "fill_rates_unknown" if unknown else "no_quotes"
