"""Backtests from configuration files to a written report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nautilus_scalp.runtime.capital import by_capital
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.report.files import write_files
from nautilus_scalp.runtime.run import run_configs
from nautilus_scalp.runtime.surface import find_surface


def run_backtests(
    paths: Sequence[Path], overrides: Sequence[str], out_dir: Path, progress: Report
) -> dict[str, Any]:
    """Run every configuration, judge the signal, write the files and return the answer.

    Parameters
    ----------
    paths : Sequence[Path]
        Configuration files; all are read before the first one runs.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments for all of them.
    out_dir : Path
        Where report.json, fills.csv and tearsheet.html go.
    progress : Report
        Told which stage runs.

    Returns
    -------
    dict[str, Any]
        The answer of ``run_backtest.py --json``. `surface` is that of the first configuration.

    """
    loaded = [load_config(path, overrides) for path in paths]
    configs = by_capital(dict(zip(_names(paths), loaded, strict=True)))
    report, facts, results, detail = run_configs(configs, progress)
    first = next(iter(configs.values()))
    report["surface"] = find_surface(first, progress) if first.run.surface else None
    return report | {"files": write_files(out_dir, facts, report, results, detail)}


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the stem of each file, or the whole path where stems are not unique."""
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
