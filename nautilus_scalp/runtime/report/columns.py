"""What a page sets side by side: strategies of one configuration, or several configurations."""

from collections.abc import Sequence

import msgspec
import numpy as np

from nautilus_scalp.evaluation.markouts import Markout
from nautilus_scalp.evaluation.markouts import measure_markouts
from nautilus_scalp.evaluation.performance import equity_curve
from nautilus_scalp.runtime.report.lines import heading
from nautilus_scalp.runtime.report.lines import short_instrument
from nautilus_scalp.runtime.report.lines import short_name
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.plotting import Floats
from nautilus_scalp.runtime.report.plotting import Times
from nautilus_scalp.runtime.report.results import StrategyResult


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """
    One of the things compared.

    Attributes
    ----------
    name : str
        In legends and on axes.
    heading : str
        Above a column of a table, on several lines.
    row : dict
        Its keys in the report.
    results : tuple[StrategyResult, ...]
        What they were measured on.
    strategies : tuple[int, ...]
        Which of the report's strategies these are.

    """

    name: str
    heading: str
    row: Row
    results: tuple[StrategyResult, ...]
    strategies: tuple[int, ...]

    def equity(self, grid_ns: Times) -> Floats:
        """Return its P&L after fees on a grid of times, float64[g]."""
        curves = [
            equity_curve(one.fills, one.mids, one.funding, grid_ns, one.final_mark)
            for one in self.results
        ]
        return np.sum([np.zeros(len(grid_ns)), *curves], axis=0)

    def markouts(self, horizons_ms: Sequence[int]) -> list[tuple[int, float | None]]:
        """Return its markout after each horizon, pooled over its strategies."""
        pooled = {ms: Markout.none(ms) for ms in horizons_ms}
        for one in self.results:
            own = measure_markouts(one.fills, one.mids, horizons_ms)
            pooled = {ms: pooled[ms] + own[ms] for ms in horizons_ms}
        return [(ms, markout.bps) for ms, markout in pooled.items()]


def strategy_columns(report: Row, results: Sequence[StrategyResult]) -> list[Column]:
    """Return one column a strategy, and their total.

    Parameters
    ----------
    report : dict
        What `build_report` returned.
    results : Sequence[StrategyResult]
        The results behind it, in the same order.

    Returns
    -------
    list[Column]
        The total is the last one.

    """
    several = len(report["run"]["configs"]) > 1
    columns = []
    for index, name in enumerate(_names(results, several=several)):
        row = report["strategies"][index]
        title = heading(row, several=several)
        columns.append(_column(name, title, row, results, [index]))
    everything = range(len(results))
    return [*columns, _column("total", "total", report["total"], results, everything)]


def config_columns(report: Row, results: Sequence[StrategyResult]) -> list[Column]:
    """Return one column a configuration, best net P&L first; each has an account of its own.

    Parameters
    ----------
    report : dict
        What `build_report` returned for several configurations.
    results : Sequence[StrategyResult]
        The results behind it.

    Returns
    -------
    list[Column]
        Without a total, which would be of accounts that know nothing of each other.

    """
    columns = []
    for row in sorted(report["comparison"], key=lambda total: -total["net"]):
        name = row["config"]
        own = [index for index, one in enumerate(results) if one.config == name]
        columns.append(_column(name, name, row, results, own))
    return columns


def _column(
    name: str, title: str, row: Row, results: Sequence[StrategyResult], own: Sequence[int]
) -> Column:
    return Column(
        name=name,
        heading=title,
        row=row,
        results=tuple(results[index] for index in own),
        strategies=tuple(own),
    )


def _names(results: Sequence[StrategyResult], *, several: bool) -> list[str]:
    """Name every curve, the second of the same name with a number."""
    names: list[str] = []
    for result in results:
        name = f"{short_name(result.name)} {short_instrument(result.instrument_id)}"
        name = f"{name} ({result.config})" if several else name
        same = sum(other.partition(" #")[0] == name for other in names)
        names.append(f"{name} #{same + 1}" if same else name)
    return names
