"""The variance of the next bar's return by a GARCH(1,1) whose parameters were fitted beforehand."""

import math

from msgspec import Struct
from numba import njit

from nautilus_scalp.errors import UsageError
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


class GarchParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A GARCH(1,1) of the bars' returns; ``nautilus-scalp garch`` fits one to recorded data.

    Parameters
    ----------
    alpha, beta : float
        Weight of the last squared return, and of the last variance; together below 1.
    omega : float, optional
        The constant, in squared returns. Left out it is `1 - alpha - beta` times what is usual
        for the instrument, so that the model returns to that.
    bar_ms : float, optional
        Length of the bars that it was fitted to. Bars of another length are refused: parameters of
        one are wrong for the other.

    References
    ----------
    Bollerslev, T. (1986), Generalized autoregressive conditional heteroskedasticity, Journal of
    Econometrics 31(3), equation 4. Variance targeting: Engle, R. F. and Mezrich, J. (1996), GARCH
    for groups, Risk 9(8).

    """

    alpha: NotNegative = 0.05
    beta: NotNegative = 0.9
    omega: Positive | None = None
    bar_ms: Positive | None = None

    def __post_init__(self) -> None:
        """Refuse a variance that would grow without end."""
        if self.alpha + self.beta >= 1.0:
            message = f"garch: alpha {self.alpha} + beta {self.beta} is not below 1"
            raise UsageError(message, "lower garch.alpha or garch.beta")


@njit(cache=True)
def garch_constant(omega: float, alpha: float, beta: float, usual_variance: float) -> float:
    """
    Return `omega`, or what makes the model return to a variance.

    Parameters
    ----------
    omega, alpha, beta : float
        The model; an `omega` of NaN is left out.
    usual_variance : float
        Of a bar's return, for parameters without an omega.

    Examples
    --------
    >>> garch_constant(math.nan, 0.25, 0.5, 4.0), garch_constant(0.1, 0.25, 0.5, 4.0)
    (1.0, 0.1)

    """
    return (1.0 - alpha - beta) * usual_variance if math.isnan(omega) else omega


@njit(cache=True)
def garch_next(variance: float, square: float, omega: float, alpha: float, beta: float) -> float:
    """
    Return the variance of the next return, given this one's variance and its square.

    Parameters
    ----------
    variance : float
        What was expected of this return.
    square : float
        What it was, squared.
    omega, alpha, beta : float
        The model.

    Examples
    --------
    >>> garch_next(4.0, 1.0, 0.5, 0.25, 0.5)
    2.75

    """
    return omega + alpha * square + beta * variance
