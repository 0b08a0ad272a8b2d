"""What Binance USD-M futures tells everybody about a symbol, as it writes it."""

from nautilus_scalp.runtime.practice.account import LEVERAGE_TIERS
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.market import PublicTrade


def agg_trade_document(trade: PublicTrade) -> Document:
    """Return a row of ``aggTrades``.

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
        "a": trade.number,
        "p": event.first,
        "q": event.second,
        "f": trade.number,
        "l": trade.number,
        "T": trade.time_ms,
        "m": event.aggressor == SELL,
    }


def bracket_document(symbol: str) -> Document:
    """Return a row of ``leverageBracket``.

    Parameters
    ----------
    symbol : str
        The symbol.

    Returns
    -------
    Document
        One bracket a tier, the smallest positions first.

    """
    floors = [0, *(cap for _, cap in LEVERAGE_TIERS)]
    return {
        "symbol": symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": number,
                "initialLeverage": leverage,
                "notionalCap": cap,
                "notionalFloor": floor,
                "maintMarginRatio": 0.5 / leverage,
                "cum": 0.0,
            }
            for number, ((leverage, cap), floor) in enumerate(
                zip(LEVERAGE_TIERS, floors, strict=False), start=1
            )
        ],
    }
