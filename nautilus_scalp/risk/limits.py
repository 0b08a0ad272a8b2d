"""The limits that every order of a strategy has to pass, one small rule a class."""

import math
from collections import deque

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Proposal
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import Verdict


_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_BASIS_POINT = 1e-4
_STEP_TOLERANCE = 1e-6
_SIDES = frozenset({BUY, SELL})


class WellFormed:
    """The side is +1 or -1, the quantity positive and finite, the price positive or none at all."""

    _refused = Refused("malformed_order")

    def review(self, order: Proposal) -> Verdict:
        """Refuse NaN, infinity, nought and negative numbers."""
        intent = order.intent
        price = intent.price
        if not (intent.side in _SIDES and 0.0 < intent.qty < math.inf):
            return self._refused
        return APPROVED if 0.0 < price < math.inf or math.isnan(price) else self._refused


class Reducing:
    """A reduce-only order is on the other side of a position and no larger than it."""

    _refused = Refused("reduce_only_would_increase")

    def review(self, order: Proposal) -> Verdict:
        """Refuse a reduce-only order that would open, enlarge or turn a position."""
        closable = -order.intent.side * order.state.position_qty
        fits = order.intent.qty <= closable * (1.0 + _STEP_TOLERANCE)
        return APPROVED if fits else self._refused


class Unblocked:
    """No circuit breaker is open."""

    def review(self, order: Proposal) -> Verdict:
        """Refuse for the breaker's reason."""
        blocked = order.state.blocked
        return APPROVED if blocked is None else Refused(blocked)


class SoundMarket:
    """There is a market: two positive finite prices that do not cross."""

    _refused = Refused("crossed_or_missing_market")

    def review(self, order: Proposal) -> Verdict:
        """Refuse to open anything without a market."""
        state = order.state
        return APPROVED if 0.0 < state.bid < state.ask < math.inf else self._refused


class FreshData:
    """
    The last quote is not older than a limit, nor from the future: then a clock is wrong.

    Parameters
    ----------
    max_age_ms : float
        The limit either way, by exchange time of the quote.

    """

    _refused = Refused("stale_data")

    def __init__(self, max_age_ms: float) -> None:
        self._max_age_ns = max_age_ms * _NS_PER_MS

    def review(self, order: Proposal) -> Verdict:
        """Refuse to open anything on a quote whose age is not known to be small."""
        state = order.state
        age_ns = state.now_ns - state.quote_ns
        return APPROVED if -self._max_age_ns <= age_ns <= self._max_age_ns else self._refused


class InSteps:
    """
    The quantity is what the venue accepts.

    Parameters
    ----------
    rules : TradingRules
        Steps and limits of the venue.

    """

    _step = Refused("quantity_not_in_steps")
    _size = Refused("quantity_out_of_range")

    def __init__(self, rules: TradingRules) -> None:
        self._least, self._most = rules.min_qty, rules.max_qty
        self._qty_step = rules.qty_step

    def review(self, order: Proposal) -> Verdict:
        """Refuse what the venue would refuse."""
        qty = order.intent.qty
        steps = qty / self._qty_step
        if not (steps < math.inf and abs(steps - round(steps)) <= _STEP_TOLERANCE):
            return self._step
        return APPROVED if self._least <= qty <= self._most else self._size


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

    def review(self, order: Proposal) -> Verdict:
        """Refuse a slip of the finger."""
        mid = order.state.mid
        inside = order.intent.side * (order.price - mid) <= self._max_fraction * mid
        return APPROVED if inside or math.isnan(order.intent.price) else self._refused


class OrderNotional:
    """
    One opening order's value.

    Parameters
    ----------
    least, most : float
        What the venue asks for, and what is risked at most, in quote currency.

    """

    _small = Refused("below_min_notional")
    _large = Refused("max_order_notional")

    def __init__(self, least: float, most: float) -> None:
        self._least = least
        self._most = most

    def review(self, order: Proposal) -> Verdict:
        """Refuse an order that is worth too little or too much."""
        if not order.notional >= self._least:
            return self._small
        return APPROVED if order.notional <= self._most else self._large


class Position:
    """
    The position in the worst case, see `worst_position_qty`.

    Parameters
    ----------
    max_notional : float
        Largest value at this moment's price, in quote currency.
    max_qty : float
        Largest quantity, in base currency.

    """

    _value = Refused("max_position_notional")
    _qty = Refused("max_position_qty")

    def __init__(self, max_notional: float, max_qty: float) -> None:
        self._max_notional = max_notional
        self.limit(max_qty)

    def limit(self, max_qty: float) -> None:
        """Set the largest quantity."""
        self._max_qty = max_qty * (1.0 + _STEP_TOLERANCE)

    def review(self, order: Proposal) -> Verdict:
        """Refuse an order that could take the position over a limit."""
        if not order.worst_notional <= self._max_notional:
            return self._value
        return APPROVED if order.worst_qty <= self._max_qty else self._qty


class Margin:
    """
    The account can carry the position in the worst case.

    Parameters
    ----------
    max_leverage : float
        Largest value of the position over the account's balance, whatever the venue would allow.

    """

    _unknown = Refused("equity_unknown")
    _leverage = Refused("max_leverage")
    _margin = Refused("insufficient_margin")

    def __init__(self, max_leverage: float) -> None:
        self._max_leverage = max_leverage

    def review(self, order: Proposal) -> Verdict:
        """Refuse what the balance does not cover; Nautilus's risk engine does not look."""
        state, worst = order.state, order.worst_notional
        equity, leverage = state.equity, state.leverage
        if not (0.0 < equity < math.inf and leverage > 0.0):
            return self._unknown
        if not worst <= self._max_leverage * equity:
            return self._leverage
        return APPROVED if worst <= leverage * equity else self._margin


class WorkingOrders:
    """
    How many orders may work at once.

    Parameters
    ----------
    max_orders : int
        The limit.

    """

    _refused = Refused("max_working_orders")

    def __init__(self, max_orders: int) -> None:
        self._max_orders = max_orders

    def review(self, order: Proposal) -> Verdict:
        """Refuse one order too many."""
        return APPROVED if order.state.working_orders < self._max_orders else self._refused


class OrderRate:
    """
    How many orders may leave within any second; a venue, and Nautilus before it, denies the rest.

    Parameters
    ----------
    max_per_second : int
        The limit.

    """

    _refused = Refused("order_rate")

    def __init__(self, max_per_second: int) -> None:
        self._sent: deque[int] = deque([-_NS_PER_S] * max_per_second, maxlen=max_per_second)

    def sent(self, now_ns: int) -> None:
        """Count an order that leaves."""
        self._sent.append(now_ns)

    def review(self, order: Proposal) -> Verdict:
        """Refuse an order while the last so many left within a second."""
        full = order.state.now_ns - self._sent[0] < _NS_PER_S
        return self._refused if full else APPROVED
