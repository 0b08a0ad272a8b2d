"""A market maker's commands that meet fills, rejections and limits on their way."""

from collections.abc import Callable

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.session import SessionClose
from nautilus_scalp.actors.session import SessionCloseConfig
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.strategies.market_making import MarketMaking
from tests.integration.conftest import Desk
from tests.integration.players import WIDE
from tests.integration.players import quoting_config


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


class Watched(MarketMaking):
    """Compares its own books with Nautilus's after everything that happens to an order."""

    checks = 0

    def on_order_event(self, event: OrderEvent) -> None:
        """Book, then compare."""
        super().on_order_event(event)
        if isinstance(event, OrderInitialized):  # not in the cache yet
            return
        self.checks += 1
        alive = {*self.cache.orders_open(), *self.cache.orders_inflight()}
        books = self._execution.state
        assert {order.order_id: order.leaves_qty for order in self._execution.working} == {
            order.client_order_id: order.leaves_qty.as_double() for order in alive
        }
        for side, qty in (
            (OrderSide.BUY, books.working_buy_qty),
            (OrderSide.SELL, books.working_sell_qty),
        ):
            open_qty = sum(
                float(one.leaves_qty)
                for one in alive
                if one.side == side and not one.is_reduce_only
            )
            assert qty == pytest.approx(open_qty, abs=1e-9)
        held = sum(position.signed_qty for position in self.cache.positions_open())
        assert self.position_qty == pytest.approx(held, abs=1e-9)


def watched(desk: Desk, **settings: object) -> Watched:
    """Return the usual market maker, with somebody who looks over its shoulder."""
    return Watched(quoting_config(desk, **settings))


SOLD = PullParams(flow_half_life_ms=100.0, least_trades=10.0)


def write_sellers(desk: Desk, ms: float) -> None:
    """Write the tenth seller in a row, behind the best price: the bids are pulled."""
    for _ in range(10):
        desk.at(ms).trade(99.0, 0.001, -1)


@pytest.mark.parametrize(
    ("sold", "bought", "end"),
    [
        (5.4, 0.4, OrderStatus.CANCELED),  # 5 BTC were ahead of us; the rest is cancelled
        (8.0, 0.999, OrderStatus.FILLED),  # the cancel finds nothing
    ],
)
def test_a_fill_while_the_cancel_is_on_its_way(
    desk: Desk, sold: float, bought: float, end: OrderStatus
) -> None:
    for ms in range(0, 200, 20):
        desk.at(ms).quote(100.0, 100.1)
    write_sellers(desk, 200)  # the cancel leaves now and arrives 50 ms later
    desk.at(210).trade(100.0, sold, -1)
    for ms in range(220, 2_000, 20):
        desk.at(ms).quote(100.0, 100.1)
    strategy = watched(desk, pull=SOLD)
    close = SessionClose(SessionCloseConfig(close_at_ns=desk.ns_at(1_500)), _Strategies([strategy]))
    desk.play(strategy, close, latency_ms=10.0, cancel_ms=50.0)
    first, *later = [order for order in desk.cache.orders() if order.is_post_only and order.is_buy]
    assert (first.status, float(first.filled_qty)) == (end, bought)
    assert first.ts_last > desk.ns_at(209)
    assert [float(order.quantity) for order in later] == [0.999]  # once the flow has passed
    assert desk.fills() == [(100.0, bought), (100.0, -bought)]  # the session's close
    assert strategy.is_stopped
    assert strategy.checks > 8


def test_a_partial_fill_that_meets_an_amendment(desk: Desk) -> None:
    for ms in range(0, 100, 20):
        desk.at(ms).quote(100.0, 100.1)
    desk.at(100).quote(100.1, 100.2)  # the bid leaves for 100.0, and arrives 30 ms later
    desk.at(110).trade(99.9, 0.3, -1)  # but first sells 0.3 where it is: nobody is ahead of it
    desk.at(112).quote(99.9, 100.2, bid_size=0.1)
    desk.at(115).trade(99.9, 0.3, -1)
    for ms in range(120, 400, 20):
        desk.at(ms).quote(100.1, 100.2)
    strategy = watched(desk, ladder=WIDE)
    desk.play(strategy, latency_ms=30.0)
    first = next(order for order in desk.cache.orders() if order.is_buy)
    filled = float(first.filled_qty)
    assert 0.0 < filled < 0.999
    assert float(first.price) == 100.0  # what is left has moved
    assert float(first.quantity) == 0.999  # and is no larger for it


def test_quotes_that_the_venue_rejects_again_and_again(desk: Desk) -> None:
    for ms in range(0, 400, 10):  # the market is elsewhere whenever a quote arrives
        bid = 100.0 if ms % 20 else 99.5
        desk.at(ms).quote(bid, bid + 0.1)
    for ms in range(400, 600, 10):
        desk.at(ms).quote(100.0, 100.1)
    strategy = watched(desk)
    desk.play(strategy, latency_ms=10.0)
    assert len(desk.events(OrderRejected)) > 5
    assert all(event.due_post_only for event in desk.events(OrderRejected))
    resting = [order.side for order in desk.cache.orders() if not order.is_closed]
    assert sorted(resting) == [OrderSide.BUY, OrderSide.SELL]


def test_orders_that_the_engine_denies_for_their_rate_leave_no_trace(
    desk: Desk, rng_tape: Callable[[Desk, int], None]
) -> None:
    rng_tape(desk, 2)
    strategy = watched(desk)  # its own limit is a thousand a second
    desk.play(strategy, latency_ms=3.0, order_rate=10)
    assert desk.events(OrderDenied)
    assert len(desk.fills()) > 5
    assert strategy.checks > 100


def test_post_only_reject_is_survived(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(5).quote(99.8, 99.9)
    for ms in range(30, 200, 10):
        desk.at(ms).quote(99.8, 99.9)
    strategy = watched(desk)
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
    strategy = watched(desk)
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
    strategy = watched(desk, ladder=WIDE)
    desk.play(strategy, latency_ms=20.0)
    assert desk.fills()[0] == (99.9, 0.999)
    bids = [order for order in desk.cache.orders() if order.is_buy]
    assert [float(order.price) for order in bids] == [99.9, 100.0]  # quoted again after the race


def test_amendment_that_the_venue_turns_down(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(50).quote(100.0, 100.1)
    desk.at(100).quote(100.1, 100.2)  # the bid should go from 99.9 to 100.0, 20 ms from now
    for ms in range(110, 400, 10):
        desk.at(ms).quote(99.9, 100.0)  # where it would take the ask
    strategy = watched(desk, ladder=WIDE)
    desk.play(strategy, latency_ms=20.0)
    assert strategy.refusals["amend_rejected"] == 1
    bids = [order for order in desk.cache.orders() if order.is_buy]
    assert [float(order.price) for order in bids] == [99.8]  # moved on from where it had stayed


@pytest.mark.parametrize("seed", range(6))
def test_no_interleaving_takes_the_position_over_the_limit(
    desk: Desk, rng_tape: Callable[[Desk, int], None], seed: int
) -> None:
    rng_tape(desk, seed)
    strategy = watched(
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


def test_no_order_is_denied_for_its_rate(desk: Desk, rng_tape: Callable[[Desk, int], None]) -> None:
    rng_tape(desk, 2)
    strategy = watched(desk, risk=RiskLimits(max_orders_per_second=40))
    desk.play(strategy, latency_ms=3.0, order_rate=40)
    assert desk.events(OrderDenied) == []
    assert strategy.refusals["order_rate"] > 0
    assert len(desk.fills()) > 20
