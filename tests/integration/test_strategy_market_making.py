"""Market making in Nautilus's engine: what is quoted, what is filled, what is left."""

from collections.abc import Callable

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.session import SessionClose
from nautilus_scalp.actors.session import SessionCloseConfig
from nautilus_scalp.errors import UsageError
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.market_making import MarketMaking
from nautilus_scalp.strategies.market_making import MarketMakingConfig
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

TIGHT = LadderParams(
    spread_target=0.0,
    volatility_multiplier=0.0,
    quote_depth=1,
    imbalance_weight=0.0,
    inventory_skew=0.0,
)
WIDE = LadderParams(
    spread_target=0.2,
    volatility_multiplier=0.0,
    quote_depth=1,
    imbalance_weight=0.0,
    inventory_skew=0.0,
)


def market_maker(desk: Desk, **settings: object) -> MarketMaking:
    """Quotes of 100 USDT, which at 100.05 are 0.999 BTC, up to 300 USDT."""
    defaults = {
        "order_notional": 100.0,
        "inventory_limit": 300.0,
        "refresh_interval_ms": 0.0,
        "ladder": TIGHT,
        "risk": RiskLimits(max_orders_per_second=1_000),
    }
    return MarketMaking(
        MarketMakingConfig(instrument_id=desk.instrument_id, **(defaults | settings))
    )


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


def test_post_only_reject_is_survived(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(5).quote(99.8, 99.9)
    for ms in range(30, 200, 10):
        desk.at(ms).quote(99.8, 99.9)
    strategy = market_maker(desk)
    desk.play(strategy, latency_ms=10.0)
    rejects = desk.events(OrderRejected)
    assert [event.due_post_only for event in rejects] == [True]
    bids = [order for order in desk.cache.orders() if order.is_buy]
    assert [float(order.price) for order in bids] == [100.0, 99.8]
    assert strategy.signals_received == 0


def test_stop_closes_what_a_cancel_came_too_late_for(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1, bid_size=1.0)
    for ms in range(20, 400, 20):
        desk.at(ms).quote(100.0, 100.1, bid_size=1.0)
    desk.at(401).trade(100.0, 1.5, -1)  # half of our bid
    desk.at(420).quote(100.0, 100.1)
    desk.at(520).trade(100.0, 10.0, -1)  # the rest, while the cancel is on its way
    for ms in range(540, 1_000, 20):
        desk.at(ms).quote(100.0, 100.1)
    strategy = market_maker(desk)
    close = SessionClose(SessionCloseConfig(close_at_ns=desk.ns_at(500)), _Strategies([strategy]))
    desk.play(strategy, close, latency_ms=10.0, cancel_ms=50.0)
    # The close of the first half leaves at once and arrives with the next quote, after the fill.
    assert [qty for _, qty in desk.fills()] == [0.5, 0.499, -0.5, -0.499]
    closing = [order for order in desk.cache.orders() if order.is_reduce_only]
    assert [order.status for order in closing] == [OrderStatus.FILLED] * 2
    assert not desk.cache.orders_open()
    assert not desk.cache.positions_open()
    assert strategy.is_stopped


class _Strategies:
    """What `SessionClose` needs of a trader."""

    def __init__(self, strategies: list[Strategy]) -> None:
        self._strategies = strategies

    def strategies(self) -> list[Strategy]:
        return self._strategies


def test_fill_that_overtakes_an_amendment(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(50).quote(100.0, 100.1)
    desk.at(100).quote(100.1, 100.2)  # the bid should go from 99.9 to 100.0, 20 ms from now
    desk.at(110).quote(99.8, 99.9)  # but is filled first
    for ms in range(120, 400, 10):
        desk.at(ms).quote(100.1, 100.2)
    strategy = market_maker(desk, ladder=WIDE)
    desk.play(strategy, latency_ms=20.0)
    assert desk.fills()[0] == (99.9, 0.999)
    bids = [order for order in desk.cache.orders() if order.is_buy]
    assert [float(order.price) for order in bids] == [99.9, 100.0]  # quoted again after the race


def test_amendment_that_the_venue_turns_down(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(50).quote(100.0, 100.1)
    desk.at(100).quote(100.1, 100.2)  # the bid should go from 99.9 to 100.0, 20 ms from now
    for ms in range(110, 400, 10):
        desk.at(ms).quote(99.9, 100.0)  # where it would take the ask
    strategy = market_maker(desk, ladder=WIDE)
    desk.play(strategy, latency_ms=20.0)
    assert strategy.refusals["amend_rejected"] == 1
    bids = [order for order in desk.cache.orders() if order.is_buy]
    assert [float(order.price) for order in bids] == [99.8]  # moved on from where it had stayed


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


@pytest.mark.parametrize("seed", range(6))
def test_no_interleaving_takes_the_position_over_the_limit(
    desk: Desk, rng_tape: Callable[[Desk, int], None], seed: int
) -> None:
    rng_tape(desk, seed)
    strategy = market_maker(
        desk,
        inventory_limit=250.0,
        ladder=LadderParams(spread_target=0.0, volatility_multiplier=0.0, quote_depth=3),
    )
    desk.play(strategy, latency_ms=7.0, cancel_ms=23.0)
    fills = desk.fills()
    assert len(fills) > 50
    position, worst = 0.0, 0.0
    for _, qty in fills:
        position += qty
        worst = max(worst, abs(position))
    assert worst <= 250.0 / 100.05 + 1e-9
    assert strategy.position_qty == pytest.approx(position, abs=1e-9)


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
