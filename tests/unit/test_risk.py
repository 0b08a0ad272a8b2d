"""Every limit refuses what it should, and lets a position be closed."""

import math
from dataclasses import replace

import msgspec
import pytest

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState


RULES = TradingRules(
    tick_size=0.1,
    price_precision=1,
    qty_step=0.001,
    size_precision=3,
    min_qty=0.002,
    max_qty=100.0,
    min_notional=5.0,
)
LIMITS = RiskLimits(
    max_order_notional=500.0,
    max_position_notional=1_000.0,
    max_working_orders=3,
    max_data_age_ms=100.0,
    max_deviation_bps=50.0,
)
GATE = RiskGate(LIMITS, RULES, max_position_qty=8.0)
STATE = RiskState(
    bid=100.0,
    ask=100.1,
    quote_ns=1_000_000_000,
    now_ns=1_000_000_000,
    equity=10_000.0,
    leverage=3.0,
)


def verdict(intent: OrderIntent, **changes: float) -> object:
    return GATE.review(intent, replace(STATE, **changes))


def test_a_sound_order_passes() -> None:
    assert verdict(OrderIntent(BUY, 1.0, 100.0, post_only=True)) is APPROVED
    assert verdict(OrderIntent(SELL, 1.0)) is APPROVED


@pytest.mark.parametrize(
    ("intent", "changes", "reason"),
    [
        (OrderIntent(0, 1.0, 100.0), {}, "malformed_order"),
        (OrderIntent(BUY, math.nan, 100.0), {}, "malformed_order"),
        (OrderIntent(BUY, math.inf, 100.0), {}, "malformed_order"),
        (OrderIntent(BUY, -1.0, 100.0), {}, "malformed_order"),
        (OrderIntent(BUY, 1.0, math.inf), {}, "malformed_order"),
        (OrderIntent(BUY, 1.0, 0.0), {}, "malformed_order"),
        (OrderIntent(BUY, 1.0, reduce_only=True), {}, "reduce_only_would_increase"),
        (
            OrderIntent(SELL, 1.1, reduce_only=True),
            {"position_qty": 1.0},
            "reduce_only_would_increase",
        ),
        (OrderIntent(BUY, 1.0, 100.0), {"bid": 100.1}, "crossed_or_missing_market"),
        (OrderIntent(BUY, 1.0, 100.0), {"ask": math.nan}, "crossed_or_missing_market"),
        (OrderIntent(BUY, 1.0, 100.0), {"now_ns": 1_100_000_001}, "stale_data"),
        (OrderIntent(BUY, 1.0, 100.0), {"now_ns": 899_999_999}, "stale_data"),
        (OrderIntent(BUY, 1.0005, 100.0), {}, "quantity_not_in_steps"),
        (OrderIntent(BUY, 0.001, 100.0), {}, "quantity_out_of_range"),
        (OrderIntent(BUY, 100.001, 100.0), {}, "quantity_out_of_range"),
        (OrderIntent(BUY, 0.049, 100.0), {}, "below_min_notional"),
        (OrderIntent(BUY, 1.0, 100.6), {}, "price_through_market"),
        (OrderIntent(SELL, 1.0, 99.5), {}, "price_through_market"),
        (OrderIntent(BUY, 5.0), {}, "max_order_notional"),  # 500.5 at the ask
        (OrderIntent(BUY, 4.0, 100.0), {"position_qty": 6.1}, "max_position_notional"),
        (
            OrderIntent(BUY, 4.0, 100.0),
            {"position_qty": -4.0, "working_buy_qty": 6.0},
            "max_position_notional",
        ),
        (
            OrderIntent(SELL, 4.0, 100.1),
            {"position_qty": -2.0, "working_sell_qty": 3.0},
            "max_position_qty",
        ),
        (OrderIntent(BUY, 1.0, 100.0), {"equity": math.nan}, "equity_unknown"),
        (OrderIntent(BUY, 1.0, 100.0), {"equity": 0.0}, "equity_unknown"),
        (OrderIntent(BUY, 1.0, 100.0), {"leverage": math.nan}, "equity_unknown"),
        (OrderIntent(BUY, 4.0, 100.0), {"equity": 133.0}, "max_leverage"),  # 400.2 at the mid price
        (OrderIntent(BUY, 4.0, 100.0), {"equity": 390.0, "leverage": 1.0}, "insufficient_margin"),
        (OrderIntent(BUY, 1.0, 100.0), {"working_orders": 3}, "max_working_orders"),
    ],
)
def test_refusals(intent: OrderIntent, changes: dict[str, float], reason: str) -> None:
    assert verdict(intent, **changes) == Refused(reason)


def test_closing_a_position_passes_whatever_the_market_and_the_limits() -> None:
    close = OrderIntent(SELL, 90.0, reduce_only=True)
    changes = {
        "bid": math.nan,
        "ask": math.nan,
        "now_ns": 10**18,
        "position_qty": 90.0,
        "working_orders": 50,
        "working_sell_qty": 500.0,
    }
    assert verdict(close, **changes) is APPROVED


def test_no_more_orders_leave_within_a_second_than_allowed() -> None:
    gate = RiskGate(msgspec.structs.replace(LIMITS, max_orders_per_second=2), RULES)
    order, second = OrderIntent(BUY, 1.0, 100.0), 1_000_000_000
    for now_ns in (second, second + 10):
        assert gate.review(order, replace(STATE, now_ns=now_ns)) is APPROVED
        gate.sent(now_ns)
    late = replace(STATE, quote_ns=2 * second, now_ns=2 * second - 1)
    assert gate.review(order, late) == Refused("order_rate")
    assert gate.review(order, replace(late, now_ns=2 * second)) is APPROVED
    close = OrderIntent(SELL, 1.0, reduce_only=True)
    assert gate.review(close, replace(late, position_qty=1.0)) is APPROVED


def test_limits_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_order_notional"):
        msgspec.json.decode(b'{"max_order_notional": -1.0}', type=RiskLimits)
