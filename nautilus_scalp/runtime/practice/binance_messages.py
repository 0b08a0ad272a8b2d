"""Binance USD-M futures documents: how the practice venue's state looks on the wire.

Field names and shapes follow Binance's published REST and user-stream documentation.
"""

from decimal import Decimal
from typing import Any

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Trade
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Reason
from nautilus_scalp.runtime.practice.venue import Venue


type Document = dict[str, Any]

_CENT = Decimal("0.00000001")
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


def text(value: Decimal | None) -> str:
    """Write a number the way Binance does: plain digits in a string.

    Parameters
    ----------
    value : Decimal, optional
        None is written as 0.

    Returns
    -------
    str
        Without an exponent.

    Examples
    --------
    >>> text(Decimal("1E+3")), text(None)
    ('1000', '0')

    """
    return format(value if value is not None else ZERO, "f")


def symbol_document(rules: Rules) -> Document:
    """Return one symbol of ``exchangeInfo``.

    Parameters
    ----------
    rules : Rules
        The symbol's rules.

    Returns
    -------
    Document
        With the filters that clients read.

    """
    sizes = {
        "minQty": text(rules.min_qty),
        "maxQty": text(rules.max_qty),
        "stepSize": text(rules.step),
    }
    prices = {"minPrice": text(rules.tick), "maxPrice": "9000000", "tickSize": text(rules.tick)}
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.quote,
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", **prices},
            {"filterType": "LOT_SIZE", **sizes},
            {"filterType": "MARKET_LOT_SIZE", **sizes},
            {"filterType": "MIN_NOTIONAL", "notional": text(rules.min_notional)},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def account_document(venue: Venue, quote: str) -> Document:
    """Return ``/fapi/v2/account``.

    Parameters
    ----------
    venue : Venue
        The state.
    quote : str
        Currency of the balance.

    Returns
    -------
    Document
        One asset; positions are reported by ``positionRisk``.

    """
    unrealized = sum((venue.unrealized(symbol) for symbol in venue.rules), ZERO)
    margin = sum(
        (
            abs(position.qty) * position.entry / venue.leverage[symbol]
            for symbol, position in venue.positions.items()
        ),
        ZERO,
    )
    wallet, equity = venue.balance, venue.balance + unrealized
    free = max(equity - margin, ZERO)
    amounts = {
        "walletBalance": wallet,
        "unrealizedProfit": unrealized,
        "marginBalance": equity,
        "maintMargin": margin / 2,
        "initialMargin": margin,
        "positionInitialMargin": margin,
        "openOrderInitialMargin": ZERO,
        "crossWalletBalance": wallet,
        "crossUnPnl": unrealized,
        "availableBalance": free,
        "maxWithdrawAmount": free,
    }
    asset = {name: text(value.quantize(_CENT)) for name, value in amounts.items()}
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": venue.now_ms(),
        "totalWalletBalance": asset["walletBalance"],
        "totalMarginBalance": asset["marginBalance"],
        "totalInitialMargin": asset["initialMargin"],
        "totalMaintMargin": asset["maintMargin"],
        "totalUnrealizedProfit": asset["unrealizedProfit"],
        "totalCrossWalletBalance": asset["crossWalletBalance"],
        "totalCrossUnPnl": asset["crossUnPnl"],
        "availableBalance": asset["availableBalance"],
        "maxWithdrawAmount": asset["maxWithdrawAmount"],
        "assets": [{"asset": quote, "marginAvailable": True, **asset}],
        "positions": [],
    }


def position_document(venue: Venue, symbol: str) -> Document:
    """Return one entry of ``/fapi/v3/positionRisk``.

    Parameters
    ----------
    venue : Venue
        The state.
    symbol : str
        The symbol.

    Returns
    -------
    Document
        In one-way mode.

    """
    position, top = venue.positions[symbol], venue.tops.get(symbol)
    mark = (top.bid + top.ask) / 2 if top else ZERO
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": text(position.qty),
        "entryPrice": text(position.entry.quantize(_CENT)),
        "markPrice": text(mark),
        "unRealizedProfit": text(venue.unrealized(symbol).quantize(_CENT)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": text((position.qty * mark).quantize(_CENT)),
        "updateTime": venue.now_ms(),
    }


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
        "avgPrice": text(order.average.quantize(_CENT)),
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
        "realizedPnl": text(trade.realized.quantize(_CENT)),
        "commission": text(trade.fee.quantize(_CENT)),
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
        "ap": text(order.average.quantize(_CENT)),
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
        "rp": text(trade.realized.quantize(_CENT) if trade else ZERO),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "NONE",
        "pm": "NONE",
        "gtd": 0,
    }
    if trade:
        body |= {"N": quote, "n": text(trade.fee.quantize(_CENT))}
    return {"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": order.updated_ms, "o": body}


def account_event_document(venue: Venue, symbol: str, quote: str, reason: str) -> Document:
    """Return ``ACCOUNT_UPDATE`` of the user stream.

    Parameters
    ----------
    venue : Venue
        The state.
    symbol : str
        The symbol whose position changed.
    quote : str
        Currency of the balance.
    reason : str
        ORDER or FUNDING_FEE.

    Returns
    -------
    Document
        One balance and one position.

    """
    position, now = venue.positions[symbol], venue.now_ms()
    wallet = text(venue.balance.quantize(_CENT))
    return {
        "e": "ACCOUNT_UPDATE",
        "E": now,
        "T": now,
        "a": {
            "m": reason,
            "B": [{"a": quote, "wb": wallet, "cw": wallet, "bc": "0"}],
            "P": [
                {
                    "s": symbol,
                    "pa": text(position.qty),
                    "ep": text(position.entry.quantize(_CENT)),
                    "cr": text(position.realized.quantize(_CENT)),
                    "up": text(venue.unrealized(symbol).quantize(_CENT)),
                    "mt": "cross",
                    "iw": "0",
                    "ps": "BOTH",
                }
            ],
        },
    }
