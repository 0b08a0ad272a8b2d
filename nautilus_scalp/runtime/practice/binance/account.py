"""Symbols, account and positions as Binance USD-M futures writes them.

Field names and shapes follow Binance's published REST and user-stream documentation.
"""

from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import money
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.documents import wealth
from nautilus_scalp.runtime.practice.venue import Venue


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
    worth = wealth(venue)
    asset = {
        "walletBalance": worth.wallet,
        "unrealizedProfit": worth.unrealized,
        "marginBalance": worth.equity,
        "maintMargin": worth.margin,
        "initialMargin": worth.margin,
        "positionInitialMargin": worth.margin,
        "openOrderInitialMargin": "0",
        "crossWalletBalance": worth.wallet,
        "crossUnPnl": worth.unrealized,
        "availableBalance": worth.free,
        "maxWithdrawAmount": worth.free,
    }
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
    position, mark = venue.positions[symbol], venue.mid(symbol)
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": text(position.qty),
        "entryPrice": money(position.entry),
        "markPrice": text(mark),
        "unRealizedProfit": money(venue.unrealized(symbol)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": money(position.qty * mark),
        "updateTime": venue.now_ms(),
    }


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
    wallet = money(venue.balance)
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
                    "ep": money(position.entry),
                    "cr": money(position.realized),
                    "up": money(venue.unrealized(symbol)),
                    "mt": "cross",
                    "iw": "0",
                    "ps": "BOTH",
                }
            ],
        },
    }
