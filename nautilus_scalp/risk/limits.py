"""The limits that every order has to pass, one small rule a class."""

import math
from typing import Protocol

from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules


_NS_PER_MS = 1_000_000
_BASIS_POINT = 1e-4
_STEP_TOLERANCE = 1e-6


class RiskState(Struct):
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

    @property
    def mid(self) -> float:
        """Middle of the market."""
        return 0.5 * (self.bid + self.ask)


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


class Rule(Protocol):
    """One limit."""

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Judge an order that one would like to send in a state."""


class WellFormed:
    """The side is +1 or -1, the quantity positive and finite, the price positive or none at all."""

    _refused = Refused("malformed_order")

    def review(self, intent: OrderIntent, _state: RiskState) -> Verdict:
        """Refuse NaN, infinity, nought and negative numbers."""
        price = intent.price
        sound = (
            intent.side in (BUY, SELL)
            and 0.0 < intent.qty < math.inf
            and (math.isnan(price) or 0.0 < price < math.inf)
        )
        return APPROVED if sound else self._refused


class Reducing:
    """A reduce-only order is on the other side of a position and no larger than it."""

    _refused = Refused("reduce_only_would_increase")

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse a reduce-only order that would open, enlarge or turn a position."""
        if not intent.reduce_only:
            return APPROVED
        closable = -intent.side * state.position_qty
        fits = intent.qty <= closable * (1.0 + _STEP_TOLERANCE)
        return APPROVED if fits else self._refused


class Unblocked:
    """No circuit breaker is open."""

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse to open anything for the breaker's reason."""
        if intent.reduce_only or state.blocked is None:
            return APPROVED
        return Refused(state.blocked)


class SoundMarket:
    """There is a market: two positive finite prices that do not cross."""

    _refused = Refused("crossed_or_missing_market")

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse to open anything without a market."""
        sound = intent.reduce_only or 0.0 < state.bid < state.ask < math.inf
        return APPROVED if sound else self._refused


class FreshData:
    """
    The last quote is not older than a limit.

    Parameters
    ----------
    max_age_ms : float
        The limit, by exchange time of the quote.

    """

    _refused = Refused("stale_data")

    def __init__(self, max_age_ms: float) -> None:
        self._max_age_ns = max_age_ms * _NS_PER_MS

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse to open anything on an old quote."""
        fresh = intent.reduce_only or state.now_ns - state.quote_ns <= self._max_age_ns
        return APPROVED if fresh else self._refused


class Tradable:
    """
    Quantity and price are what the venue accepts.

    Parameters
    ----------
    rules : TradingRules
        Steps and limits of the venue.

    """

    _step = Refused("quantity_not_in_steps")
    _size = Refused("quantity_out_of_range")
    _notional = Refused("below_min_notional")

    def __init__(self, rules: TradingRules) -> None:
        self._rules = rules

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse what the venue would refuse; it takes any value from a reduce-only order."""
        rules = self._rules
        if abs(rules.floor_qty(intent.qty) - intent.qty) > _STEP_TOLERANCE * rules.qty_step:
            return self._step
        if not rules.min_qty <= intent.qty <= rules.max_qty:
            return self._size
        notional = intent.qty * _price_of(intent, state)
        if not intent.reduce_only and not notional >= rules.min_notional:
            return self._notional
        return APPROVED


class PriceCollar:
    """
    A limit price is not absurdly far through the market.

    Parameters
    ----------
    max_deviation_bps : float
        Furthest that a buy may be above the mid price or a sell below it.

    """

    _refused = Refused("price_through_market")

    def __init__(self, max_deviation_bps: float) -> None:
        self._max_fraction = max_deviation_bps * _BASIS_POINT

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse a slip of the finger."""
        if intent.reduce_only or math.isnan(intent.price):
            return APPROVED
        mid = state.mid
        inside = intent.side * (intent.price - mid) <= self._max_fraction * mid
        return APPROVED if inside else self._refused


class OrderNotional:
    """
    One order's value.

    Parameters
    ----------
    max_notional : float
        Largest value of an opening order, in quote currency.

    """

    _refused = Refused("max_order_notional")

    def __init__(self, max_notional: float) -> None:
        self._max_notional = max_notional

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse an order that is worth too much."""
        small = intent.reduce_only or intent.qty * _price_of(intent, state) <= self._max_notional
        return APPROVED if small else self._refused


class PositionNotional:
    """
    The position's value in the worst case, see `worst_position_qty`.

    Parameters
    ----------
    max_notional : float
        Largest value of the position at this moment's price, in quote currency.

    """

    _refused = Refused("max_position_notional")

    def __init__(self, max_notional: float) -> None:
        self._max_notional = max_notional

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse an order that could take the position over the limit."""
        if intent.reduce_only:
            return APPROVED
        price = max(state.mid, _price_of(intent, state))
        small = worst_position_qty(intent, state) * price <= self._max_notional
        return APPROVED if small else self._refused


class PositionQty:
    """
    The position's quantity in the worst case, see `worst_position_qty`.

    Parameters
    ----------
    max_qty : float
        Largest position, in base currency.

    """

    _refused = Refused("max_position_qty")

    def __init__(self, max_qty: float) -> None:
        self._max_qty = max_qty * (1.0 + _STEP_TOLERANCE)

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse an order that could take the position over the limit."""
        small = intent.reduce_only or worst_position_qty(intent, state) <= self._max_qty
        return APPROVED if small else self._refused


class WorkingOrders:
    """
    How many orders may work at once.

    Parameters
    ----------
    max_orders : int
        The limit; a reduce-only order is always let through.

    """

    _refused = Refused("max_working_orders")

    def __init__(self, max_orders: int) -> None:
        self._max_orders = max_orders

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Refuse one order too many."""
        few = intent.reduce_only or state.working_orders < self._max_orders
        return APPROVED if few else self._refused


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
    working = state.working_buy_qty if intent.side == BUY else state.working_sell_qty
    return max(intent.side * state.position_qty, 0.0) + working + intent.qty


def _price_of(intent: OrderIntent, state: RiskState) -> float:
    """Return what an order would pay a unit: its limit, or the opposite best price."""
    if not math.isnan(intent.price):
        return intent.price
    return state.ask if intent.side == BUY else state.bid
