"""Net P&L and break-even fee by fee tier, latency and assumption about the queue."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from nautilus_scalp.data.fees import fee_schedule
from nautilus_scalp.runtime.backtest import engine_name
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import VenueSection
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.model_cache import find_model
from nautilus_scalp.runtime.run import resolve_window
from nautilus_scalp.runtime.run import run_configs
from nautilus_scalp.runtime.trials import data_window
from nautilus_scalp.runtime.trials import identity


LATENCY_FACTORS = (1.0, 2.0, 5.0)
QUEUES: dict[str, dict[str, Any]] = {
    "first in the queue": {"queue_position": False},
    "behind the size shown": {"queue_position": True},
    "only when traded through": {"queue_position": True, "prob_fill_on_limit": 0.0},
}
_CACHE = Path("runs") / "surfaces"
_LATENCIES = ("insert_latency_ms", "update_latency_ms", "cancel_latency_ms", "signal_latency_ms")
_BPS = 1e4

type Row = dict[str, Any]


def find_surface(config: BacktestConfig, progress: Report) -> Row | None:
    """Return the surface of a configuration, from the cache or from nine runs.

    Latency and queue are run, because they change fills; a fee changes no order (none of the
    strategies here looks at one), so tiers are computed from the volume of each run.

    Parameters
    ----------
    config : BacktestConfig
        What is run; its limits, capitals and queue models do not matter.
    progress : Report
        Told which case runs.

    Returns
    -------
    dict or None
        `own_tier`, `tiers`, `valid_from` and `rows`; None for a venue without a table of fees.
        Kept in ``runs/surfaces`` of the working directory under a hash of configuration, data,
        model and code.

    """
    schedule = fee_schedule(config.venue.name)
    if schedule is None:
        return None
    run = msgspec.structs.replace(config.run, queue_models=False, surface=False, capitals=())
    config = msgspec.structs.replace(config, run=run)
    path = _CACHE / f"{_content(config, progress)}.json"
    if path.exists():
        cached: Row = msgspec.json.decode(path.read_bytes())
        return cached
    cases = surface_cases(config)
    report, *_ = run_configs(cases, progress, judge_signal=False, kind="stress")
    totals = {row["config"]: row for row in report["comparison"]}
    surface = {
        "own_tier": config.venue.fee_tier or "VIP 0",
        "tiers": msgspec.to_builtins(schedule.tiers),
        "valid_from": str(schedule.valid_from),
        "rows": [_row(name, totals[name], config.venue) for name in cases],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(surface))
    return surface


def surface_cases(config: BacktestConfig) -> dict[str, BacktestConfig]:
    """Return one configuration for each latency and each assumption about the queue.

    Parameters
    ----------
    config : BacktestConfig
        What is run.

    Returns
    -------
    dict[str, BacktestConfig]
        By ``latency xN, assumption``.

    """
    return {
        f"latency x{factor:g}, {queue}": at_venue(config, slower(config.venue, factor) | changes)
        for factor in LATENCY_FACTORS
        for queue, changes in QUEUES.items()
    }


def slower(venue: VenueSection, factor: float) -> dict[str, Any]:
    """Return every latency of a venue times a factor, inference included."""
    return {name: factor * getattr(venue, name) for name in _LATENCIES}


def at_venue(config: BacktestConfig, changes: Mapping[str, Any]) -> BacktestConfig:
    """Return a configuration with other assumptions about the venue."""
    venue = msgspec.structs.replace(config.venue, **changes)
    return msgspec.structs.replace(config, venue=venue)


def _row(name: str, total: Row, venue: VenueSection) -> Row:
    """Return what a case would have earned on each tier."""
    latency, _, queue = name.partition(", ")
    maker_volume = total["volume"] * (total["maker_share"] or 0.0)
    volumes = (maker_volume, total["volume"] - maker_volume)
    schedule = fee_schedule(venue.name)
    multiplier = venue.fee_multiplier * (1.0 - venue.bnb_discount)
    net = {}
    for tier, rates in schedule.tiers.items() if schedule else ():
        paid = [
            volume * bps * (multiplier if bps > 0 else 1.0)
            for volume, bps in zip(volumes, (rates.maker_bps, rates.taker_bps), strict=True)
        ]
        net[tier] = total["gross"] + total["funding"] - sum(paid) / _BPS
    fee_bps = total["breakeven_fee_bps"]
    shown = {"latency": latency, "queue": queue, "fills": total["fills"]}
    return shown | {"breakeven_fee_bps": fee_bps, "net": net}


def _content(config: BacktestConfig, progress: Report) -> str:
    """Return a hash of everything that decides the surface."""
    window = resolve_window(config)
    span = (window.start_ns, window.end_ns)
    data = data_window(Path(config.run.catalog), config.instrument_ids, *span)
    model = find_model(config, progress)
    manifest = None if model is None else (model / "manifest.json").read_bytes()
    decided = (config.strategies, config.actors, config.venue, config.run.seed)
    return identity(decided, config.run.close_before_end_s, data, manifest, _code(), engine_name())


def _code() -> str:
    """Return a hash of the package's own sources."""
    root = Path(str(files("nautilus_scalp")))
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return total.hexdigest()
