"""Intents become Nautilus orders, and orders what the core knows of them."""

import math

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderCanceled
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.events import OrderExpired
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.events import OrderModifyRejected
from nautilus_trader.model.events import OrderPendingCancel
from nautilus_trader.model.events import OrderPendingUpdate
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import WorkingOrder


# These change nothing of what may fill. After these an order is over. After these it may still
# fill: the venue did what was asked, or did not. After these it never worked.
PASSING_EVENTS = frozenset(
    {OrderInitialized, OrderSubmitted, OrderPendingUpdate, OrderPendingCancel}
)
CLOSED_EVENTS = (OrderRejected, OrderDenied, OrderCanceled, OrderExpired)
ANSWERS = (OrderAccepted, OrderUpdated)
REFUSALS = (OrderModifyRejected, OrderCancelRejected)
ALIVE_EVENTS = (*ANSWERS, OrderFilled, *REFUSALS)
FAILED_EVENTS = (OrderRejected, OrderDenied)


def make_order(strategy: Strategy, instrument: Instrument, intent: OrderIntent) -> Order:
    """
    Return the order that carries out an intent; it is not sent.

    Parameters
    ----------
    strategy : Strategy
        Whose order.
    instrument : Instrument
        What is traded; price and quantity are rounded to its decimals.
    intent : OrderIntent
        What is wanted; without a price it becomes a market order.

    Returns
    -------
    Order
        Market or limit order.

    """
    factory = strategy.order_factory
    side = OrderSide.BUY if intent.side == BUY else OrderSide.SELL
    quantity = Quantity(intent.qty, instrument.size_precision)
    if math.isnan(intent.price):
        return factory.market(instrument.id, side, quantity, reduce_only=intent.reduce_only)
    return factory.limit(
        instrument.id,
        side,
        quantity,
        Price(intent.price, instrument.price_precision),
        time_in_force=TimeInForce.IOC if intent.immediate else TimeInForce.GTC,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
    )


def as_working(order: Order, *, pending: bool) -> WorkingOrder:
    """
    Return what the core knows of an order that may still fill.

    Parameters
    ----------
    order : Order
        The order.
    pending : bool
        Whether the venue still owes an answer.

    Returns
    -------
    WorkingOrder
        Its side, price and open quantity.

    """
    return WorkingOrder(
        order_id=order.client_order_id,
        side=BUY if order.is_buy else SELL,
        price=order.price.as_double() if order.has_price else math.nan,
        leaves_qty=order.leaves_qty.as_double(),
        reduce_only=order.is_reduce_only,
        pending=pending,
    )
