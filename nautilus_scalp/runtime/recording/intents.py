"""What strategies want done, told so that a live run and its replay can be compared.

An order is called by its strategy and its number, because its id is drawn anew every time.
"""

from typing import Any

from nautilus_trader.execution.messages import BatchCancelOrders
from nautilus_trader.execution.messages import CancelAllOrders
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import QueryOrder
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.execution.messages import TradingCommand
from nautilus_trader.model.events import OrderInitialized


# The key of a submitted order's id; it is told for finding the order's events, not compared.
ORDER_ID = "client_order_id"
# What differs from run to run, or stands elsewhere in the intent.
_NOT_COMPARED = frozenset(
    {"type", "trader_id", "strategy_id", ORDER_ID, "event_id", "ts_event", "ts_init"}
    | {"init_id", "order_list_id", "linked_order_ids", "parent_order_id", "reconciliation"}
)

# Orders so far back are over, and a long run's memory has an end.
_MOST_NAMES = 100_000

type Intent = dict[str, Any]


class IntentLog:
    """Names orders in the order in which they are wanted, and tells intents by these names.

    Attributes
    ----------
    names : dict[str, str]
        Name of every order so far, by client order id.

    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def describe(self, command: TradingCommand) -> list[Intent]:
        """Tell what a command wants.

        Parameters
        ----------
        command : TradingCommand
            On its way from a strategy to the engines.

        Returns
        -------
        list[dict]
            Plain values; an intent a wanted order, change or cancel.

        """
        if isinstance(command, SubmitOrder):
            return [self._submitted(command.order.init_event)]
        if isinstance(command, SubmitOrderList):
            return [self._submitted(order.init_event) for order in command.order_list.orders]
        base = {"strategy": str(command.strategy_id), "instrument": str(command.instrument_id)}
        if isinstance(command, BatchCancelOrders):
            wanted = [{"do": "cancel", "order": self._name(c)} for c in command.cancels]
        elif isinstance(command, ModifyOrder):
            wanted = [{"do": "modify", "order": self._name(command), **_changes(command)}]
        elif isinstance(command, CancelOrder):
            wanted = [{"do": "cancel", "order": self._name(command)}]
        elif isinstance(command, CancelAllOrders):
            wanted = [{"do": "cancel_all", "side": str(command.order_side)}]
        elif isinstance(command, QueryOrder):
            wanted = [{"do": "query", "order": self._name(command)}]
        else:
            wanted = [{"do": type(command).__name__}]
        return [{**base, **each} for each in wanted]

    def _submitted(self, order: OrderInitialized) -> Intent:
        fields = {
            key: value
            for key, value in OrderInitialized.to_dict(order).items()
            if key not in _NOT_COMPARED
        }
        strategy = str(order.strategy_id)
        self._counts[strategy] = self._counts.get(strategy, 0) + 1
        name = f"{strategy} #{self._counts[strategy]}"
        self.names[str(order.client_order_id)] = name
        if len(self.names) > _MOST_NAMES:
            del self.names[next(iter(self.names))]
        told = {"strategy": strategy, "do": "submit", "order": name, **fields}
        return {**told, ORDER_ID: str(order.client_order_id)}

    def _name(self, command: ModifyOrder | CancelOrder | QueryOrder) -> str:
        client_order_id = str(command.client_order_id)
        return self.names.get(client_order_id, client_order_id)


def _changes(command: ModifyOrder) -> Intent:
    values = {
        "quantity": command.quantity,
        "price": command.price,
        "trigger_price": command.trigger_price,
    }
    return {key: None if value is None else str(value) for key, value in values.items()}
