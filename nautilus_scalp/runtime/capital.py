"""The same configuration with less or more money: every order keeps its share of the capital."""

from collections.abc import Mapping
from typing import Any

import msgspec
from nautilus_trader.common.config import resolve_config_path
from nautilus_trader.model.objects import Money

from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.config import BacktestConfig


# Sizes in quote currency, by the names that strategies and risk limits give them.
SIZE_KEYS = frozenset(
    {"order_notional", "inventory_limit", "max_order_notional", "max_position_notional"}
)


def by_capital(configs: Mapping[str, BacktestConfig]) -> dict[str, BacktestConfig]:
    """Replace each configuration that names capitals by one for each of them.

    Parameters
    ----------
    configs : Mapping[str, BacktestConfig]
        By name.

    Returns
    -------
    dict[str, BacktestConfig]
        Named after configuration and capital where there are several.

    """
    found: dict[str, BacktestConfig] = {}
    for name, config in configs.items():
        if not config.run.capitals:
            found[name] = config
        for capital in config.run.capitals:
            found[f"{name} {capital:,g}"] = at_capital(config, capital)
    return found


def at_capital(config: BacktestConfig, capital: float) -> BacktestConfig:
    """Return a configuration with another starting balance and sizes in proportion.

    Parameters
    ----------
    config : BacktestConfig
        With the balance that its sizes are meant for.
    capital : float
        The starting balance instead, in the same currency.

    Returns
    -------
    BacktestConfig
        What is too small for the venue is refused by the strategies and counted.

    """
    written = Money.from_str(config.venue.starting_balances[0])
    factor = capital / written.as_double()
    balance = f"{capital:.2f} {written.currency.code}"
    return msgspec.structs.replace(
        config,
        venue=msgspec.structs.replace(config.venue, starting_balances=(balance,)),
        strategies=[_scaled(block, factor) for block in config.strategies],
    )


def _scaled(block: StrategyBlock, factor: float) -> StrategyBlock:
    config_class = resolve_config_path(block.config_path)
    complete = msgspec.json.decode(config_class.parse(msgspec.json.encode(block.config)).json())
    return msgspec.structs.replace(block, config=_merged(block.config, complete, factor))


def _merged(
    written: Mapping[str, Any], complete: Mapping[str, Any], factor: float
) -> dict[str, Any]:
    """Return what was written, with every size scaled, the defaults that were not written too."""
    merged = dict(written)
    for key, value in complete.items():
        if key in SIZE_KEYS:
            merged[key] = value * factor
        elif isinstance(value, dict):
            inner = _merged(merged.get(key, {}), value, factor)
            if inner:
                merged[key] = inner
    return merged
