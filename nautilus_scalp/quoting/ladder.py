"""A two-sided ladder of quotes around a reservation price."""

import math

from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import ThresholdUnit
from nautilus_scalp.signals.units import as_fraction


_BASIS_POINT = 1e-4


class LadderParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where the quotes stand.

    Parameters
    ----------
    spread_target : float
        Least distance between the best two quotes, in `threshold_unit`; with 0 and no volatility
        multiplier the quotes stand as close as post-only orders can, on the best prices of a market
        that is one tick wide.
    threshold_unit : {"percent", "volatility"}
        Percent of the price, or multiples of the volatility.
    volatility_multiplier : float
        The spread is never less than this many volatilities.
    quote_depth : int
        Quotes a side.
    level_spacing : float
        Distance between two quotes of a side, in half spreads; at least one tick.
    inventory_skew : float
        How far a full inventory shifts both sides, in half spreads.
    imbalance_weight : float
        How much of the way towards the thinner side of the market the fair price leans: 0 is the
        mid price, 1 the size-weighted mid price.
    signal_weight : float
        Share of the expected move that shifts the fair price.

    """

    spread_target: NotNegative = 0.1
    threshold_unit: ThresholdUnit = "percent"
    volatility_multiplier: NotNegative = 1.5
    quote_depth: Count = 5
    level_spacing: NotNegative = 0.5
    inventory_skew: NotNegative = 1.0
    imbalance_weight: NotNegative = 0.5
    signal_weight: NotNegative = 1.0


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


class Market(Struct, frozen=True, gc=False):
    """
    The market as the ladder sees it.

    Attributes
    ----------
    bid, ask, bid_size, ask_size : float
        Top of the book: positive, finite, bid below ask.
    volatility : float
        Standard deviation of the return over the horizon in use, as a fraction of the price.
    expected_move_bps : float
        What the model expects of the mid price; 0 for no opinion.

    """

    bid: float
    ask: float
    bid_size: float
    ask_size: float
    volatility: float
    expected_move_bps: float = 0.0


class Ladder:
    """
    Places quotes: a spread scaled by volatility around a price that leans away from inventory.

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

    References
    ----------
    Avellaneda, M. and Stoikov, S. (2008), High-frequency trading in a limit order book,
    Quantitative Finance 8(3): quoting around a reservation price that leans against inventory.

    """

    def __init__(
        self, params: LadderParams, rules: TradingRules, order_qty: float, inventory_limit: float
    ) -> None:
        self._params = params
        self._rules = rules
        self._order_qty = rules.floor_qty(order_qty)
        self._limit = inventory_limit

    def quote(self, market: Market, position_qty: float) -> list[Quote]:
        """
        Return the quotes to have in a market.

        Bids are rounded down and asks up, away from the market; no bid reaches the best ask and no
        ask the best bid, so that a post-only order can rest.

        Parameters
        ----------
        market : Market
            Prices, sizes, volatility and opinion.
        position_qty : float
            Signed position in base currency.

        Returns
        -------
        list[Quote]
            Best prices first, bids before asks; empty while the volatility is unknown or a number
            is not finite.

        """
        bid, ask = market.bid, market.ask
        mid = 0.5 * (bid + ask)
        half = self._half_spread(mid, market.volatility)
        reservation = self._reservation(market, mid, half, position_qty)
        rules = self._rules
        sound = 0.0 < bid < ask and math.isfinite((abs(reservation) + half) / rules.tick_size)
        if not sound:
            return []
        best_bid = min(rules.floor_ticks(reservation - half), rules.ceil_ticks(ask) - 1)
        best_ask = max(rules.ceil_ticks(reservation + half), rules.floor_ticks(bid) + 1)
        if best_bid >= best_ask:  # no spread and a price on the tick: give way on the heavier side
            if position_qty > 0.0:
                best_bid = best_ask - 1
            else:
                best_ask = best_bid + 1
        step = max(1, round(self._params.level_spacing * half / rules.tick_size))
        quotes = self._side(BUY, best_bid, step, self._limit - max(position_qty, 0.0))
        quotes += self._side(SELL, best_ask, step, self._limit + min(position_qty, 0.0))
        return quotes

    def _half_spread(self, mid: float, volatility: float) -> float:
        params = self._params
        target = scaled = 0.0  # what is not asked for needs no volatility
        if params.spread_target > 0.0:
            target = as_fraction(params.spread_target, params.threshold_unit, volatility)
        if params.volatility_multiplier > 0.0:
            scaled = params.volatility_multiplier * volatility
        if math.isnan(target) or math.isnan(scaled):
            return math.nan
        return 0.5 * mid * max(target, scaled)

    def _reservation(self, market: Market, mid: float, half: float, position_qty: float) -> float:
        """Return the price that the quotes stand around."""
        params = self._params
        half_market = 0.5 * (market.ask - market.bid)
        sizes = market.bid_size + market.ask_size
        imbalance = (market.bid_size - market.ask_size) / sizes if sizes > 0.0 else 0.0
        fair = mid + params.imbalance_weight * imbalance * half_market
        fair *= 1.0 + params.signal_weight * market.expected_move_bps * _BASIS_POINT
        load = position_qty / self._limit if self._limit > 0.0 else 0.0
        return fair - params.inventory_skew * load * max(half, half_market)

    def _side(self, side: int, best: int, step: int, room_qty: float) -> list[Quote]:
        """Return one side's quotes; all of them together fit into the room that is left."""
        rules = self._rules
        quotes = []
        for level in range(self._params.quote_depth):
            ticks = best - side * level * step
            qty = min(self._order_qty, rules.floor_qty(room_qty))
            if qty <= 0.0 or ticks <= 0 or self._is_scrap(qty, ticks):
                break
            quotes.append(Quote(side, ticks, qty))
            room_qty -= qty
        return quotes

    def _is_scrap(self, qty: float, ticks: int) -> bool:
        """Whether what the inventory limit leaves of a quote is too small to send."""
        rules = self._rules
        small = qty < rules.min_qty or qty * rules.price_at(ticks) < rules.min_notional
        return qty < self._order_qty and small
