"""The gate is total, and no order of events takes a position over its limit."""

import math

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState


RULES = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
MAX_QTY = 5.0
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


class _Book:
    """Orders at a venue that fills, cancels and rejects as it pleases."""

    def __init__(self) -> None:
        self.state = RiskState(bid=100.0, ask=100.1, equity=1e9, leverage=1.0)
        self.orders: list[tuple[int, float]] = []

    def submit(self, side: int, qty: float) -> None:
        if GATE.review(OrderIntent(side, qty, 100.0), self.state) is APPROVED:
            self.orders.append((side, qty))
        self._count()

    def close(self) -> None:
        """Go flat at once, while everything else still works."""
        self.state.position_qty = 0.0

    def resolve(self, index: int, share: float) -> None:
        """Fill a share of an order; the rest is cancelled."""
        if self.orders:
            side, qty = self.orders.pop(index % len(self.orders))
            self.state.position_qty += side * qty * share
        self._count()

    def _count(self) -> None:
        self.state.working_buy_qty = sum(qty for side, qty in self.orders if side == BUY)
        self.state.working_sell_qty = sum(qty for side, qty in self.orders if side == SELL)
        self.state.working_orders = len(self.orders)


steps = st.one_of(
    st.tuples(
        st.just("submit"),
        st.sampled_from([BUY, SELL]),
        st.integers(1, 4_000).map(lambda n: round(n * 0.001, 3)),
    ),
    st.tuples(st.just("resolve"), st.integers(0, 30), st.sampled_from([0.0, 0.3, 1.0])),
    st.tuples(st.just("close")),
)


@given(st.lists(steps, max_size=60))
def test_no_order_of_events_exceeds_the_position_limit(
    script: list[tuple[str, *tuple[float, ...]]],
) -> None:
    book = _Book()
    for verb, *arguments in script:
        getattr(book, verb)(*arguments)
        assert abs(book.state.position_qty) <= MAX_QTY * (1.0 + 1e-5)
