"""
Optimal quotes under a model of fills.

The mid price is a Brownian motion of `sigma` ticks per root second, and a quote `d` ticks from it
is filled at the rate ``A exp(-k d)`` a second. Prices are in ticks and inventory in quotes here.
"""

import math

from nautilus_scalp.quoting.pricing import Band
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pricing import Market
from nautilus_scalp.quoting.pricing import fair_price
from nautilus_scalp.quoting.pricing import least_half_spread


_MS_PER_S = 1_000.0


def avellaneda_stoikov(
    gamma: float, sigma: float, decay: float, horizon_s: float
) -> tuple[float, float]:
    """
    Return half the optimal spread and the shift a quote of inventory.

    Parameters
    ----------
    gamma : float
        Risk aversion, per tick and quote.
    sigma : float
        Volatility, ticks per root second.
    decay : float
        `k`, per tick.
    horizon_s : float
        Time until the inventory is gone.

    Returns
    -------
    tuple[float, float]
        ``gamma sigma^2 T / 2 + ln(1 + gamma / k) / gamma`` and ``gamma sigma^2 T``, in ticks.

    References
    ----------
    Avellaneda, M. and Stoikov, S. (2008), High-frequency trading in a limit order book,
    Quantitative Finance 8(3), equations (29) and (30).

    """
    shift = gamma * sigma * sigma * horizon_s
    return 0.5 * shift + math.log1p(gamma / decay) / gamma, shift


def glft(gamma: float, sigma: float, decay: float, rate: float) -> tuple[float, float]:
    """
    Return half the optimal spread and the shift a quote of inventory, long before the end.

    Parameters
    ----------
    gamma, sigma, decay : float
        As in `avellaneda_stoikov`.
    rate : float
        `A`, fills a second of a quote at the mid price.

    Returns
    -------
    tuple[float, float]
        ``ln(1 + gamma / k) / gamma + s / 2`` and ``s``, in ticks, with
        ``s = sigma sqrt(gamma / (2 k A) (1 + gamma / k)^(1 + k / gamma))``.

    References
    ----------
    Gueant, O., Lehalle, C.-A. and Fernandez-Tapia, J. (2013), Dealing with the inventory risk,
    Mathematics and Financial Economics 7(4), section 4: the asymptotic quotes in closed form.

    """
    # (1 + gamma / k)^(1 + k / gamma) by its logarithm: the power of a large number overflows.
    power = (1.0 + decay / gamma) * math.log1p(gamma / decay)
    shift = sigma * math.sqrt(gamma / (2.0 * decay * rate)) * math.exp(0.5 * power)
    return math.log1p(gamma / decay) / gamma + 0.5 * shift, shift


class OptimalSpread:
    """
    Quotes of either model around the fair price.

    Parameters
    ----------
    params : LadderParams
        Which model, risk aversion, horizon and least spread.
    tick_size : float
        Price step.
    inventory_quotes : float
        The inventory limit in quotes: a load of 1 is this many.
    volatility_horizon_ms : float
        Over which the market's volatility is given.

    """

    def __init__(
        self,
        params: LadderParams,
        tick_size: float,
        inventory_quotes: float,
        volatility_horizon_ms: float,
    ) -> None:
        self._params = params
        self._tick_size = tick_size
        self._inventory_quotes = inventory_quotes
        self._root_seconds = math.sqrt(volatility_horizon_ms / _MS_PER_S)

    def band(self, market: Market, load: float) -> Band:
        """Return the best two prices; NaN until volatility and fill rates are known."""
        params, decay, rate = self._params, market.depth_decay, market.arrival_rate
        if not (market.volatility >= 0.0 and decay > 0.0 and rate > 0.0 and decay * rate > 0.0):
            return Band(math.nan, math.nan)
        sigma = market.volatility * market.mid / self._tick_size / self._root_seconds
        if params.model == "glft":
            half, shift = glft(params.risk_aversion, sigma, decay, rate)
        else:
            horizon_s = params.horizon_ms / _MS_PER_S
            half, shift = avellaneda_stoikov(params.risk_aversion, sigma, decay, horizon_s)
        half = max(half * self._tick_size, least_half_spread(market, params))
        centre = fair_price(market, params)
        centre -= load * self._inventory_quotes * shift * self._tick_size
        return Band(centre - half, centre + half)
