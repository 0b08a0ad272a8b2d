"""What the market was like during a run, for whoever judges it: mid prices and regimes."""

from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from nautilus_trader.common.config import resolve_config_path
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.data.mids import read_mids
from nautilus_scalp.evaluation.fills import NS_PER_S
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.regimes import RegimeSeries
from nautilus_scalp.evaluation.regimes import classify
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.signals.regime import RegimeParams


_WARM_UP_NS = 900 * NS_PER_S


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument: every mid price of the window by ``ts_init``, and when regimes began."""

    mids: MidSeries
    regimes: RegimeSeries


class _SetsRegimes(Protocol):
    def params_of(self, instrument_id: InstrumentId) -> RegimeParams: ...


def read_markets(config: BacktestConfig, window: Window) -> dict[str, Market]:
    """Return what the instruments of a configuration did.

    Parameters
    ----------
    config : BacktestConfig
        Catalog and instruments; a regime actor's thresholds are taken over.
    window : Window
        What was replayed. Regimes are warmed up on the fifteen minutes before, where recorded.

    Returns
    -------
    dict[str, Market]
        By instrument id.

    """
    catalog, names = Path(config.run.catalog), config.instrument_ids
    before = read_mids(catalog, names, window.start_ns - _WARM_UP_NS, window.start_ns)
    inside = read_mids(catalog, names, window.start_ns, window.end_ns)
    params = _regime_params(config)
    markets = {}
    for name, (ts_ns, mid) in inside.items():
        warm = [np.concatenate(both) for both in zip(before[name], (ts_ns, mid), strict=True)]
        regimes = classify(MidSeries(ts_ns=warm[0], mid=warm[1]), params.get(name))
        markets[name] = Market(mids=MidSeries(ts_ns=ts_ns, mid=mid), regimes=regimes)
    return markets


def _regime_params(config: BacktestConfig) -> dict[str, RegimeParams]:
    """Return the thresholds of a regime actor by instrument, if the configuration has one."""
    found: dict[str, RegimeParams] = {}
    for block in config.actors:
        config_class = resolve_config_path(block.config_path)
        if hasattr(config_class, "params_of"):
            actor: _SetsRegimes = config_class.parse(msgspec.json.encode(block.config))
            for name in block.config["instrument_ids"]:
                found[name] = actor.params_of(InstrumentId.from_str(name))
    return found
