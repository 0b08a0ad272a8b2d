"""When every limit order of a finished engine rested at which price."""

from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.model.orders import Order

from nautilus_scalp.evaluation.queues import RestingOrders


type Rest = tuple[int, int, int, int, float, float]


def resting_orders(orders: Sequence[Order], end_ns: int) -> RestingOrders:
    """Return the times at rest of limit orders.

    Parameters
    ----------
    orders : Sequence[Order]
        Of one strategy and instrument; market orders never rest.
    end_ns : int
        End of those that still work.

    Returns
    -------
    RestingOrders
        In order of acceptance.

    """
    limits = [order for order in orders if order.order_type == OrderType.LIMIT]
    limits.sort(key=lambda order: (order.ts_init, order.client_order_id.value))
    rests = [rest for number, order in enumerate(limits) for rest in _rests(number, order, end_ns)]
    number, start_ns, stop_ns, side, price, qty = zip(*rests, strict=True) if rests else ((),) * 6
    return RestingOrders(
        order=np.array(number, np.int64),
        start_ns=np.array(start_ns, np.int64),
        end_ns=np.array(stop_ns, np.int64),
        side=np.array(side, np.int8),
        price=np.array(price, np.float64),
        qty=np.array(qty, np.float64),
    )


def _rests(number: int, order: Order, end_ns: int) -> Iterator[Rest]:
    side = 1 if order.side == OrderSide.BUY else -1
    price = float(order.init_event.options["price"])
    left = order.init_event.quantity.as_double()
    filled, since_ns = 0.0, None
    for event in order.events:
        if isinstance(event, OrderFilled):
            filled += event.last_qty.as_double()
        elif isinstance(event, OrderAccepted):
            since_ns = event.ts_event
        elif isinstance(event, OrderUpdated):
            if since_ns is not None:
                yield number, since_ns, event.ts_event, side, price, left
                since_ns = event.ts_event
            price = event.price.as_double() if event.price else price
            left = event.quantity.as_double() - filled
    if since_ns is not None:
        stop_ns = order.ts_last if order.is_closed else end_ns
        yield number, since_ns, stop_ns, side, price, left
