"""Market making in Nautilus's engine: what is quoted, what is filled, what is left."""

from collections.abc import Callable

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderUpdated

from nautilus_scalp.errors import UsageError
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.queue import QueueParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.volatility import VolatilityParams
from tests.integration.conftest import Desk
from tests.integration.players import WIDE
from tests.integration.players import market_maker


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


def test_quotes_both_sides_post_only_and_amends_only_the_quote_that_moved(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(10).quote(100.0, 100.1)
    desk.at(500).quote(100.0, 100.2).at(600).quote(100.0, 100.2)
    desk.play(market_maker(desk, ladder=WIDE))
    orders = desk.cache.orders()
    assert sorted((order.side, float(order.quantity)) for order in orders) == [
        (OrderSide.BUY, 0.999),
        (OrderSide.SELL, 0.999),
    ]
    assert all(order.is_post_only for order in orders)
    # Mid 100.05, half a spread 0.10005: bid 99.9, ask 100.2. Mid 100.1: bid 99.9, ask 100.3.
    assert [float(event.price) for event in desk.events(OrderUpdated)] == [100.3]


def test_ladder_levels_rest_at_the_venue(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(10).quote(100.0, 100.1)
    ladder = LadderParams(
        spread_target=0.0, volatility_multiplier=0.0, quote_depth=3, imbalance_weight=0.0
    )
    desk.play(market_maker(desk, ladder=ladder))
    prices = sorted((order.side, float(order.price)) for order in desk.cache.orders())
    assert prices == [
        (OrderSide.BUY, 99.8),
        (OrderSide.BUY, 99.9),
        (OrderSide.BUY, 100.0),
        (OrderSide.SELL, 100.1),
        (OrderSide.SELL, 100.2),
        (OrderSide.SELL, 100.3),
    ]


def test_inventory_limit_holds_when_only_bids_fill(desk: Desk) -> None:
    for step in range(20):
        desk.at(100 * step).quote(100.0, 100.1).at(100 * step + 50).trade(100.0, 50.0, -1)
    desk.at(3_000).quote(100.0, 100.1)
    strategy = market_maker(desk, inventory_limit=150.0)
    desk.play(strategy)
    fills = desk.fills()
    # 150 / 100.05 = 1.499 BTC: one full quote, then what is left of the limit, then no bid at all.
    assert fills[:2] == [(100.0, 0.999), (100.0, 0.5)]
    assert fills[2:] == [(100.0, -1.499)]  # closed at the end
    assert strategy.is_stopped


def test_partial_fills_are_counted_and_the_rest_keeps_its_place(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1, bid_size=1.0).at(10).quote(100.0, 100.1, bid_size=1.0)
    desk.at(20).trade(100.0, 1.4, -1)  # one BTC was ahead of us
    desk.at(30).quote(100.0, 100.1).at(40).quote(100.0, 100.1)
    desk.at(50).trade(100.0, 0.2, -1).at(60).quote(100.0, 100.1)
    strategy = market_maker(desk)
    desk.play(strategy)
    fills = desk.fills()
    assert fills[:2] == [(100.0, 0.4), (100.0, 0.2)]
    bids = [order for order in desk.cache.orders() if order.is_post_only and order.is_buy]
    assert len(bids) == 1  # neither topped up nor replaced
    assert sum(qty for _, qty in fills) == pytest.approx(0.0, abs=1e-9)


def test_refusals_of_the_gate_are_counted_and_nothing_is_sent(desk: Desk) -> None:
    for ms in range(0, 500, 100):
        desk.at(ms).quote(100.0, 100.1)
    strategy = market_maker(desk, risk=RiskLimits(max_order_notional=50.0))
    desk.play(strategy)
    assert desk.cache.orders() == []
    assert strategy.refusals == {"max_order_notional": 10}


def test_quotes_below_the_least_value_are_refused_by_name(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(10).quote(100.0, 100.1)
    strategy = market_maker(desk, order_notional=4.0)
    desk.play(strategy)
    assert set(strategy.refusals) == {"below_min_notional"}


def test_an_order_below_one_step_is_refused_by_name(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(10).quote(100.0, 100.1)
    strategy = market_maker(desk, order_notional=0.05)
    desk.play(strategy)
    assert set(strategy.refusals) == {"order_below_step"}


def test_optimal_quotes_begin_when_fill_rates_are_known(
    desk: Desk, rng_tape: Callable[[Desk, int], None]
) -> None:
    rng_tape(desk, 4)
    strategy = market_maker(
        desk,
        ladder=LadderParams(model="glft", spread_target=0.0, quote_depth=2),
        volatility=VolatilityParams(half_life_ms=500.0),
        intensity=IntensityParams(least_hits=2.0),
    )
    desk.play(strategy, latency_ms=5.0)
    unknown = strategy.refusals["volatility_unknown"] + strategy.refusals["fill_rates_unknown"]
    assert unknown > 0
    assert len(desk.fills()) > 4


def test_market_making_by_the_model_alone_is_a_wrong_configuration(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r"signal\.mode"):
        market_maker(desk, signal=CombinationParams(mode="signal"))


def test_a_good_place_in_the_queue_is_kept_and_fills() -> None:
    params = LadderParams(
        spread_target=1.0, volatility_multiplier=0.0, quote_depth=1, imbalance_weight=0.0
    )
    # Mid 100.5, half a spread 0.5025: our bid joins the 5 BTC at 99.9. The mid then falls by a
    # tick; the bid would go to 99.8, but a good place is worth that tick of five.
    for queue, first in ((QueueParams(), (99.9, 0.995)), (None, None)):
        one = Desk()
        for ms in (0, 20, 40):
            one.at(ms).quote(99.9, 101.1)
        one.at(50).trade(99.9, 4.0, -1)
        for ms in (60, 80):
            one.at(ms).quote(99.9, 100.9, bid_size=1.0)
        one.at(90).trade(99.9, 5.0, -1).at(100).quote(99.9, 100.9)
        one.play(market_maker(one, ladder=params, queue=queue))
        assert one.fills()[:1] == ([first] if first else one.fills()[:0])
        assert one.engine is not None
        one.engine.dispose()


@pytest.mark.parametrize(
    ("sizing", "qty"),
    [
        (SizingParams(method="kelly", base=0.0002), 1.997),  # 200 USDT, for want of a record
        (SizingParams(method="kelly", base=0.05, largest=0.0001), 0.998),
        (SizingParams(method="confidence", base=0.0002, reference_volatility=1e9), 1.997),
    ],
)
def test_quotes_can_be_sized_by_the_balance(desk: Desk, sizing: SizingParams, qty: float) -> None:
    for ms in range(0, 500, 10):
        desk.at(ms).quote(100.0 + 0.1 * (ms % 20 == 0), 100.2)
    memory = VolatilityParams(half_life_ms=100.0)
    strategy = market_maker(
        desk, sizing=sizing, volatility=memory, ladder=WIDE, inventory_limit=10_000.0
    )
    desk.play(strategy)
    sent = [float(order.quantity) for order in desk.cache.orders()]
    assert sent == pytest.approx([qty] * len(sent), abs=1e-9)
    assert sent


def test_quotes_sized_by_volatility_shrink_when_it_rises(desk: Desk) -> None:
    for ms in range(0, 1_000, 10):
        step = 0.1 if ms < 500 else 0.4
        desk.at(ms).quote(100.0 + step * (ms % 20 == 0), 101.0)
    sizing = SizingParams(method="volatility_target", target_volatility=1e-3)
    strategy = market_maker(
        desk,
        sizing=sizing,
        volatility=VolatilityParams(half_life_ms=100.0),
        ladder=WIDE,
        inventory_limit=100_000.0,
        risk=RiskLimits(max_order_notional=1e5, max_position_notional=1e6),
    )
    desk.play(strategy)
    sent = sorted(desk.cache.orders(), key=lambda order: order.ts_init)
    assert strategy.refusals["volatility_unknown"] > 0
    assert float(sent[-1].quantity) < 0.6 * float(sent[0].quantity)
