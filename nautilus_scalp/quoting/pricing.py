"""Where the best bid and ask should stand, before rounding: a band around a fair price."""

import math
from typing import Literal
from typing import Protocol

from msgspec import Struct

from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.units import ThresholdUnit
from nautilus_scalp.signals.units import as_fraction


_BASIS_POINT = 1e-4


class LadderParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where the quotes stand.

    Parameters
    ----------
    model : {"volatility", "avellaneda_stoikov", "glft"}
        How spread and inventory skew are found: from the volatility alone, or as the optimum of a
        model of fills whose parameters are estimated from the tape.
    spread_target : float
        Least distance between the best two quotes, in `threshold_unit`; with 0 and no volatility
        multiplier the quotes stand as close as post-only orders can, on the best prices of a market
        that is one tick wide. It is a floor under every model.
    threshold_unit : {"percent", "volatility"}
        Percent of the price, or multiples of the volatility.
    volatility_multiplier : float
        The spread is never less than this many volatilities; for the ``volatility`` model.
    risk_aversion : float
        Dislike of inventory, per tick and quote; for the optimal models.
    horizon_ms : float
        How long inventory is held in the ``avellaneda_stoikov`` model.
    quote_depth : int
        Quotes a side.
    level_spacing : float
        Distance between two quotes of a side, in half spreads; at least one tick.
    inventory_skew : float
        How far a full inventory shifts both sides, in half spreads; for the ``volatility`` model.
    imbalance_weight : float
        How much of the way towards the thinner side of the market the fair price leans: 0 is the
        mid price, 1 the size-weighted mid price.
    signal_weight : float
        Share of the expected move that shifts the fair price.

    """

    model: Literal["volatility", "avellaneda_stoikov", "glft"] = "volatility"
    spread_target: NotNegative = 0.1
    threshold_unit: ThresholdUnit = "percent"
    volatility_multiplier: NotNegative = 1.5
    risk_aversion: Positive = 0.01
    horizon_ms: Positive = 1_000.0
    quote_depth: Count = 5
    level_spacing: NotNegative = 0.5
    inventory_skew: NotNegative = 1.0
    imbalance_weight: NotNegative = 0.5
    signal_weight: NotNegative = 1.0


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
    arrival_rate : float
        Orders a second that would fill a quote at the mid price; NaN while unknown.
    depth_decay : float
        How fast that rate falls with the distance, per tick; NaN while unknown.

    """

    bid: float
    ask: float
    bid_size: float
    ask_size: float
    volatility: float
    expected_move_bps: float = 0.0
    arrival_rate: float = math.nan
    depth_decay: float = math.nan

    @property
    def mid(self) -> float:
        """Middle of the market."""
        return 0.5 * (self.bid + self.ask)

    @property
    def half_spread(self) -> float:
        """Half the distance of the best prices."""
        return 0.5 * (self.ask - self.bid)


class Band(Struct, frozen=True, gc=False):
    """
    The best two prices to quote, before rounding; NaN while something is unknown.

    Attributes
    ----------
    bid, ask : float
        Prices.

    """

    bid: float
    ask: float

    @property
    def half(self) -> float:
        """Half the spread."""
        return 0.5 * (self.ask - self.bid)


class Pricer(Protocol):
    """A model of where to quote."""

    def band(self, market: Market, load: float) -> Band:
        """
        Return the best two prices.

        Parameters
        ----------
        market : Market
            What is known.
        load : float
            Position over the inventory limit, -1 to 1.

        """


def fair_price(market: Market, params: LadderParams) -> float:
    """
    Return the mid price, leaned towards the thinner side and moved by the model's opinion.

    Parameters
    ----------
    market : Market
        Prices, sizes and opinion.
    params : LadderParams
        The two weights.

    Returns
    -------
    float
        The price; with both weights nought the mid price.

    """
    bid_size, ask_size = market.bid_size, market.ask_size
    sizes = bid_size + ask_size
    imbalance = (bid_size - ask_size) / sizes if sizes > 0.0 else 0.0
    fair = market.mid + params.imbalance_weight * imbalance * market.half_spread
    return fair * (1.0 + params.signal_weight * market.expected_move_bps * _BASIS_POINT)


def least_half_spread(market: Market, params: LadderParams) -> float:
    """Return half of `spread_target` in quote currency; NaN while it is not known."""
    if params.spread_target == 0.0:
        return 0.0
    target = as_fraction(params.spread_target, params.threshold_unit, market.volatility)
    return 0.5 * market.mid * target


class VolatilitySpread:
    """
    A spread of some volatilities around a price that a full inventory shifts by some half spreads.

    Parameters
    ----------
    params : LadderParams
        Target, multiplier and skew.

    """

    def __init__(self, params: LadderParams) -> None:
        self._params = params

    def band(self, market: Market, load: float) -> Band:
        """Return the best two prices; see `Pricer`."""
        params = self._params
        scaled = 0.0  # what is not asked for needs no volatility
        if params.volatility_multiplier > 0.0:
            scaled = 0.5 * market.mid * params.volatility_multiplier * market.volatility
        least = least_half_spread(market, params)
        half = max(least, scaled) if not math.isnan(least + scaled) else math.nan
        shift = params.inventory_skew * load * max(half, market.half_spread) if load else 0.0
        centre = fair_price(market, params) - shift
        return Band(centre - half, centre + half)
