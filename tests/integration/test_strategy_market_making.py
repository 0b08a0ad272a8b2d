"""Market making in Nautilus's engine: what is quoted, what is filled, what is left."""

from collections.abc import Callable

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.session import SessionClose
from nautilus_scalp.actors.session import SessionCloseConfig
from nautilus_scalp.errors import UsageError
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.quoting.queue import QueueParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
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


def working_sides(desk: Desk, ms: float) -> list[OrderSide]:
    """Return the sides of the quotes that worked at a moment of the tape."""
    now_ns = desk.ns_at(ms)
    return sorted(
        order.side
        for order in desk.cache.orders()
        if order.is_post_only and order.ts_init < now_ns and not order.ts_closed <= now_ns
    )


def test_one_sided_flow_pulls_the_asks_at_once(desk: Desk) -> None:
    for ms in range(0, 100, 20):
        desk.at(ms).quote(100.0, 100.1)
    for ms in range(100, 120):
        desk.at(ms).trade(100.1, 1.0, 1)
    for ms in range(120, 2_000, 20):
        desk.at(ms).quote(100.0, 100.1)
    strategy = market_maker(
        desk, ladder=WIDE, pull=PullParams(flow_half_life_ms=100.0, least_trades=10.0)
    )
    desk.play(strategy)
    assert working_sides(desk, 95) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 118) == [OrderSide.BUY]
    assert working_sides(desk, 1_500) == [OrderSide.BUY, OrderSide.SELL]
    assert strategy.refusals["toxic_flow"] > 0


def test_quotes_are_pulled_when_the_feed_falls_silent_or_lags(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(50).quote(100.0, 100.1)
    desk.at(700).trade(100.0, 0.1, -1)  # something happens, but the market is not quoted
    desk.at(1_000).quote(100.0, 100.1).at(1_010).quote(100.0, 100.1)
    limits = RiskLimits(max_data_age_ms=200.0)
    strategy = market_maker(desk, ladder=WIDE, risk=limits)
    desk.play(strategy)
    assert working_sides(desk, 60) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 690) == []
    assert strategy.refusals["stale_data"] == 1
    assert working_sides(desk, 1_005) == [OrderSide.BUY, OrderSide.SELL]


def test_a_collapsing_spread_pulls_both_sides(desk: Desk) -> None:
    for ms in range(0, 500, 20):
        desk.at(ms).quote(100.0, 101.0)
    for ms in range(500, 600, 20):
        desk.at(ms).quote(100.4, 100.5)
    strategy = market_maker(desk, ladder=WIDE, pull=PullParams(spread_half_life_ms=400.0))
    desk.play(strategy)
    assert working_sides(desk, 490) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 590) == []
    assert strategy.refusals["spread_collapse"] > 0


class _Opinion(Actor):
    """Says at one moment what the mid will do, and nothing afterwards."""

    def __init__(self, desk: Desk, ms: float, move_bps: float) -> None:
        super().__init__()
        self._desk, self._ms, self._move_bps = desk, ms, move_bps

    def on_start(self) -> None:
        """Set the clock."""
        at_ns = self._desk.ns_at(self._ms)
        self.clock.set_time_alert_ns("opinion", at_ns, lambda _event: self._say(at_ns))

    def _say(self, at_ns: int) -> None:
        lean = 1.0 if self._move_bps > 0.0 else -1.0
        signal = AlphaSignal(
            at_ns,
            at_ns,
            instrument_id=self._desk.instrument_id,
            horizon_ms=1_000,
            p_down=0.5 - 0.3 * lean,
            p_flat=0.0,
            p_up=0.5 + 0.3 * lean,
            expected_move_bps=self._move_bps,
            confidence=0.5,
            strength=lean,
        )
        self.msgbus.publish(signal_topic(self._desk.instrument_id), signal)


def test_only_what_the_model_pays_for_is_quoted_and_without_it_only_the_way_out(
    desk: Desk,
) -> None:
    for ms in range(0, 500, 10):  # the mid jumps by a tick, which is 10 bps
        up = 0.1 * (ms // 10 % 2)
        desk.at(ms).quote(100.0 + up, 100.1 + up)
    for ms in range(500, 700, 20):
        desk.at(ms).quote(100.0, 100.1, 0.1, 0.1)
    desk.at(710).trade(100.0, 5.0, -1).at(720).quote(100.0, 100.1)
    for ms in range(740, 2_000, 20):
        desk.at(ms).quote(100.0, 100.1)
    strategy = market_maker(
        desk,
        signal=CombinationParams(mode="combined", max_age_ms=300.0, guard=None),
        pull=PullParams(paid_jumps=1.0, flow_threshold=None, collapse_share=None),
    )
    desk.play(strategy, _Opinion(desk, 590, 11.0))
    assert working_sides(desk, 585) == []  # no opinion, no position
    assert working_sides(desk, 650) == [OrderSide.BUY]  # 11 bps upwards pay for a bid
    assert desk.fills()[0] == (100.0, 0.999)
    assert working_sides(desk, 1_500) == [OrderSide.SELL]  # the opinion is old: out, and no more
    assert strategy.refusals["jump_not_paid"] > 0


def test_rules_expect_no_move_that_could_pay_for_a_jump(desk: Desk) -> None:
    with pytest.raises(UsageError, match="paid_jumps"):
        market_maker(desk, pull=PullParams(paid_jumps=1.0))


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


def test_no_order_is_denied_for_its_rate(desk: Desk, rng_tape: Callable[[Desk, int], None]) -> None:
    rng_tape(desk, 2)
    strategy = market_maker(desk, risk=RiskLimits(max_orders_per_second=40))
    desk.play(strategy, latency_ms=3.0, order_rate=40)
    assert desk.events(OrderDenied) == []
    assert strategy.refusals["order_rate"] > 0
    assert len(desk.fills()) > 20


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
