"""
What the strategies make of a market whose edge is known: as much as theory says, and else nothing.

Run ``python -m benchmarks.edge_strategies [HOURS]``; three hours take some four minutes.

Without an edge the mid price is a martingale: what a strategy earns by holding has mean zero and a
known variance, and its result is minus its costs (`evaluation.placebo.holding_profit`). With an
edge the same holds once what could be foretold is taken off: just before a jump of known size, all
that is published says with which chance it goes up, in closed form. Summed over the positions that
were held, that is what theory expects of them, and half of it a fee may take on either side.

The signals are those of a forecaster who knows the market's law (`tests.fakes.oracle`), so that
strategies are judged here and not a model.
"""

import sys
import tempfile
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.evaluation.placebo import HoldingProfit
from nautilus_scalp.evaluation.placebo import holding_profit
from nautilus_scalp.evaluation.placebo import null_z
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.blocks import ActorBlock
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.collect import collect_results
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.market import read_markets
from nautilus_scalp.runtime.report.results import StrategyResult


type Floats = npt.NDArray[np.float64]

CONFIGS = Path(__file__).parents[1] / "configs" / "backtest"
NAMES = ("market_making", "mean_reversion", "momentum_breakout")
DECIDED = (
    ("mean_reversion", "rules"),
    ("momentum_breakout", "rules"),
    ("mean_reversion", "signal"),
    ("momentum_breakout", "combined"),
)
INSTRUMENT = "BTCUSDT-PERP.BINANCE"
SEED, EDGE = 11, 0.6
HOLD_MS = 5_000.0
TAKER_BPS = 5.0


def market(folder: Path, params: SyntheticParams) -> Path:
    """Write a market and return its catalog."""
    catalog = folder / f"edge-{params.edge:g}"
    write_synthetic(catalog, params)
    return catalog


def shipped(name: str, catalog: Path) -> BacktestConfig:
    """Return a shipped configuration on a catalog, with its BTC block only."""
    config = load_config(CONFIGS / f"{name}.toml")
    run = msgspec.structs.replace(
        config.run, catalog=str(catalog), start=None, end=None, queue_models=False
    )
    return msgspec.structs.replace(config, run=run, strategies=config.strategies[:1])


def by_oracle(name: str, catalog: Path, params: SyntheticParams, by: str) -> BacktestConfig:
    """Return the same strategy with the forecaster's signals; it holds for `HOLD_MS`."""
    config = shipped(name, catalog)
    (block,) = config.strategies
    own = {
        "signal": {"mode": by, "min_strength": 0.5},
        "exits": {"timeout_ms": HOLD_MS},
        "entry": {"order_notional": 2_000.0, "cooldown_ms": 0.0},
    }
    if name == "mean_reversion":
        own["exit_at_fair_value"] = False
    if name == "market_making":
        own = {"signal": {"mode": by}}
    oracle = ActorBlock(
        actor_path="tests.fakes.oracle:Oracle",
        config_path="tests.fakes.oracle:OracleConfig",
        config={
            "instrument_id": INSTRUMENT,
            "seed": params.seed,
            "hours": params.hours,
            "edge": params.edge,
            "half_life_ms": params.half_life_ms,
            "horizon_ms": round(HOLD_MS),
            "move_bps": foretold_bps(params),
        },
    )
    strategy = StrategyBlock(
        strategy_path=block.strategy_path,
        config_path=block.config_path,
        config=block.config | own,
    )
    return msgspec.structs.replace(config, actors=[oracle], strategies=[strategy])


def foretold_bps(params: SyntheticParams) -> float:
    """
    Return how far the mid is expected to go within `HOLD_MS`, if it is sure to go up now.

    What the signal says of a jump it says of a later one less and less, as it fades. Times and
    sizes of jumps depend on no side, so that their mean tells nothing of what is to come.
    """
    quotes = np.concatenate([chunk.quotes for chunk in generate(params)])
    mid = 0.5 * (quotes[:, 2] + quotes[:, 3])
    path_per_s = float(np.abs(np.diff(mid)).sum()) / (params.hours * 3_600.0)
    fading = params.reversion_per_s
    lasting_s = (1.0 - np.exp(-fading * HOLD_MS / 1e3)) / fading
    return float(1e4 * path_per_s * lasting_s / mid.mean())


def run(config: BacktestConfig) -> StrategyResult:
    """Run one strategy over its whole catalog."""
    catalog = Path(config.run.catalog)
    start_ns, end_ns = catalog_window(catalog)
    window = Window(start_ns=start_ns, end_ns=end_ns)
    finished = run_engine(config, window, None)
    try:
        markets = read_markets(config, window)
        (result,) = collect_results(finished.engine, finished.books, "edge", markets, {})
        return result
    finally:
        finished.engine.dispose()


class Foretold(msgspec.Struct, frozen=True):
    """What theory expects of the positions that were held, and how far chance may lead from it."""

    profit: float
    deviation: float


def foretold(result: StrategyResult, params: SyntheticParams) -> Foretold:
    """
    Return the sum of ``position x |jump| x (2 p - 1)`` over all jumps of the mid.

    `p` is the chance, given everything published before, that the jump goes up. What a strategy
    earned less this is a martingale with variance ``sum of (position x jump)^2 x 4 p (1 - p)``.
    """
    forecasts = np.concatenate([chunk.signals[:, 1:] for chunk in generate(params)])[:-1]
    fills, mids = result.fills, result.mids
    at = np.searchsorted(mids.ts_ns, fills.ts_event_ns, side="right") - 1
    position = np.cumsum(np.bincount(at, weights=fills.signed_qty, minlength=len(mids.mid)))[:-1]
    size = position * np.abs(np.diff(mids.mid))
    mean, variance = forecasts.T
    up = ndtr(params.edge * mean / np.sqrt(1.0 - params.edge**2 * (1.0 - variance)))
    spread = size * size * 4.0 * up * (1.0 - up)
    return Foretold(float((size * (2.0 * up - 1.0)).sum()), float(np.sqrt(spread.sum())))


def without_edge(catalog: Path) -> list[str]:
    """Return the shipped strategies, by their rules, on a market that nobody can foretell."""
    header = ("strategy", "fills", "net", "costs", "net + costs", "99 % interval")
    lines = ["{:18}{:>7}{:>10}{:>10}{:>13}{:>20}".format(*header)]
    reach = null_z(len(NAMES))
    for name in NAMES:
        result = run(shipped(name, catalog))
        held: HoldingProfit = holding_profit(result.fills, result.mids)
        net = result.engine_gross - result.engine_fees
        interval = f"+- {reach * held.deviation:.2f}"
        lines.append(
            f"{name:18}{len(result.fills.qty):7}{net:10.2f}{held.costs:10.2f}"
            f"{net + held.costs:13.2f}{interval:>20}"
        )
    return lines


def with_edge(catalog: Path, params: SyntheticParams) -> list[str]:
    """Return what strategies that take liquidity earn, and what theory expects of it."""
    header = ("strategy", "trips", "earned", "theory", "99 % interval", "break-even", "theory")
    lines = ["{:28}{:>6}{:>9}{:>9}{:>15}{:>12}{:>11}".format(*header)]
    nets = []
    reach = null_z(len(DECIDED))
    for name, by in DECIDED:
        config = by_oracle(name, catalog, params, by)
        result = run(config)
        held, theory = holding_profit(result.fills, result.mids), foretold(result, params)
        volume = float((result.fills.qty * result.fills.price).sum())
        slippage = held.costs - result.engine_fees
        even, even_theory = (1e4 * (x - slippage) / volume for x in (held.profit, theory.profit))
        lines.append(
            f"{name + ', ' + by:28}{len(result.fills.qty) // 2:6}{held.profit:9.2f}"
            f"{theory.profit:9.2f}{f'+- {reach * theory.deviation:.2f}':>15}"
            f"{even:9.3f} bp{even_theory:8.3f} bp"
        )
        if by != "rules":
            title = f"{name}, {by}"
            nets += [at_fee(title, config, share, even_theory) for share in (0.0, 0.5, 2.0)]
    return lines + nets


def at_fee(title: str, config: BacktestConfig, share: float, even_bps: float) -> str:
    """Return the net result of a run in which a taker pays a share of the break-even fee."""
    fee_bps = float(share * even_bps)
    venue = msgspec.structs.replace(config.venue, fee_multiplier=fee_bps / TAKER_BPS)
    paid = run(msgspec.structs.replace(config, venue=venue))
    net = paid.engine_gross - paid.engine_fees
    return f"{title}: taker fee {fee_bps:.3f} bp, {share:g} of theory's: net {net:+.2f}"


def main() -> None:
    """Print the tables."""
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        law = SyntheticParams(seed=SEED, hours=hours, edge=EDGE)
        fair = market(Path(folder), msgspec.structs.replace(law, edge=0.0))
        planted = market(Path(folder), law)
        lines = [
            f"{hours:g} h without an edge, by rules, VIP 0",
            *without_edge(fair),
            "",
            f"{hours:g} h with edge {EDGE:g}, by the best forecast, out after {HOLD_MS / 1e3:g} s",
            *with_edge(planted, law),
        ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
