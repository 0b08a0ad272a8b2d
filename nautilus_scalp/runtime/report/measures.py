"""Everything that is measured about a result, kept as sums so that totals are exact."""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.markouts import MarkedFills
from nautilus_scalp.evaluation.markouts import Markout
from nautilus_scalp.evaluation.markouts import mark_fills
from nautilus_scalp.evaluation.markouts import measure_markouts
from nautilus_scalp.evaluation.performance import MINUTES_PER_YEAR
from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.performance import equity_curve
from nautilus_scalp.evaluation.performance import minute_returns
from nautilus_scalp.evaluation.performance import sharpe
from nautilus_scalp.evaluation.performance import time_grid
from nautilus_scalp.evaluation.pnl import PnlSplit
from nautilus_scalp.evaluation.pnl import RoundTrips
from nautilus_scalp.evaluation.pnl import is_flat
from nautilus_scalp.evaluation.pnl import round_trips
from nautilus_scalp.evaluation.pnl import split_pnl
from nautilus_scalp.evaluation.queues import QueueVerdict
from nautilus_scalp.evaluation.resampling import Resampling
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import StrategyResult


MARKOUT_HORIZONS_MS = {"1s": 1_000, "10s": 10_000, "60s": 60_000}
POINT = PerformanceParams(resampling=Resampling(resamples=1))  # nobody looks at the interval


class Measures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """What one strategy, or several together, did; every amount in quote currency.

    Attributes
    ----------
    orders, fills, signals, open_positions : int
        Counts; `open_positions` at the end of the window.
    maker_volume, volume : float
        Traded value of the resting fills, and of all.
    gross, fees, funding : float
        The engine's books: before fees, fees paid, funding received.
    fill_fees : float
        Fees summed over the fills, to be compared to those of the books.
    size_impact : float
        Paid by aggressive orders beyond the price of their first fill.
    split : PnlSplit
        What the fills and the mid prices say gross is made of.
    markouts : dict[int, Markout]
        By horizon in milliseconds.
    marked : dict[int, MarkedFills]
        The fills behind them, one by one.
    trips : RoundTrips
        From flat to flat.
    equity : float64[g]
        P&L after fees on the run's time grid.
    capital : float
        Starting balance of the account or accounts.
    refusals, exits : dict[str, int]
        By reason, sorted.
    queue_models : dict[str, QueueVerdict]
        What other models of the queue fill.

    """

    orders: int
    fills: int
    signals: int
    open_positions: int
    maker_volume: float
    volume: float
    gross: float
    fees: float
    fill_fees: float
    funding: float
    size_impact: float
    split: PnlSplit
    markouts: dict[int, Markout]
    marked: dict[int, MarkedFills]
    trips: RoundTrips
    equity: npt.NDArray[np.float64]
    capital: float
    refusals: dict[str, int]
    exits: dict[str, int]
    queue_models: dict[str, QueueVerdict] = {}

    @property
    def net(self) -> float:
        """P&L after fees and funding."""
        return self.gross - self.fees + self.funding

    @property
    def unexplained(self) -> float:
        """What the engine's books hold and the split does not account for."""
        return self.gross - self.split.gross


def mark_times(facts: RunFacts, results: Sequence[StrategyResult]) -> npt.NDArray[np.int64]:
    """Return the times at which a run's equity is marked.

    Parameters
    ----------
    facts : RunFacts
        The window.
    results : Sequence[StrategyResult]
        Their quotes say when there was a market.

    Returns
    -------
    int64[g]
        See `time_grid`.

    """
    quotes = {result.instrument_id: result.mids.ts_ns for result in results}
    together = np.sort(np.concatenate([np.zeros(0, np.int64), *quotes.values()]))
    return time_grid(facts.start_ns, facts.end_ns, together)


def measure(result: StrategyResult, grid_ns: npt.NDArray[np.int64], capital: float) -> Measures:
    """Measure one strategy on one instrument.

    Parameters
    ----------
    result : StrategyResult
        What the run left behind.
    grid_ns : int64[g]
        Times of the equity curve.
    capital : float
        Starting balance of its account.

    Returns
    -------
    Measures
        For `combine` and the report.

    """
    fills = result.fills
    return Measures(
        orders=result.orders,
        fills=len(fills),
        signals=result.signals,
        open_positions=0 if is_flat(fills) else 1,
        maker_volume=float(np.sum(fills.notional[fills.is_maker])),
        volume=float(np.sum(fills.notional)),
        gross=float(result.engine_gross),
        fees=float(result.engine_fees),
        fill_fees=float(np.sum(fills.fee)),
        funding=result.funding.total,
        size_impact=result.size_impact,
        split=split_pnl(fills, result.mids, result.final_mark),
        markouts=measure_markouts(fills, result.mids, tuple(MARKOUT_HORIZONS_MS.values())),
        marked={ms: mark_fills(fills, result.mids, ms) for ms in MARKOUT_HORIZONS_MS.values()},
        trips=round_trips(fills),
        equity=equity_curve(fills, result.mids, result.funding, grid_ns, result.final_mark),
        capital=capital,
        refusals=dict(sorted(result.refusals.items())),
        exits=dict(sorted(result.exits.items())),
        queue_models=result.queue_models,
    )


def minute_sharpes(facts: RunFacts, results: Sequence[StrategyResult]) -> dict[str, float | None]:
    """Return the Sharpe ratio of one minute of each configuration, for the ledger of trials.

    Parameters
    ----------
    facts : RunFacts
        What was run.
    results : Sequence[StrategyResult]
        Of all configurations.

    Returns
    -------
    dict[str, float or None]
        Not annualised; None where the window is too short for a ratio, or nothing moved.

    """
    grid_ns = mark_times(facts, results)
    curves = {name: np.zeros(len(grid_ns)) for name in facts.configs}
    for one in results:
        own = equity_curve(one.fills, one.mids, one.funding, grid_ns, one.final_mark)
        curves[one.config] += own
    yearly = {
        name: sharpe(minute_returns(curve, grid_ns, facts.capital[name]), POINT).value
        for name, curve in curves.items()
    }
    return {
        name: None if ratio is None else ratio / math.sqrt(MINUTES_PER_YEAR)
        for name, ratio in yearly.items()
    }


def combine(parts: Sequence[Measures], grid_ns: npt.NDArray[np.int64], capital: float) -> Measures:
    """Add up several strategies, as one account of their joint capital would see them.

    Parameters
    ----------
    parts : Sequence[Measures]
        On the same grid; none at all is a run without strategies.
    grid_ns : int64[g]
        Times of the equity curves.
    capital : float
        Starting balance of the accounts behind the parts, each counted once.

    Returns
    -------
    Measures
        Sums, pooled markouts, all round trips, and the sum of the equity curves.

    """
    markouts = {
        ms: sum((part.markouts[ms] for part in parts), Markout.none(ms))
        for ms in MARKOUT_HORIZONS_MS.values()
    }
    marked = {
        ms: sum((part.marked[ms] for part in parts), MarkedFills.none())
        for ms in MARKOUT_HORIZONS_MS.values()
    }
    refusals = sum((Counter(part.refusals) for part in parts), Counter[str]())
    exits = sum((Counter(part.exits) for part in parts), Counter[str]())
    return Measures(
        orders=sum(part.orders for part in parts),
        fills=sum(part.fills for part in parts),
        signals=sum(part.signals for part in parts),
        open_positions=sum(part.open_positions for part in parts),
        maker_volume=sum(part.maker_volume for part in parts),
        volume=sum(part.volume for part in parts),
        gross=sum(part.gross for part in parts),
        fees=sum(part.fees for part in parts),
        fill_fees=sum(part.fill_fees for part in parts),
        funding=sum(part.funding for part in parts),
        size_impact=sum(part.size_impact for part in parts),
        split=sum((part.split for part in parts), PnlSplit.none()),
        markouts=markouts,
        marked=marked,
        trips=sum((part.trips for part in parts), RoundTrips.none()),
        equity=sum((part.equity for part in parts), np.zeros(len(grid_ns))),
        capital=capital,
        refusals=dict(sorted(refusals.items())),
        exits=dict(sorted(exits.items())),
        queue_models=_pooled(parts),
    )


def _pooled(parts: Sequence[Measures]) -> dict[str, QueueVerdict]:
    pooled: dict[str, QueueVerdict] = {}
    for part in parts:
        for name, verdict in part.queue_models.items():
            pooled[name] = pooled[name] + verdict if name in pooled else verdict
    return pooled
