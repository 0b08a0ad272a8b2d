"""Instruments, wallet, positions and key as Bybit v5 writes them for linear contracts.

Field names and shapes follow Bybit's published v5 REST and WebSocket documentation.
"""

from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.bybit.orders import side_name
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import money
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.documents import wealth
from nautilus_scalp.runtime.practice.venue import Venue


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
    worth = wealth(venue)
    return {
        "accountType": "UNIFIED",
        "accountLTV": "0",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "totalEquity": worth.equity,
        "totalWalletBalance": worth.wallet,
        "totalMarginBalance": worth.equity,
        "totalAvailableBalance": worth.free,
        "totalPerpUPL": worth.unrealized,
        "totalInitialMargin": worth.margin,
        "totalMaintenanceMargin": worth.margin,
        "coin": [
            {
                "coin": quote,
                "equity": worth.equity,
                "usdValue": worth.equity,
                "walletBalance": worth.wallet,
                "free": worth.free,
                "locked": "0",
                "spotHedgingQty": "0",
                "borrowAmount": "0",
                "availableToWithdraw": worth.free,
                "availableToBorrow": "",
                "accruedInterest": "0",
                "totalOrderIM": "0",
                "totalPositionIM": worth.margin,
                "totalPositionMM": worth.margin,
                "unrealisedPnl": worth.unrealized,
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
    position = venue.positions[symbol]
    entry = money(position.entry)
    realized = money(position.realized)
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
        "positionValue": money(abs(position.qty) * position.entry),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": str(venue.leverage[symbol]),
        "positionBalance": "0",
        "markPrice": text(venue.mid(symbol)),
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
        "unrealisedPnl": money(venue.unrealized(symbol)),
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


def api_key_document(api_key: str) -> Document:
    """Return ``/v5/user/query-api``.

    Parameters
    ----------
    api_key : str
        The key that asks.

    Returns
    -------
    Document
        A key that may trade, and not withdraw.

    """
    return {
        "id": "1",
        "note": "practice",
        "apiKey": api_key,
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Spot": [],
            "Wallet": [],
            "Options": [],
            "Derivatives": ["DerivativesTrade"],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 90,
        "expiredAt": "2099-01-01T00:00:00Z",
        "createdAt": "2024-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": 1,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }
