"""Orders, executions and refusals as Bybit v5 writes them for linear contracts.

Field names and shapes follow Bybit's published v5 REST and WebSocket documentation.
"""

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Trade
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import money
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.feed import Book
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.venue import Venue


# The venue's rule -> Bybit's code and words.
REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.UNKNOWN_ORDER: (110001, "order not exists or too late to cancel"),
    Reason.NO_SUCH_ORDER: (110001, "order not exists or too late to replace"),
    Reason.UNKNOWN_SYMBOL: (10001, "params error: symbol invalid"),
    Reason.DUPLICATE_CLIENT_ID: (110072, "OrderLinkedID is duplicate"),
    Reason.NO_MARKET: (110074, "This contract is not live"),
    Reason.STEP_SIZE: (10001, "Qty invalid"),
    Reason.TICK_SIZE: (10001, "Price invalid"),
    Reason.REDUCE_ONLY: (110017, "current position is zero, cannot fix reduce-only order qty"),
    Reason.MIN_NOTIONAL: (110094, "Order does not meet minimum order value"),
    Reason.INSUFFICIENT_MARGIN: (110007, "ab not enough for new order"),
    Reason.LEVERAGE_TOO_SMALL: (110044, "Available margin is insufficient"),
    Reason.SAME_LEVERAGE: (110043, "leverage not modified"),
    Reason.NO_CHANGE: (10001, "The order remains unchanged as the parameters are the same"),
}
# Bybit takes these orders, and closes them at once.
CLOSED_AT_ONCE = {
    Reason.POST_ONLY_WOULD_TAKE: "EC_PostOnlyWillTakeLiquidity",
    Reason.FILL_OR_KILL: "EC_NoEnoughQtyToFill",
}
_STATUSES = {
    "NEW": "New",
    "PARTIALLY_FILLED": "PartiallyFilled",
    "FILLED": "Filled",
    "CANCELED": "Cancelled",
    "EXPIRED": "Cancelled",
}
_TIMES_IN_FORCE = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "GTX": "PostOnly"}
TIMES_IN_FORCE = {name: ours for ours, name in _TIMES_IN_FORCE.items()}


def side_name(side: int) -> str:
    """Return Buy or Sell.

    Parameters
    ----------
    side : int
        +1 or -1.

    Returns
    -------
    str
        Bybit's word.

    """
    return "Buy" if side == BUY else "Sell"


def order_document(order: Order, reason: str = "EC_NoError") -> Document:
    """Return an order, for REST and for the order topic.

    Parameters
    ----------
    order : Order
        Open or closed.
    reason : str
        Why it was closed at once, if it was.

    Returns
    -------
    Document
        All fields of a plain order.

    """
    ticket = order.ticket
    status = "Rejected" if order.status == "REJECTED" else _STATUSES[order.status]
    if order.status in ("CANCELED", "EXPIRED") and order.filled:
        status = "PartiallyFilledCanceled" if order.price is None else "Cancelled"
    return {
        "category": "linear",
        "symbol": ticket.symbol,
        "orderId": str(order.order_id),
        "orderLinkId": ticket.client_id,
        "blockTradeId": "",
        "side": side_name(ticket.side),
        "positionIdx": 0,
        "orderStatus": status,
        "cancelType": "CancelByUser" if order.status == "CANCELED" else "UNKNOWN",
        "rejectReason": reason,
        "timeInForce": _TIMES_IN_FORCE[ticket.time_in_force],
        "isLeverage": "",
        "price": text(order.price),
        "qty": text(order.qty),
        "avgPrice": money(order.average) if order.filled else "",
        "leavesQty": text(order.left if order.is_open else ZERO),
        "leavesValue": "0",
        "cumExecQty": text(order.filled),
        "cumExecValue": text(order.paid),
        "cumExecFee": money(order.fees),
        "orderType": "Market" if order.price is None else "Limit",
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerDirection": 0,
        "triggerBy": "",
        "lastPriceOnCreated": "",
        "closedPnl": "0",
        "reduceOnly": ticket.reduce_only,
        "closeOnTrigger": False,
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "feeCurrency": "",
        "createType": "CreateByUser",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def execution_document(trade: Trade, order: Order, quote: str) -> Document:
    """Return an execution, for REST and for the execution topic.

    Parameters
    ----------
    trade : Trade
        The execution.
    order : Order
        Its order.
    quote : str
        Currency of the fee.

    Returns
    -------
    Document
        All fields that Nautilus's parser insists on.

    """
    value = trade.price * trade.qty
    return {
        "category": "linear",
        "symbol": trade.symbol,
        "orderId": str(order.order_id),
        "orderLinkId": order.ticket.client_id,
        "side": side_name(trade.side),
        "orderPrice": text(order.price),
        "orderQty": text(order.qty),
        "leavesQty": text(order.left),
        "createType": "CreateByUser",
        "orderType": "Market" if order.price is None else "Limit",
        "stopOrderType": "UNKNOWN",
        "execFee": money(trade.fee),
        "execId": f"00000000-0000-0000-0000-{trade.trade_id:012d}",
        "execPrice": text(trade.price),
        "execQty": text(trade.qty),
        "execType": "Trade",
        "execValue": text(value),
        "execTime": str(trade.time_ms),
        "feeCurrency": quote,
        "isMaker": trade.is_maker,
        "feeRate": money(trade.fee / value),
        "tradeIv": "",
        "markIv": "",
        "markPrice": text(trade.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "0",
        "seq": trade.trade_id,
        "execPnl": money(trade.realized),
        "extraFees": "",
        "isLeverage": "0",
        "marketUnit": "",
        "execFeeV2": "",
    }


def transaction_documents(venue: Venue, quote: str) -> list[Document]:
    """Return ``/v5/account/transaction-log``: trades and funding, oldest first.

    Parameters
    ----------
    venue : Venue
        The state.
    quote : str
        Currency of all amounts.

    Returns
    -------
    list[Document]
        The sum of ``change`` is what the balance moved by.

    """
    rows = [
        (t.time_ms, "TRADE", t.symbol, t.realized, t.fee, ZERO, f"{t.trade_id}")
        for t in venue.trades
    ]
    rows += [(p.time_ms, "SETTLEMENT", p.symbol, ZERO, ZERO, p.amount, "") for p in venue.payments]
    return [
        {
            "symbol": symbol,
            "category": "linear",
            "currency": quote,
            "type": kind,
            "cashFlow": money(realized),
            "fee": money(fee),
            "funding": money(funding),
            "change": money(realized - fee + funding),
            "tradeId": trade_id,
            "transactionTime": str(time_ms),
        }
        for time_ms, kind, symbol, realized, fee, funding, trade_id in sorted(rows)
    ]


def book_document(book: Book, symbol: str, levels: int, sequence: int) -> Document:
    """Return the displayed levels.

    Parameters
    ----------
    book : Book
        The levels.
    symbol : str
        The symbol.
    levels : int
        How many of them a side.
    sequence : int
        Number of the update.

    Returns
    -------
    Document
        As in the ``orderbook`` topic and its REST sibling.

    """
    return {
        "s": symbol,
        "b": book.bids[:levels],
        "a": book.asks[:levels],
        "u": sequence,
        "seq": sequence,
    }
