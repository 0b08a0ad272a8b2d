"""The answer of ``run_backtest.py --json``: every number defined once, null where it has no value.

Rounding rule: every float is rounded to six decimals (a millionth of the quote currency, of a basis
point or of one), so that equal runs give equal bytes.
"""

import math
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.resampling import Resampling
from nautilus_scalp.runtime.report.breakdown import Part
from nautilus_scalp.runtime.report.breakdown import by_hour
from nautilus_scalp.runtime.report.breakdown import by_regime
from nautilus_scalp.runtime.report.measures import Measures
from nautilus_scalp.runtime.report.measures import combine
from nautilus_scalp.runtime.report.measures import mark_times
from nautilus_scalp.runtime.report.measures import measure
from nautilus_scalp.runtime.report.notes import Reasons
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.notes import book_notes
from nautilus_scalp.runtime.report.notes import lost_notes
from nautilus_scalp.runtime.report.notes import null_notes
from nautilus_scalp.runtime.report.notes import window_notes
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.report.summary import summarise
from nautilus_scalp.settings import to_iso


DECIMALS = 6


def build_report(
    facts: RunFacts,
    results: Sequence[StrategyResult],
    signal: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    params: PerformanceParams | None = None,
) -> Row:
    """Build the answer of a run, without `files`, which `write_files` adds.

    Parameters
    ----------
    facts : RunFacts
        What was run.
    results : Sequence[StrategyResult]
        One per strategy and instrument, in the order to be shown.
    signal : Mapping, optional
        The horizons of the evaluate answer for this window; None without a model.
    notes : Sequence[str]
        Remarks of the caller; they come first.
    params : PerformanceParams, optional
        When ratios are annualised; by default with the run's seed.

    Returns
    -------
    dict
        JSON types only, no NaN or infinity. With several configurations also `comparison`, one
        total for each.

    Raises
    ------
    InputError
        A fill that precedes the first quote of its instrument.

    """
    params = params or PerformanceParams(resampling=Resampling(seed=facts.seed))
    grid_ns = mark_times(facts, results)
    measured = [measure(result, grid_ns, facts.capital[result.config]) for result in results]
    judge = partial(summarise, grid_ns=grid_ns, params=params, trials=facts.trials)
    rows = _rows(facts, results, [judge(one) for one in measured])
    capital = sum(facts.capital[name] for name in facts.configs)
    total, total_reasons = judge(combine(measured, grid_ns, capital))
    parts = [Part(result=one, measures=own) for one, own in zip(results, measured, strict=True)]
    report: Row = {
        "run": _run(facts),
        "strategies": [row for _, row, _ in rows],
        "total": total,
        "by_hour": by_hour(parts, grid_ns),
        "by_regime": by_regime(parts, grid_ns),
        "signal": signal,
    }
    if len(facts.configs) > 1:
        report["comparison"] = [
            {"config": name} | judge(together)[0]
            for name, together in _by_config(facts, results, measured, grid_ns).items()
        ]
    lost: list[str] = []
    strict: Row = _strict(report, "", lost)
    rows.append(("total", total, total_reasons))
    written = (*window_notes(grid_ns), *book_notes(rows), *null_notes(rows))
    strict["notes"] = [*notes, *written, *lost_notes(lost)]
    return strict


def encode_report(report: Row) -> bytes:
    """Return the report as indented UTF-8 JSON: the same report always gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def label(row: Row, *, several: bool) -> str:
    """Return how notes and tables call a row; the configuration is named where there are several.

    Examples
    --------
    >>> label({"name": "MarketMaking", "instrument_id": "X.Y", "config": "mm"}, several=False)
    'MarketMaking X.Y'

    """
    name = f"{row['name']} {row['instrument_id']}"
    return f"{name} ({row['config']})" if several else name


def _rows(
    facts: RunFacts,
    results: Sequence[StrategyResult],
    summaries: Sequence[tuple[Row, Reasons]],
) -> list[tuple[str, Row, Reasons]]:
    """Return label, row and reasons of every strategy."""
    rows = []
    for result, (summary, reasons) in zip(results, summaries, strict=True):
        identity = {"name": result.name, "instrument_id": result.instrument_id}
        row = identity | {"config": result.config} | summary
        rows.append((label(row, several=len(facts.configs) > 1), row, reasons))
    return rows


def _by_config(
    facts: RunFacts,
    results: Sequence[StrategyResult],
    measured: Sequence[Measures],
    grid_ns: npt.NDArray[np.int64],
) -> dict[str, Measures]:
    """Return the total of every configuration, one without strategies included."""
    parts: dict[str, list[Measures]] = {name: [] for name in facts.configs}
    for result, measures in zip(results, measured, strict=True):
        parts[result.config].append(measures)
    return {name: combine(own, grid_ns, facts.capital[name]) for name, own in parts.items()}


def _run(facts: RunFacts) -> Row:
    model = None
    if facts.model is not None:
        train_end = to_iso(facts.model.train_end_ns)
        model = {"id": facts.model.id, "train_end": train_end, "features": facts.model.features}
    return {
        "configs": list(facts.configs),
        "catalog": facts.catalog,
        "start": to_iso(facts.start_ns),
        "end": to_iso(facts.end_ns),
        "events": facts.events,
        "seconds": facts.seconds,
        "engine": facts.engine,
        "model": model,
        "seed": facts.seed,
        "currency": facts.currency,
        "capital": facts.capital,
        "fee_tier": msgspec.to_builtins(facts.fee_tier),
        "trials": facts.trials.count,
    }


def _strict(value: Any, path: str, lost: list[str]) -> Any:  # noqa: ANN401 (any JSON value)
    """Round floats, turn what JSON has no number for into null and note its path in `lost`."""
    if isinstance(value, Mapping):
        return {str(k): _strict(item, f"{path}.{k}", lost) for k, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item, f"{path}[{i}]", lost) for i, item in enumerate(value)]
    if not isinstance(value, float):
        return value
    if math.isfinite(value):
        return round(value, DECIMALS) + 0.0
    lost.append(path.removeprefix("."))
    return None
