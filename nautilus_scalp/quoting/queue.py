"""How far an order has come in its queue, as trades and best sizes show it."""

import math
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.quoting.ladder import Quote


Part = Annotated[float, Meta(ge=0.0, le=1.0)]


class QueueParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a place in the queue is worth more than the price that one would rather have.

    Parameters
    ----------
    good_share : float
        A place is good once this share, or less, is left of what was ahead at first.
    least_edge_share : float
        An order in a good place stays while it keeps this share of the half spread that its quote
        asks for, and is no further from that quote the other way either.

    """

    good_share: Part = 0.5
    least_edge_share: Part = 0.5

    def tolerance_ticks(self, quotes: Iterable[Quote]) -> int:
        """Return how many ticks an order in a good place may be off, given the desired quotes."""
        bids = [quote.ticks for quote in quotes if quote.side == BUY]
        asks = [quote.ticks for quote in quotes if quote.side != BUY]
        if not (bids and asks):
            return 0
        return int((1.0 - self.least_edge_share) * 0.5 * (min(asks) - max(bids)))

    def is_good(self, order: WorkingOrder) -> bool:
        """Whether an order stands well in its queue; a place that was never seen is not good."""
        return order.ahead_qty <= self.good_share * order.queue_qty < math.inf


def see_best(
    orders: Iterable[WorkingOrder], bid: float, ask: float, bid_size: float, ask_size: float
) -> None:
    """
    Take in the best prices and sizes.

    What is ahead of an order at the best price is no more than what is shown there; an order
    alone in front of the best price has nothing ahead.

    Parameters
    ----------
    orders : Iterable[WorkingOrder]
        Orders that may still fill; those whose answer is outstanding are passed over.
    bid, ask, bid_size, ask_size : float
        Top of the book.

    """
    for order in orders:
        if order.pending:
            continue
        price = order.price
        if order.side == BUY:
            if not price >= bid:  # behind the best, as nearly all, or without a price
                continue
            alone, size = price > bid, bid_size
        else:
            if not price <= ask:
                continue
            alone, size = price < ask, ask_size
        if alone:
            order.ahead_qty = 0.0
            continue
        if order.queue_qty == math.inf:
            order.queue_qty = size
        order.ahead_qty = min(order.ahead_qty, size)


def see_trade(orders: Iterable[WorkingOrder], price: float, size: float, side: int) -> None:
    """
    Take in a trade: it takes from the front of the queue that it met.

    Parameters
    ----------
    orders : Iterable[WorkingOrder]
        Orders that may still fill.
    price, size : float
        Of the trade.
    side : int
        Aggressor: +1 buyer, -1 seller.

    """
    for order in orders:
        if order.price == price and order.side != side and not order.pending:
            order.ahead_qty = max(order.ahead_qty - size, 0.0)
