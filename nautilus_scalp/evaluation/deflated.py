"""How much of a Sharpe ratio is left once it is known how many configurations were tried."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt


EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()

type Floats = npt.NDArray[np.float64]


class DeflatedSharpe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A Sharpe ratio judged against chance.

    Attributes
    ----------
    value : float or None
        Deflated Sharpe ratio: probability that the true ratio is above `hurdle`.
    probabilistic : float or None
        Probabilistic Sharpe ratio: probability that the true ratio is above zero.
    hurdle : float or None
        Sharpe ratio of one return, not annualised, that the best of as many configurations
        without any skill is expected to show.
    reason : str or None
        Why the others are None.

    """

    value: float | None = None
    probabilistic: float | None = None
    hurdle: float | None = None
    reason: str | None = None


def deflated_sharpe(
    returns: Floats, trials: int, trial_sharpes: Sequence[float] = (), min_returns: int = 2
) -> DeflatedSharpe:
    """
    Return the deflated Sharpe ratio of a configuration that was chosen among several.

    Parameters
    ----------
    returns : float64[n]
        Returns of equal periods; the ratio is that of one period.
    trials : int
        Different configurations that were tried on these data, this one included.
    trial_sharpes : Sequence[float]
        Sharpe ratios of one period of those trials that have one. With fewer than two, their
        spread is taken to be what chance alone gives, ``1 / (n - 1)`` (Lo 2002, equation 9,
        for a true ratio of zero).
    min_returns : int
        Returns below which nothing is said.

    Returns
    -------
    DeflatedSharpe
        With a reason where it is null.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, equations 1 and 2.

    """
    n = len(returns)
    if n < max(min_returns, 2):
        return DeflatedSharpe(reason=f"{n:,} returns; it needs at least {min_returns:,}")
    if np.ptp(returns) == 0.0:
        return DeflatedSharpe(reason="the returns have no risk to divide by")
    ratio = float(np.mean(returns) / np.std(returns, ddof=1))
    scores = (returns - np.mean(returns)) / np.std(returns)
    skew, kurtosis = float(np.mean(scores**3)), float(np.mean(scores**4))
    known = len(trial_sharpes) > 1
    variance = float(np.var(trial_sharpes, ddof=1)) if known else 1.0 / (n - 1)
    hurdle = expected_max_sharpe(trials, variance)
    return DeflatedSharpe(
        value=probabilistic_sharpe(ratio, n, skew, kurtosis, hurdle),
        probabilistic=probabilistic_sharpe(ratio, n, skew, kurtosis),
        hurdle=hurdle,
    )


def probabilistic_sharpe(
    ratio: float, n: int, skew: float, kurtosis: float, benchmark: float = 0.0
) -> float:
    """
    Return the probability that the true Sharpe ratio is above a benchmark.

    ``Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2))`` (Bailey and Lopez
    de Prado 2012, The Sharpe Ratio Efficient Frontier, equation 11).

    Parameters
    ----------
    ratio, benchmark : float
        Sharpe ratios of one period.
    n : int
        Returns that `ratio` was measured on.
    skew, kurtosis : float
        Of those returns; the kurtosis of a normal distribution is 3.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    Returns without skew or fat tails, a ratio of one standard error: one standard deviation.

    >>> round(probabilistic_sharpe(0.1, 101, 0.0, 1.0), 4)
    0.8413

    """
    variance = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    # Not below 0 for moments of real returns (kurtosis >= 1 + skew^2); 0 for two-point ones.
    if variance <= 0.0:
        return float(ratio > benchmark)
    return _NORMAL.cdf((ratio - benchmark) * math.sqrt(n - 1) / math.sqrt(variance))


def expected_max_sharpe(trials: int, variance: float) -> float:
    """
    Return the best Sharpe ratio to expect of several configurations without skill.

    ``sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))`` with ``g`` the Euler-Mascheroni
    constant (Bailey and Lopez de Prado 2014, equation 1).

    Parameters
    ----------
    trials : int
        Configurations that were tried.
    variance : float
        Variance of their Sharpe ratios.

    Returns
    -------
    float
        Zero for a single one, which nobody chose.

    """
    if trials < 2:  # noqa: PLR2004 (one trial is no choice)
        return 0.0
    best = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    beyond = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - EULER_MASCHERONI) * best + EULER_MASCHERONI * beyond)
