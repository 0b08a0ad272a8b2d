"""The rules by which a venue turns an order down."""

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Ticket


if TYPE_CHECKING:
    from nautilus_scalp.runtime.practice.venue import Venue


class Reason(StrEnum):
    """The rule that a request breaks."""

    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    FILL_OR_KILL = "fill_or_kill"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    LEVERAGE_TOO_SMALL = "leverage_too_small"
    MIN_NOTIONAL = "min_notional"
    NO_CHANGE = "no_change"
    NO_LISTEN_KEY = "no_listen_key"
    NO_MARKET = "no_market"
    NO_SUCH_ORDER = "no_such_order"
    ONLY_CROSS_MARGIN = "only_cross_margin"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    REDUCE_ONLY = "reduce_only"
    SAME_LEVERAGE = "same_leverage"
    STEP_SIZE = "step_size"
    TICK_SIZE = "tick_size"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_SYMBOL = "unknown_symbol"


class Refused(Exception):  # noqa: N818 (a verdict of the venue, not a fault)
    """The venue turns a request down."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def accepted_qty(venue: "Venue", ticket: Ticket) -> Decimal:
    """Return the quantity that the venue takes of a ticket.

    Parameters
    ----------
    venue : Venue
        Rules, market, position and balance.
    ticket : Ticket
        What is asked for.

    Returns
    -------
    Decimal
        All of it, or what a reduce-only order is cut down to.

    Raises
    ------
    Refused
        With the first rule that it breaks.

    """
    check_steps(venue, ticket.symbol, ticket.qty, ticket.price)
    if ticket.symbol not in venue.tops:
        raise Refused(Reason.NO_MARKET)
    position = venue.positions[ticket.symbol].qty
    if ticket.reduce_only and position * ticket.side >= 0:
        raise Refused(Reason.REDUCE_ONLY)
    qty = min(ticket.qty, abs(position)) if ticket.reduce_only else ticket.qty
    top = venue.tops[ticket.symbol]
    best = top.ask if ticket.side == BUY else top.bid
    price = ticket.price or best
    if not ticket.reduce_only and qty * price < venue.rules[ticket.symbol].min_notional:
        raise Refused(Reason.MIN_NOTIONAL)
    if not ticket.reduce_only and not _affords(venue, ticket, price):
        raise Refused(Reason.INSUFFICIENT_MARGIN)
    takes = ticket.price is None or (ticket.price - best) * ticket.side >= 0
    if ticket.time_in_force == "GTX" and takes:
        raise Refused(Reason.POST_ONLY_WOULD_TAKE)
    available = top.ask_qty if ticket.side == BUY else top.bid_qty
    if ticket.time_in_force == "FOK" and not (takes and available >= qty):
        raise Refused(Reason.FILL_OR_KILL)
    return qty


def check_steps(venue: "Venue", symbol: str, qty: Decimal, price: Decimal | None) -> None:
    """Check quantity and price against the grids of the symbol.

    Parameters
    ----------
    venue : Venue
        Whose rules.
    symbol : str
        The symbol.
    qty : Decimal
        In base currency.
    price : Decimal, optional
        None for a market order.

    Raises
    ------
    Refused
        With the rule that is broken.

    """
    rules = venue.rules.get(symbol)
    if rules is None:
        raise Refused(Reason.UNKNOWN_SYMBOL)
    if not rules.min_qty <= qty <= rules.max_qty or qty % rules.step:
        raise Refused(Reason.STEP_SIZE)
    if price is not None and (price <= 0 or price % rules.tick):
        raise Refused(Reason.TICK_SIZE)


def check_leverage(venue: "Venue", symbol: str, leverage: int) -> None:
    """Check that the account can carry the open position at a leverage.

    Parameters
    ----------
    venue : Venue
        Position and balance.
    symbol : str
        The symbol.
    leverage : int
        What is asked for.

    Raises
    ------
    Refused
        If the position needs more margin than there is.

    """
    held = abs(venue.positions[symbol].qty)
    if held and held * venue.tops[symbol].ask / leverage > _equity(venue):
        raise Refused(Reason.LEVERAGE_TOO_SMALL)


def _affords(venue: "Venue", ticket: Ticket, price: Decimal) -> bool:
    after = venue.positions[ticket.symbol].qty + ticket.side * ticket.qty
    return abs(after) * price / venue.leverage[ticket.symbol] <= _equity(venue)


def _equity(venue: "Venue") -> Decimal:
    return venue.balance + sum((venue.unrealized(symbol) for symbol in venue.rules), ZERO)
