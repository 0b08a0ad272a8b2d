"""What a limit looks at, and what it says."""

import math
from dataclasses import dataclass
from dataclasses import field
from typing import Protocol

from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import OrderIntent


# What is written all the time is no msgspec structure: it takes four times as long to write.
@dataclass(slots=True)
class RiskState:
    """
    What the limits are checked against; the strategy keeps it up to date.

    Attributes
    ----------
    bid, ask : float
        Best prices; NaN before the first quote.
    quote_ns : int
        Exchange time of that quote.
    now_ns : int
        Now.
    position_qty : float
        Signed position of the strategy.
    working_buy_qty, working_sell_qty : float
        What may still fill on each side, orders on their way included.
    working_orders : int
        Orders that may still fill.
    blocked : str or None
        Why a circuit breaker lets nothing be opened.
    equity : float
        Balance of the account in quote currency; NaN while unknown.
    leverage : float
        What the account allows in this instrument; NaN while unknown.
    stop_fraction : float
        Distance of the stop of what is held or about to be, as a fraction of the price; NaN for
        a strategy without stops.
    wins, losses : int
        Round trips of the strategy so far; one that made nothing is neither.
    revision : int
        Goes up with every change of prices, position or working orders, so that who sums up many
        states knows which to look at again.

    """

    bid: float = math.nan
    ask: float = math.nan
    quote_ns: int = 0
    now_ns: int = 0
    position_qty: float = 0.0
    working_buy_qty: float = 0.0
    working_sell_qty: float = 0.0
    working_orders: int = 0
    blocked: str | None = None
    equity: float = math.nan
    leverage: float = math.nan
    stop_fraction: float = math.nan
    wins: int = 0
    losses: int = 0
    revision: int = 0

    @property
    def mid(self) -> float:
        """Middle of the market."""
        return 0.5 * (self.bid + self.ask)

    def exit_price(self, side: int) -> float:
        """Return what a position is left at now: the bid if it is long, the ask if it is short."""
        return self.bid if side == BUY else self.ask


class Approved(Struct, frozen=True):
    """The order may go."""


class Refused(Struct, frozen=True):
    """
    The order may not go.

    Attributes
    ----------
    reason : str
        Why, as the report counts it.

    """

    reason: str


type Verdict = Approved | Refused

APPROVED = Approved()
_NO_INTENT = OrderIntent(0, math.nan)


@dataclass(slots=True)
class Proposal:
    """
    An order with what several limits want to know of it; one is filled in again for every order.

    Attributes
    ----------
    intent : OrderIntent
        The order.
    state : RiskState
        Market, position and working orders.
    price : float
        What a unit would cost: the limit, or the opposite best price.
    notional : float
        Value of the order, in quote currency.
    worst_qty : float
        Position on the order's side if all that works there fills, see `worst_position_qty`.
    worst_notional : float
        Its value at the mid price, or at the order's own if that is higher.

    """

    intent: OrderIntent = _NO_INTENT
    state: RiskState = field(default_factory=RiskState)
    price: float = math.nan
    notional: float = math.nan
    worst_qty: float = math.nan
    worst_notional: float = math.nan

    def fill_in(self, intent: OrderIntent, state: RiskState) -> None:
        """Describe an order that one would like to send in a state."""
        price = intent.price
        if math.isnan(price):
            price = state.ask if intent.side == BUY else state.bid
        worst_qty = worst_position_qty(intent, state)
        self.intent = intent
        self.state = state
        self.price = price
        self.notional = intent.qty * price
        self.worst_qty = worst_qty
        self.worst_notional = worst_qty * max(0.5 * (state.bid + state.ask), price)


class Rule(Protocol):
    """One limit."""

    def review(self, order: Proposal) -> Verdict:
        """Judge an order."""


def worst_position_qty(intent: OrderIntent, state: RiskState) -> float:
    """
    Return the position on the order's side if all that works there fills and all else goes wrong.

    A position on the other side does not count as room, because an order that closes it may get
    there first. Fills then move quantity from working to position and rejections take it away: a
    limit on this number holds under any order of events.

    Parameters
    ----------
    intent : OrderIntent
        The order that is to join those at work.
    state : RiskState
        Position and working orders.

    Returns
    -------
    float
        Base currency, not negative for a sound order.

    """
    if intent.side == BUY:
        return max(state.position_qty, 0.0) + state.working_buy_qty + intent.qty
    return max(-state.position_qty, 0.0) + state.working_sell_qty + intent.qty
