"""The matching core of the practice exchange: price and queue priority against recorded prices."""

from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Payment
from nautilus_scalp.runtime.practice.account import Position
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.account import Trade
from nautilus_scalp.runtime.practice.orders import Orders
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.refusals import Refused
from nautilus_scalp.runtime.practice.refusals import accepted_qty
from nautilus_scalp.runtime.practice.refusals import check_steps


_FAR_AWAY = Decimal("0.01")


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an order: NEW, TRADE, CANCELED, EXPIRED or AMENDMENT."""

    kind: str
    order: Order
    trade: Trade | None = None


class Venue:
    """Orders of one trader, filled against the recorded market.

    A resting order waits behind the size that was displayed when it came; trades at its price
    eat that size first; a trade or a quote through its price fills it. A taking order gets the
    displayed size of the best price, and the rest one tick worse. The trader's own orders do not
    move the recorded market.

    Parameters
    ----------
    rules : Iterable[Rules]
        The symbols.
    balance : Decimal
        Quote currency at the start.
    leverage : int
        Of every symbol.
    now_ms : Callable[[], int]
        The venue's clock.

    """

    def __init__(
        self, rules: Iterable[Rules], balance: Decimal, leverage: int, now_ms: Callable[[], int]
    ) -> None:
        self.rules = {rule.symbol: rule for rule in rules}
        self.now_ms = now_ms
        self.leverage = dict.fromkeys(self.rules, leverage)
        self.balance = balance
        self.fees = ZERO
        self.tops: dict[str, Top] = {}
        self.orders = Orders(self.rules)
        self.trades: list[Trade] = []
        self.payments: list[Payment] = []
        self.positions = {symbol: Position() for symbol in self.rules}
        self.max_fill: Decimal | None = None
        self.listener: Callable[[OrderEvent], None] = lambda _event: None

    def submit(self, ticket: Ticket) -> Order:
        """Take an order: match it, rest it or refuse it.

        Parameters
        ----------
        ticket : Ticket
            What is asked for.

        Returns
        -------
        Order
            Perhaps filled already.

        Raises
        ------
        Refused
            With the rule that it breaks.

        """
        known = self.orders.with_client_id(ticket.client_id)
        if known is not None and known.is_open:
            raise Refused(Reason.DUPLICATE_CLIENT_ID)
        qty = accepted_qty(self, ticket)
        now = self.now_ms()
        order = Order(
            order_id=self.orders.next_id,
            ticket=ticket,
            qty=qty,
            price=ticket.price,
            status="NEW",
            created_ms=now,
            updated_ms=now,
        )
        self.orders.add(order)
        self._emit("NEW", order)
        self._take(order)
        if order.is_open and (order.price is None or ticket.time_in_force in ("IOC", "FOK")):
            self._close(order, "EXPIRED")
        self._join_queue(order)
        return order

    def amend(self, order: Order, qty: Decimal, price: Decimal) -> Order:
        """Change quantity and price; the order goes to the back of the queue.

        Parameters
        ----------
        order : Order
            A working order.
        qty, price : Decimal
            The new ones.

        Returns
        -------
        Order
            The same object.

        Raises
        ------
        Refused
            If it no longer works, nothing changes, or a rule is broken.

        """
        if not order.is_open:
            raise Refused(Reason.NO_SUCH_ORDER)
        if (qty, price) == (order.qty, order.price):
            raise Refused(Reason.NO_CHANGE)
        if qty <= order.filled:
            self._close(order, "CANCELED")
            return order
        check_steps(self, order.ticket.symbol, qty, price)
        if order.ticket.time_in_force == "GTX" and self._crosses(order, price):
            raise Refused(Reason.POST_ONLY_WOULD_TAKE)
        order.qty, order.price, order.updated_ms = qty, price, self.now_ms()
        self._emit("AMENDMENT", order)
        self._take(order)
        self._join_queue(order)
        return order

    def cancel(self, order: Order) -> Order:
        """Take a working order out of the book.

        Parameters
        ----------
        order : Order
            The order.

        Returns
        -------
        Order
            The same object.

        Raises
        ------
        Refused
            If it is not working.

        """
        if not order.is_open:
            raise Refused(Reason.UNKNOWN_ORDER)
        self._close(order, "CANCELED")
        return order

    def on_quote(self, symbol: str, top: Top) -> None:
        """Move the best bid and offer; orders that they cross are filled.

        Parameters
        ----------
        symbol : str
            The symbol.
        top : Top
            The new best prices.

        """
        self.tops[symbol] = top
        for order in self.orders.working(symbol):
            if order.is_open and self._crosses(order, order.price):
                self._fill(order, order.left, order.price or ZERO, is_maker=True)

    def on_trade(self, symbol: str, price: Decimal, qty: Decimal, aggressor: int) -> None:
        """Print a trade; resting orders on its passive side take part in it.

        Parameters
        ----------
        symbol : str
            The symbol.
        price, qty : Decimal
            What was traded.
        aggressor : int
            `BUY` or `SELL`.

        """
        for order in self.orders.by_priority(symbol, -aggressor):
            gap = (order.price or ZERO) - price
            distance = gap if order.ticket.side == BUY else -gap
            if distance < 0 or qty <= 0:
                break
            if distance == 0:
                eaten = min(order.ahead, qty)
                order.ahead -= eaten
                qty -= eaten
            before = order.filled
            self._fill(order, min(order.left, qty), order.price or ZERO, is_maker=True)
            qty -= order.filled - before

    def trade_outside(self, symbol: str, side: int, qty: Decimal, *, at_market: bool) -> None:
        """Trade on the account without an order of the trader's, as from a phone.

        Parameters
        ----------
        symbol : str
            The symbol.
        side : int
            `BUY` or `SELL`.
        qty : Decimal
            The quantity.
        at_market : bool
            Whether it trades at once, or rests one per cent away from the market.

        """
        rules, price = self.rules[symbol], None
        if not at_market:
            away = self.mid(symbol) * (1 - side * _FAR_AWAY) / rules.tick
            price = away.quantize(Decimal(1)) * rules.tick
        client_id = f"web_{len(self.orders) + 1}"
        self.submit(Ticket(symbol=symbol, client_id=client_id, side=side, qty=qty, price=price))

    def pay_funding(self, symbol: str, rate: Decimal) -> Payment | None:
        """Settle the funding of an open position at the mid price.

        Parameters
        ----------
        symbol : str
            The symbol.
        rate : Decimal
            Above 0 longs pay shorts.

        Returns
        -------
        Payment or None
            None without a position.

        """
        qty = self.positions[symbol].qty
        if qty == 0:
            return None
        payment = Payment(
            symbol=symbol, rate=rate, amount=-qty * self.mid(symbol) * rate, time_ms=self.now_ms()
        )
        self.balance += payment.amount
        self.payments.append(payment)
        return payment

    def mid(self, symbol: str) -> Decimal:
        """Return the middle of the best prices; 0 before there is a market.

        Parameters
        ----------
        symbol : str
            The symbol.

        Returns
        -------
        Decimal
            Half ticks included.

        """
        top = self.tops.get(symbol)
        return (top.bid + top.ask) / 2 if top is not None else ZERO

    def unrealized(self, symbol: str) -> Decimal:
        """Return what an open position is worth at the mid price, before fees.

        Parameters
        ----------
        symbol : str
            The symbol.

        Returns
        -------
        Decimal
            In quote currency.

        """
        position = self.positions[symbol]
        return position.qty * (self.mid(symbol) - position.entry)

    def _crosses(self, order: Order, price: Decimal | None) -> bool:
        top = self.tops[order.ticket.symbol]
        if price is None:
            return True
        return price >= top.ask if order.ticket.side == BUY else price <= top.bid

    def _take(self, order: Order) -> None:
        """Fill what crosses the market now: displayed size first, the rest one tick worse."""
        if not self._crosses(order, order.price):
            return
        ticket, top = order.ticket, self.tops[order.ticket.symbol]
        best, size = (top.ask, top.ask_qty) if ticket.side == BUY else (top.bid, top.bid_qty)
        self._fill(order, min(order.left, size), best, is_maker=False)
        worse = best + ticket.side * self.rules[ticket.symbol].tick
        within = order.price is None or (order.price - worse) * ticket.side >= 0
        if order.is_open and order.left > 0 and within:
            self._fill(order, order.left, worse, is_maker=False)

    def _join_queue(self, order: Order) -> None:
        if not order.is_open:
            return
        top = self.tops[order.ticket.symbol]
        best, size = (top.bid, top.bid_qty) if order.ticket.side == BUY else (top.ask, top.ask_qty)
        order.ahead = size if order.price == best else ZERO

    def _fill(self, order: Order, qty: Decimal, price: Decimal, *, is_maker: bool) -> None:
        """Execute a quantity, in pieces of at most `max_fill`; a resting order gets one."""
        left = min(qty, order.left)
        while left > 0 and order.is_open:
            piece = left if self.max_fill is None else min(left, self.max_fill)
            piece = self._reducing(order, piece)
            if piece == 0:
                self._close(order, "EXPIRED")
                return
            self._execute(order, piece, price, is_maker=is_maker)
            left -= piece
            if is_maker and self.max_fill is not None:
                return

    def _reducing(self, order: Order, qty: Decimal) -> Decimal:
        position = self.positions[order.ticket.symbol].qty
        if not order.ticket.reduce_only:
            return qty
        return min(qty, abs(position)) if position * order.ticket.side < 0 else ZERO

    def _execute(self, order: Order, qty: Decimal, price: Decimal, *, is_maker: bool) -> None:
        ticket, rules = order.ticket, self.rules[order.ticket.symbol]
        rate = rules.maker_fee if is_maker else rules.taker_fee
        fee = qty * price * rate
        realized = self.positions[ticket.symbol].apply(ticket.side, qty, price)
        self.balance += realized - fee
        self.fees += fee
        order.filled += qty
        order.paid += qty * price
        order.fees += fee
        order.updated_ms = self.now_ms()
        order.status = "FILLED" if order.left == 0 else "PARTIALLY_FILLED"
        if not order.is_open:
            self.orders.retire(order)
        trade = Trade(
            trade_id=len(self.trades) + 1,
            order_id=order.order_id,
            symbol=ticket.symbol,
            side=ticket.side,
            price=price,
            qty=qty,
            fee=fee,
            is_maker=is_maker,
            realized=realized,
            time_ms=order.updated_ms,
        )
        self.trades.append(trade)
        self._emit("TRADE", order, trade)

    def _close(self, order: Order, status: str) -> None:
        order.status = status
        order.updated_ms = self.now_ms()
        self.orders.retire(order)
        self._emit(status, order)

    def _emit(self, kind: str, order: Order, trade: Trade | None = None) -> None:
        self.listener(OrderEvent(kind=kind, order=order, trade=trade))
