"""How an account is taken over, and what Nautilus is told when a venue does not answer."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.runtime.live import takeover
from nautilus_scalp.runtime.live.booked import BookedFills
from nautilus_scalp.runtime.live.inquiry import Unanswered
from nautilus_scalp.runtime.live.mending import Mending
from nautilus_scalp.runtime.live.takeover import Picture
from nautilus_scalp.runtime.live.takeover import openings
from nautilus_scalp.runtime.live.takeover import still_picture


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Coroutine

D = Decimal
BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
ETH = InstrumentId.from_str("ETHUSDT-PERP.BINANCE")
ACCOUNT = AccountId("BINANCE-1")
SECOND = 1_000_000_000


def order(filled: str, status: OrderStatus = OrderStatus.PARTIALLY_FILLED) -> OrderStatusReport:
    return OrderStatusReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        client_order_id=ClientOrderId("exit"),
        venue_order_id=VenueOrderId("7"),
        order_side=OrderSide.SELL,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_status=status,
        price=Price.from_str("101.0"),
        quantity=Quantity.from_str("0.003"),
        filled_qty=Quantity.from_str(filled),
        report_id=UUID4(),
        ts_accepted=0,
        ts_last=0,
        ts_init=0,
        reduce_only=True,
    )


def position(qty: str) -> PositionStatusReport:
    return PositionStatusReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        position_side=PositionSide.SHORT if D(qty) < 0 else PositionSide.LONG,
        quantity=Quantity.from_str(qty.removeprefix("-")),
        report_id=UUID4(),
        ts_last=0,
        ts_init=0,
        avg_px_open=D(100),
    )


def fill(number: str, qty: str, at_ms: int = 5_000) -> FillReport:
    return FillReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        venue_order_id=VenueOrderId("7"),
        trade_id=TradeId(number),
        order_side=OrderSide.SELL,
        last_qty=Quantity.from_str(qty),
        last_px=Price.from_str("101.0"),
        commission=Money(1, USDT),
        liquidity_side=LiquiditySide.MAKER,
        report_id=UUID4(),
        ts_event=at_ms * 1_000_000,
        ts_init=0,
    )


def booked(name: InstrumentId, number: str, qty: str) -> OrderFilled:
    return OrderFilled(
        trader_id=TraderId("T-1"),
        strategy_id=StrategyId("S-1"),
        instrument_id=name,
        client_order_id=ClientOrderId("exit"),
        venue_order_id=VenueOrderId("7"),
        account_id=ACCOUNT,
        trade_id=TradeId(number),
        position_id=None,
        order_side=OrderSide.SELL,
        order_type=OrderType.LIMIT,
        last_qty=Quantity.from_str(qty),
        last_px=Price.from_str("101.0"),
        currency=USDT,
        commission=Money(1, USDT),
        liquidity_side=LiquiditySide.MAKER,
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )


class _Account:
    """A venue's answers, look by look; the last one stays."""

    def __init__(self, *looks: tuple[list[OrderStatusReport], list[PositionStatusReport]]) -> None:
        self.looks = list(looks)
        self.asked = 0
        self.silent = 0
        self.found: OrderStatusReport | None = None
        self.all_fills: list[FillReport] = []
        self.withdrawn: list[str] = []

    async def open_orders(self) -> list[OrderStatusReport]:
        self._speak()
        return self.looks[0][0]

    async def positions(self) -> list[PositionStatusReport]:
        self._speak()
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return look[1]

    async def now_ms(self) -> int:
        self.asked += 1
        return 1_000 * self.asked

    async def order(self, *_names: object) -> OrderStatusReport | None:
        self._speak()
        return self.found

    async def fills(self, _order: OrderStatusReport) -> list[FillReport]:
        return self.all_fills

    async def fills_since(self, _name: InstrumentId, since_ms: int) -> list[FillReport]:
        return [one for one in self.all_fills if one.ts_event >= since_ms * 1_000_000]

    async def withdraw(self, report: OrderStatusReport) -> None:
        self.withdrawn.append(report.venue_order_id.value)

    def _speak(self) -> None:
        self.silent -= 1
        if self.silent >= 0:
            message = "503"
            raise Unanswered(message)


class _Cache:
    """One order of ours at most, and no position."""

    def __init__(self, ours: object = None) -> None:
        self.ours = ours

    def order(self, _name: object) -> object:
        return self.ours

    def client_order_id(self, _name: object) -> object:
        return None if self.ours is None else ClientOrderId("exit")

    def orders_open(self, **_only: object) -> list[object]:
        return []

    def positions_open(self, **_only: object) -> list[object]:
        return []

    def instrument(self, _name: object) -> object:
        return SimpleNamespace(size_precision=3)


class _Client:
    """Notes what the engine would be told."""

    id = ClientId("BINANCE")
    account_id = ACCOUNT
    venue = Venue("BINANCE")

    def __init__(self, ours: object = None, now_ns: int = 0) -> None:
        self._cache = _Cache(ours)
        self._clock = SimpleNamespace(
            timestamp_ns=lambda: now_ns, timestamp_ms=lambda: now_ns // 1_000_000
        )
        self._log = SimpleNamespace(warning=lambda _line: None, error=lambda _line: None)
        self._msgbus = SimpleNamespace(subscribe=lambda *_a: None, publish=self._note("bus"))
        self.told: list[tuple[str, Any]] = []
        self._send_order_status_report = self._note("order")
        self._send_position_status_report = self._note("position")
        self._send_mass_status_report = self._note("status")

    def _note(self, kind: str) -> Callable[..., None]:
        return lambda *things: self.told.append((kind, things[-1]))

    def create_task(self, coroutine: Coroutine[object, object, object]) -> None:
        coroutine.close()

    def generate_order_rejected(self, **event: object) -> None:
        self.told.append(("rejected", event))

    def generate_order_canceled(self, **event: object) -> None:
        self.told.append(("canceled", event))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "_QUIET_S", 0.0)


def test_a_fill_between_two_questions_is_not_half_seen() -> None:
    working = ([order("0.000", OrderStatus.ACCEPTED)], [position("0.003")])
    flat: tuple[list[OrderStatusReport], list[PositionStatusReport]] = ([], [])
    picture = asyncio.run(still_picture(_Account(working, flat)))
    assert (picture.orders, picture.positions) == flat
    assert picture.taken_ms == 2_000  # by the first of the two looks that were the same


def test_a_venue_that_fails_for_a_while_is_asked_again_and_one_that_never_answers_is_told() -> None:
    account = _Account(([], [position("0.003")]))
    account.silent = 3
    picture = asyncio.run(still_picture(account))
    assert picture.positions[0].signed_decimal_qty == D("0.003")
    account.silent = 1_000_000
    with pytest.raises(Unanswered, match="503"):
        asyncio.run(still_picture(account))


def test_positions_open_before_the_fills_of_what_still_works() -> None:
    status = ExecutionMassStatus(ClientId("BINANCE"), ACCOUNT, Venue("BINANCE"), UUID4(), 0)
    status.add_order_reports([order("0.001")])
    status.add_fill_reports([fill("1", "0.001")])
    held = Picture(orders=[order("0.001")], positions=[position("0.002")], taken_ms=1)
    (opening,) = openings(held, {BTC: D("-0.001")}, status)
    assert (opening.signed_decimal_qty, opening.avg_px_open) == (D("0.003"), D(100))
    flat = Picture(orders=[order("0.001")], positions=[], taken_ms=1)
    (opening,) = openings(flat, {BTC: D("-0.001")}, status)
    assert (opening.signed_decimal_qty, opening.avg_px_open) == (D("0.001"), D(101))


def test_an_account_is_taken_over_with_its_real_fills() -> None:
    account, client = _Account(([order("0.001")], [position("0.002")])), _Client()
    account.all_fills = [fill("1", "0.001", at_ms=900)]
    status = asyncio.run(Mending(client, account).mass_status())
    assert status is not None
    assert [one.trade_id.value for one in status.fill_reports[VenueOrderId("7")]] == ["1"]
    (_, opening), (_, beginning) = client.told
    assert opening.signed_decimal_qty == D("0.003")
    assert beginning.held == {BTC: (D("0.003"), D(100))}
    assert (beginning.since_ms, beginning.orders) == (1_001, 1)


def test_what_was_done_before_the_takeover_is_not_booked_again() -> None:
    account, client = _Account(([], [])), _Client()
    mending = Mending(client, account)
    asyncio.run(mending.mass_status())
    client.told.clear()
    account.looks = [([order("0.003", OrderStatus.FILLED)], [])]
    for at_ms, told in ((900, 0), (1_100, 1)):
        account.all_fills = [fill("1", "0.003", at_ms)]
        asyncio.run(mending.order_reports(SimpleNamespace(instrument_id=None)))
        statuses = [one for kind, one in client.told if kind == "status"]
        assert sum(len(one.order_reports) for one in statuses) == told


def test_no_answer_is_not_flat() -> None:
    account, client = _Account(([], [position("0.003")])), _Client()
    account.silent = 1
    question = SimpleNamespace(instrument_id=None)
    with pytest.raises(Unanswered):
        asyncio.run(Mending(client, account).position_reports(question))
    (held,) = asyncio.run(Mending(client, account).position_reports(question))
    assert held.signed_decimal_qty == D("0.003")


@pytest.mark.parametrize(
    ("silent", "age_s", "end"), [(1, 60, []), (0, 5, []), (0, 6, ["rejected"])]
)
def test_only_the_venues_word_ends_an_order(silent: int, age_s: int, end: list[str]) -> None:
    ours = SimpleNamespace(
        strategy_id=StrategyId("S-1"),
        instrument_id=BTC,
        client_order_id=ClientOrderId("exit"),
        status=OrderStatus.SUBMITTED,
        last_event=SimpleNamespace(ts_init=0),
    )
    account, client = _Account(([], [])), _Client(ours, now_ns=age_s * SECOND)
    account.silent = silent
    question = SimpleNamespace(instrument_id=BTC, client_order_id="exit", venue_order_id=None)
    asyncio.run(Mending(client, account).query(question))
    assert [kind for kind, _ in client.told] == end


def test_what_works_and_was_given_up_is_cancelled_once_the_venue_had_time() -> None:
    ours = SimpleNamespace(is_closed=True, last_event=SimpleNamespace(ts_init=0))
    account = _Account(([order("0.000", OrderStatus.ACCEPTED)], []))
    question = SimpleNamespace(instrument_id=None)
    for now_s, withdrawn in ((1, []), (3, ["7"])):
        mending = Mending(_Client(ours, now_ns=now_s * SECOND), account)
        asyncio.run(mending.order_reports(question))
        assert account.withdrawn == withdrawn


def test_a_fill_is_booked_once_and_numbers_belong_to_instruments() -> None:
    fills = BookedFills()
    for event in (booked(BTC, "1", "0.001"), booked(BTC, "1", "0.001"), booked(BTC, "2", "0.001")):
        fills.on_event(event)
    assert fills.qty(ClientOrderId("exit")) == D("0.002")
    assert fill("1", "0.001") in fills
    assert booked(ETH, "1", "0.001") not in fills
