"""The files of a run: report.json, fills.csv and tearsheet.html; stress.json and stress.html."""

import csv
import io
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nautilus_scalp.errors import UsageError
from nautilus_scalp.evaluation.fills import BPS
from nautilus_scalp.evaluation.fills import NS_PER_MS
from nautilus_scalp.evaluation.pnl import reference_mids
from nautilus_scalp.runtime.report.build import encode_report
from nautilus_scalp.runtime.report.measures import MARKOUT_HORIZONS_MS
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import SignalDetail
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.report.stress_page import render_stress
from nautilus_scalp.runtime.report.tearsheet import render_tearsheet


FILL_COLUMNS = (
    *("config", "strategy", "instrument_id", "ts_event_ns", "side", "price", "qty", "fee"),
    *("liquidity", "mid", *(f"markout_{name}_bps" for name in MARKOUT_HORIZONS_MS)),
)


def write_files(
    out_dir: Path,
    facts: RunFacts,
    report: Row,
    results: Sequence[StrategyResult],
    detail: SignalDetail | None = None,
) -> dict[str, str]:
    """Write the files of a run.

    Parameters
    ----------
    out_dir : Path
        Directory, made if it is missing; files of an earlier run are replaced.
    facts : RunFacts
        What was run.
    report : dict
        What `build_report` returned.
    results : Sequence[StrategyResult]
        The results behind it, in the same order.
    detail : SignalDetail, optional
        What the tearsheet draws about the signal.

    Returns
    -------
    dict[str, str]
        Paths by kind: the report's `files`, which report.json holds too.

    Raises
    ------
    UsageError
        If a file cannot be written.

    """
    names = {"report": "report.json", "fills": "fills.csv", "tearsheet": "tearsheet.html"}
    files = {kind: str(out_dir / name) for kind, name in names.items()}
    contents = {
        "report": encode_report(report | {"files": files}),
        "fills": encode_fills(results),
        "tearsheet": render_tearsheet(facts, report, results, detail).encode(),
    }
    _write(out_dir, {path: contents[kind] for kind, path in files.items()})
    return files


def write_stress(out_dir: Path, answer: Row) -> dict[str, str]:
    """Write the files of a stress run: stress.json and stress.html.

    Parameters
    ----------
    out_dir : Path
        Directory, made if it is missing; files of an earlier run are replaced.
    answer : dict
        What `run_stress` returned.

    Returns
    -------
    dict[str, str]
        Paths by kind.

    Raises
    ------
    UsageError
        If a file cannot be written.

    """
    files = {"report": str(out_dir / "stress.json"), "page": str(out_dir / "stress.html")}
    report = encode_report(answer | {"files": files})
    _write(out_dir, {files["report"]: report, files["page"]: render_stress(answer).encode()})
    return files


def _write(out_dir: Path, contents: Mapping[str, bytes]) -> None:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            Path(path).write_bytes(content)
    except OSError as error:
        message = f"cannot write the report to {out_dir}: {error.strerror or error}"
        raise UsageError(message, "choose another directory with --out") from error


def encode_fills(results: Sequence[StrategyResult]) -> bytes:
    """Return every fill of a run as CSV, each with its mid and markouts, in order of time.

    Parameters
    ----------
    results : Sequence[StrategyResult]
        Results of the run.

    Returns
    -------
    bytes
        UTF-8 with a header line; a markout beyond the end of the data is empty.

    """
    lines = [line for result in results for line in _fill_lines(result)]
    lines.sort(key=lambda line: line[FILL_COLUMNS.index("ts_event_ns")])  # stable: ties keep order
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FILL_COLUMNS)
    writer.writerows(lines)
    return text.getvalue().encode()


def _fill_lines(result: StrategyResult) -> list[tuple[Any, ...]]:
    fills, mids = result.fills, result.mids
    identity = (result.config, result.name, result.instrument_id)
    if not len(fills):
        return []
    markouts = []
    for horizon_ms in MARKOUT_HORIZONS_MS.values():
        then_ns = fills.ts_event_ns + horizon_ms * NS_PER_MS
        known = then_ns <= mids.ts_ns[-1]
        later = mids.at(np.minimum(then_ns, mids.ts_ns[-1]))
        bps = np.round(fills.side * (later - fills.price) / fills.price * BPS, 4)
        markouts.append([value if seen else "" for value, seen in zip(bps, known, strict=True)])
    columns = (
        fills.ts_event_ns.tolist(),
        ["BUY" if side > 0 else "SELL" for side in fills.side],
        fills.price.tolist(),
        fills.qty.tolist(),
        fills.fee.tolist(),
        ["MAKER" if maker else "TAKER" for maker in fills.is_maker],
        reference_mids(fills, mids).tolist(),
        *markouts,
    )
    return [identity + row for row in zip(*columns, strict=True)]
