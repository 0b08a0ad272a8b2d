"""Equity, drawdown and risk-adjusted ratios with their uncertainty, or a reason to have none."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_S
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments


MINUTES_PER_DAY = 1_440
MINUTES_PER_YEAR = 365 * MINUTES_PER_DAY
NS_PER_MINUTE = 60 * NS_PER_S
QUOTED_FOR_NS = 10 * NS_PER_MINUTE

type Floats = npt.NDArray[np.float64]
type Statistic = Callable[[Floats], float]


class PerformanceParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a ratio may be annualised and how its interval is found.

    Attributes
    ----------
    min_minutes : int
        Minute returns that Sharpe and Sortino ratios need.
    calmar_min_minutes : int
        Minute returns that the Calmar ratio needs: its drawdown has no meaning over hours.
    block_minutes : int
        Length of the bootstrap's blocks, which keep the returns' short memory.
    resamples : int
        Bootstrap resamples.
    level : float
        Coverage of the interval.
    seed : int
        Seed of the bootstrap.

    """

    min_minutes: int = MINUTES_PER_DAY
    calmar_min_minutes: int = 30 * MINUTES_PER_DAY
    block_minutes: int = 30
    resamples: int = 1_000
    level: float = 0.95
    seed: int = 0


class Ratio(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ratio with its interval; where one is None, `reason` says why."""

    value: float | None = None
    interval: tuple[float, float] | None = None
    reason: str | None = None


def time_grid(
    start_ns: int, end_ns: int, quotes_ns: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """
    Return the times at which equity is marked.

    Parameters
    ----------
    start_ns, end_ns : int
        The window.
    quotes_ns : int64[m]
        Times of all quotes inside it, increasing.

    Returns
    -------
    int64[g]
        The start, every full second from it on at which the last quote is at most ten minutes
        old, and the end. The months between two recordings have no seconds.

    """
    breaks = np.flatnonzero(np.diff(quotes_ns) > QUOTED_FOR_NS)
    firsts = quotes_ns[np.append(0, breaks + 1)] if len(quotes_ns) else quotes_ns
    lasts = quotes_ns[np.append(breaks, -1)] if len(quotes_ns) else quotes_ns
    seconds = [
        np.arange(
            max(0, -((start_ns - first_ns) // NS_PER_S)),
            (min(last_ns + QUOTED_FOR_NS, end_ns) - start_ns) // NS_PER_S + 1,
        )
        for first_ns, last_ns in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]
    inside = start_ns + NS_PER_S * np.concatenate([np.zeros(0, np.int64), *seconds])
    return np.unique(np.concatenate(([start_ns], inside, [end_ns])))


def equity_curve(
    fills: Fills,
    mids: MidSeries,
    payments: Payments,
    grid_ns: npt.NDArray[np.int64],
    final_mark: float | None = None,
) -> Floats:
    """
    Mark the account at the mid price along a grid of times.

    Parameters
    ----------
    fills : Fills
        Fills of one strategy on one instrument.
    mids : MidSeries
        Mid prices on the same clock.
    payments : Payments
        Funding and other cash.
    grid_ns : int64[g]
        Times to mark at, increasing; the last one closes the books.
    final_mark : float, optional
        Price for the last point; the mid if omitted.

    Returns
    -------
    float64[g]
        P&L after fees since the start, quote currency. The last value is the net P&L.

    """
    cash_flow = -(fills.signed_qty * fills.price + fills.fee)
    cash = _running(fills.ts_event_ns, cash_flow, grid_ns)
    cash += _running(payments.ts_ns, payments.amount, grid_ns)
    if not len(fills):
        return cash
    position = _running(fills.ts_event_ns, fills.signed_qty, grid_ns)
    mark = mids.at(np.maximum(grid_ns, mids.ts_ns[0]))
    if final_mark is not None:
        mark[-1] = final_mark
    cash += position * mark
    return cash


def drawdown(equity: Floats) -> Floats:
    """Return how far equity lies below its highest value so far (at least zero), float64[g]."""
    return np.maximum.accumulate(np.maximum(equity, 0.0)) - equity


def minute_returns(equity: Floats, grid_ns: npt.NDArray[np.int64], capital: float) -> Floats:
    """Return the P&L of each full minute of an equity curve over the starting capital."""
    marks = equity[(grid_ns - grid_ns[0]) % NS_PER_MINUTE == 0]
    returns: Floats = np.diff(marks) / capital
    return returns


def sharpe(returns: Floats, params: PerformanceParams) -> Ratio:
    """
    Annualised Sharpe ratio of minute returns (Sharpe 1994), risk-free rate zero.

    ``mean / std * sqrt(525,600)``, with a circular block bootstrap interval (Politis and
    Romano 1992).
    """
    return _ratio(returns, _sharpe, params.min_minutes, params)


def sortino(returns: Floats, params: PerformanceParams) -> Ratio:
    """Annualised Sortino ratio: as Sharpe, over the root mean square of the negative returns."""
    return _ratio(returns, _sortino, params.min_minutes, params)


def calmar(returns: Floats, params: PerformanceParams) -> Ratio:
    """Calmar ratio: mean return a year over the largest drawdown, both on starting capital."""
    return _ratio(returns, _calmar, params.calmar_min_minutes, params)


def _running(
    ts_ns: npt.NDArray[np.int64], amount: Floats, grid_ns: npt.NDArray[np.int64]
) -> Floats:
    total = np.concatenate(([0.0], np.cumsum(amount)))
    running: Floats = total[np.searchsorted(ts_ns, grid_ns, side="right")]
    return running


def _over(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0.0 else np.nan


def _sharpe(returns: Floats) -> float:
    return _over(float(np.mean(returns)), float(np.std(returns, ddof=1))) * math.sqrt(
        MINUTES_PER_YEAR
    )


def _sortino(returns: Floats) -> float:
    downside = float(np.sqrt(np.mean(np.square(np.minimum(returns, 0.0)))))
    return _over(float(np.mean(returns)), downside) * math.sqrt(MINUTES_PER_YEAR)


def _calmar(returns: Floats) -> float:
    deepest = float(np.max(drawdown(np.cumsum(returns))))
    return _over(float(np.mean(returns)) * MINUTES_PER_YEAR, deepest)


def _ratio(
    returns: Floats, statistic: Statistic, min_minutes: int, params: PerformanceParams
) -> Ratio:
    if len(returns) < min_minutes:
        return Ratio(
            reason=f"{len(returns):,} minute returns; annualising needs at least {min_minutes:,}"
        )
    value = statistic(returns)
    if not np.isfinite(value):
        return Ratio(reason="the returns have no risk to divide by")
    samples = _block_bootstrap(returns, statistic, params)
    if not np.all(np.isfinite(samples)):
        return Ratio(value=value, reason="resamples without any risk: no interval")
    tail = (1.0 - params.level) / 2.0
    low, high = np.quantile(samples, (tail, 1.0 - tail))
    return Ratio(value=value, interval=(float(low), float(high)))


def _block_bootstrap(returns: Floats, statistic: Statistic, params: PerformanceParams) -> Floats:
    rng = np.random.default_rng(params.seed)
    n = len(returns)
    offsets = np.arange(params.block_minutes)
    blocks = -(-n // params.block_minutes)
    samples = np.empty(params.resamples, np.float64)
    for i in range(params.resamples):
        starts = rng.integers(0, n, size=(blocks, 1))
        samples[i] = statistic(returns[(starts + offsets).ravel()[:n] % n])
    return samples
