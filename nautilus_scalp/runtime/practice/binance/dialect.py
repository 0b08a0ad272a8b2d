"""Binance USD-M futures as a practice exchange speaks it."""

from nautilus_scalp.runtime.practice.account import Payment
from nautilus_scalp.runtime.practice.binance.account import account_event_document
from nautilus_scalp.runtime.practice.binance.orders import order_event_document
from nautilus_scalp.runtime.practice.binance.rest import BinanceRest
from nautilus_scalp.runtime.practice.binance.streams import BinanceStreams
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.venue import OrderEvent


class BinanceDialect:
    """Signed REST requests, streams by subscription, and a user stream behind a listen key.

    Parameters
    ----------
    desk : Desk
        What is spoken about.

    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams = BinanceStreams(desk)
        self._rest = BinanceRest(desk, self._streams)
        self.requests = self._rest.requests
        self.answer = self._rest.answer
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
        venue, quote = self._desk.venue, self._desk.quote
        if event.trade is not None:
            symbol = event.order.ticket.symbol
            self._streams.send_user(account_event_document(venue, symbol, quote, "ORDER"))
        self._streams.send_user(order_event_document(event, quote, venue.now_ms()))

    def tell_funding(self, payment: Payment) -> None:
        """Send what a settlement of funding did to the account.

        Parameters
        ----------
        payment : Payment
            What was paid.

        """
        venue, quote = self._desk.venue, self._desk.quote
        self._streams.send_user(account_event_document(venue, payment.symbol, quote, "FUNDING_FEE"))
