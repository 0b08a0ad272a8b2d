"""The keys of one row of the answer, and why the null ones are null."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.breakeven import breakeven_fee_bps
from nautilus_scalp.evaluation.breakeven import effective_fee_bps
from nautilus_scalp.evaluation.fills import NS_PER_S
from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.performance import Ratio
from nautilus_scalp.evaluation.performance import calmar
from nautilus_scalp.evaluation.performance import drawdown
from nautilus_scalp.evaluation.performance import minute_returns
from nautilus_scalp.evaluation.performance import sharpe
from nautilus_scalp.evaluation.performance import sortino
from nautilus_scalp.evaluation.pnl import RoundTrips
from nautilus_scalp.runtime.report.measures import MARKOUT_HORIZONS_MS
from nautilus_scalp.runtime.report.measures import Measures
from nautilus_scalp.runtime.report.notes import Reasons
from nautilus_scalp.runtime.report.notes import Row


def summarise(
    measures: Measures, grid_ns: npt.NDArray[np.int64], params: PerformanceParams
) -> tuple[Row, Reasons]:
    """Turn measures into the keys of the answer, and say why the null ones are null.

    Parameters
    ----------
    measures : Measures
        Of one strategy, or of several combined.
    grid_ns : int64[g]
        Times of their equity curve.
    params : PerformanceParams
        When ratios are annualised.

    Returns
    -------
    tuple[dict, dict]
        The keys that CLI and docs/report.md define, and a reason for each null one.

    """
    deepest = float(np.max(drawdown(measures.equity)))
    row: Row = {
        "orders": measures.orders,
        "fills": measures.fills,
        "maker_share": measures.maker_volume / measures.volume if measures.fills else None,
        "volume": measures.volume,
        "gross": measures.gross,
        "fees": measures.fees,
        "funding": measures.funding,
        "net": measures.net,
        "unexplained": measures.unexplained,
        "fees_unexplained": measures.fees - measures.fill_fees,
        "split": msgspec.to_builtins(measures.split),
        "size_impact": measures.size_impact,
        "markout_bps": {k: measures.markouts[ms].bps for k, ms in MARKOUT_HORIZONS_MS.items()},
        "markout_fills": {k: measures.markouts[ms].fills for k, ms in MARKOUT_HORIZONS_MS.items()},
        "round_trips": len(measures.trips),
        "win_rate": measures.trips.win_rate,
        "profit_factor": measures.trips.profit_factor,
        "trade_duration_s": _durations(measures.trips),
        "max_drawdown": deepest,
        "max_drawdown_share": deepest / measures.capital,
        "capital": measures.capital,
        "fee_bps": effective_fee_bps(measures.fees, measures.volume),
        "breakeven_fee_bps": breakeven_fee_bps(measures.gross, measures.funding, measures.volume),
        "open_positions": measures.open_positions,
        "signals": measures.signals,
        "refusals": measures.refusals,
        "queue_models": _queue_models(measures),
        "queue_band": None,
    }
    shares = [model["volume_share"] for model in row["queue_models"].values()]
    if measures.maker_volume and shares:
        row["queue_band"] = [min(shares), max(shares)]
    reasons = _reasons(measures)
    returns = minute_returns(measures.equity, grid_ns, measures.capital)
    ratios = {"sharpe": sharpe, "sortino": sortino, "calmar": calmar}
    for name, ratio in ratios.items():
        _add_ratio(row, reasons, name, ratio(returns, params))
    return row, reasons


def _add_ratio(row: Row, reasons: Reasons, name: str, ratio: Ratio) -> None:
    row[name] = ratio.value
    row[f"{name}_interval"] = list(ratio.interval) if ratio.interval else None
    if ratio.reason:
        key = name if ratio.value is None else f"{name}_interval"
        reasons[key] = ratio.reason


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
