"""Equity, drawdown and risk-adjusted ratios with their uncertainty, or a reason to have none."""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_S
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments
from nautilus_scalp.evaluation.resampling import Estimate
from nautilus_scalp.evaluation.resampling import Resampling
from nautilus_scalp.evaluation.resampling import Statistic
from nautilus_scalp.evaluation.resampling import block_interval


MINUTES_PER_DAY = 1_440
MINUTES_PER_YEAR = 365 * MINUTES_PER_DAY
NS_PER_MINUTE = 60 * NS_PER_S
QUOTED_FOR_NS = 10 * NS_PER_MINUTE

type Floats = npt.NDArray[np.float64]


class PerformanceParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a figure has an interval, when a ratio may be annualised, and how both are found.

    Attributes
    ----------
    min_minutes : int
        Minute returns that Sharpe and Sortino ratios and the drawdown's interval need.
    calmar_min_minutes : int
        Minute returns that the Calmar ratio needs: its drawdown has no meaning over hours.
    min_trips : int
        Round trips that the intervals of their figures need.
    min_fills : int
        Fills that the interval of a markout needs.
    block_minutes : int
        Length of the bootstrap's blocks of minutes, which keep the returns' short memory.
    resampling : Resampling
        Resamples, coverage and seed.

    """

    min_minutes: int = MINUTES_PER_DAY
    calmar_min_minutes: int = 30 * MINUTES_PER_DAY
    min_trips: int = 30
    min_fills: int = 30
    block_minutes: int = 30
    resampling: Resampling = Resampling()


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


def sharpe(returns: Floats, params: PerformanceParams) -> Estimate:
    """
    Annualised Sharpe ratio of minute returns (Sharpe 1994), risk-free rate zero.

    ``mean / std * sqrt(525,600)``, with a circular block bootstrap interval (Politis and
    Romano 1992).
    """
    return _ratio(returns, _sharpe, params.min_minutes, params)


def sortino(returns: Floats, params: PerformanceParams) -> Estimate:
    """Annualised Sortino ratio: as Sharpe, over the root mean square of the negative returns."""
    return _ratio(returns, _sortino, params.min_minutes, params)


def calmar(returns: Floats, params: PerformanceParams) -> Estimate:
    """Calmar ratio: mean return a year over the largest drawdown, both on starting capital."""
    return _ratio(returns, _calmar, params.calmar_min_minutes, params)


def drawdown_interval(returns: Floats, capital: float, params: PerformanceParams) -> Estimate:
    """Largest drawdown of the minute returns in quote currency, for its interval."""
    short = _too_short(returns, params.min_minutes)
    if short:
        return Estimate(reason=short)
    return block_interval(
        returns, lambda sample: _deepest(sample) * capital, params.block_minutes, params.resampling
    )


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
    return _over(float(np.mean(returns)) * MINUTES_PER_YEAR, _deepest(returns))


def _deepest(returns: Floats) -> float:
    return float(np.max(drawdown(np.cumsum(returns))))


def _ratio(
    returns: Floats, statistic: Statistic, min_minutes: int, params: PerformanceParams
) -> Estimate:
    short = _too_short(returns, min_minutes)
    if short:
        return Estimate(reason=short)
    if np.ptp(returns) == 0.0 or not np.isfinite(statistic(returns)):
        return Estimate(reason="the returns have no risk to divide by")
    return block_interval(returns, statistic, params.block_minutes, params.resampling)


def _too_short(returns: Floats, min_minutes: int) -> str | None:
    if len(returns) >= min_minutes:
        return None
    return f"{len(returns):,} minute returns; it needs at least {min_minutes:,}"
