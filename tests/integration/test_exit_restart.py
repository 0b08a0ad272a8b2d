"""A position outlives its process: with Nautilus's own save and load there is exactly one exit."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.position import Position
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.take_profit import TakeProfitParams
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from nautilus_scalp.strategies.regime_watch import ArbiterParams
from tests.integration.conftest import Desk
from tests.integration.players import REVERSION
from tests.integration.players import write_fall
from tests.integration.players import write_quotes
from tests.integration.test_regime import Herald


if TYPE_CHECKING:
    from nautilus_trader.model.orders import Order


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

CRASH_MS = 250.0
NO_BREAKERS = RiskLimits()


def reversion(
    desk: Desk,
    exits: ExitParams,
    regime: ArbiterParams | None = None,
    risk: RiskLimits = NO_BREAKERS,
) -> MeanReversion:
    return MeanReversion(
        MeanReversionConfig(
            instrument_id=desk.instrument_id,
            rule=REVERSION,
            entry=EntryParams(order_notional=98.0, max_size_multiple=1.0, cooldown_ms=60_000.0),
            exits=exits,
            exit_at_fair_value=False,
            volatility=VolatilityParams(half_life_ms=100.0),
            regime=regime,
            risk=risk,
            use_uuid_client_order_ids=True,  # as live: an id must not come again after a restart
        )
    )


class Crash(Actor):
    """Takes what a process leaves behind at one moment: saved state, and the orders so far."""

    def __init__(self, strategy: Strategy, at_ns: int) -> None:
        super().__init__(ActorConfig())
        self._strategy = strategy
        self._at_ns = at_ns
        self.saved: dict[str, bytes] = {}
        self.orders: list[Order] = []

    def on_start(self) -> None:
        """Set the alarm."""
        self.clock.set_time_alert_ns("crash", self._at_ns, self._take)

    def _take(self, _event: TimeEvent) -> None:
        self.saved = self._strategy.save()
        self.orders = self._strategy.cache.orders()


class Start(Actor):
    """Puts orders, position and state back before the strategy starts, as a database would."""

    def __init__(self, desk: Desk, strategy: Strategy, process: Crash) -> None:
        super().__init__(ActorConfig())
        self._desk = desk
        self._strategy = strategy
        self._saved = process.saved
        self._orders = process.orders

    def on_start(self) -> None:
        """Fill cache and strategy."""
        self._strategy.load(self._saved)
        fills = []
        for order in self._orders:
            self.cache.add_order(order, None)
            self.cache.update_order(order)  # the indices of open and unanswered orders
            fills += [event for event in order.events if isinstance(event, OrderFilled)]
        if not fills:
            return
        position = Position(self._desk.instrument, fills[0])
        for fill in fills[1:]:
            position.apply(fill)
        self.cache.add_position(position, OmsType.NETTING)


def crash(desk: Desk, strategy: MeanReversion, bids: Mapping[float, float], *more: Actor) -> Crash:
    """Open a position at 98, let the bids pass, and crash at 250 ms."""
    write_fall(desk)
    write_quotes(desk, bids)
    process = Crash(strategy, desk.ns_at(CRASH_MS))
    desk.play(*more, process, strategy)
    assert desk.fills()[0][1] > 0.0
    return process


def restart(
    desk: Desk,
    strategy: MeanReversion,
    process: Crash,
    bids: Mapping[float, float],
    *more: Actor,
) -> None:
    """Start again with what the process left, and let the bids pass."""
    write_quotes(desk, bids)
    desk.play(Start(desk, strategy, process), *more, strategy)


@pytest.fixture
def later() -> Iterator[Desk]:
    """Return the desk of the process after the crash."""
    desk = Desk()
    yield desk
    assert desk.engine is not None
    desk.engine.dispose()


def exits_of(desk: Desk) -> list[tuple[float, float]]:
    """Return price and signed quantity of the fills of orders that only reduce."""
    closing = {order.client_order_id for order in desk.cache.orders() if order.is_reduce_only}
    return [
        (fill.last_px.as_double(), fill.last_qty.as_double())
        for fill in desk.events(OrderFilled)
        if fill.client_order_id in closing
    ]


@pytest.mark.parametrize(
    "exits",
    [
        ExitParams(trailing_stop=0.5),
        ExitParams(take_profit=TakeProfitParams(activation=0.5, distance=0.5)),
    ],
)
def test_what_trails_goes_on_from_the_best_price(
    desk: Desk, later: Desk, exits: ExitParams
) -> None:
    process = crash(desk, reversion(desk, exits), {200: 98.9, 300: 98.8})
    assert set(process.saved) == {"exit_plan", "statistics"}
    strategy = reversion(later, exits)
    # 0.5 % below 98.9 is 98.4055; trailing anew from 98.5, or not yet active, it would stay.
    restart(later, strategy, process, {400: 98.5, 500: 98.4, 600: 99.0})
    assert exits_of(later) == [(98.4, 1.0)]
    assert strategy.position_qty == 0.0
    assert later.cache.positions_open() == []
    assert sum(strategy.exit_reasons.values()) == 1


def test_without_the_saved_plan_it_trails_from_the_entry(desk: Desk, later: Desk) -> None:
    exits = ExitParams(trailing_stop=0.5)
    process = crash(desk, reversion(desk, exits), {200: 98.9, 300: 98.8})
    process.saved = {}
    strategy = reversion(later, exits)
    restart(later, strategy, process, {400: 98.5, 500: 98.4, 600: 98.0, 700: 97.9})
    assert exits_of(later) == [(98.0, 1.0)]  # 0.5 % below 98.5 is 98.0075


def test_the_plan_of_another_position_is_not_used(desk: Desk, later: Desk) -> None:
    exits = ExitParams(trailing_stop=0.5)
    process = crash(desk, reversion(desk, exits), {200: 98.9, 300: 98.8})
    plan = process.saved["exit_plan"]
    moment = str(desk.events(OrderFilled)[0].ts_event).encode()
    assert moment in plan
    process.saved = {
        "exit_plan": plan.replace(moment, b"1").replace(b'"entry":98.0', b'"entry":97.0')
    }
    strategy = reversion(later, exits)
    restart(later, strategy, process, {400: 98.5, 500: 98.4, 600: 98.4})
    assert strategy.exit_reasons == {}


def test_a_position_that_the_venue_tells_of_is_known_by_its_price(desk: Desk, later: Desk) -> None:
    exits = ExitParams(trailing_stop=0.5)
    process = crash(desk, reversion(desk, exits), {200: 98.9, 300: 98.8})
    moment = str(desk.events(OrderFilled)[0].ts_event).encode()
    process.saved = {"exit_plan": process.saved["exit_plan"].replace(moment, b"1")}
    strategy = reversion(later, exits)
    restart(later, strategy, process, {400: 98.5, 500: 98.4, 600: 99.0})
    assert exits_of(later) == [(98.4, 1.0)]


def test_a_plan_that_was_not_taken_up_yet_is_saved_again(desk: Desk) -> None:
    exits = ExitParams(trailing_stop=0.5)
    process = crash(desk, reversion(desk, exits), {200: 98.9, 300: 98.8})
    strategy = reversion(desk, exits)
    plan = {"exit_plan": process.saved["exit_plan"]}
    strategy.on_load(plan)
    assert strategy.on_save() == plan


def test_volatility_of_the_entry_is_known_at_once(desk: Desk, later: Desk) -> None:
    exits = ExitParams(stop_loss=2.0, threshold_unit="volatility")
    first = reversion(desk, exits)
    for ms in range(0, 100, 5):  # volatility is known before the fall
        desk.at(ms).quote(99.9 + 0.1 * (ms % 10 == 0), 100.1)
    process = crash(desk, first, {200: 97.9, 300: 97.9})
    strategy = reversion(later, exits)
    restart(later, strategy, process, {400: 80.0, 420: 80.0})
    assert exits_of(later) == [(80.0, 1.0)]
    assert strategy.refusals["volatility_unknown"] == 0  # no quote passed without its stop


def test_the_stop_keeps_the_width_of_its_regime(desk: Desk, later: Desk) -> None:
    exits, params = ExitParams(stop_loss=0.5), ArbiterParams()
    wild = Herald(desk, {50: Regime.VOLATILE})
    process = crash(desk, reversion(desk, exits, params), {200: 97.9, 300: 97.9}, wild)
    strategy = reversion(later, exits, params)
    # 0.5 % below 98 is 97.51, in a volatile regime 0.75 %: 97.265. After the start it is unknown.
    restart(later, strategy, process, {400: 97.5, 500: 97.3, 600: 97.2, 700: 97.2})
    assert exits_of(later) == [(97.2, 0.5)]


def test_an_exit_that_was_under_way_is_waited_for_and_not_doubled(desk: Desk, later: Desk) -> None:
    exits = ExitParams(stop_loss=0.5)
    process = crash(desk, reversion(desk, exits), {200: 97.9, 300: 97.9})
    (entry,) = process.orders
    closing = process._strategy.order_factory.market(  # noqa: SLF001
        desk.instrument_id, OrderSide.SELL, desk.instrument.make_qty(1.0), reduce_only=True
    )
    now = desk.ns_at(CRASH_MS)
    closing.apply(
        OrderSubmitted(
            entry.trader_id,
            entry.strategy_id,
            entry.instrument_id,
            closing.client_order_id,
            AccountId("BINANCE-001"),
            UUID4(),
            now,
            now,
        )
    )
    process.orders.append(closing)
    strategy = reversion(later, exits)
    # The stop at 97.51 is passed with the first quote. Nobody answers for the old order.
    prices = {400 + 100 * step: 97.0 - 0.1 * step for step in range(15)}
    restart(later, strategy, process, prices)
    sent = [order for order in later.cache.orders() if order.is_reduce_only and order.is_closed]
    assert len(sent) == 1
    assert sent[0].ts_init >= later.ns_at(400 + 1_000)  # given a second to answer
    assert strategy.refusals["closing_order_unanswered"] == 1
    assert strategy.position_qty == 0.0
    assert later.cache.positions_open() == []


def test_a_restart_does_not_open_a_breaker(desk: Desk, later: Desk) -> None:
    exits = ExitParams(stop_loss=0.5)
    limits = RiskLimits(breakers=BreakerParams(max_daily_loss=0.1))
    first = reversion(desk, exits, risk=limits)
    process = crash(desk, first, {200: 97.0, 220: 97.0, 300: 97.0})
    assert set(process.saved) == {"round_trips", "statistics"}
    strategy = reversion(later, exits, risk=limits)
    write_fall(later)
    restart(later, strategy, Crash(first, 0), {400: 97.9})
    assert later.fills() != []  # nothing was loaded
    again = Desk()
    strategy = reversion(again, exits, risk=limits)
    write_fall(again)
    process.orders = []
    restart(again, strategy, process, {400: 97.9})
    assert again.fills() == []
    assert strategy.refusals["max_daily_loss"] > 0
    assert again.engine is not None
    again.engine.dispose()


def test_nothing_is_saved_when_nothing_is_held(desk: Desk) -> None:
    desk.at(0).quote(99.9, 100.0)
    strategy = reversion(desk, ExitParams(stop_loss=0.5))
    desk.play(strategy)
    assert set(strategy.save()) == {"statistics"}
