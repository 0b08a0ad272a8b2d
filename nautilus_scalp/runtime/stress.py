"""What is left of a result when its assumptions turn against it."""

from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.common.config import resolve_config_path

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.capital import SIZE_KEYS
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import StressSection
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.report.files import write_stress
from nautilus_scalp.runtime.report.notes import without_nulls
from nautilus_scalp.runtime.run import run_configs
from nautilus_scalp.runtime.surface import at_venue
from nautilus_scalp.runtime.surface import find_surface
from nautilus_scalp.runtime.surface import slower


# Sizes and limits of risk are not what a strategy was fitted with.
_NOT_FITTED = SIZE_KEYS | {"risk", "instrument_id", "order_id_tag"}
_PESSIMISTIC = {"prob_fill_on_limit": 0.0, "prob_slippage": 1.0}
_KEPT = (
    *("net", "gross", "fees", "funding", "volume", "maker_share", "fills", "breakeven_fee_bps"),
    *("max_drawdown", "max_drawdown_share", "open_positions"),
)

type Row = dict[str, Any]


def run_stress(path: Path, overrides: list[str], out_dir: Path, progress: Report) -> Row:
    """Run a configuration under every kind of stress.

    Parameters
    ----------
    path : Path
        The configuration; its ``[stress]`` table holds the limits.
    overrides : list[str]
        ``PATH=VALUE`` assignments.
    out_dir : Path
        Where stress.json and stress.html go.
    progress : Report
        Told which case runs.

    Returns
    -------
    dict
        The answer of ``nautilus-scalp stress --json``: `run`, `limits`, `cases`, `surface`,
        `notes` and `files`. A case that breaks no limit survives.

    """
    config = load_config(path, overrides)
    run = msgspec.structs.replace(config.run, queue_models=False)
    config = msgspec.structs.replace(config, run=run)
    cases = stress_cases(config)
    report, *_ = run_configs(cases, progress, judge_signal=False, kind="stress")
    totals = {row["config"]: row for row in report["comparison"]}
    answer = {
        "run": report["run"] | {"configs": [path.stem]},
        "limits": msgspec.to_builtins(config.stress),
        "cases": [_judged(name, totals[name], config.stress) for name in cases],
        "surface": find_surface(config, progress) if config.stress.surface else None,
        "notes": without_nulls(report["notes"]),
    }
    return answer | {"files": write_stress(out_dir, answer)}


def stress_cases(config: BacktestConfig) -> dict[str, BacktestConfig]:
    """Return the configuration as it is and under each kind of stress, by the case's name.

    Parameters
    ----------
    config : BacktestConfig
        What is stressed.

    Returns
    -------
    dict[str, BacktestConfig]
        The unchanged one first.

    """
    venue = config.venue
    cases = {
        "as configured": config,
        "latency x2": at_venue(config, slower(venue, 2.0)),
        "latency x5": at_venue(config, slower(venue, 5.0)),
        "fees x2": at_venue(config, {"fee_multiplier": 2.0 * venue.fee_multiplier}),
        "fills pessimistic": at_venue(config, _PESSIMISTIC),
        "parameters -20 %": with_parameters(config, 0.8),
        "parameters +20 %": with_parameters(config, 1.2),
    }
    if config.stress.each_parameter:
        for where in parameter_paths(config):
            for factor, change in ((0.8, "-20 %"), (1.2, "+20 %")):
                cases[f"{where} {change}"] = with_parameters(config, factor, only=where)
    together = slower(venue, 5.0) | {"fee_multiplier": 2.0 * venue.fee_multiplier} | _PESSIMISTIC
    cases["latency x5, fees x2, fills pessimistic"] = at_venue(config, together)
    return cases


def parameter_paths(config: BacktestConfig) -> list[str]:
    """Return every parameter that the strategy blocks write, such as ``MeanReversion.rule.width``.

    Parameters
    ----------
    config : BacktestConfig
        What is stressed.

    Returns
    -------
    list[str]
        Each once; blocks of the same class are changed together.

    """
    found: list[str] = []

    def note(where: str, value: float) -> float:
        found.append(where)
        return value

    for block in config.strategies:
        _changed(block.config, _class_name(block), note)
    return list(dict.fromkeys(found))


def with_parameters(
    config: BacktestConfig, factor: float, only: str | None = None
) -> BacktestConfig:
    """Return a configuration with the strategies' parameters multiplied; sizes stay.

    Parameters
    ----------
    config : BacktestConfig
        What is stressed.
    factor : float
        For every number that a strategy block writes; whole numbers stay whole and positive.
    only : str, optional
        A path of `parameter_paths`, to change that one alone.

    Returns
    -------
    BacktestConfig
        Accepted by every strategy's own configuration class.

    Raises
    ------
    UsageError
        If a strategy refuses the value.

    """

    def scale(where: str, value: float) -> float:
        if only is not None and where != only:
            return value
        return max(1, round(value * factor)) if isinstance(value, int) else value * factor

    blocks = []
    for block in config.strategies:
        changed = _changed(block.config, _class_name(block), scale)
        try:
            resolve_config_path(block.config_path).parse(msgspec.json.encode(changed))
        except (msgspec.ValidationError, ValueError) as error:
            message = f"parameters x{factor:g}: {_class_name(block)}: {error}"
            raise UsageError(message, "leave the parameter out, or widen its range") from error
        blocks.append(msgspec.structs.replace(block, config=changed))
    return msgspec.structs.replace(config, strategies=blocks)


def _changed(
    block: Mapping[str, Any], where: str, change: Callable[[str, float], float]
) -> dict[str, Any]:
    changed = dict(block)
    for key, value in block.items():
        at = f"{where}.{key}"
        if key in _NOT_FITTED:
            continue
        if isinstance(value, Mapping):
            changed[key] = _changed(value, at, change)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            changed[key] = change(at, value)
    return changed


def _class_name(block: StrategyBlock) -> str:
    return block.class_path.rpartition(":")[2]


def _judged(name: str, total: Row, limits: StressSection) -> Row:
    broken = []
    if limits.min_net is not None and total["net"] < limits.min_net:
        broken.append(f"net below {limits.min_net:g}")
    share = total["max_drawdown_share"]
    if limits.max_drawdown_share is not None and share > limits.max_drawdown_share:
        broken.append(f"drawdown above {limits.max_drawdown_share:.2%} of capital")
    fee_bps = total["breakeven_fee_bps"]
    least_bps = limits.min_breakeven_bps
    if least_bps is not None and (fee_bps is None or fee_bps < least_bps):
        broken.append(f"break-even fee below {least_bps:g} bps")
    kept = {key: total[key] for key in _KEPT}
    return {"case": name} | kept | {"survives": not broken, "broken": broken}
