"""The gate is total, and no order of events takes a position over its limit."""

import math

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.breakers import CircuitBreaker
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState


RULES = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
MAX_QTY = 5.0
MS = 1_000_000
LIMITS = RiskLimits(
    max_order_notional=400.0,
    max_position_notional=900.0,
    max_working_orders=4,
    max_orders_per_second=3,
    breakers=BreakerParams(max_consecutive_losses=2, pause_ms=1_000.0, max_daily_loss=20.0),
)
GATE = RiskGate(RiskLimits(), RULES, MAX_QTY)

anything = st.floats(allow_nan=True, allow_infinity=True)
moments = st.integers(-(2**63), 2**63 - 1)


@given(
    st.builds(OrderIntent, st.integers(-2, 2), anything, anything, reduce_only=st.booleans()),
    st.builds(
        RiskState,
        anything,
        anything,
        moments,
        moments,
        anything,
        anything,
        anything,
        st.integers(0, 100),
        st.none(),
        anything,
        anything,
    ),
)
@settings(max_examples=500)
def test_gate_answers_whatever_the_numbers(intent: OrderIntent, state: RiskState) -> None:
    verdict = GATE.review(intent, state)
    assert verdict is APPROVED or isinstance(verdict, Refused)
    if verdict is APPROVED:
        assert intent.side in (BUY, SELL)
        assert 0.0 < intent.qty < math.inf
        if not intent.reduce_only:
            assert 0.0 < state.bid < state.ask < math.inf
            assert intent.qty * state.mid <= RiskLimits().max_position_notional * (1.0 + 1e-9)
            leverage = min(RiskLimits().max_leverage, state.leverage)
            assert intent.qty * state.mid <= leverage * state.equity * (1.0 + 1e-9)


class Desk(RuleBasedStateMachine):
    """A strategy that sends what it likes, at a venue that fills and cancels as it pleases."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = RiskGate(LIMITS, RULES, MAX_QTY)
        self.breaker = CircuitBreaker(LIMITS.breakers)
        self.state = RiskState(bid=100.0, ask=100.1, equity=1_000.0, leverage=5.0)
        self.orders: list[tuple[int, float]] = []
        self.sent: list[int] = []

    @rule(bid=st.one_of(st.floats(50.0, 200.0), anything), width=st.one_of(st.just(0.1), anything))
    def quote(self, bid: float, width: float) -> None:
        """Show a market, sound or not."""
        state = self.state
        state.bid, state.ask, state.quote_ns = bid, bid + width, state.now_ns

    @rule(ms=st.integers(0, 5_000))
    def wait(self, ms: int) -> None:
        """Time passes without a quote."""
        self.state.now_ns += ms * MS
        self.state.blocked = self.breaker.blocked(self.state.now_ns)

    @rule(equity=anything, leverage=st.one_of(st.floats(1.0, 10.0), anything))
    def account(self, equity: float, leverage: float) -> None:
        """Let the account be worth something else."""
        self.state.equity, self.state.leverage = equity, leverage

    @rule(pnl=st.floats(-10.0, 10.0))
    def round_trip(self, pnl: float) -> None:
        """Win or lose."""
        self.breaker.on_round_trip(pnl, self.state.now_ns)
        self.state.blocked = self.breaker.blocked(self.state.now_ns)

    @rule(
        side=st.sampled_from([BUY, SELL]),
        steps=st.integers(1, 9_000),
        price=st.one_of(st.floats(90.0, 110.0), st.just(math.nan)),
    )
    def submit(self, side: int, steps: int, price: float) -> None:
        """Send what looks like an order."""
        self._send(OrderIntent(side, round(steps * RULES.qty_step, 3), price))

    @rule(side=st.integers(-2, 2), qty=anything, price=anything, reduce_only=st.booleans())
    def submit_anything(self, side: int, qty: float, price: float, *, reduce_only: bool) -> None:
        """Send whatever."""
        self._send(OrderIntent(side, qty, price, reduce_only=reduce_only))

    @rule(index=st.integers(0, 30), share=st.sampled_from([0.0, 0.3, 1.0]))
    def resolve(self, index: int, share: float) -> None:
        """Fill a share of an order; the rest is cancelled."""
        if self.orders:
            side, qty = self.orders.pop(index % len(self.orders))
            self.state.position_qty += side * qty * share
        self._count()

    @rule()
    def close(self) -> None:
        """Go flat at once, while everything else still works: that way is always open."""
        held = self.state.position_qty
        steps = round(abs(held) / RULES.qty_step)
        qty = round(steps * RULES.qty_step, 3)
        if steps and qty <= abs(held):
            intent = OrderIntent(SELL if held > 0.0 else BUY, qty, reduce_only=True)
            assert self.gate.review(intent, self.state) is APPROVED
        self.state.position_qty = 0.0

    @invariant()
    def no_position_is_over_the_limit(self) -> None:
        """See that fills never took the position further than allowed."""
        assert abs(self.state.position_qty) <= MAX_QTY * (1.0 + 1e-5)

    def _send(self, intent: OrderIntent) -> None:
        state = self.state
        verdict = self.gate.review(intent, state)
        if verdict is not APPROVED:
            assert isinstance(verdict, Refused)
            return
        if intent.reduce_only:
            assert intent.qty <= abs(state.position_qty) * (1.0 + 1e-5)
            return
        self.gate.sent(state.now_ns)
        self.sent.append(state.now_ns)
        self.orders.append((intent.side, intent.qty))
        self._count()
        self._check(intent)

    def _check(self, intent: OrderIntent) -> None:
        """See every limit hold, by sums that begin anew each time."""
        state = self.state
        mine = [qty for side, qty in self.orders if side == intent.side]
        worst = max(intent.side * state.position_qty, 0.0) + sum(mine)
        value = worst * 0.5 * (state.bid + state.ask)
        room = 1.0 + 1e-9
        assert state.blocked is None
        assert worst <= MAX_QTY * (1.0 + 1e-5)
        assert value <= LIMITS.max_position_notional * room
        assert value <= min(LIMITS.max_leverage, state.leverage) * state.equity * room
        assert len(self.orders) <= LIMITS.max_working_orders
        assert state.now_ns - state.quote_ns <= LIMITS.max_data_age_ms * MS
        recent = [ns for ns in self.sent if state.now_ns - ns < 1_000 * MS]
        assert len(recent) <= LIMITS.max_orders_per_second

    def _count(self) -> None:
        self.state.working_buy_qty = sum(qty for side, qty in self.orders if side == BUY)
        self.state.working_sell_qty = sum(qty for side, qty in self.orders if side == SELL)
        self.state.working_orders = len(self.orders)


Desk.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_no_sequence_of_events_gets_an_order_past_a_limit = Desk.TestCase
