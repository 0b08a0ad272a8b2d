"""The least that turns the working orders into the desired quotes."""

import math
from collections.abc import Iterable
from collections.abc import Sequence

from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.quoting.ladder import Quote
from nautilus_scalp.quoting.queue import QueueParams


class Place(Struct, frozen=True, gc=False):
    """A quote that no order works for yet."""

    quote: Quote


class Amend(Struct, frozen=True, gc=False):
    """An order that has to move to another price."""

    order: WorkingOrder
    ticks: int


class Cancel(Struct, frozen=True, gc=False):
    """An order that nothing wants any more, or that is larger than wanted."""

    order: WorkingOrder


type Action = Place | Amend | Cancel


def diff(
    desired: Sequence[Quote],
    working: Iterable[WorkingOrder],
    rules: TradingRules,
    tolerance_ticks: int = 0,
    queue: QueueParams | None = None,
) -> list[Action]:
    """
    Compare desired quotes with working orders.

    An order that stands within the tolerance of a desired price stays where it is and keeps its
    place in the queue; one that stands well in its queue does so from further away. Of the rest the
    best ones move. An order whose answer is outstanding counts
    for the quote nearest to it and is left alone. What shrinks or disappears is cancelled before
    anything is placed. An order that a partial fill left smaller than its quote is not topped up:
    that would cost its place.

    Parameters
    ----------
    desired : Sequence[Quote]
        Per side, best first.
    working : Iterable[WorkingOrder]
        Limit orders that may still fill.
    rules : TradingRules
        Steps of the venue.
    tolerance_ticks : int
        A quote that moved by no more than this is not amended.
    queue : QueueParams, optional
        When a place in the queue is worth keeping; left out, all places are alike.

    Returns
    -------
    list[Action]
        Cancels, then amendments, then new orders.

    """
    bids: list[WorkingOrder] = []
    asks: list[WorkingOrder] = []
    for order in working:
        (bids if order.side == BUY else asks).append(order)
    reach = _Reach(desired, rules, tolerance_ticks, queue)
    cancels: list[Action] = []
    amends: list[Action] = []
    places: list[Action] = []
    for side, orders in ((BUY, bids), (SELL, asks)):
        wanted = [quote for quote in desired if quote.side == side]
        free = _settle_in_place(wanted, orders, reach, cancels)
        # Best first on both lists: the pairing that moves orders the least.
        if len(free) > 1:
            free.sort(key=lambda order: -order.side * order.price)
        for quote, order in zip(wanted, free, strict=False):
            if _too_large(order, quote, rules):
                cancels.append(Cancel(order))
            else:
                amends.append(Amend(order, quote.ticks))
        cancels += [Cancel(order) for order in free[len(wanted) :]]
        places += [Place(quote) for quote in wanted[len(free) :]]
    return cancels + amends + places


class _Reach(Struct, frozen=True, gc=False):
    """How far an order may be from a quote and still stand for it."""

    desired: Sequence[Quote]
    rules: TradingRules
    tolerance_ticks: int
    queue: QueueParams | None

    def of(self, order: WorkingOrder) -> int:
        if self.queue is None or not self.queue.is_good(order):
            return self.tolerance_ticks
        return max(self.queue.tolerance_ticks(self.desired), self.tolerance_ticks)


def _settle_in_place(
    wanted: list[Quote],
    orders: list[WorkingOrder],
    reach: _Reach,
    cancels: list[Action],
) -> list[WorkingOrder]:
    """Pair what needs no move, which is wanted no more; return the orders that are left."""
    for order in orders:
        if order.pending and wanted:
            del wanted[_nearest(wanted, reach.rules.floor_ticks(order.price))]
    free = []
    for order in orders:
        if order.pending:
            continue
        ticks = reach.rules.floor_ticks(order.price)
        place = _nearest(wanted, ticks)
        off = abs(wanted[place].ticks - ticks) if place >= 0 else math.inf
        if off and off > reach.of(order):
            free.append(order)
        elif _too_large(order, wanted.pop(place), reach.rules):
            cancels.append(Cancel(order))
    return free


def _nearest(quotes: list[Quote], ticks: int) -> int:
    """Return the place of the first of the quotes nearest to a price; -1 if there is none."""
    place, least = -1, math.inf
    for i, quote in enumerate(quotes):
        distance = abs(quote.ticks - ticks)
        if not distance:
            return i
        if distance < least:
            place, least = i, distance
    return place


def _too_large(order: WorkingOrder, quote: Quote, rules: TradingRules) -> bool:
    return order.leaves_qty > quote.qty + 0.5 * rules.qty_step
