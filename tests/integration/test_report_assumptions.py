"""The facts of docs/assumptions.md, each on a tape of a few events in the real engine."""

from collections.abc import Callable
from collections.abc import Iterator
from decimal import Decimal

import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.runtime.simulation.standing_quote import StandingQuote
from nautilus_scalp.runtime.simulation.standing_quote import StandingQuoteConfig
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

type Act = Callable[[Strategy, Desk], None]


class Script(Strategy):
    """Sends scripted orders on the n-th event, counted from zero."""

    def __init__(self, desk: Desk, acts: dict[int, Act]) -> None:
        super().__init__(StrategyConfig())
        self._desk = desk
        self._acts = acts
        self._seen = 0

    def on_start(self) -> None:
        """Subscribe to everything on the tape."""
        self.subscribe_quote_ticks(self._desk.instrument_id)
        self.subscribe_trade_ticks(self._desk.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Count a quote."""
        self._act(tick)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count a trade."""
        self._act(tick)

    def _act(self, _: Data) -> None:
        act = self._acts.get(self._seen)
        self._seen += 1
        if act is not None:
            act(self, self._desk)


class SimulatedVenue(Desk):
    """A desk whose venue is set up as the backtest runner does it."""

    def script(
        self, acts: dict[int, Act], latency_ms: float = 0.0, *, standing: bool = True
    ) -> None:
        """Run the tape through the scripted orders."""
        self.engine = BacktestEngine(
            BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
        )
        self.engine.add_venue(
            venue=Venue("BINANCE"),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            starting_balances=[Money(100, USDT)],
            default_leverage=Decimal(1),
            fill_model=FillModel(),
            latency_model=LatencyModel(base_latency_nanos=round(latency_ms * 1_000_000)),
            modules=[StandingQuote(StandingQuoteConfig())] if standing else [],
            queue_position=True,
            liquidity_consumption=True,
        )
        self.engine.add_instrument(self.instrument)
        self.engine.add_data(self.tape)
        self.engine.add_strategy(Script(self, acts))
        self.engine.run()

    def statuses(self) -> list[OrderStatus]:
        """Return the last status of every order, in order of sending."""
        return [order.status for order in self.sent()]

    def sent(self) -> list[Order]:
        """Return every order, in order of sending."""
        return sorted(self.cache.orders(), key=lambda order: order.client_order_id.value)


@pytest.fixture
def venue() -> Iterator[SimulatedVenue]:
    venue = SimulatedVenue()
    yield venue
    if venue.engine is not None:
        venue.engine.dispose()


def limit(qty: float, price: float) -> Act:
    """Return a post-only order; a negative quantity sells."""

    def act(strategy: Strategy, desk: Desk) -> None:
        make_price, make_qty = desk.instrument.make_price, desk.instrument.make_qty
        side = OrderSide.BUY if qty > 0 else OrderSide.SELL
        factory = strategy.order_factory
        strategy.submit_order(
            factory.limit(
                desk.instrument_id, side, make_qty(abs(qty)), make_price(price), post_only=True
            )
        )

    return act


def market(qty: float) -> Act:
    """Return a market order; a negative quantity sells."""

    def act(strategy: Strategy, desk: Desk) -> None:
        side = OrderSide.BUY if qty > 0 else OrderSide.SELL
        amount = desk.instrument.make_qty(abs(qty))
        strategy.submit_order(strategy.order_factory.market(desk.instrument_id, side, amount))

    return act


def depth_of(desk: Desk, size: float) -> OrderBookDepth10:
    """Return a snapshot of a book with one level a side, 100.0 and 100.1."""
    make_price, make_qty = desk.instrument.make_price, desk.instrument.make_qty
    sides = []
    for side, price in ((OrderSide.BUY, 100.0), (OrderSide.SELL, 100.1)):
        best = BookOrder(side, make_price(price), make_qty(size), 0)
        sides.append([best, *[BookOrder(side, make_price(0.0), make_qty(0.0), 0)] * 9])
    counts = [1] + [0] * 9
    ns = desk.ns_at(2)
    return OrderBookDepth10(desk.instrument_id, *sides, counts, counts, 0, 0, ns, ns)


def shrink(qty: float) -> Act:
    """Return an amendment of the only order to a smaller quantity."""

    def act(strategy: Strategy, desk: Desk) -> None:
        order = strategy.cache.orders()[0]
        strategy.modify_order(order, quantity=desk.instrument.make_qty(qty))

    return act


def test_only_trades_move_the_queue_not_cancellations(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10).quote(100, 101, 1, 10)
    venue.trade(100, 4, -1).trade(100, 4, -1).trade(100, 1, -1).trade(100, 4, -1)

    venue.script({0: limit(2, 100)})

    # 10 ahead: 4 + 4 + 1 leave 1, the last trade's 4 leave 3 for the order of 2
    assert venue.fills() == [(100.0, 2.0)]
    assert venue.sent()[0].ts_last == venue.ns_at(0) + 6


def test_a_level_behind_the_best_starts_at_its_back_when_it_becomes_best(
    venue: SimulatedVenue,
) -> None:
    venue.quote(100, 101, 10, 10).trade(99, 5, -1).quote(99, 100, 3, 10)
    venue.trade(99, 2, -1).trade(99, 2, -1)

    venue.script({0: limit(2, 99)})

    assert venue.fills() == [(99.0, 1.0)]


def test_a_smaller_size_counts_when_the_best_falls_back_to_our_price(
    venue: SimulatedVenue,
) -> None:
    venue.quote(100, 101, 10, 10).quote(100.5, 101, 10, 10).quote(100, 101, 3, 10)
    venue.trade(100, 3, -1).trade(100, 1, -1)

    venue.script({0: limit(1, 100)})

    assert venue.sent()[0].ts_last == venue.ns_at(0) + 5


def test_a_price_inside_the_spread_has_no_queue(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10).trade(100.5, 1, -1)

    venue.script({0: limit(2, 100.5)})

    assert venue.fills() == [(100.5, 1.0)]


def test_a_trade_through_the_price_does_not_fill_while_the_queue_stands(
    venue: SimulatedVenue,
) -> None:
    venue.quote(100, 101, 10, 10).trade(99.5, 5, -1).quote(98, 99, 10, 10)

    venue.script({0: limit(2, 100)})

    # filled by the quote that crosses it, at its own price
    assert venue.fills() == [(100.0, 2.0)]
    assert venue.sent()[0].ts_last == venue.ns_at(0) + 3


def test_a_crossing_quote_fills_no_more_than_its_size(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10).quote(99, 100, 10, 1).quote(99, 100, 10, 1)

    venue.script({0: limit(2, 100)})

    assert venue.fills() == [(100.0, 1.0)]


def test_an_amended_order_queues_again_even_if_it_only_shrank(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10).trade(100, 6, -1).quote(100, 101, 10, 10)
    venue.trade(100, 6, -1).trade(100, 6, -1)

    venue.script({0: limit(2, 100), 2: shrink(1)})

    assert venue.sent()[0].ts_last == venue.ns_at(0) + 5


def test_own_orders_do_not_share_a_trade_twice(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10).trade(100, 10, -1).trade(100, 3, -1)

    venue.script({0: lambda *desk: [limit(2, 100)(*desk) for _ in range(2)]})

    assert [qty for _, qty in venue.fills()] == [2.0, 1.0]


def test_an_aggressive_order_takes_the_quote_and_then_one_tick_worse(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10)

    venue.script({0: market(15)})

    assert venue.fills() == [(101.0, 10.0), (101.1, 5.0)]


def test_a_command_arrives_with_the_first_event_after_its_latency(venue: SimulatedVenue) -> None:
    venue.at(0).quote(100, 101).at(19).quote(100, 102).at(500).quote(100, 103)

    venue.script({0: market(1)}, latency_ms=20)

    assert venue.fills() == [(103.0, 1.0)]


def test_a_post_only_order_that_crosses_on_arrival_is_rejected(venue: SimulatedVenue) -> None:
    venue.at(0).quote(100, 101).at(30).quote(99, 100)

    venue.script({0: limit(1, 100)}, latency_ms=20)

    assert [event.due_post_only for event in venue.events(OrderRejected)] == [True]


def test_a_depth_snapshot_would_put_every_order_to_the_front_of_its_queue() -> None:
    # 10 are ahead and 1 is traded: with a snapshot of the very same book in between, it fills us.
    for snapshots in (0, 1):
        desk = SimulatedVenue()
        desk.at(0).quote(100.0, 100.1, 10, 10).at(1).quote(100.0, 100.1, 10, 10)
        desk.at(2).tape.extend([depth_of(desk, 10.0)] * snapshots)
        desk.at(3).trade(100.0, 1, -1).at(4).quote(100.0, 100.1, 10, 10)
        desk.script({0: limit(1, 100.0)})
        assert desk.fills() == [(100.0, 1.0)] * snapshots
        desk.engine.dispose()


def test_margin_is_never_checked(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 5_000, 5_000)

    venue.script({0: market(500)})  # 50,500 USDT on a balance of 100 without leverage

    assert venue.statuses() == [OrderStatus.FILLED]


def test_fees_are_the_instruments_on_notional(venue: SimulatedVenue) -> None:
    venue.quote(100, 101, 10, 10)

    venue.script({0: market(2)})

    assert [float(fill.commission) for fill in venue.events(OrderFilled)] == [202.0 * 0.0005]


@pytest.mark.parametrize(("standing", "price"), [(True, 100.0), (False, 101.0)])
def test_an_order_after_a_trade_meets_the_standing_quote(
    venue: SimulatedVenue, *, standing: bool, price: float
) -> None:
    venue.quote(100, 101, 10, 10).trade(101, 5, 1)

    venue.script({1: market(-2)}, standing=standing)

    assert venue.fills() == [(price, -2.0)]  # without the module it sells at the ask


@pytest.mark.parametrize(("standing", "fills"), [(True, []), (False, [(100.0, 0.5)])])
def test_an_order_after_a_trade_queues_behind_the_standing_quote(
    venue: SimulatedVenue, *, standing: bool, fills: list[tuple[float, float]]
) -> None:
    venue.quote(100, 101, 10, 10).trade(100, 0.5, -1).trade(100, 1, -1)

    venue.script({1: limit(1, 100)}, standing=standing)

    assert venue.fills() == fills  # without the module only 0.5 are ahead of it


def test_a_market_order_on_a_level_that_we_emptied_is_never_answered(
    venue: SimulatedVenue,
) -> None:
    venue.quote(100, 101, 4, 4).quote(100, 101, 4, 4).quote(100, 101, 5, 4)

    venue.script({0: market(-4), 1: market(-1)})

    assert venue.statuses() == [OrderStatus.FILLED, OrderStatus.SUBMITTED]
