"""What Bybit tells everybody about a linear contract, as it writes it."""

from nautilus_scalp.runtime.practice.account import LEVERAGE_TIERS
from nautilus_scalp.runtime.practice.bybit.orders import side_name
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.market import PublicTrade


def public_trade_id(number: int) -> str:
    """Return the id of a public trade: the same in the stream and over HTTP."""
    return f"10000000-0000-0000-0000-{number:012d}"


def recent_trade_document(trade: PublicTrade) -> Document:
    """Return a row of ``recent-trade``.

    Parameters
    ----------
    trade : PublicTrade
        As it went over the stream.

    Returns
    -------
    Document
        With the stream's own id.

    """
    event = trade.event
    return {
        "execId": public_trade_id(trade.number),
        "symbol": event.symbol,
        "price": event.first,
        "size": event.second,
        "side": side_name(event.aggressor),
        "time": str(trade.time_ms),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(trade.number),
    }


def risk_limit_documents(symbol: str) -> list[Document]:
    """Return the rows of ``risk-limit``.

    Parameters
    ----------
    symbol : str
        The symbol.

    Returns
    -------
    list[Document]
        One a tier, the smallest positions first.

    """
    return [
        {
            "id": number,
            "symbol": symbol,
            "riskLimitValue": str(cap),
            "maintenanceMargin": str(0.5 / leverage),
            "initialMargin": str(1 / leverage),
            "isLowestRisk": int(number == 1),
            "maxLeverage": f"{leverage}.00",
            "mmDeduction": "",
        }
        for number, (leverage, cap) in enumerate(LEVERAGE_TIERS, start=1)
    ]
