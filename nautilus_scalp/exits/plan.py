"""The exits of one position, made from parameters and watched together."""

import math

from msgspec import Struct
from msgspec.structs import replace

from nautilus_scalp.exits.rules import ExitRule
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.exits.rules import ProfitTarget
from nautilus_scalp.exits.rules import StopLoss
from nautilus_scalp.exits.rules import TimeOut
from nautilus_scalp.exits.rules import TrailingStop
from nautilus_scalp.exits.take_profit import TakeProfitParams
from nautilus_scalp.exits.take_profit import make_take_profit
from nautilus_scalp.signals.conditions import Conditions
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.units import ThresholdUnit
from nautilus_scalp.signals.units import as_fraction


_SAME_PRICE = 1e-6  # average prices of the same fills, by us and by a venue that rounds


class ExitParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When to leave.

    Parameters
    ----------
    profit_target, stop_loss, trailing_stop : float, optional
        Distances in `threshold_unit`; none of it if left out.
    threshold_unit : {"percent", "volatility"}
        Percent of the price, or multiples of the volatility at the entry.
    timeout_ms : float, optional
        Longest time in a position.
    take_profit : TakeProfitParams, optional
        A take profit that trails.

    """

    profit_target: Positive | None = None
    stop_loss: Positive | None = None
    trailing_stop: Positive | None = None
    threshold_unit: ThresholdUnit = "percent"
    timeout_ms: Positive | None = None
    take_profit: TakeProfitParams | None = None

    @property
    def needs_volatility(self) -> bool:
        """Whether a distance depends on the volatility."""
        distances = (self.profit_target, self.stop_loss, self.trailing_stop)
        trail = self.take_profit
        return (self.threshold_unit == "volatility" and any(distances)) or (
            trail is not None and trail.threshold_unit == "volatility"
        )

    def scaled(self, multiple: float) -> "ExitParams":
        """
        Return these with the distances of stop loss and trailing stop multiplied.

        Examples
        --------
        >>> ExitParams(stop_loss=0.2, profit_target=0.5).scaled(1.5).stop_loss
        0.30000000000000004

        """
        stop, trail = self.stop_loss, self.trailing_stop
        return replace(
            self,
            stop_loss=stop * multiple if stop is not None else None,
            trailing_stop=trail * multiple if trail is not None else None,
        )

    def nearest_stop(self, volatility: float) -> float:
        """Return how far the nearer stop is, as a fraction; NaN without one or if it is unknown."""
        distances = [d for d in (self.stop_loss, self.trailing_stop) if d is not None]
        if not distances:
            return math.nan
        return as_fraction(min(distances), self.threshold_unit, volatility)


class PlanState(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What must survive a restart for a position to be left where it would have been.

    Attributes
    ----------
    side, opened_ns : int
        Of the position that it belongs to; another position's plan is of no use.
    entry : float
        Its average price, by which it is known when the venue's books tell another beginning.
    volatility : float or None
        At the entry; None if it was not known.
    stop_multiple : float
        Of the regime at the entry.
    best : float
        Best price since the entry, for what trails.

    """

    side: int
    opened_ns: int
    entry: float
    volatility: float | None
    stop_multiple: float
    best: float

    def belongs_to(self, position: OpenPosition) -> bool:
        """Whether it is a position's plan."""
        same = math.isclose(self.entry, position.entry, rel_tol=_SAME_PRICE)
        return self.side == position.side and (same or self.opened_ns == position.opened_ns)


class ExitPlan:
    """
    Watches one position and says why to leave it.

    The distances are fixed by the volatility at the entry, so that a quiet market does not tighten
    them on a position that was opened in a wild one.

    Parameters
    ----------
    params : ExitParams
        When to leave.
    conditions : Conditions
        The market, for a take profit that adapts to it.
    stop_multiple : float
        On the distances of stop loss and trailing stop.

    """

    def __init__(
        self, params: ExitParams, conditions: Conditions, stop_multiple: float = 1.0
    ) -> None:
        self._params = params.scaled(stop_multiple)
        self._stop_multiple = stop_multiple
        self._conditions = conditions
        self._rules: tuple[ExitRule, ...] = ()
        self._watched = (0, 0)
        self._volatility = math.nan
        self._entry = math.nan
        self._best = math.nan

    def watch(self, position: OpenPosition, volatility: float) -> None:
        """
        Watch a position, from its first fill on and after every further one.

        Parameters
        ----------
        position : OpenPosition
            Side, average entry price and time of the first fill.
        volatility : float
            As a fraction of the price; used when the position is new.

        """
        if (position.side, position.opened_ns) != self._watched:
            self._rules = self._make_rules(volatility)
            self._watched = (position.side, position.opened_ns)
            self._volatility = volatility
            self._best = position.entry
        self._entry = position.entry
        for rule in self._rules:
            rule.watch(position)

    def on_price(self, price: float, ts_ns: int) -> str | None:
        """
        Take in the price at which the position could be left now.

        Parameters
        ----------
        price : float
            The bid for a long position, the ask for a short one.
        ts_ns : int
            Now.

        Returns
        -------
        str or None
            Why to leave, or None to stay.

        """
        if self._watched[0] * (price - self._best) > 0.0:
            self._best = price
        leave = None
        for rule in self._rules:  # every rule sees every price: a trailing stop has to follow it
            if rule.on_price(price, ts_ns) and leave is None:
                leave = rule.reason
        return leave

    def drop(self) -> None:
        """Stop watching: the position is closed."""
        self._rules = ()
        self._watched = (0, 0)

    @property
    def state(self) -> PlanState | None:
        """What to keep for a restart; None without a position."""
        side, opened_ns = self._watched
        if not side:
            return None
        return PlanState(
            side=side,
            opened_ns=opened_ns,
            entry=self._entry,
            volatility=self._volatility if math.isfinite(self._volatility) else None,
            stop_multiple=self._stop_multiple,
            best=self._best,
        )

    def catch_up(self, best: float) -> None:
        """
        Let what trails know the best price of a position that was watched before a restart.

        Parameters
        ----------
        best : float
            From the `PlanState`. A verdict on it is no reason to leave: that price is gone.

        """
        self.on_price(best, self._watched[1])

    def _make_rules(self, volatility: float) -> tuple[ExitRule, ...]:
        params = self._params
        rules: list[ExitRule] = []
        distances: tuple[tuple[float | None, type[StopLoss | ProfitTarget | TrailingStop]], ...] = (
            (params.stop_loss, StopLoss),
            (params.profit_target, ProfitTarget),
            (params.trailing_stop, TrailingStop),
        )
        for distance, rule in distances:
            if distance is not None:
                fraction = as_fraction(distance, params.threshold_unit, volatility)
                if math.isfinite(fraction):
                    rules.append(rule(fraction))
        if params.take_profit is not None:
            trail = make_take_profit(params.take_profit, volatility, self._conditions)
            rules += [trail] if trail is not None else []
        if params.timeout_ms is not None:
            rules.append(TimeOut(params.timeout_ms))
        return tuple(rules)
