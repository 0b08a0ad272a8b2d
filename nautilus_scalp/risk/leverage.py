"""How much of a multiple of the equity may be held, as conditions change."""

import math
from typing import Literal

from msgspec import Struct

from nautilus_scalp.errors import UsageError
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


type LeverageMode = Literal["conservative", "aggressive", "adaptive"]

_NS_PER_MS = 1_000_000
_CEILING_SHARE = {"conservative": 0.5, "aggressive": 1.0, "adaptive": 1.0}


class LeverageParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How leverage follows from conditions.

    Parameters
    ----------
    mode : {"conservative", "aggressive", "adaptive"}
        Half of `largest` at most and reduced by the worst condition alone; `largest`, likewise; or
        `largest` reduced by every condition together.
    largest : float
        Never more.
    emergency : float
        What is left in an emergency.
    reference_volatility : float
        Annual volatility up to which nothing is taken off.
    max_drawdown : float
        Share lost at which the emergency begins; leverage falls in proportion on the way there.
    emergency_volatility : float
        Annual volatility at which the emergency begins.
    least_win_rate : float
        Share of round trips won below which leverage falls in proportion; 0 looks at none.
    raise_after_ms : float
        The venue's own setting follows downwards at once, upwards only when this has passed since
        its last change.

    """

    mode: LeverageMode = "conservative"
    largest: Positive = 3.0
    emergency: Positive = 0.5
    reference_volatility: Positive = 0.6
    max_drawdown: Positive = 0.1
    emergency_volatility: Positive = 3.0
    least_win_rate: NotNegative = 0.4
    raise_after_ms: Positive = 60_000.0

    def __post_init__(self) -> None:
        """Refuse an emergency that would allow more than the mode does."""
        if self.emergency > _CEILING_SHARE[self.mode] * self.largest:
            message = f"leverage: emergency {self.emergency} is more than {self.mode} allows"
            raise UsageError(message, "lower leverage.emergency or raise leverage.largest")


class Conditions(Struct, frozen=True, kw_only=True, gc=False):
    """
    What leverage depends on; what is not known is NaN, and costs all leverage but the emergency's.

    Attributes
    ----------
    volatility : float
        Annual volatility of the wildest instrument.
    drawdown : float
        Share of the highest equity that is lost.
    regime_multiple : float
        Size multiple of the most careful present regime's profile.
    crash : bool
        Whether an instrument crashes.
    noise : float
        Microstructure noise ratio, 0 to 1.
    win_rate : float
        Share of the round trips won; 1 before there are enough to tell.
    risk_share : float
        Value at risk over what is allowed.

    """

    volatility: float
    drawdown: float
    regime_multiple: float = 1.0
    crash: bool = False
    noise: float = 0.0
    win_rate: float = 1.0
    risk_share: float = 0.0


def target_leverage(params: LeverageParams, now: Conditions) -> float:
    """
    Return the leverage that conditions allow.

    Parameters
    ----------
    params : LeverageParams
        Mode and limits.
    now : Conditions
        Volatility, drawdown, regime, noise, performance and risk.

    Returns
    -------
    float
        From `emergency` to `largest`; never more than either for any number, NaN included.

    Examples
    --------
    >>> calm = Conditions(volatility=0.3, drawdown=0.0)
    >>> target_leverage(LeverageParams(mode="conservative"), calm)
    1.5
    >>> target_leverage(LeverageParams(mode="aggressive"), calm)
    3.0
    >>> target_leverage(LeverageParams(mode="aggressive"), Conditions(volatility=9.0, drawdown=0.0))
    0.5

    """
    if is_emergency(params, now):
        return params.emergency
    factors = (
        params.reference_volatility / max(now.volatility, 1e-12),
        1.0 - now.drawdown / params.max_drawdown,
        now.regime_multiple,
        1.0 - 0.5 * now.noise,  # half of a market that only bounces is still worth trading
        1.0 if now.win_rate >= params.least_win_rate else now.win_rate / params.least_win_rate,
        1.0 - now.risk_share,
    )
    worst = min(factors)
    if worst <= 0.0:
        return params.emergency
    taken_off = [factor for factor in factors if factor < 1.0]
    factor = math.prod(taken_off) if params.mode == "adaptive" else min(worst, 1.0)
    allowed = _CEILING_SHARE[params.mode] * params.largest * factor
    return max(allowed, params.emergency)


def is_emergency(params: LeverageParams, now: Conditions) -> bool:
    """Whether everything above `emergency` is to be given up: a crash, or a number not known."""
    numbers = now.volatility + now.drawdown + now.regime_multiple + now.noise + now.win_rate
    return (
        now.crash
        or not math.isfinite(numbers + now.risk_share)
        or now.drawdown >= params.max_drawdown
        or now.volatility >= params.emergency_volatility
    )


class VenueLevel:
    """
    The whole number that a venue's account is set to, so that its margin covers the leverage.

    Parameters
    ----------
    raise_after_ms : float
        Least time between a change and a rise.

    Attributes
    ----------
    level : int
        Present setting; 0 before the first.

    """

    def __init__(self, raise_after_ms: float) -> None:
        self._wait_ns = round(raise_after_ms * _NS_PER_MS)
        self._changed_ns = 0
        self.level = 0

    def follow(self, leverage: float, ts_ns: int) -> int:
        """
        Return the setting for a leverage.

        Parameters
        ----------
        leverage : float
            That conditions allow: positive and finite.
        ts_ns : int
            Now.

        Returns
        -------
        int
            `leverage` rounded up, at least 1; the present setting while a rise has to wait.

        """
        wanted = max(math.ceil(leverage), 1)
        rises = wanted > self.level > 0
        if wanted != self.level and not (rises and ts_ns - self._changed_ns < self._wait_ns):
            self.level = wanted
            self._changed_ns = ts_ns
        return self.level
