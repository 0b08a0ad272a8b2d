"""The gate is total: whatever the numbers, an answer, and never a yes to a number that is none."""

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
