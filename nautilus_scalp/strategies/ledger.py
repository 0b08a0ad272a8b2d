"""What a strategy holds and what may still fill, in plain numbers."""

from collections.abc import Hashable

from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.risk.state import RiskState


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
        self._pnl = 0.0

    @property
    def idle(self) -> bool:
        """Whether there is neither a position nor an order that may still fill."""
        return self.state.position_qty == 0.0 and not self.working

    def book(self, qty: float, price: float, ts_ns: int, fee: float = 0.0) -> float | None:
        """
        Add a fill to the position.

        Parameters
        ----------
        qty : float
            Signed quantity, not nought.
        price : float
            Its price.
        ts_ns : int
            Its time.
        fee : float
            What it cost, in quote currency; a rebate is negative.

        Returns
        -------
        float or None
            What the position made after fees, from its first fill to this one, when this one closed
            or turned it.

        """
        before = self.state.position_qty
        after = round(before + qty, self._size_precision)
        self.state.position_qty = after
        self.state.revision += 1
        old = self.position
        closed_qty = min(abs(before), abs(qty)) if before * qty < 0.0 else 0.0
        closed_fee = fee * closed_qty / abs(qty) if after * before < 0.0 else fee
        gain = closed_qty * old.side * (price - old.entry) if old is not None else 0.0
        self._pnl += gain - closed_fee
        if old is not None and (after == 0.0 or after * before < 0.0):
            made, self._pnl = self._pnl, closed_fee - fee
        else:
            made = None
        if after == 0.0:
            self.position = None
        elif old is None or before * after < 0.0:
            self.position = OpenPosition(BUY if after > 0.0 else SELL, price, ts_ns)
        elif abs(after) > abs(before):
            entry = (abs(before) * old.entry + abs(qty) * price) / abs(after)
            self.position = OpenPosition(old.side, entry, old.opened_ns)
        return made

    def add(self, order: WorkingOrder) -> None:
        """Count an order that is about to be sent, after all others."""
        self.working[order.order_id] = order
        state = self.state
        if not order.reduce_only:
            if order.side == BUY:
                state.working_buy_qty += order.leaves_qty
            else:
                state.working_sell_qty += order.leaves_qty
        state.working_orders = len(self.working)
        state.revision += 1

    def update(self, order: WorkingOrder, leaves_qty: float) -> None:
        """Count an order with what of it may still fill."""
        if leaves_qty != order.leaves_qty:
            order.leaves_qty = leaves_qty
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
        state.revision += 1
