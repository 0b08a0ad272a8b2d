"""Nautilus types become the plain numbers that the core works on."""

import numpy as np
import numpy.typing as npt
from nautilus_trader.core.data import Data
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.instruments import Instrument

from nautilus_scalp.features.tape import LEVELS
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules


_SIDES = {AggressorSide.BUYER: BUY, AggressorSide.SELLER: SELL, AggressorSide.NO_AGGRESSOR: 0}


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


def quote_prices(tick: QuoteTick) -> tuple[float, float]:
    """Return bid and ask of a quote as floats, for who needs no sizes."""
    return tick.bid_price.as_double(), tick.ask_price.as_double()


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
        _SIDES[tick.aggressor_side],
    )


def book_values(book: OrderBook, levels: int) -> npt.NDArray[np.float64] | None:
    """
    Return the best levels of a book as floats.

    Parameters
    ----------
    book : OrderBook
        The book.
    levels : int
        How many levels of each side.

    Returns
    -------
    float64[levels, 4] or None
        Bid, ask, bid size, ask size, best level first; None if a side has fewer levels.

    """
    bids, asks = book.bids()[:levels], book.asks()[:levels]
    if len(bids) < levels or len(asks) < levels:
        return None
    return np.array(
        [
            (bid.price.as_double(), ask.price.as_double(), bid.size(), ask.size())
            for bid, ask in zip(bids, asks, strict=True)
        ]
    )


def depth_snapshot(
    instrument: Instrument, book: OrderBook, deltas: OrderBookDeltas
) -> OrderBookDepth10:
    """
    Return the ten best levels of a book as a catalog keeps them.

    Parameters
    ----------
    instrument : Instrument
        Of the book.
    book : OrderBook
        With ten levels a side.
    deltas : OrderBookDeltas
        Its last message.

    Returns
    -------
    OrderBookDepth10
        At the times of that message.

    """
    sides = [
        [
            BookOrder(side, level.price, instrument.make_qty(level.size()), 0)
            for level in levels[:LEVELS]
        ]
        for side, levels in ((OrderSide.BUY, book.bids()), (OrderSide.SELL, book.asks()))
    ]
    counts = [1] * LEVELS
    return OrderBookDepth10(
        instrument.id, *sides, counts, counts, 0, 0, deltas.ts_event, deltas.ts_init
    )


def funding_rate_value(message: FundingRateUpdate | Data) -> float:
    """
    Return the funding rate that a message holds.

    Parameters
    ----------
    message : FundingRateUpdate or Data
        Nautilus's own, or that of a venue's client with a ``funding_rate``.

    Returns
    -------
    float
        Rate of the current interval, as a fraction.

    """
    own = isinstance(message, FundingRateUpdate)
    return float(message.rate if own else message.funding_rate)


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
