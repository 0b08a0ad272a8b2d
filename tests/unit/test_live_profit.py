"""Our books of a run, by hand-made fills, and what is said when the venue's ledger differs."""

from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.runtime.live.ledger import Ledger
from nautilus_scalp.runtime.live.profit import Books
from nautilus_scalp.runtime.live.profit import compare
from nautilus_scalp.runtime.live.takeover import TakenOver


D = Decimal
SINCE_MS = 1_000
NAME = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


def fill(side: OrderSide, qty: str, price: str, fee: str, ts_ms: int = SINCE_MS) -> OrderFilled:
    return OrderFilled(
        trader_id=TraderId("T-1"),
        strategy_id=StrategyId("S-1"),
        instrument_id=NAME,
        client_order_id=ClientOrderId("O-1"),
        venue_order_id=VenueOrderId("1"),
        account_id=AccountId("BINANCE-1"),
        trade_id=TradeId("1"),
        position_id=None,
        order_side=side,
        order_type=OrderType.MARKET,
        last_qty=Quantity.from_str(qty),
        last_px=Price.from_str(price),
        currency=USDT,
        commission=Money(D(fee), USDT),
        liquidity_side=LiquiditySide.TAKER,
        event_id=UUID4(),
        ts_event=ts_ms * 1_000_000 - 64,  # what the adapters' conversion by floats leaves
        ts_init=0,
    )


def begun(held: tuple[Decimal, Decimal] | None = None) -> Books:
    books = Books()
    books.on_event(fill(OrderSide.BUY, "7", "70", "7"))  # history, which is no business of the run
    books.on_taken_over(TakenOver(since_ms=SINCE_MS, held={NAME: held} if held else {}, orders=0))
    return books


def test_average_price_partial_close_and_reversal() -> None:
    books = begun()
    for event in (
        fill(OrderSide.BUY, "1", "100", "0.1"),
        fill(OrderSide.BUY, "1", "110", "0.1"),
        fill(OrderSide.SELL, "1", "108", "0.1"),  # (108 - 105) * 1
        fill(OrderSide.SELL, "3", "103", "0.3"),  # (103 - 105) * 1, short 2 at 103
        fill(OrderSide.BUY, "2", "100", "0.2"),  # (103 - 100) * 2
    ):
        books.on_event(event)
    assert books.ledger() == Ledger(realized=D(7), fees=D("0.8"))
    assert books.ledger().profit == D("6.2")


def test_what_was_held_at_the_start_has_its_price_and_no_fee() -> None:
    books = begun((D(-1), D(50)))
    books.on_event(fill(OrderSide.SELL, "1", "50", "9", ts_ms=SINCE_MS - 1))
    books.on_event(fill(OrderSide.BUY, "2", "48", "0.5"))
    assert books.ledger() == Ledger(realized=D(4), fees=D("0.5"))


def test_ledger_that_lags_is_asked_again_and_one_that_differs_counts() -> None:
    ours = Ledger(realized=D(4), fees=D("0.5"))
    late = iter([Ledger(), Ledger(realized=D(4), fees=D("0.5"), funding=D("-0.25"))])
    waits: list[int] = []
    line = compare(ours, lambda: next(late), lambda: waits.append(1))
    assert line == (
        "profit +3.2500: realised +4.0000, fees -0.5000, funding -0.2500, "
        "by the venue's ledger; our books agree"
    )
    assert waits == [1]
    other = Ledger(realized=D(4), fees=D("0.6"))
    line = compare(ours, lambda: other, lambda: waits.append(1))
    assert line.startswith("profit +3.4000: realised +4.0000, fees -0.6000")
    assert line.endswith("our books say +3.5000, the ledger counts")
