"""
What each strategy of each shipped backtest configuration does on two synthetic markets.

Run ``python -m benchmarks.config_blocks [MINUTES] [NAME ...]``; a quarter of an hour and all
configurations take some ten minutes. The fair market has no edge; in the one with trends the signal
lasts for half a minute and moves follow it (edge 0.9). A block that does nothing on either of
them shows nothing to somebody who wants to know what its settings mean.
"""

import sys
import tempfile
from pathlib import Path

from nautilus_trader.model.events import OrderFilled

from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.model_cache import find_model


CONFIGS = Path(__file__).parents[1] / "configs" / "backtest"
MARKETS = {"fair": (0.0, 2_000.0), "trends": (0.9, 30_000.0)}
INSTRUMENTS = ((13, "BTCUSDT-PERP.BINANCE", 64_000.0), (14, "ETHUSDT-PERP.BINANCE", 3_400.0))


def write_market(catalog: Path, minutes: float, edge: float, half_life_ms: float) -> None:
    """Write both instruments of the configurations."""
    for seed, instrument_id, price in INSTRUMENTS:
        params = SyntheticParams(
            seed=seed,
            hours=minutes / 60.0,
            edge=edge,
            half_life_ms=half_life_ms,
            instrument_id=instrument_id,
            base_price=price,
        )
        write_synthetic(catalog, params)


def play(name: str, catalog: Path) -> list[str]:
    """Run a configuration over a catalog; return a line for each of its strategies."""
    config = load_config(CONFIGS / f"{name}.toml")
    artifact = find_model(config, lambda _stage, _fraction: None)
    start_ns, end_ns = catalog_window(catalog)
    last_ns = end_ns - round(config.run.close_before_end_s * 1e9)
    config = load_config(CONFIGS / f"{name}.toml", [f"run.catalog={catalog}"])
    run = run_engine(config, Window(start_ns=start_ns, end_ns=last_ns), artifact)
    lines = []
    try:
        for strategy in run.engine.trader.strategies():
            orders = run.engine.cache.orders(strategy_id=strategy.id)
            fills = sum(isinstance(event, OrderFilled) for one in orders for event in one.events)
            exits = getattr(strategy, "exit_reasons", {})
            told = ", ".join(f"{times} {reason}" for reason, times in sorted(exits.items()))
            lines.append(
                f"{type(strategy).__name__:17}{strategy.config.instrument_id.value[:3]:5}"
                f"{strategy.config.signal.mode:10}{len(orders):6}{fills:6}  {told}"
            )
    finally:
        run.engine.dispose()
    return lines


def main() -> None:
    """Print a table for each configuration and market."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    names = sys.argv[2:] or sorted(path.stem for path in CONFIGS.glob("*.toml"))
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        for market, law in MARKETS.items():
            write_market(Path(folder) / market, minutes, *law)
        for name in names:
            for market in MARKETS:
                sys.stdout.write(f"{name}, {market}: orders, fills, why positions were left\n")
                lines = play(name, Path(folder) / market)
                sys.stdout.write("".join(f"  {line}\n" for line in lines))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
