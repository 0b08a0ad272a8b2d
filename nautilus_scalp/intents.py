"""What the core wants of a venue, in plain numbers: orders, working orders, trading rules."""

import math
from collections.abc import Hashable

from msgspec import Struct


BUY = 1
SELL = -1

# A quotient of two decimals is off by a few ulps; this much of a step still counts as a whole one.
_STEP_TOLERANCE = 1e-6


class TradingRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a venue accepts as an order for one instrument.

    Attributes
    ----------
    tick_size : float
        Price step in quote currency.
    price_precision : int
        Decimals of a price.
    qty_step : float
        Quantity step in base currency.
    size_precision : int
        Decimals of a quantity.
    min_qty, max_qty : float
        Smallest and largest quantity of one order, in base currency.
    min_notional : float
        Smallest value of one opening order, in quote currency.

    """

    tick_size: float
    price_precision: int
    qty_step: float
    size_precision: int
    min_qty: float = 0.0
    max_qty: float = math.inf
    min_notional: float = 0.0

    def floor_qty(self, qty: float) -> float:
        """
        Return a quantity cut to whole steps; 0 for what is not positive and finite.

        Examples
        --------
        >>> rules = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
        >>> rules.floor_qty(0.0129), rules.floor_qty(0.003), rules.floor_qty(float("nan"))
        (0.012, 0.003, 0.0)

        """
        steps = qty / self.qty_step + _STEP_TOLERANCE
        if not 0.0 < steps < math.inf:
            return 0.0
        return round(math.floor(steps) * self.qty_step, self.size_precision)

    def floor_ticks(self, price: float) -> int:
        """Return the highest tick at or below a finite price."""
        return math.floor(price / self.tick_size + _STEP_TOLERANCE)

    def ceil_ticks(self, price: float) -> int:
        """Return the lowest tick at or above a finite price."""
        return math.ceil(price / self.tick_size - _STEP_TOLERANCE)

    def price_at(self, ticks: int) -> float:
        """Return the price of a tick, rounded to the instrument's decimals."""
        return round(ticks * self.tick_size, self.price_precision)


class OrderIntent(Struct, frozen=True, gc=False):
    """
    An order that a strategy wants to send.

    Attributes
    ----------
    side : int
        +1 buys, -1 sells.
    qty : float
        Quantity in base currency.
    price : float
        Limit price; NaN means a market order.
    post_only : bool
        Refuse to take liquidity.
    immediate : bool
        Cancel at once whatever does not fill at once.
    reduce_only : bool
        Never open or enlarge a position.

    """

    side: int
    qty: float
    price: float = math.nan
    post_only: bool = False
    immediate: bool = False
    reduce_only: bool = False


class WorkingOrder(Struct):
    """
    An order that may still fill, as the strategy believes it to be.

    Attributes
    ----------
    order_id : Hashable
        The client's id of the order.
    side : int
        +1 buys, -1 sells.
    price : float
        The price last asked for; NaN for a market order.
    leaves_qty : float
        What may still fill, in base currency.
    reduce_only : bool
        Whether it can only shrink the position.
    pending : bool
        Whether the venue still owes an answer: such an order is left alone.
    queue_qty, ahead_qty : float
        What was ahead of it when its price was first seen to be the best, and what is left of
        that; infinite before.

    """

    order_id: Hashable
    side: int
    price: float
    leaves_qty: float
    reduce_only: bool = False
    pending: bool = True
    queue_qty: float = math.inf
    ahead_qty: float = math.inf
