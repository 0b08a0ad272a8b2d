"""Nautilus types as plain numbers."""

from decimal import Decimal

from nautilus_trader.model.currencies import BTC
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.bridge import instrument_facts
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.bridge import trade_values
from nautilus_scalp.bridge import trading_rules


ID = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


def perpetual(**limits: object) -> CryptoPerpetual:
    return CryptoPerpetual(
        instrument_id=ID,
        raw_symbol=ID.symbol,
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=2,
        price_increment=Price.from_str("0.10"),
        size_precision=3,
        size_increment=Quantity.from_str("0.001"),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
        ts_event=0,
        ts_init=0,
        **limits,
    )


def test_quote() -> None:
    prices = Price.from_str("100.10"), Price.from_str("100.20")
    sizes = Quantity.from_str("1.500"), Quantity.from_str("0.001")
    assert quote_values(QuoteTick(ID, *prices, *sizes, 5, 6)) == (100.1, 100.2, 1.5, 0.001)


def test_trade_sides() -> None:
    sides = (AggressorSide.BUYER, AggressorSide.SELLER, AggressorSide.NO_AGGRESSOR)
    values = [
        trade_values(
            TradeTick(
                ID, Price.from_str("100.10"), Quantity.from_str("2"), side, TradeId("1"), 5, 6
            )
        )
        for side in sides
    ]
    assert values == [(100.1, 2.0, 1), (100.1, 2.0, -1), (100.1, 2.0, 0)]


def test_instrument() -> None:
    facts = instrument_facts(perpetual())
    assert (facts.instrument_id, facts.tick_size) == ("BTCUSDT-PERP.BINANCE", 0.1)
    assert (facts.price_precision, facts.size_precision) == (2, 3)


def test_limits_that_the_instrument_does_not_name_are_open() -> None:
    rules = trading_rules(perpetual())
    assert (rules.min_qty, rules.max_qty, rules.min_notional) == (0.0, float("inf"), 0.0)
    limited = perpetual(
        min_quantity=Quantity.from_str("0.002"),
        max_quantity=Quantity.from_str("500.000"),
        min_notional=Money(100, USDT),
    )
    rules = trading_rules(limited)
    assert (rules.min_qty, rules.max_qty, rules.min_notional) == (0.002, 500.0, 100.0)
    assert rules.floor_qty(0.0127) == 0.012
