"""The fills that Nautilus has booked, whatever it thinks of their orders."""

from collections import OrderedDict
from decimal import Decimal

from nautilus_trader.execution.reports import FillReport
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TradeId


# Fills and filled orders that are remembered: more than a quarter of an hour has.
_MOST_NOTES = 50_000

type _Key = tuple[InstrumentId, TradeId]


class BookedFills:
    """Knows which fills were booked: an order that was closed too early takes in no more of them.

    Nautilus books such a fill on the position and not on the order, and would find it missing
    again and again.
    """

    def __init__(self) -> None:
        self._fills: OrderedDict[_Key, None] = OrderedDict()
        self._qty: OrderedDict[ClientOrderId, Decimal] = OrderedDict()

    def on_event(self, event: OrderEvent) -> None:
        """Note a fill; any other event is none.

        Parameters
        ----------
        event : OrderEvent
            From the message bus.

        """
        if not isinstance(event, OrderFilled) or event in self:
            return
        self._fills[event.instrument_id, event.trade_id] = None
        qty: Decimal = event.last_qty.as_decimal()
        self._qty[event.client_order_id] = self.qty(event.client_order_id) + qty
        for notes in (self._fills, self._qty):
            if len(notes) > _MOST_NOTES:
                notes.popitem(last=False)

    def __contains__(self, fill: OrderFilled | FillReport) -> bool:
        """Tell whether a fill was booked; a venue numbers each instrument's for itself."""
        return (fill.instrument_id, fill.trade_id) in self._fills

    def qty(self, client_order_id: ClientOrderId) -> Decimal:
        """Return what was booked of an order.

        Parameters
        ----------
        client_order_id : ClientOrderId
            Which.

        Returns
        -------
        Decimal
            0 for an order that was not filled.

        """
        return self._qty.get(client_order_id, Decimal(0))
