"""A two-sided ladder of quotes around a band of prices."""

import math

from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.quoting.optimal import OptimalSpread
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pricing import Market
from nautilus_scalp.quoting.pricing import Pricer
from nautilus_scalp.quoting.pricing import VolatilitySpread


class Quote(Struct, frozen=True, gc=False):
    """
    A resting order that the strategy would like to have.

    Attributes
    ----------
    side : int
        +1 buys, -1 sells.
    ticks : int
        Price in ticks.
    qty : float
        Quantity in base currency.

    """

    side: int
    ticks: int
    qty: float


class Ladder:
    """
    Turns a pricing model's band into quotes that can rest and that fit under the inventory limit.

    Parameters
    ----------
    params : LadderParams
        Where the quotes stand.
    rules : TradingRules
        Steps and limits of the venue.
    order_qty : float
        Quantity of one quote, in base currency.
    inventory_limit : float
        The position never exceeds this, whatever fills, in base currency; a position on the other
        side is no extra room, since it may be closed before the quotes fill.
    volatility_horizon_ms : float
        Over which the market's volatility is given; the optimal models need to know.

    """

    def __init__(
        self,
        params: LadderParams,
        rules: TradingRules,
        order_qty: float,
        inventory_limit: float,
        volatility_horizon_ms: float = 1_000.0,
    ) -> None:
        self._params = params
        self._rules = rules
        self._order_qty = rules.floor_qty(order_qty)
        self._limit = inventory_limit
        self._standing: tuple[int, int, int, float] | None = None
        self._quotes: list[Quote] = []
        self._pricer: Pricer = VolatilitySpread(params)
        if params.model != "volatility" and self._order_qty > 0.0:
            quotes = inventory_limit / self._order_qty
            self._pricer = OptimalSpread(params, rules.tick_size, quotes, volatility_horizon_ms)

    def quote(self, market: Market, position_qty: float) -> list[Quote]:
        """
        Return the quotes to have in a market.

        Bids are rounded down and asks up, away from the market; no bid reaches the best ask and no
        ask the best bid, so that a post-only order can rest.

        Parameters
        ----------
        market : Market
            Prices, sizes, volatility, opinion and fill rates.
        position_qty : float
            Signed position in base currency.

        Returns
        -------
        list[Quote]
            Best prices first, bids before asks; empty while the model lacks an input or a number is
            not finite. It is the same list as the last time when nothing differs: do not change it.

        """
        rules = self._rules
        load = position_qty / self._limit if self._limit > 0.0 else 0.0
        band = self._pricer.band(market, load)
        sound = math.isfinite((abs(band.bid) + abs(band.ask)) / rules.tick_size)
        if not (sound and 0.0 < market.bid < market.ask):
            return []
        best_bid = min(rules.floor_ticks(band.bid), rules.ceil_ticks(market.ask) - 1)
        best_ask = max(rules.ceil_ticks(band.ask), rules.floor_ticks(market.bid) + 1)
        if best_bid >= best_ask:  # no spread and a price on the tick: give way on the heavier side
            if position_qty > 0.0:
                best_bid = best_ask - 1
            else:
                best_ask = best_bid + 1
        step = max(1, round(self._params.level_spacing * band.half / rules.tick_size))
        standing = (best_bid, best_ask, step, position_qty)
        if standing != self._standing:
            self._standing = standing
            quotes = self._side(BUY, best_bid, step, self._limit - max(position_qty, 0.0))
            quotes += self._side(SELL, best_ask, step, self._limit + min(position_qty, 0.0))
            self._quotes = quotes
        return self._quotes

    def _side(self, side: int, best: int, step: int, room_qty: float) -> list[Quote]:
        """Return one side's quotes; all of them together fit into the room that is left."""
        rules = self._rules
        quotes = []
        for level in range(self._params.quote_depth):
            ticks = best - side * level * step
            full = room_qty >= self._order_qty
            qty = self._order_qty if full else rules.floor_qty(room_qty)
            if qty <= 0.0 or ticks <= 0 or self._is_scrap(qty, ticks):
                break
            quotes.append(Quote(side, ticks, qty))
            room_qty -= qty
        return quotes

    def _is_scrap(self, qty: float, ticks: int) -> bool:
        """Whether what the inventory limit leaves of a quote is too small to send."""
        rules = self._rules
        return qty < self._order_qty and (
            qty < rules.min_qty or qty * rules.price_at(ticks) < rules.min_notional
        )
