"""A take profit that trails: let a gain run, and give back no more than the market warrants."""

import math
from collections.abc import Callable
from typing import Annotated
from typing import Literal

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.signals.conditions import ConditionParams
from nautilus_scalp.signals.conditions import Conditions
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.units import ThresholdUnit
from nautilus_scalp.signals.units import as_fraction


# How far momentum or prediction may tighten and widen the distance.
_TIGHTEST, _WIDEST = 0.25, 2.0


class TakeProfitParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When and how closely a gain is followed.

    Parameters
    ----------
    mode : {"fixed", "atr", "volatility", "momentum", "predicted", "tick"}
        What the distance to the best price is measured in: percent of the price; average true
        ranges; volatilities, as they are now; percent, wider while momentum carries the position
        and tighter as it turns; the same with the model's expected move in the place of momentum;
        ticks, but never less than the spread.
    activation : float
        Gain from which on it trails, in `threshold_unit`.
    threshold_unit : {"percent", "volatility"}
        Of `activation`.
    distance : float
        In the mode's measure.
    lock_share : float
        Share of the best gain that is kept whatever the distance, 0 to 1.
    reversal : float, optional
        Leave at once when momentum turns against the position by this many volatilities.
    conditions : ConditionParams
        How range and momentum are measured.

    """

    mode: Literal["fixed", "atr", "volatility", "momentum", "predicted", "tick"] = "fixed"
    activation: Positive = 0.1
    threshold_unit: ThresholdUnit = "percent"
    distance: Positive = 0.05
    lock_share: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    reversal: Positive | None = None
    conditions: ConditionParams = ConditionParams()


def _carried(distance: float, drift: float, volatility: float) -> float:
    """Return percents as a fraction, stretched by a drift in volatilities; NaN while unknown."""
    stretch = 1.0 + drift / volatility if volatility > 0.0 else math.nan
    return 0.01 * distance * min(max(stretch, _TIGHTEST), _WIDEST)


_DISTANCES: dict[str, Callable[[float, int, Conditions], float]] = {
    "fixed": lambda distance, _side, _now: 0.01 * distance,
    "atr": lambda distance, _side, now: distance * now.average_range,
    "volatility": lambda distance, _side, now: distance * now.volatility,
    "momentum": lambda distance, side, now: _carried(distance, side * now.momentum, now.volatility),
    "predicted": lambda distance, side, now: _carried(
        distance, side * now.expected_move, now.volatility
    ),
    "tick": lambda distance, _side, now: max(distance * now.tick, now.spread),
}


class TrailingTakeProfit:
    """
    Trails the best price of a position in profit.

    Until the gain reaches the activation nothing happens. From then on the position is left when
    the price falls back from its best by the mode's distance, when it has given back more of the
    best gain than the lock allows, or when momentum turns against it. While the mode's measure is
    unknown, only lock and reversal watch.

    Parameters
    ----------
    params : TakeProfitParams
        When and how closely.
    activation : float
        `params.activation` as a fraction of the entry price.
    conditions : Conditions
        The market, kept up to date by others.

    """

    def __init__(self, params: TakeProfitParams, activation: float, conditions: Conditions) -> None:
        self._params = params
        self._activation = activation
        self._conditions = conditions
        self._distance = _DISTANCES[params.mode]
        self._position = OpenPosition(0, math.nan, -1)
        self._best = math.nan
        self.reason = "take_profit"

    def watch(self, position: OpenPosition) -> None:
        """Begin at the entry price; a position that only grew keeps its best price."""
        old = self._position
        if (position.side, position.opened_ns) != (old.side, old.opened_ns):
            self._best = position.entry
        self._position = position

    def on_price(self, price: float, _ts_ns: int) -> bool:
        """Follow a better price, or return whether it is time to go; `reason` says why."""
        side, entry = self._position.side, self._position.entry
        if side * (price - self._best) > 0.0:
            self._best = price
        best_gain = side * (self._best / entry - 1.0)
        if not best_gain >= self._activation:
            return False
        gain = side * (price / entry - 1.0)
        fall = side * (1.0 - price / self._best)
        params, now = self._params, self._conditions
        if params.lock_share > 0.0 and gain < params.lock_share * best_gain:
            self.reason = "profit_lock"
            return True
        if params.reversal is not None and gain > 0.0:
            against = -side * now.momentum
            if against >= params.reversal * now.volatility > 0.0:
                self.reason = "reversal"
                return True
        self.reason = "take_profit"
        return fall > 0.0 and fall >= self._distance(params.distance, side, now)


def make_take_profit(
    params: TakeProfitParams, volatility: float, conditions: Conditions
) -> TrailingTakeProfit | None:
    """
    Return the rule for a new position; None while its activation is not known.

    Parameters
    ----------
    params : TakeProfitParams
        When and how closely.
    volatility : float
        At the entry.
    conditions : Conditions
        The market.

    """
    activation = as_fraction(params.activation, params.threshold_unit, volatility)
    if not math.isfinite(activation):
        return None
    return TrailingTakeProfit(params, activation, conditions)
