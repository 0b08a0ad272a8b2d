"""What a strategy holds and what may still fill, in plain numbers."""

from collections.abc import Hashable

from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.risk.limits import RiskState


class Ledger:
    """
    Position, counted from fills, and working orders, counted from the moment they are sent.

    Parameters
    ----------
    size_precision : int
        Decimals of a quantity. The position is rounded to them, so that it is nought when flat.

    Attributes
    ----------
    state : RiskState
        What the risk gate looks at.
    working : dict[Hashable, WorkingOrder]
        Orders that may still fill, by the client's id.
    position : OpenPosition or None
        Side, average entry and time of the first fill of the present position.

    """

    def __init__(self, size_precision: int) -> None:
        self._size_precision = size_precision
        self.state = RiskState()
        self.working: dict[Hashable, WorkingOrder] = {}
        self.position: OpenPosition | None = None

    @property
    def idle(self) -> bool:
        """Whether there is neither a position nor an order that may still fill."""
        return self.state.position_qty == 0.0 and not self.working

    def book(self, qty: float, price: float, ts_ns: int) -> None:
        """
        Add a fill to the position.

        Parameters
        ----------
        qty : float
            Signed quantity.
        price : float
            Its price.
        ts_ns : int
            Its time.

        """
        before = self.state.position_qty
        after = round(before + qty, self._size_precision)
        self.state.position_qty = after
        if after == 0.0:
            self.position = None
        elif self.position is None or before * after < 0.0:
            self.position = OpenPosition(BUY if after > 0.0 else SELL, price, ts_ns)
        elif abs(after) > abs(before):
            old = self.position
            entry = (abs(before) * old.entry + abs(qty) * price) / abs(after)
            self.position = OpenPosition(old.side, entry, old.opened_ns)

    def add(self, order: WorkingOrder) -> None:
        """Count an order that is about to be sent."""
        self.working[order.order_id] = order
        self.count()

    def drop(self, order_id: Hashable) -> None:
        """Count an order no longer."""
        del self.working[order_id]
        self.count()

    def count(self) -> None:
        """Count what may still fill; a reduce-only order cannot add to a position."""
        buy_qty = sell_qty = 0.0
        for order in self.working.values():
            if order.reduce_only:
                continue
            if order.side == BUY:
                buy_qty += order.leaves_qty
            else:
                sell_qty += order.leaves_qty
        state = self.state
        state.working_buy_qty = buy_qty
        state.working_sell_qty = sell_qty
        state.working_orders = len(self.working)
