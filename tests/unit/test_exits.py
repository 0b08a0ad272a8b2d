"""Exits, price by price."""

import math

import pytest

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.plan import ExitPlan
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.exits.rules import ProfitTarget
from nautilus_scalp.exits.rules import StopLoss
from nautilus_scalp.exits.rules import TimeOut
from nautilus_scalp.exits.rules import TrailingStop
from nautilus_scalp.signals.conditions import Conditions


LONG = OpenPosition(1, 100.0, 1_000)
SHORT = OpenPosition(-1, 100.0, 1_000)


@pytest.mark.parametrize(
    ("position", "price", "leaves"),
    [(LONG, 100.9, False), (LONG, 101.0, True), (SHORT, 99.1, False), (SHORT, 99.0, True)],
)
def test_profit_target(position: OpenPosition, price: float, *, leaves: bool) -> None:
    rule = ProfitTarget(0.01)
    rule.watch(position)
    assert rule.on_price(price, 0) is leaves


@pytest.mark.parametrize(
    ("position", "price", "leaves"),
    [(LONG, 99.1, False), (LONG, 99.0, True), (SHORT, 100.9, False), (SHORT, 101.0, True)],
)
def test_stop_loss(position: OpenPosition, price: float, *, leaves: bool) -> None:
    rule = StopLoss(0.01)
    rule.watch(position)
    assert rule.on_price(price, 0) is leaves


def test_trailing_stop_follows_the_best_price() -> None:
    rule = TrailingStop(0.01)
    rule.watch(LONG)
    assert [rule.on_price(price, 0) for price in (99.5, 110.0, 109.0, 108.9)] == [
        False,
        False,
        False,
        True,
    ]


def test_trailing_stop_of_a_short() -> None:
    rule = TrailingStop(0.01)
    rule.watch(SHORT)
    assert [rule.on_price(price, 0) for price in (90.0, 90.8, 90.9)] == [False, False, True]


def test_trailing_stop_keeps_its_best_price_when_the_position_grows() -> None:
    rule = TrailingStop(0.01)
    rule.watch(LONG)
    rule.on_price(110.0, 0)
    rule.watch(OpenPosition(1, 105.0, LONG.opened_ns))
    assert rule.on_price(108.9, 0)
    rule.watch(OpenPosition(1, 100.0, LONG.opened_ns + 1))  # another position
    assert not rule.on_price(108.9, 0)


def test_time_out() -> None:
    rule = TimeOut(2.0)
    rule.watch(LONG)
    assert not rule.on_price(100.0, 2_000_999)
    assert rule.on_price(100.0, 2_001_000)


def test_plan_names_the_first_reason_and_forgets_when_dropped() -> None:
    plan = ExitPlan(ExitParams(profit_target=1.0, stop_loss=2.0, timeout_ms=10.0), Conditions())
    assert plan.on_price(500.0, 0) is None
    plan.watch(LONG, math.nan)
    assert plan.on_price(100.0, 2_000) is None
    assert plan.on_price(101.0, 2_000) == "profit_target"
    assert plan.on_price(98.0, 2_000) == "stop_loss"
    assert plan.on_price(100.0, 20_000_000) == "time_out"
    assert plan.on_price(math.nan, 2_000) is None
    plan.drop()
    assert plan.on_price(101.0, 2_000) is None


def test_distances_in_volatility_are_fixed_at_the_entry() -> None:
    plan = ExitPlan(ExitParams(profit_target=2.0, threshold_unit="volatility"), Conditions())
    plan.watch(LONG, 0.005)
    plan.watch(LONG, 0.0001)  # a further fill in a quieter market
    assert plan.on_price(100.9, 0) is None
    assert plan.on_price(101.0, 0) == "profit_target"


def test_which_plans_need_volatility() -> None:
    assert ExitParams(profit_target=2.0, threshold_unit="volatility").needs_volatility
    assert not ExitParams(timeout_ms=2.0, threshold_unit="volatility").needs_volatility
    assert not ExitParams(profit_target=2.0).needs_volatility
