"""What is left of a result when its assumptions turn against it."""

from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.common.config import resolve_config_path

from nautilus_scalp.data.fees import fee_schedule
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.capital import SIZE_KEYS
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import StressSection
from nautilus_scalp.runtime.config import VenueSection
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.report.notes import without_nulls
from nautilus_scalp.runtime.run import run_configs


# Sizes and limits of risk are not what a strategy was fitted with.
_NOT_FITTED = SIZE_KEYS | {"risk", "instrument_id", "order_id_tag"}
_LATENCIES = ("insert_latency_ms", "update_latency_ms", "cancel_latency_ms", "signal_latency_ms")
_PESSIMISTIC = {"prob_fill_on_limit": 0.0, "prob_slippage": 1.0}
_QUEUES: dict[str, dict[str, Any]] = {
    "first in the queue": {"queue_position": False},
    "behind the size shown": {"queue_position": True},
    "only when traded through": {"queue_position": True, "prob_fill_on_limit": 0.0},
}
_KEPT = (
    *("net", "gross", "fees", "funding", "volume", "maker_share", "fills", "breakeven_fee_bps"),
    *("max_drawdown", "max_drawdown_share", "open_positions"),
)
_BPS = 1e4

type Row = dict[str, Any]


def run_stress(path: Path, overrides: list[str], progress: Report) -> Row:
    """Run a configuration under every kind of stress.

    Parameters
    ----------
    path : Path
        The configuration; its ``[stress]`` table holds the limits.
    overrides : list[str]
        ``PATH=VALUE`` assignments.
    progress : Report
        Told which case runs.

    Returns
    -------
    dict
        The answer of ``nautilus-scalp stress --json``: `run`, `limits`, `cases`, `surface`
        and `notes`. A case that breaks no limit survives.

    """
    config = load_config(path, overrides)
    run = msgspec.structs.replace(config.run, queue_models=False)
    config = msgspec.structs.replace(config, run=run)
    cases = stress_cases(config)
    grid = surface_cases(config) if config.stress.surface else {}
    report, *_ = run_configs(cases | grid, progress, judge_signal=False)
    totals = {row["config"]: row for row in report["comparison"]}
    return {
        "run": report["run"] | {"configs": [path.stem]},
        "limits": msgspec.to_builtins(config.stress),
        "cases": [_judged(name, totals[name], config.stress) for name in cases],
        "surface": _surface(config.venue, {name: totals[name] for name in grid}),
        "notes": without_nulls(report["notes"]),
    }


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
        "latency x2": _at_venue(config, _slower(venue, 2.0)),
        "latency x5": _at_venue(config, _slower(venue, 5.0)),
        "fees x2": _at_venue(config, {"fee_multiplier": 2.0 * venue.fee_multiplier}),
        "fills pessimistic": _at_venue(config, _PESSIMISTIC),
        "parameters -20 %": with_parameters(config, 0.8),
        "parameters +20 %": with_parameters(config, 1.2),
    }
    if config.stress.each_parameter:
        for where in parameter_paths(config):
            for factor, change in ((0.8, "-20 %"), (1.2, "+20 %")):
                cases[f"{where} {change}"] = with_parameters(config, factor, only=where)
    together = _slower(venue, 5.0) | {"fee_multiplier": 2.0 * venue.fee_multiplier} | _PESSIMISTIC
    cases["latency x5, fees x2, fills pessimistic"] = _at_venue(config, together)
    return cases


def surface_cases(config: BacktestConfig) -> dict[str, BacktestConfig]:
    """Return one configuration for each latency and each assumption about the queue.

    Parameters
    ----------
    config : BacktestConfig
        What is stressed.

    Returns
    -------
    dict[str, BacktestConfig]
        By ``latency xN, assumption``.

    """
    return {
        f"latency x{factor:g}, {queue}": _at_venue(config, _slower(config.venue, factor) | changes)
        for factor in (1.0, 2.0, 5.0)
        for queue, changes in _QUEUES.items()
    }


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


def _slower(venue: VenueSection, factor: float) -> dict[str, Any]:
    return {name: factor * getattr(venue, name) for name in _LATENCIES}


def _at_venue(config: BacktestConfig, changes: Mapping[str, Any]) -> BacktestConfig:
    venue = msgspec.structs.replace(config.venue, **changes)
    return msgspec.structs.replace(config, venue=venue)


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


def _surface(venue: VenueSection, totals: Mapping[str, Row]) -> Row | None:
    """Return net P&L by fee tier, latency and queue; fees change no decision, so none is rerun."""
    schedule = fee_schedule(venue.name)
    if schedule is None or not totals:
        return None
    rows = []
    for name, total in totals.items():
        maker_volume = total["volume"] * (total["maker_share"] or 0.0)
        taker_volume = total["volume"] - maker_volume
        before_fees = total["gross"] + total["funding"]
        net = {
            tier: before_fees
            - (maker_volume * rates.maker_bps + taker_volume * rates.taker_bps) / _BPS
            for tier, rates in schedule.tiers.items()
        }
        latency, _, queue = name.partition(", ")
        fee_bps = total["breakeven_fee_bps"]
        row = {"latency": latency, "queue": queue, "breakeven_fee_bps": fee_bps, "net": net}
        rows.append(row)
    return {
        "own_tier": venue.fee_tier or "VIP 0",
        "tiers": msgspec.to_builtins(schedule.tiers),
        "valid_from": str(schedule.valid_from),
        "rows": rows,
    }
