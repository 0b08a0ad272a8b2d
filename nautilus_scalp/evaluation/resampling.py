"""How far a figure would move if the same market were drawn again, and the trades shuffled."""

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt


type Floats = npt.NDArray[np.float64]
type Statistic = Callable[[Floats], float]


class Resampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How intervals are found.

    Attributes
    ----------
    resamples : int
        Bootstrap resamples, and shuffles.
    level : float
        Coverage of an interval.
    seed : int
        Of both.

    """

    resamples: int = 1_000
    level: float = 0.95
    seed: int = 0


class Estimate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure with its interval; where one is None, `reason` says why."""

    value: float | None = None
    interval: tuple[float, float] | None = None
    reason: str | None = None


class Shuffled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Largest drawdown of the same round trips in another order.

    Attributes
    ----------
    actual : float
        In the order in which they ended, quote currency.
    p05, p50, p95 : float
        Quantiles over random orders.

    """

    actual: float
    p05: float
    p50: float
    p95: float


def block_interval(
    values: Floats, statistic: Statistic, block: int, params: Resampling
) -> Estimate:
    """
    Return a statistic with its circular block bootstrap interval (Politis and Romano 1992).

    Parameters
    ----------
    values : float64[n] or float64[n, k]
        Observations in order of time.
    statistic : Callable
        Of observations in any order.
    block : int
        Consecutive observations that stay together.
    params : Resampling
        Resamples, coverage and seed.

    Returns
    -------
    Estimate
        Without an interval, and with a reason, where some resample has no finite value.

    """
    value = statistic(values)
    rng = np.random.default_rng(params.seed)
    n = len(values)
    offsets = np.arange(block)
    samples = np.empty(params.resamples, np.float64)
    for i in range(params.resamples):
        starts = rng.integers(0, n, size=(-(-n // block), 1))
        samples[i] = statistic(values[(starts + offsets).ravel()[:n] % n])
    if not np.all(np.isfinite(samples)):
        return Estimate(value=value, reason="resamples without any risk: no interval")
    tail = (1.0 - params.level) / 2.0
    low, high = np.quantile(samples, (tail, 1.0 - tail))
    return Estimate(value=value, interval=(float(low), float(high)))


def ratio_interval(
    numerator: Floats, denominator: Floats, block: int, params: Resampling
) -> Estimate:
    """
    Return a ratio of two sums with its circular block bootstrap interval.

    The same as `block_interval` of ``sum(numerator) / sum(denominator)``, except that the last
    block is never cut, but from running sums: its cost does not grow with the block.

    Parameters
    ----------
    numerator, denominator : float64[n]
        Parts of each observation, in order of time.
    block : int
        Consecutive observations that stay together.
    params : Resampling
        Resamples, coverage and seed.

    Returns
    -------
    Estimate
        Without an interval, and with a reason, where some resample has a denominator of zero.

    """
    n = len(numerator)
    rng = np.random.default_rng(params.seed)
    starts = rng.integers(0, n, size=(params.resamples, -(-n // block)))
    above, below = (
        np.sum(running[starts + block] - running[starts], axis=1)
        for running in (_running(numerator, block), _running(denominator, block))
    )
    if not np.all(below > 0.0):
        return Estimate(reason="resamples without anything to divide by: no interval")
    tail = (1.0 - params.level) / 2.0
    low, high = np.quantile(above / below, (tail, 1.0 - tail))
    value = float(np.sum(numerator) / np.sum(denominator))
    return Estimate(value=value, interval=(float(low), float(high)))


def _running(values: Floats, block: int) -> Floats:
    """Return sums up to each observation of a series that begins anew after its end."""
    circle = np.concatenate((values, np.resize(values, block)))
    running: Floats = np.concatenate(([0.0], np.cumsum(circle)))
    return running


def block_length(n: int) -> int:
    """
    Return the length of blocks for observations whose memory is not known.

    ``n ** (1/3)``, rounded (the optimal rate for a variance: Hall, Horowitz and Jing 1995).

    Examples
    --------
    >>> block_length(1_000)
    10

    """
    return max(1, round(float(n ** (1.0 / 3.0))))


def shuffled_drawdowns(net: Floats, params: Resampling) -> Shuffled:
    """
    Return how deep the account would have fallen had the same trades come in another order.

    Parameters
    ----------
    net : float64[k]
        P&L of each round trip after fees, in order of their end; at least one.
    params : Resampling
        Shuffles and seed.

    Returns
    -------
    Shuffled
        Quote currency. An actual drawdown beyond `p95` means that losses came in a row.

    """
    rng = np.random.default_rng(params.seed)
    deepest = [_deepest(rng.permutation(net)) for _ in range(params.resamples)]
    p05, p50, p95 = np.quantile(deepest, (0.05, 0.5, 0.95)).tolist()
    return Shuffled(actual=_deepest(net), p05=p05, p50=p50, p95=p95)


def _deepest(net: Floats) -> float:
    path = np.cumsum(net)
    return float(np.max(np.maximum.accumulate(np.maximum(path, 0.0)) - path))
