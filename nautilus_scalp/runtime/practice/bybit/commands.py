"""What a trader can ask of Bybit's matching engine, over REST or the trade stream alike."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.bybit.orders import CLOSED_AT_ONCE
from nautilus_scalp.runtime.practice.bybit.orders import TIMES_IN_FORCE
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.refusals import Refused


type Params = dict[str, Any]


class BybitCommands:
    """Creates, amends and cancels orders.

    Parameters
    ----------
    desk : Desk
        What is spoken about.
    tell_closed : Callable[[Order, str], None]
        Takes an order that is closed as soon as it comes, and why.

    """

    def __init__(self, desk: Desk, tell_closed: Callable[[Order, str], None]) -> None:
        self._desk = desk
        self._venue = desk.venue
        self._tell_closed = tell_closed

    def find(self, params: Params) -> Order:
        """Return an order by the venue's or the trader's id.

        Parameters
        ----------
        params : dict
            With ``orderId`` or ``orderLinkId``.

        Returns
        -------
        Order
            Working or closed.

        """
        order_id = params.get("orderId")
        client_id = params.get("orderLinkId")
        return self._venue.orders.find(int(order_id) if order_id else None, client_id)

    def create(self, params: Params) -> Document:
        """Take an order.

        Parameters
        ----------
        params : dict
            As ``order.create`` carries them.

        Returns
        -------
        Document
            Both ids.

        """
        if self._desk.faults.use_up("rejected_orders"):
            raise Refused(Reason.INSUFFICIENT_MARGIN)
        is_market = params["orderType"] == "Market"
        ticket = Ticket(
            symbol=params["symbol"],
            client_id=params["orderLinkId"],
            side=BUY if params["side"] == "Buy" else SELL,
            qty=Decimal(params["qty"]),
            price=None if is_market else Decimal(params["price"]),
            time_in_force="GTC" if is_market else TIMES_IN_FORCE[params["timeInForce"]],
            reduce_only=bool(params.get("reduceOnly")),
        )
        try:
            return _ids(self._venue.submit(ticket))
        except Refused as refused:
            reason = CLOSED_AT_ONCE.get(refused.reason)
            if reason is None:
                raise
            return self._close_at_once(ticket, reason)

    def _close_at_once(self, ticket: Ticket, reason: str) -> Document:
        """Answer an order that Bybit takes and then cancels, as it does with post-only ones."""
        now = self._venue.now_ms()
        order = Order(
            order_id=self._venue.orders.next_id,
            ticket=ticket,
            qty=ticket.qty,
            price=ticket.price,
            status="CANCELED",
            created_ms=now,
            updated_ms=now,
        )
        self._venue.orders.add(order)
        self._tell_closed(order, reason)
        return _ids(order)

    def amend(self, params: Params) -> Document:
        """Change price, quantity or both.

        Parameters
        ----------
        params : dict
            As ``order.amend`` carries them.

        Returns
        -------
        Document
            Both ids.

        """
        order = self.find(params)
        qty = Decimal(params.get("qty") or order.qty)
        price = Decimal(params.get("price") or order.price or ZERO)
        try:
            return _ids(self._venue.amend(order, qty, price))
        except Refused as refused:
            if refused.reason not in CLOSED_AT_ONCE:
                raise
            return _ids(self._venue.cancel(order))  # as Bybit does with a post-only one that takes

    def cancel(self, params: Params) -> Document:
        """Take an order out of the book.

        Parameters
        ----------
        params : dict
            As ``order.cancel`` carries them.

        Returns
        -------
        Document
            Both ids.

        """
        return _ids(self._venue.cancel(self.find(params)))

    def cancel_all(self, params: Params) -> Document:
        """Take every order out of the book.

        Parameters
        ----------
        params : dict
            Perhaps with ``symbol``.

        Returns
        -------
        Document
            The ids of all of them.

        """
        working = self._venue.orders.working(params.get("symbol"))
        return {"list": [_ids(self._venue.cancel(order)) for order in working], "success": "1"}


def _ids(order: Order) -> Document:
    return {"orderId": str(order.order_id), "orderLinkId": order.ticket.client_id}
