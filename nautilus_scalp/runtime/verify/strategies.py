"""Strategies on a random walk: what they lose is what trading costs."""

import tempfile
from pathlib import Path

import msgspec

from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.evaluation.placebo import LEVEL
from nautilus_scalp.evaluation.placebo import HoldingProfit
from nautilus_scalp.evaluation.placebo import holding_profit
from nautilus_scalp.evaluation.placebo import null_z
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.collect import collect_results
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.market import read_markets
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.check import within
from nautilus_scalp.runtime.verify.markets import warm_up_hours
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.subject import Subject


_NAME = "strategies_random_walk"


def check_strategies(subject: Subject, options: VerifyOptions) -> list[Check]:
    """Run the configured strategies, with the model, on a market without an edge.

    Parameters
    ----------
    subject : Subject
        A backtest configuration; a model alone has no strategies.
    options : VerifyOptions
        Length of the market.

    Returns
    -------
    list[Check]
        One a strategy and instrument: net result plus costs, and the interval in which chance
        leaves it.

    """
    if subject.config is None or subject.window is None:
        return [not_applicable(_NAME, "no strategies: name a backtest configuration")]
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        catalog = Path(folder) / "catalog"
        hours = options.strategy_hours + _warm_up_hours(subject)
        _write_markets(subject.config, subject.window, catalog, (options.seed, hours))
        results = _run(subject.config, catalog, subject.model)
    return [_judge(result, len(results)) for result in results]


def _warm_up_hours(subject: Subject) -> float:
    """Return how long the model says nothing."""
    if subject.ensemble is None:
        return 0.0
    manifest = subject.ensemble.manifest
    return warm_up_hours(manifest.feature_names, manifest.features)


def _write_markets(
    config: BacktestConfig, window: Window, catalog: Path, size: tuple[int, float]
) -> None:
    """Write a random walk for every instrument, at the price that it has in the backtest."""
    names, (seed, hours) = config.instrument_ids, size
    tape = read_tape(Path(config.run.catalog), names, window.start_ns, window.end_ns)
    for index, name in enumerate(names):
        quotes = (tape.kind == QUOTE) & (tape.instrument == index)
        first = tape.values[quotes][0]
        params = SyntheticParams(
            seed=seed + index,
            hours=hours,
            edge=0.0,
            instrument_id=name,
            base_price=round(float(first[0]), 1),
        )
        write_synthetic(catalog, params, compare=False)


def _run(config: BacktestConfig, catalog: Path, model: Path | None) -> list[StrategyResult]:
    run = msgspec.structs.replace(config.run, catalog=str(catalog), start=None, end=None)
    config = msgspec.structs.replace(config, run=run)
    start_ns, end_ns = catalog_window(catalog)
    window = Window(start_ns=start_ns, end_ns=end_ns)
    finished = run_engine(config, window, model)
    try:
        markets = read_markets(config, window)
        return collect_results(finished.engine, finished.books, "random walk", markets, {})
    finally:
        finished.engine.dispose()


def _judge(result: StrategyResult, comparisons: int) -> Check:
    name = f"{_NAME}_{result.name}_{result.instrument_id}"
    if not len(result.fills):
        return not_applicable(name, "it did not trade on the random walk")
    held: HoldingProfit = holding_profit(result.fills, result.mids)
    net = held.profit - held.costs
    reach = null_z(comparisons) * held.deviation
    return within(
        name,
        net + held.costs,
        (-reach, reach),
        f"net {net:,.2f} + costs {held.costs:,.2f} over {len(result.fills)} fills; chance keeps "
        f"it inside with {LEVEL:.0%} for all strategies together",
    )
