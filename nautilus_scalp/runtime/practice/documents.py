"""What the documents of every venue are made of: plain objects, and numbers as text."""

from decimal import Decimal
from typing import Any

import msgspec

from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.venue import Venue


type Document = dict[str, Any]

_CENT = Decimal("0.00000001")


def text(value: Decimal | None) -> str:
    """Write a number the way venues do: plain digits in a string.

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


def money(value: Decimal) -> str:
    """Write an amount or an average price with the eight decimals of the venues' books.

    Parameters
    ----------
    value : Decimal
        In quote currency.

    Returns
    -------
    str
        Plain digits.

    Examples
    --------
    >>> money(Decimal(1) / 3)
    '0.33333333'

    """
    return text(value.quantize(_CENT))


class Wealth(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is worth, in quote currency, as text."""

    wallet: str
    unrealized: str
    equity: str
    margin: str
    free: str


def wealth(venue: Venue) -> Wealth:
    """Return what the account is worth now.

    Parameters
    ----------
    venue : Venue
        The state.

    Returns
    -------
    Wealth
        Positions valued at the mid price; `margin` is what open positions bind.

    """
    unrealized = sum((venue.unrealized(symbol) for symbol in venue.rules), ZERO)
    margin = sum(
        (
            abs(position.qty) * position.entry / venue.leverage[symbol]
            for symbol, position in venue.positions.items()
        ),
        ZERO,
    )
    equity = venue.balance + unrealized
    return Wealth(
        wallet=money(venue.balance),
        unrealized=money(unrealized),
        equity=money(equity),
        margin=money(margin),
        free=money(max(equity - margin, ZERO)),
    )
