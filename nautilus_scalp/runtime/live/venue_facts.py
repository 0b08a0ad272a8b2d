"""What a venue says about its symbols and an account before anything trades."""

from decimal import Decimal

import msgspec


class SymbolFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of one symbol, as the venue publishes them now."""

    tick_size: str
    step_size: str
    min_notional: str


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """Most leverage that an account may have, for positions up to a value in quote currency."""

    leverage: Decimal
    notional: Decimal


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the keys give access to.

    Parameters
    ----------
    can_trade : bool
        Whether the key may trade.
    available : Decimal
        Free collateral.
    hedge_mode : bool
        Whether long and short positions are kept apart.
    fees : dict[str, tuple[Decimal, Decimal]]
        Maker and taker fee by symbol.
    margin_types : dict[str, str]
        CROSSED or ISOLATED by symbol.
    leverages : dict[str, Decimal]
        Leverage by symbol, as it is set now.
    brackets : dict[str, list[Bracket]]
        What the venue allows the account, by symbol.
    positions : dict[str, Decimal]
        Open positions by symbol.
    open_orders : dict[str, int]
        Working orders by symbol.

    """

    can_trade: bool
    available: Decimal
    hedge_mode: bool
    fees: dict[str, tuple[Decimal, Decimal]]
    margin_types: dict[str, str]
    leverages: dict[str, Decimal]
    brackets: dict[str, list[Bracket]]
    positions: dict[str, Decimal]
    open_orders: dict[str, int]


class VenueFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of a venue; `account` is None without keys, or when they are turned down."""

    clock_skew_ms: int
    symbols: dict[str, SymbolFacts]
    account: AccountFacts | None
    account_error: str = ""
