"""Every order that a trader ever sent, by both ids, and the ones that still work."""

from collections.abc import Iterable
from collections.abc import Iterator

from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.refusals import Refused


_FIRST_ID = 1_000_001


class Orders:
    """The venue's list of orders, oldest first.

    Parameters
    ----------
    symbols : Iterable[str]
        What can be traded.

    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self._all: dict[int, Order] = {}
        self._working: dict[str, dict[int, Order]] = {symbol: {} for symbol in symbols}
        self._by_client_id: dict[str, Order] = {}

    def __len__(self) -> int:
        """Return how many there ever were."""
        return len(self._all)

    def __iter__(self) -> Iterator[Order]:
        """Walk over all of them."""
        return iter(self._all.values())

    @property
    def next_id(self) -> int:
        """Id of the next order."""
        return _FIRST_ID + len(self._all)

    def add(self, order: Order) -> None:
        """Take a new order.

        Parameters
        ----------
        order : Order
            Working, or closed already.

        """
        self._all[order.order_id] = order
        self._by_client_id[order.ticket.client_id] = order
        if order.is_open:
            self._working[order.ticket.symbol][order.order_id] = order

    def retire(self, order: Order) -> None:
        """Note that an order works no longer; it can still be found.

        Parameters
        ----------
        order : Order
            One that worked.

        """
        del self._working[order.ticket.symbol][order.order_id]

    def working(self, symbol: str | None = None) -> list[Order]:
        """Return what can still be filled.

        Parameters
        ----------
        symbol : str, optional
            By default every symbol.

        Returns
        -------
        list[Order]
            Live objects, not copies.

        """
        books = [self._working[symbol]] if symbol else list(self._working.values())
        return [order for book in books for order in book.values()]

    def by_priority(self, symbol: str, side: int) -> list[Order]:
        """Return the working orders of one side: the best price first, then the oldest.

        Parameters
        ----------
        symbol : str
            The symbol.
        side : int
            `BUY` or `SELL`.

        Returns
        -------
        list[Order]
            Live objects, not copies.

        """
        orders = [order for order in self.working(symbol) if order.ticket.side == side]
        return sorted(orders, key=lambda order: (-side * (order.price or ZERO), order.updated_ms))

    def with_client_id(self, client_id: str) -> Order | None:
        """Return the latest order with a client id, or None.

        Parameters
        ----------
        client_id : str
            The trader's id.

        Returns
        -------
        Order or None
            Working or closed.

        """
        return self._by_client_id.get(client_id)

    def find(self, order_id: int | None, client_id: str | None) -> Order:
        """Return an order by the venue's or the trader's id.

        Parameters
        ----------
        order_id : int, optional
            The venue's id.
        client_id : str, optional
            The trader's id, used when there is no other.

        Returns
        -------
        Order
            Working or closed.

        Raises
        ------
        Refused
            If there is no such order.

        """
        by_id = self._all.get(order_id) if order_id is not None else None
        order = by_id or self._by_client_id.get(client_id or "")
        if order is None:
            raise Refused(Reason.NO_SUCH_ORDER)
        return order
