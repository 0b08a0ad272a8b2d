"""The trailing take profit in its six modes, price by price."""

import math

import pytest

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.plan import ExitPlan
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.exits.take_profit import TakeProfitParams
from nautilus_scalp.exits.take_profit import TrailingTakeProfit
from nautilus_scalp.exits.take_profit import make_take_profit
from nautilus_scalp.signals.conditions import ConditionParams
from nautilus_scalp.signals.conditions import Conditions
from nautilus_scalp.signals.conditions import RangeAndMomentum


LONG = OpenPosition(1, 100.0, 1_000)
SHORT = OpenPosition(-1, 100.0, 1_000)
NS_PER_S = 1_000_000_000


def trail(position: OpenPosition = LONG, **settings: object) -> TrailingTakeProfit:
    """Follow from a gain of 1 % on, in a market of known range, volatility, tick and spread."""
    conditions = Conditions(
        volatility=0.002, average_range=0.003, momentum=0.0, tick=0.001, spread=0.002
    )
    params = TakeProfitParams(**{"activation": 1.0, **settings})  # type: ignore[arg-type]
    rule = TrailingTakeProfit(params, 0.01, conditions)
    rule.watch(position)
    return rule


@pytest.mark.parametrize(
    ("settings", "stays", "leaves"),
    [
        ({"mode": "fixed", "distance": 0.5}, 109.46, 109.45),  # 0.5 % below 110
        ({"mode": "atr", "distance": 2.0}, 109.35, 109.34),  # 0.6 %
        ({"mode": "volatility", "distance": 2.0}, 109.57, 109.56),  # 0.4 %
        ({"mode": "momentum", "distance": 0.5}, 109.46, 109.45),  # momentum is nought
        ({"mode": "predicted", "distance": 0.5}, 109.46, 109.45),  # no opinion
        ({"mode": "tick", "distance": 3.0}, 109.68, 109.67),  # 0.3 %
        ({"mode": "tick", "distance": 1.0}, 109.79, 109.78),  # no less than the spread of 0.2 %
    ],
)
def test_distances(settings: dict[str, object], stays: float, leaves: float) -> None:
    rule = trail(**settings)
    assert not rule.on_price(110.0, 0)
    assert not rule.on_price(stays, 0)
    assert rule.on_price(leaves, 0)
    assert rule.reason == "take_profit"


def test_nothing_trails_before_the_activation() -> None:
    rule = trail(mode="fixed", distance=0.1)
    assert not any(rule.on_price(price, 0) for price in (100.9, 95.0, 100.5))


def test_a_short_position_trails_the_lowest_price() -> None:
    rule = trail(SHORT, mode="fixed", distance=0.5)
    assert [rule.on_price(price, 0) for price in (90.0, 90.44, 90.46)] == [False, False, True]


@pytest.mark.parametrize(
    ("drift", "percent"),
    [(0.001, 0.75), (0.02, 1.0), (-0.001, 0.25), (-0.02, 0.125)],  # of 0.5, in volatilities of 0.2
)
def test_momentum_and_prediction_stretch_the_distance(drift: float, percent: float) -> None:
    for mode, field in (("momentum", "momentum"), ("predicted", "expected_move")):
        rule = trail(mode=mode, distance=0.5)
        setattr(rule._conditions, field, drift)  # noqa: SLF001
        rule.on_price(110.0, 0)
        assert not rule.on_price(110.0 * (1.0 - 0.01 * percent) + 1e-6, 0)
        assert rule.on_price(110.0 * (1.0 - 0.01 * percent) - 1e-6, 0)


def test_lock_keeps_a_share_of_the_best_gain() -> None:
    rule = trail(mode="fixed", distance=50.0, lock_share=0.6)
    assert [rule.on_price(price, 0) for price in (110.0, 106.1, 105.9)] == [False, False, True]
    assert rule.reason == "profit_lock"


def test_reversal_leaves_at_once() -> None:
    rule = trail(mode="fixed", distance=50.0, reversal=2.0)
    rule.on_price(110.0, 0)
    rule._conditions.momentum = -0.0039  # noqa: SLF001
    assert not rule.on_price(109.9, 0)
    rule._conditions.momentum = -0.004  # noqa: SLF001
    assert rule.on_price(109.9, 0)
    assert rule.reason == "reversal"


@pytest.mark.parametrize("mode", ["atr", "volatility", "momentum", "predicted", "tick"])
def test_an_unknown_measure_does_not_trail_but_the_lock_holds(mode: str) -> None:
    params = TakeProfitParams(mode=mode, activation=1.0, lock_share=0.5)  # type: ignore[arg-type]
    rule = TrailingTakeProfit(params, 0.01, Conditions())
    rule.watch(LONG)
    assert [rule.on_price(price, 0) for price in (110.0, 106.0, math.nan)] == [False] * 3
    assert rule.on_price(104.9, 0)


def test_activation_in_volatility_units_needs_volatility() -> None:
    params = TakeProfitParams(activation=2.0, threshold_unit="volatility")
    assert make_take_profit(params, math.nan, Conditions()) is None
    assert ExitParams(take_profit=params).needs_volatility
    plan = ExitPlan(ExitParams(take_profit=params), Conditions())
    plan.watch(LONG, 0.005)
    assert plan.on_price(100.9, 0) is None
    assert plan.on_price(101.0, 0) is None
    assert plan.on_price(100.9, 0) == "take_profit"  # 0.099 % below the best


def test_range_and_momentum_of_bars() -> None:
    conditions = Conditions()
    bars = RangeAndMomentum(ConditionParams(range_bars=2, momentum_bars=2), conditions)
    # Bars of one second: high, low and close. True ranges after the first: 2, 3.
    for second, prices in enumerate([(100.0,), (101.0, 99.0, 100.0), (102.0, 103.0), (104.0,)]):
        for n, price in enumerate(prices):
            bars.on_mid(second * NS_PER_S + n, price)
    assert conditions.average_range == pytest.approx((2.0 + 3.0) / 2.0 / 103.0)
    assert conditions.momentum == pytest.approx(103.0 / 100.0 - 1.0)
    bars.reset()
    assert math.isnan(conditions.average_range)
    assert math.isnan(conditions.momentum)
