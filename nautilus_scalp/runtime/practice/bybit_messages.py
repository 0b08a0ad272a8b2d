"""Bybit v5 documents for linear contracts: how the practice venue's state looks on the wire.

Field names and shapes follow Bybit's published v5 REST and WebSocket documentation.
"""

from decimal import Decimal

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Trade
from nautilus_scalp.runtime.practice.binance_messages import Document
from nautilus_scalp.runtime.practice.binance_messages import text
from nautilus_scalp.runtime.practice.venue import Reason
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
_CENT = Decimal("0.00000001")


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


def instrument_document(rules: Rules) -> Document:
    """Return one entry of ``/v5/market/instruments-info``.

    Parameters
    ----------
    rules : Rules
        The symbol's rules.

    Returns
    -------
    Document
        A linear perpetual.

    """
    return {
        "symbol": rules.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": rules.base,
        "quoteCoin": rules.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(-int(rules.tick.as_tuple().exponent)),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": text(rules.tick),
            "maxPrice": "1999999.80",
            "tickSize": text(rules.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": text(rules.max_qty),
            "minOrderQty": text(rules.min_qty),
            "qtyStep": text(rules.step),
            "postOnlyMaxOrderQty": text(rules.max_qty),
            "maxMktOrderQty": text(rules.max_qty),
            "minNotionalValue": text(rules.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": rules.quote,
        "copyTrading": "both",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
    }


def wallet_document(venue: Venue, quote: str) -> Document:
    """Return the unified account, for REST and for the wallet topic.

    Parameters
    ----------
    venue : Venue
        The state.
    quote : str
        The only coin.

    Returns
    -------
    Document
        Totals and one coin.

    """
    unrealized = sum((venue.unrealized(symbol) for symbol in venue.rules), ZERO)
    margin = sum(
        (
            abs(position.qty) * position.entry / venue.leverage[symbol]
            for symbol, position in venue.positions.items()
        ),
        ZERO,
    )
    amounts = {"wallet": venue.balance, "equity": venue.balance + unrealized, "margin": margin}
    shown = {name: text(value.quantize(_CENT)) for name, value in amounts.items()}
    free = text(max(amounts["equity"] - margin, ZERO).quantize(_CENT))
    return {
        "accountType": "UNIFIED",
        "accountLTV": "0",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "totalEquity": shown["equity"],
        "totalWalletBalance": shown["wallet"],
        "totalMarginBalance": shown["equity"],
        "totalAvailableBalance": free,
        "totalPerpUPL": text(unrealized.quantize(_CENT)),
        "totalInitialMargin": shown["margin"],
        "totalMaintenanceMargin": shown["margin"],
        "coin": [
            {
                "coin": quote,
                "equity": shown["equity"],
                "usdValue": shown["equity"],
                "walletBalance": shown["wallet"],
                "free": free,
                "locked": "0",
                "spotHedgingQty": "0",
                "borrowAmount": "0",
                "availableToWithdraw": free,
                "availableToBorrow": "",
                "accruedInterest": "0",
                "totalOrderIM": "0",
                "totalPositionIM": shown["margin"],
                "totalPositionMM": shown["margin"],
                "unrealisedPnl": text(unrealized.quantize(_CENT)),
                "cumRealisedPnl": "0",
                "bonus": "0",
                "marginCollateral": True,
                "collateralSwitch": True,
            }
        ],
    }


def position_document(venue: Venue, symbol: str) -> Document:
    """Return a position, for REST and for the position topic.

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
    entry = text(position.entry.quantize(_CENT))
    realized = text(position.realized.quantize(_CENT))
    now = str(venue.now_ms())
    return {
        "category": "linear",
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": symbol,
        "side": side_name(1 if position.qty > 0 else -1) if position.qty else "",
        "size": text(abs(position.qty)),
        "avgPrice": entry,
        "entryPrice": entry,
        "positionValue": text((abs(position.qty) * position.entry).quantize(_CENT)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": str(venue.leverage[symbol]),
        "positionBalance": "0",
        "markPrice": text(mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": "0",
        "positionIM": "0",
        "positionMMByMp": "0",
        "positionIMByMp": "0",
        "tpslMode": "Full",
        "takeProfit": "0",
        "stopLoss": "0",
        "trailingStop": "0",
        "unrealisedPnl": text(venue.unrealized(symbol).quantize(_CENT)),
        "curRealisedPnl": realized,
        "cumRealisedPnl": realized,
        "sessionAvgPrice": "",
        "seq": len(venue.trades),
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": now,
        "updatedTime": now,
    }


def order_document(order: Order, fee: Decimal = ZERO, reason: str = "EC_NoError") -> Document:
    """Return an order, for REST and for the order topic.

    Parameters
    ----------
    order : Order
        Open or closed.
    fee : Decimal
        Paid for its executions.
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
        "avgPrice": text(order.average.quantize(_CENT)) if order.filled else "",
        "leavesQty": text(order.left if order.is_open else ZERO),
        "leavesValue": "0",
        "cumExecQty": text(order.filled),
        "cumExecValue": text(order.paid),
        "cumExecFee": text(fee.quantize(_CENT)),
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
        "execFee": text(trade.fee.quantize(_CENT)),
        "execId": f"00000000-0000-0000-0000-{trade.trade_id:012d}",
        "execPrice": text(trade.price),
        "execQty": text(trade.qty),
        "execType": "Trade",
        "execValue": text(value),
        "execTime": str(trade.time_ms),
        "feeCurrency": quote,
        "isMaker": trade.is_maker,
        "feeRate": text((trade.fee / value).quantize(_CENT)),
        "tradeIv": "",
        "markIv": "",
        "markPrice": text(trade.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "0",
        "seq": trade.trade_id,
        "execPnl": text(trade.realized.quantize(_CENT)),
        "extraFees": "",
        "isLeverage": "0",
        "marketUnit": "",
        "execFeeV2": "",
    }
