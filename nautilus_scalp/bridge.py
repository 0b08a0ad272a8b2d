"""Nautilus types become the plain numbers that the core works on."""

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.instruments import Instrument

from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules


_SIDES = {AggressorSide.BUYER: BUY, AggressorSide.SELLER: SELL}


def quote_values(tick: QuoteTick) -> tuple[float, float, float, float]:
    """
    Return what a quote says as floats.

    Parameters
    ----------
    tick : QuoteTick
        The quote.

    Returns
    -------
    tuple[float, float, float, float]
        Bid, ask, bid size, ask size.

    """
    return (
        tick.bid_price.as_double(),
        tick.ask_price.as_double(),
        tick.bid_size.as_double(),
        tick.ask_size.as_double(),
    )


def trade_values(tick: TradeTick) -> tuple[float, float, int]:
    """
    Return what a trade says as numbers.

    Parameters
    ----------
    tick : TradeTick
        The trade.

    Returns
    -------
    tuple[float, float, int]
        Price, size and aggressor: +1 buyer, -1 seller, 0 unknown.

    """
    return (
        tick.price.as_double(),
        tick.size.as_double(),
        _SIDES.get(tick.aggressor_side, 0),
    )


def instrument_facts(instrument: Instrument) -> InstrumentFacts:
    """
    Return what the feature kernels need to know about an instrument.

    Parameters
    ----------
    instrument : Instrument
        The instrument.

    Returns
    -------
    InstrumentFacts
        Its id, precisions and tick.

    """
    return InstrumentFacts(
        instrument_id=instrument.id.value,
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
        tick_size=instrument.price_increment.as_double(),
    )


def trading_rules(instrument: Instrument) -> TradingRules:
    """
    Return what the venue accepts as an order.

    Parameters
    ----------
    instrument : Instrument
        The instrument.

    Returns
    -------
    TradingRules
        Steps and limits; a limit that the instrument does not name is left open.

    """
    limits = {}
    if instrument.min_quantity is not None:
        limits["min_qty"] = instrument.min_quantity.as_double()
    if instrument.max_quantity is not None:
        limits["max_qty"] = instrument.max_quantity.as_double()
    if instrument.min_notional is not None:
        limits["min_notional"] = instrument.min_notional.as_double()
    return TradingRules(
        tick_size=instrument.price_increment.as_double(),
        price_precision=instrument.price_precision,
        qty_step=instrument.size_increment.as_double(),
        size_precision=instrument.size_precision,
        **limits,
    )
