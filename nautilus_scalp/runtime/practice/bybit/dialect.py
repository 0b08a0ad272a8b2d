"""Bybit v5 linear contracts as a practice exchange speaks it."""

from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Payment
from nautilus_scalp.runtime.practice.bybit.account import position_document
from nautilus_scalp.runtime.practice.bybit.account import wallet_document
from nautilus_scalp.runtime.practice.bybit.commands import BybitCommands
from nautilus_scalp.runtime.practice.bybit.orders import execution_document
from nautilus_scalp.runtime.practice.bybit.orders import order_document
from nautilus_scalp.runtime.practice.bybit.rest import BybitRest
from nautilus_scalp.runtime.practice.bybit.streams import BybitStreams
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.venue import OrderEvent


class BybitDialect:
    """REST for questions, a stream for orders, and private topics for what became of them.

    Parameters
    ----------
    desk : Desk
        What is spoken about.

    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        commands = BybitCommands(desk, self._tell_closed)
        self._streams = BybitStreams(desk, commands)
        rest = BybitRest(desk, commands)
        self.requests = rest.requests
        self.answer = rest.answer
        self.serve = self._streams.serve
        self.connections = self._streams.connections
        self.cut = self._streams.cut
        self.expire_listen_key = self._streams.expire_listen_key
        self.publish = self._streams.publish
        self.publish_book = self._streams.publish_book
        self.publish_mark = self._streams.publish_mark

    def tell_order(self, event: OrderEvent) -> None:
        """Send what happened to an order, and what an execution did to the account.

        Parameters
        ----------
        event : OrderEvent
            What happened.

        """
        order, trade = event.order, event.trade
        if trade is not None:
            execution = execution_document(trade, order, self._desk.quote)
            self._streams.send_private("execution", execution)
            self._tell_account(trade.symbol)
        self._streams.send_private("order", order_document(order))

    def tell_funding(self, payment: Payment) -> None:
        """Send what a settlement of funding did to the account.

        Parameters
        ----------
        payment : Payment
            What was paid.

        """
        self._tell_account(payment.symbol)

    def _tell_account(self, symbol: str) -> None:
        venue = self._desk.venue
        self._streams.send_private("position", position_document(venue, symbol))
        self._streams.send_private("wallet", wallet_document(venue, self._desk.quote))

    def _tell_closed(self, order: Order, reason: str) -> None:
        self._streams.send_private("order", order_document(order, reason=reason))
