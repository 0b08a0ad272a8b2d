"""Orders, executions and refusals as Binance USD-M futures writes them.

Field names and shapes follow Binance's published REST and user-stream documentation.
"""

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Trade
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import money
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Venue


# The venue's rule -> (HTTP status, Binance's code, Binance's words).
REFUSALS: dict[Reason, tuple[int, int, str]] = {
    Reason.UNKNOWN_ORDER: (400, -2011, "Unknown order sent."),
    Reason.NO_SUCH_ORDER: (400, -2013, "Order does not exist."),
    Reason.UNKNOWN_SYMBOL: (400, -1121, "Invalid symbol."),
    Reason.DUPLICATE_CLIENT_ID: (400, -4116, "ClientOrderId is duplicated."),
    Reason.NO_MARKET: (400, -4140, "Invalid symbol status for opening position."),
    Reason.STEP_SIZE: (400, -1111, "Precision is over the maximum defined for this asset."),
    Reason.TICK_SIZE: (400, -4014, "Price not increased by tick size."),
    Reason.REDUCE_ONLY: (400, -2022, "ReduceOnly Order is rejected."),
    Reason.MIN_NOTIONAL: (400, -4164, "Order's notional must be no smaller than the minimum."),
    Reason.INSUFFICIENT_MARGIN: (400, -2019, "Margin is insufficient."),
    Reason.LEVERAGE_TOO_SMALL: (
        400,
        -2028,
        "Leverage is smaller than permitted: insufficient margin balance.",
    ),
    Reason.POST_ONLY_WOULD_TAKE: (
        400,
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    Reason.FILL_OR_KILL: (
        400,
        -5021,
        "Due to the order could not be filled immediately, FOK rejected.",
    ),
    Reason.NO_CHANGE: (400, -5027, "No need to modify the order."),
    Reason.NO_LISTEN_KEY: (400, -1125, "This listenKey does not exist."),
    Reason.ONLY_CROSS_MARGIN: (400, -4167, "Isolated margin is not offered."),
}


def side_name(side: int) -> str:
    """Return BUY or SELL.

    Parameters
    ----------
    side : int
        +1 or -1.

    Returns
    -------
    str
        Binance's word.

    """
    return "BUY" if side == BUY else "SELL"


def order_document(order: Order) -> Document:
    """Return an order as REST answers it.

    Parameters
    ----------
    order : Order
        Open or closed.

    Returns
    -------
    Document
        The RESULT form.

    """
    ticket = order.ticket
    kind = "MARKET" if order.price is None else "LIMIT"
    return {
        "symbol": ticket.symbol,
        "orderId": order.order_id,
        "clientOrderId": ticket.client_id,
        "price": text(order.price),
        "avgPrice": money(order.average),
        "origQty": text(order.qty),
        "executedQty": text(order.filled),
        "cumQuote": text(order.paid),
        "status": order.status,
        "timeInForce": ticket.time_in_force,
        "type": kind,
        "origType": kind,
        "side": side_name(ticket.side),
        "positionSide": "BOTH",
        "reduceOnly": ticket.reduce_only,
        "closePosition": False,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def trade_document(trade: Trade, quote: str) -> Document:
    """Return one entry of ``/fapi/v1/userTrades``.

    Parameters
    ----------
    trade : Trade
        The execution.
    quote : str
        Currency of fee and profit.

    Returns
    -------
    Document
        As REST answers it.

    """
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": side_name(trade.side),
        "price": text(trade.price),
        "qty": text(trade.qty),
        "quoteQty": text(trade.price * trade.qty),
        "realizedPnl": money(trade.realized),
        "commission": money(trade.fee),
        "commissionAsset": quote,
        "time": trade.time_ms,
        "positionSide": "BOTH",
        "buyer": trade.side == BUY,
        "maker": trade.is_maker,
    }


def order_event_document(event: OrderEvent, quote: str, now_ms: int) -> Document:
    """Return ``ORDER_TRADE_UPDATE`` of the user stream.

    Parameters
    ----------
    event : OrderEvent
        What happened.
    quote : str
        Currency of the fee.
    now_ms : int
        Time of sending.

    Returns
    -------
    Document
        With every field that the real stream carries for a plain order.

    """
    order, trade = event.order, event.trade
    ticket = order.ticket
    kind = "MARKET" if order.price is None else "LIMIT"
    body: Document = {
        "s": ticket.symbol,
        "c": ticket.client_id,
        "S": side_name(ticket.side),
        "o": kind,
        "f": ticket.time_in_force,
        "q": text(order.qty),
        "p": text(order.price),
        "ap": money(order.average),
        "sp": "0",
        "x": event.kind,
        "X": order.status,
        "i": order.order_id,
        "l": text(trade.qty if trade else ZERO),
        "z": text(order.filled),
        "L": text(trade.price if trade else ZERO),
        "T": order.updated_ms,
        "t": trade.trade_id if trade else 0,
        "b": "0",
        "a": "0",
        "m": bool(trade and trade.is_maker),
        "R": ticket.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": kind,
        "ps": "BOTH",
        "cp": False,
        "rp": money(trade.realized if trade else ZERO),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "NONE",
        "pm": "NONE",
        "gtd": 0,
    }
    if trade:
        body |= {"N": quote, "n": money(trade.fee)}
    return {"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": order.updated_ms, "o": body}


def income_documents(venue: Venue, quote: str) -> list[Document]:
    """Return ``/fapi/v1/income``: realised profits, commissions and funding, oldest first.

    Parameters
    ----------
    venue : Venue
        The state.
    quote : str
        Currency of all amounts.

    Returns
    -------
    list[Document]
        Their sum is what the balance moved by.

    """
    rows = [
        (trade.time_ms, kind, trade.symbol, amount, str(trade.trade_id))
        for trade in venue.trades
        for kind, amount in (("REALIZED_PNL", trade.realized), ("COMMISSION", -trade.fee))
        if amount
    ]
    rows += [(one.time_ms, "FUNDING_FEE", one.symbol, one.amount, "") for one in venue.payments]
    return [
        {
            "symbol": symbol,
            "incomeType": kind,
            "income": money(amount),
            "asset": quote,
            "time": time_ms,
            "info": kind,
            "tranId": number,
            "tradeId": trade_id,
        }
        for number, (time_ms, kind, symbol, amount, trade_id) in enumerate(sorted(rows), start=1)
    ]
