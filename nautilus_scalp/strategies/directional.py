"""What the directional strategies share: one position at a time, from its entry to its exit."""

import math
from collections import Counter
from collections.abc import Callable

import msgspec
from msgspec import Struct
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.events import OrderEvent

from nautilus_scalp.exits.plan import ExitPlan
from nautilus_scalp.exits.plan import PlanState
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.profile import largest_entry
from nautilus_scalp.risk.sizing import annual_volatility
from nautilus_scalp.signals.combination import Opinion
from nautilus_scalp.signals.combination import combine
from nautilus_scalp.signals.conditions import Conditions
from nautilus_scalp.signals.conditions import RangeAndMomentum
from nautilus_scalp.signals.keeping import Statistics
from nautilus_scalp.signals.volatility import RealisedVolatility
from nautilus_scalp.strategies.attentive import AttentiveStrategy
from nautilus_scalp.strategies.directional_config import DirectionalConfig
from nautilus_scalp.strategies.execution import Execution
from nautilus_scalp.strategies.inbox import SignalInbox
from nautilus_scalp.strategies.stake import BY_RULE
from nautilus_scalp.strategies.stake import stake


_NS_PER_MS = 1_000_000
_BASIS_POINT = 1e-4
_PLAN = "exit_plan"  # key of the saved state


class _Case(Struct, frozen=True):
    """A position that rule and model together want."""

    side: int
    multiple: float
    opinion: Opinion
    priority: Priority
    by_rule: bool


class DirectionalDesk:
    """
    Opens a position, watches it and closes it; all of a directional strategy but its rule.

    Parameters
    ----------
    strategy : Strategy
        Whose desk.
    config : DirectionalConfig
        Its configuration.
    refusals : Counter[str]
        Where refusals are counted.
    confirmed : Priority
        Of a case of the rule that the model agrees with.

    Attributes
    ----------
    exit_reasons : Counter[str]
        Why positions were left.
    volatility : float
        At the last quote, as a fraction of the price; NaN while unknown.

    """

    _watched: OpenPosition | None
    _waiting: _Case | None
    _saved: PlanState | None

    def __init__(
        self,
        strategy: AttentiveStrategy,
        config: DirectionalConfig,
        refusals: Counter[str],
        confirmed: Priority = Priority.CASE,
    ) -> None:
        self._strategy = strategy
        self._instrument_id = config.instrument_id
        self._entry = config.entry
        self._exits = config.exits
        self._needs_volatility = config.exits.needs_volatility
        self._signal = config.signal
        self._by_rules_alone = config.signal.mode == "rules"
        self._confirmed = confirmed
        self._horizon_ms = config.volatility.horizon_ms
        self._refusals = refusals
        self._execution = Execution(
            strategy, config.instrument_id, config.risk, refusals, config.regime
        )
        self._inbox = SignalInbox(strategy, config.instrument_id, config.signal, refusals)
        self._volatility = RealisedVolatility(config.volatility)
        self._conditions = Conditions()
        trail = config.exits.take_profit
        self._trend = RangeAndMomentum(trail.conditions, self._conditions) if trail else None
        self._plan = ExitPlan(config.exits, self._conditions)
        self.statistics = Statistics(
            config.instrument_id.value,
            volatility=self._volatility,
            guard=self._inbox.guard,
            trend=self._trend,
        )
        self._forget()
        self.exit_reasons: Counter[str] = Counter()

    @property
    def signals_received(self) -> int:
        """Signals so far."""
        return self._inbox.received

    @property
    def position_qty(self) -> float:
        """Signed position in base currency, by the strategy's own fills."""
        return self._execution.state.position_qty

    @property
    def mid(self) -> float:
        """Middle of the market at the last quote."""
        return self._execution.state.mid

    @property
    def volatility(self) -> float:
        """Volatility at the last quote."""
        return self._volatility.value

    @property
    def free(self) -> bool:
        """Whether a position may be opened now."""
        execution = self._execution
        idle = execution.idle and not execution.leaving
        return idle and execution.state.now_ns >= self._next_entry_ns

    def start(self) -> None:
        """Look up the instrument and subscribe."""
        self._execution.start()
        self._subscribe()

    def stop(self) -> bool:
        """Go flat; return whether the strategy can stop now."""
        return self._execution.stop()

    def close(self) -> None:
        """Unsubscribe."""
        self._inbox.close()
        self._execution.attention.close()
        self._strategy.ignore_trades(self._instrument_id)

    def resume(self) -> None:
        """Take over what happened during the pause and begin anew."""
        self._forget()
        self._execution.resume()
        self._subscribe()

    def reset(self) -> None:
        """Forget everything."""
        self._forget()
        self._execution.reset()
        self._inbox.reset()
        self.exit_reasons.clear()

    def save(self) -> dict[str, bytes]:
        """Return what makes exits and circuit breakers the same after a restart."""
        plan = self._plan.state or self._saved  # one that was not taken up yet is not lost
        kept = {} if plan is None else {_PLAN: msgspec.json.encode(plan)}
        learnt = self.statistics.save(self._strategy.clock)
        return kept | self._execution.permission.save() | learnt

    def load(self, state: dict[str, bytes]) -> None:
        """Take back what `save` returned, before the start."""
        self._execution.permission.load(state)
        self.statistics.load(state, self._strategy.clock)
        if _PLAN in state:
            self._saved = msgspec.json.decode(state[_PLAN], type=PlanState)

    def on_data(self, data: Data) -> None:
        """Keep the latest signal."""
        self._inbox.take(data)
        self._execution.attention.look()

    def on_trade(self, *, ripe: bool, fair_value: float = math.nan) -> None:
        """Look at the next quote if a trade makes a case (`ripe`) or reaches fair value."""
        execution = self._execution
        if (ripe and execution.idle) or self._has_reverted(execution.position, fair_value):
            execution.attention.look()

    def on_order_event(self, event: OrderEvent) -> None:
        """Follow the orders."""
        self._execution.attention.look()
        self._execution.on_order_event(event)

    def on_quote(self, tick: QuoteTick) -> float:
        """Take in the market; return its mid price, NaN if it is not sound."""
        execution = self._execution
        if not execution.on_market(tick):
            return math.nan
        state = execution.state
        bid, ask, ts_event = state.bid, state.ask, state.quote_ns
        mid = 0.5 * (bid + ask)
        volatility = self._volatility.on_mid(ts_event, mid)
        self._inbox.on_mid(ts_event, mid)
        if self._trend is not None:
            self._trend.on_mid(ts_event, mid)
            now = self._conditions
            now.volatility = volatility
            now.expected_move = _BASIS_POINT * self._inbox.latest.expected_move_bps
            now.tick = execution.rules.tick_size / mid
            now.spread = (ask - bid) / mid
        return mid

    def rest(self, glance: Callable[[int, int], bool]) -> None:
        """Only glance at prices that stand, if there is nothing to watch and nobody to wait for."""
        execution = self._execution
        calm = execution.idle and self._watched is None and not execution.leaving
        if calm and self._waiting is None and self._trend is None and self._by_rules_alone:
            execution.attention.rest(glance)

    def glance(self, ts_init: int, ts_event: int) -> bool:
        """Let the volatility know that the price stands, unless account or portfolio look too."""
        if self._execution.permission.due(ts_init, ts_event):
            return True
        self._volatility.on_mid(ts_event, self._execution.state.mid)
        return False

    def enter(self, side: int, strength: float) -> None:
        """
        Open a position if rule and model together say so.

        Parameters
        ----------
        side : int
            What the rule wants: +1, -1 or 0 for nothing.
        strength : float
            Of its case; 1 just meets its threshold.

        """
        if not side and self._waiting is None and self._by_rules_alone:
            return
        case = self._case(side, strength)
        if case is None:
            return
        volatility = self._volatility.value
        if self._needs_volatility and not math.isfinite(volatility):
            self._refusals["volatility_unknown"] += 1
            return
        execution = self._execution
        execution.permission.floor.priority = case.priority
        exits = self._exits.scaled(execution.permission.regime.profile.stop_multiple)
        stop_fraction = exits.nearest_stop(volatility)
        execution.set_stop(stop_fraction)
        notional = self._notional(case.multiple, case.opinion, stop_fraction)
        intent = self._intent(case.side, notional)
        if not intent.qty:
            self._refusals["order_below_step"] += 1
        elif execution.submit(intent):
            self._waiting, self._by_rule = None, case.by_rule
            self._entry_volatility = volatility
            self._entered_ns = execution.state.now_ns
        elif execution.permission.floor.waits:
            self._waiting = case

    def manage(self, fair_value: float = math.nan) -> None:
        """
        Watch the position, or the entry that waits.

        Parameters
        ----------
        fair_value : float
            Where a reverting price has done its work; NaN for none.

        """
        execution = self._execution
        position = execution.position
        if execution.idle and self._watched is None:
            return
        if position is not self._watched:
            self._watch(position)
        if execution.leaving:
            return
        emergency = execution.permission.must_leave
        if emergency is not None and not execution.idle:
            if position is not None:
                self.exit_reasons[emergency] += 1
            execution.leave()
            return
        state = execution.state
        if state.now_ns - self._entered_ns >= self._entry.entry_timeout_ms * _NS_PER_MS:
            execution.cancel_all()
        if position is None:
            return
        reason = self._plan.on_price(state.exit_price(position.side), state.now_ns)
        if reason is None and self._has_reverted(position, fair_value):
            reason = "fair_value"
        if reason is not None:
            self.exit_reasons[reason] += 1
            execution.leave()

    def _has_reverted(self, position: OpenPosition | None, fair_value: float) -> bool:
        """Whether what the rule opened, not the model alone, can be left at a value or better."""
        if position is None or not self._by_rule:
            return False
        price = self._execution.state.exit_price(position.side)
        return position.side * (price - fair_value) >= 0.0

    def _forget(self) -> None:
        self._volatility.reset()
        if self._trend is not None:
            self._trend.reset()
        self._plan.drop()
        self._watched = None
        self._waiting = None
        self._by_rule = True  # what an earlier session opened has no other word for it
        self._saved = None
        self._entry_volatility = math.nan
        self._entered_ns = 0
        self._next_entry_ns = 0

    def _subscribe(self) -> None:
        self._inbox.open()
        self._execution.attention.open()
        self._strategy.hear_trades(self._instrument_id)

    def _case(self, side: int, strength: float) -> _Case | None:
        """Return what rule and model together want, or what others are making room for."""
        opinion = self._inbox.opinion(self._execution.state.quote_ns)
        model_side = opinion.side(self._signal)
        chosen, multiple = combine(side, strength, opinion, self._signal)
        if chosen:
            agreed = chosen == side == model_side
            priority = self._confirmed if agreed else Priority.CASE
            return _Case(chosen, multiple, opinion, priority, by_rule=chosen == side)
        return self._waiting if self._execution.permission.floor.waits else None

    def _notional(self, multiple: float, opinion: Opinion, stop_fraction: float) -> float:
        """Return the value of an entry in the present regime and a market as wild as this one."""
        permission = self._execution.permission
        scale = permission.regime.profile.size_multiple * permission.portfolio.size_scale
        notional = scale * self._base_notional(multiple, opinion)
        sizing = self._entry.sizing
        if sizing is not None:  # a regime that enlarges entries does not lift their ceiling
            notional = min(notional, sizing.largest * self._execution.state.equity)
        if not permission.regime.active or math.isnan(stop_fraction):
            return notional
        largest = largest_entry(
            permission.regime.profile, self._execution.state.equity, stop_fraction
        )
        return min(notional, largest)

    def _base_notional(self, multiple: float, opinion: Opinion) -> float:
        """Return a multiple of the normal entry, or a share of the balance."""
        params = self._entry
        if params.sizing is None:
            return params.order_notional * min(multiple, params.max_size_multiple)
        said = BY_RULE if self._by_rules_alone else opinion
        yearly = annual_volatility(self._volatility.value, self._horizon_ms)
        execution = self._execution
        value = stake(params.sizing, said, yearly, execution.permission, execution.state.equity)
        return said.trust(self._signal) * value

    def _intent(self, side: int, notional: float) -> OrderIntent:
        """Return the order that opens a position of a value."""
        params, state = self._entry, self._execution.state
        qty = self._execution.rules.floor_qty(notional / state.mid)
        own, other = (state.bid, state.ask) if side == BUY else (state.ask, state.bid)
        if params.style == "passive":
            return OrderIntent(side, qty, own, post_only=True)
        return OrderIntent(side, qty, other, immediate=True)

    def _watch(self, position: OpenPosition | None) -> None:
        """Follow a position that opened, grew or closed."""
        if position is None:
            self._plan.drop()
            self._entry_volatility = math.nan
            pause_ns = round(self._entry.cooldown_ms * _NS_PER_MS)
            self._next_entry_ns = self._execution.state.now_ns + pause_ns
        else:
            saved = self._saved if self._saved and self._saved.belongs_to(position) else None
            if saved is not None and saved.volatility is not None:
                self._entry_volatility = saved.volatility
            # A position from an earlier session: what was known at its entry is not.
            if not math.isfinite(self._entry_volatility):
                self._entry_volatility = self._volatility.value
            if self._needs_volatility and not math.isfinite(self._entry_volatility):
                self._refusals["volatility_unknown"] += 1
                return
            if self._watched is None:
                now = self._execution.permission.regime.profile.stop_multiple
                multiple = now if saved is None else saved.stop_multiple
                self._plan = ExitPlan(self._exits, self._conditions, multiple)
            self._plan.watch(position, self._entry_volatility)
            if saved is not None:
                self._plan.catch_up(saved.best)
                self._saved = None
        self._watched = position
