"""The keys of one row of the answer, and why the null ones are null."""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.breakeven import breakeven_fee_bps
from nautilus_scalp.evaluation.breakeven import effective_fee_bps
from nautilus_scalp.evaluation.deflated import deflated_sharpe
from nautilus_scalp.evaluation.fills import BPS
from nautilus_scalp.evaluation.fills import NS_PER_S
from nautilus_scalp.evaluation.performance import MINUTES_PER_YEAR
from nautilus_scalp.evaluation.performance import Floats
from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.performance import calmar
from nautilus_scalp.evaluation.performance import drawdown
from nautilus_scalp.evaluation.performance import drawdown_interval
from nautilus_scalp.evaluation.performance import minute_returns
from nautilus_scalp.evaluation.performance import sharpe
from nautilus_scalp.evaluation.performance import sortino
from nautilus_scalp.evaluation.pnl import RoundTrips
from nautilus_scalp.evaluation.resampling import Estimate
from nautilus_scalp.evaluation.resampling import block_length
from nautilus_scalp.evaluation.resampling import ratio_interval
from nautilus_scalp.evaluation.resampling import shuffled_drawdowns
from nautilus_scalp.runtime.report.measures import MARKOUT_HORIZONS_MS
from nautilus_scalp.runtime.report.measures import Measures
from nautilus_scalp.runtime.report.notes import Reasons
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.results import Trials


def summarise(
    measures: Measures,
    grid_ns: npt.NDArray[np.int64],
    params: PerformanceParams,
    trials: Trials,
) -> tuple[Row, Reasons]:
    """Turn measures into the keys of the answer, and say why the null ones are null.

    Parameters
    ----------
    measures : Measures
        Of one strategy, or of several combined.
    grid_ns : int64[g]
        Times of their equity curve.
    params : PerformanceParams
        When ratios are annualised, and intervals given.
    trials : Trials
        What else was tried on the same data.

    Returns
    -------
    tuple[dict, dict]
        The keys that CLI and docs/report.md define, and a reason for each null one.

    """
    row = _accounts(measures) | _execution(measures)
    reasons = _reasons(measures)
    _add_markout_intervals(row, reasons, measures, params)
    _add_trips(row, reasons, measures.trips, params)
    returns = minute_returns(measures.equity, grid_ns, measures.capital)
    deepest = float(np.max(drawdown(measures.equity)))
    row["max_drawdown"] = deepest
    row["max_drawdown_share"] = deepest / measures.capital
    judged = drawdown_interval(returns, measures.capital, params)
    _add_interval(row, reasons, "max_drawdown", judged)
    ratios = {"sharpe": sharpe, "sortino": sortino, "calmar": calmar}
    for name, ratio in ratios.items():
        found = ratio(returns, params)
        row[name] = found.value
        _add_interval(row, reasons, name, found)
        if found.value is None:
            reasons[name] = reasons.pop(f"{name}_interval")
    _add_deflated(row, reasons, returns, params, trials)
    return row, reasons


def _accounts(measures: Measures) -> Row:
    return {
        "orders": measures.orders,
        "fills": measures.fills,
        "maker_share": measures.maker_volume / measures.volume if measures.fills else None,
        "volume": measures.volume,
        "gross": measures.gross,
        "fees": measures.fees,
        "funding": measures.funding,
        "net": measures.net,
        "net_share": measures.net / measures.capital,
        "unexplained": measures.unexplained,
        "fees_unexplained": measures.fees - measures.fill_fees,
        "split": msgspec.to_builtins(measures.split),
        "size_impact": measures.size_impact,
        "capital": measures.capital,
        "fee_bps": effective_fee_bps(measures.fees, measures.volume),
        "breakeven_fee_bps": breakeven_fee_bps(measures.gross, measures.funding, measures.volume),
    }


def _execution(measures: Measures) -> Row:
    row: Row = {
        "markout_bps": {k: measures.markouts[ms].bps for k, ms in MARKOUT_HORIZONS_MS.items()},
        "markout_fills": {k: measures.markouts[ms].fills for k, ms in MARKOUT_HORIZONS_MS.items()},
        "open_positions": measures.open_positions,
        "signals": measures.signals,
        "refusals": measures.refusals,
        "exits": measures.exits,
        "queue_models": _queue_models(measures),
        "queue_band": None,
    }
    shares = [model["volume_share"] for model in row["queue_models"].values()]
    if measures.maker_volume and shares:
        row["queue_band"] = [min(shares), max(shares)]
    return row


def _add_markout_intervals(
    row: Row, reasons: Reasons, measures: Measures, params: PerformanceParams
) -> None:
    """Add intervals over blocks of consecutive fills."""
    row["markout_bps_interval"] = dict.fromkeys(MARKOUT_HORIZONS_MS)
    for name, ms in MARKOUT_HORIZONS_MS.items():
        marked = measures.marked[ms]
        fills = len(marked.pnl)
        if fills < params.min_fills:
            reasons[f"markout_bps_interval.{name}"] = f"fewer than {params.min_fills} fills"
            continue
        parts = (marked.pnl * BPS, marked.notional)
        judged = ratio_interval(*parts, block_length(fills), params.resampling)
        row["markout_bps_interval"][name] = judged.interval


def _add_trips(row: Row, reasons: Reasons, trips: RoundTrips, params: PerformanceParams) -> None:
    """Add what is measured from flat to flat, with intervals over blocks of round trips."""
    row["round_trips"] = len(trips)
    row["win_rate"] = trips.win_rate
    row["profit_factor"] = trips.profit_factor
    row["trade_duration_s"] = _durations(trips)
    net, once = trips.net, np.ones(len(trips))
    ratios = {
        "win_rate": ((net > 0.0).astype(np.float64), once),
        "profit_factor": (np.maximum(net, 0.0), np.maximum(-net, 0.0)),
        "trade_duration_s": (trips.duration_ns / NS_PER_S, once),
    }
    few = f"fewer than {params.min_trips} round trips"
    enough = len(trips) >= params.min_trips
    block = block_length(len(trips))
    for name, parts in ratios.items():
        judged = (
            ratio_interval(*parts, block, params.resampling) if enough else Estimate(reason=few)
        )
        _add_interval(row, reasons, name, judged)
    shuffled = shuffled_drawdowns(trips.net, params.resampling) if enough else None
    row["trade_order_drawdown"] = msgspec.to_builtins(shuffled)
    if not enough:
        reasons["trade_order_drawdown"] = few


def _add_deflated(
    row: Row, reasons: Reasons, returns: Floats, params: PerformanceParams, trials: Trials
) -> None:
    """Add how likely the Sharpe ratio is no accident, and what chance alone would have shown."""
    judged = deflated_sharpe(returns, trials.count, trials.sharpes, params.min_minutes)
    yearly = math.sqrt(MINUTES_PER_YEAR)
    row["trials"] = trials.count
    row["sharpe_by_chance"] = None if judged.hurdle is None else judged.hurdle * yearly
    row["probabilistic_sharpe"] = judged.probabilistic
    row["deflated_sharpe"] = judged.value
    if judged.reason:
        keys = ("sharpe_by_chance", "probabilistic_sharpe", "deflated_sharpe")
        # The same words as for the Sharpe ratio, so that one note explains them all.
        reasons |= dict.fromkeys(keys, reasons.get("sharpe", judged.reason))


def _add_interval(row: Row, reasons: Reasons, name: str, judged: Estimate) -> None:
    key = f"{name}_interval"
    row[key] = list(judged.interval) if judged.interval else None
    if judged.interval is None:
        reasons[key] = judged.reason or ""


def _queue_models(measures: Measures) -> Row:
    """Return what each model of the queue fills, beside what the engine filled."""
    maker_volume = measures.maker_volume
    return {
        name: {
            "fills": verdict.fills,
            "volume": verdict.volume,
            "volume_share": verdict.volume / maker_volume if maker_volume else None,
            "markout_bps": {k: verdict.markouts[ms].bps for k, ms in MARKOUT_HORIZONS_MS.items()},
        }
        for name, verdict in measures.queue_models.items()
    }


def _durations(trips: RoundTrips) -> Row:
    if not len(trips):
        return {"mean": None, "median": None, "longest": None}
    seconds = trips.duration_ns / NS_PER_S
    return {
        "mean": float(np.mean(seconds)),
        "median": float(np.median(seconds)),
        "longest": float(np.max(seconds)),
    }


def _reasons(measures: Measures) -> Reasons:
    reasons: Reasons = {}
    if not measures.fills:
        per_volume = ("maker_share", "markout_bps", "fee_bps", "breakeven_fee_bps")
        reasons |= dict.fromkeys(per_volume, "no fills")
    else:
        for name, ms in MARKOUT_HORIZONS_MS.items():
            if not measures.markouts[ms].fills:
                reasons[f"markout_bps.{name}"] = "no fill is that long before the end of the data"
    if not len(measures.trips):
        per_trip = ("win_rate", "profit_factor", "trade_duration_s")
        reasons |= dict.fromkeys(per_trip, "no round trip from flat to flat")
    elif measures.trips.profit_factor is None:
        reasons["profit_factor"] = "no round trip lost money"
    return reasons
