"""Configurations run one after the other, and the report of them all."""

import time
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money

from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_columns
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.funding import FundingTime
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.evaluation.classification import ReliabilityBin
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.artifact import read_manifest
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.backtest import engine_name
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.collect import collect_results
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.market import Market
from nautilus_scalp.runtime.market import read_markets
from nautilus_scalp.runtime.model_cache import find_model
from nautilus_scalp.runtime.report.build import build_report
from nautilus_scalp.runtime.report.measures import minute_sharpes
from nautilus_scalp.runtime.report.results import FeeTier
from nautilus_scalp.runtime.report.results import ModelFacts
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import SignalDetail
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.simulation.fees import TierFees
from nautilus_scalp.runtime.simulation.records import DepthShortfall
from nautilus_scalp.runtime.simulation.records import Liquidation
from nautilus_scalp.runtime.simulation.venue import tier_fees
from nautilus_scalp.runtime.simulation.venue import tier_name
from nautilus_scalp.runtime.simulation.words import assumptions
from nautilus_scalp.runtime.simulation.words import simulation_notes
from nautilus_scalp.runtime.trials import DataWindow
from nautilus_scalp.runtime.trials import Kind
from nautilus_scalp.runtime.trials import Trial
from nautilus_scalp.runtime.trials import check_ledger
from nautilus_scalp.runtime.trials import count_trials
from nautilus_scalp.runtime.trials import data_window
from nautilus_scalp.runtime.trials import identity
from nautilus_scalp.runtime.trials import record_trial
from nautilus_scalp.settings import to_iso
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training.evaluate import evaluate


_BPS = 1e4


def run_configs(
    configs: Mapping[str, BacktestConfig],
    progress: Report,
    *,
    judge_signal: bool = True,
    kind: Kind = "backtest",
) -> tuple[dict[str, Any], RunFacts, list[StrategyResult], SignalDetail | None]:
    """Run configurations one after the other and build their joint report.

    Parameters
    ----------
    configs : Mapping[str, BacktestConfig]
        By the name that the report gives them.
    progress : Report
        Told which one runs.
    judge_signal : bool
        Whether the model's signal is judged on the first window.
    kind : str
        What the ledger of trials calls the runs.

    Returns
    -------
    tuple
        The report without its files, and what they are written from.

    """
    check_ledger()
    runs: list[Run] = []
    markets: dict[str, dict[str, Market]] = {}  # of one window, however often it is run
    for name, config in configs.items():
        window = resolve_window(config)
        model = find_model(config, progress)
        progress(f"backtest {name}", len(runs) / len(configs))
        runs.append(_run(name, config, window, model, markets))
    progress("report", 1.0)
    results = [result for run in runs for result in run.results]
    facts = _enter_trials(_facts(runs), runs, results, kind)
    signal, detail, notes = _signal(runs[0]) if judge_signal else (None, None, [])
    report = build_report(facts, results, signal, [*notes, *simulation_notes(runs)])
    return report, facts, results, detail


def resolve_window(config: BacktestConfig) -> Window:
    """Return the configured window, with what the catalog holds where an end is open.

    Parameters
    ----------
    config : BacktestConfig
        The configuration.

    Returns
    -------
    Window
        In nanoseconds, the end not included.

    Raises
    ------
    UsageError
        If the window ends before it begins.
    InputError
        If the catalog holds no quote or trade of the instruments in the window: an engine without
        data would keep its timers going from 1970 on.

    """
    catalog = Path(config.run.catalog)
    first_ns, last_ns = catalog_window(catalog, config.instrument_ids)
    start_ns = to_ns(config.run.start) if config.run.start else first_ns
    end_ns = to_ns(config.run.end) if config.run.end else last_ns + 1
    if end_ns <= start_ns:
        message = f"run.end {to_iso(end_ns)} is not after run.start {to_iso(start_ns)}"
        raise UsageError(message, f"the catalog holds {to_iso(first_ns)} .. {to_iso(last_ns)}")
    folders = (
        catalog / "data" / kind / name
        for kind in ("quote_tick", "trade_tick")
        for name in config.instrument_ids
    )
    found = (
        table for one in folders for table in read_columns(one, ["ts_init"], (start_ns, end_ns))
    )
    if next(found, None) is None:
        message = f"{catalog} holds nothing between {to_iso(start_ns)} and {to_iso(end_ns)}"
        raise InputError(message, f"the catalog holds {to_iso(first_ns)} .. {to_iso(last_ns)}")
    return Window(start_ns=start_ns, end_ns=end_ns)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one configuration contributes to the report."""

    name: str
    config: BacktestConfig
    window: Window
    model: Path | None
    events: int
    seconds: float
    results: list[StrategyResult]
    liquidations: list[Liquidation]
    shortfalls: Counter[DepthShortfall]
    funding: tuple[FundingTime, ...]
    fee_tier: FeeTier
    capital: float


def _run(
    name: str,
    config: BacktestConfig,
    window: Window,
    model: Path | None,
    markets: dict[str, dict[str, Market]],
) -> Run:
    started = time.perf_counter()
    finished = run_engine(config, window, model)
    try:
        key = repr((config.run.catalog, config.instrument_ids, window))
        if key not in markets:
            markets[key] = read_markets(config, window)
        return Run(
            name=name,
            config=config,
            window=window,
            model=model,
            events=finished.events,
            seconds=time.perf_counter() - started,
            results=collect_results(
                finished.engine, finished.books, name, markets[key], _tapes(config, window)
            ),
            liquidations=finished.books.liquidations,
            shortfalls=finished.books.shortfalls,
            funding=finished.funding,
            fee_tier=_fee_tier(finished.engine, config),
            capital=float(Money.from_str(config.venue.starting_balances[0])),
        )
    finally:
        finished.engine.dispose()


def _tapes(config: BacktestConfig, window: Window) -> dict[str, Tape]:
    """Return the tape of each instrument on its own, if other queue models are to be asked."""
    if not config.run.queue_models:
        return {}
    return {
        name: read_tape(Path(config.run.catalog), [name], window.start_ns, window.end_ns)
        for name in config.instrument_ids
    }


def _fee_tier(engine: BacktestEngine, config: BacktestConfig) -> FeeTier:
    """Return the fees that the first instrument was charged."""
    instrument = engine.cache.instrument(InstrumentId.from_str(config.instrument_ids[0]))
    fees = TierFees(tier_fees(config.venue))
    return FeeTier(
        name=tier_name(config.venue),
        maker_bps=float(fees.rate(instrument.maker_fee, is_maker=True)) * _BPS,
        taker_bps=float(fees.rate(instrument.taker_fee, is_maker=False)) * _BPS,
    )


def _facts(runs: Sequence[Run]) -> RunFacts:
    first = runs[0]
    return RunFacts(
        configs=tuple(run.name for run in runs),
        capital={run.name: run.capital for run in runs},
        catalog=_shown(Path(first.config.run.catalog)),
        start_ns=min(run.window.start_ns for run in runs),
        end_ns=max(run.window.end_ns for run in runs),
        events=sum(run.events for run in runs),
        seconds=sum(run.seconds for run in runs),
        engine=engine_name(),
        model=_model_facts(first.model),
        seed=first.config.run.seed,
        fee_tier=first.fee_tier,
        assumptions=assumptions(first.config),
    )


def _enter_trials(
    facts: RunFacts, runs: Sequence[Run], results: Sequence[StrategyResult], kind: Kind
) -> RunFacts:
    """Write every run into the ledger of trials, then look up how many there are."""
    sharpes = minute_sharpes(facts, results)
    windows: dict[str, DataWindow] = {}
    for run in runs:
        span = (run.window.start_ns, run.window.end_ns)
        key = repr((run.config.run.catalog, run.config.instrument_ids, span))
        if key not in windows:
            catalog = Path(run.config.run.catalog)
            windows[key] = data_window(catalog, run.config.instrument_ids, *span)
        record_trial(
            Trial(
                kind=kind,
                name=run.name,
                identity=_identity(run),
                window=windows[key],
                sharpe=sharpes[run.name],
            )
        )
    files = {sha for window in windows.values() for sha in window.files}
    together = DataWindow(files=tuple(sorted(files)), start_ns=facts.start_ns, end_ns=facts.end_ns)
    return msgspec.structs.replace(facts, trials=count_trials(together))


def _identity(run: Run) -> str:
    """Return what decides the run's orders; under other assumptions it is the same trial."""
    model = None if run.model is None else read_manifest(run.model).model_id
    return identity(run.config.strategies, run.config.actors, model, run.config.run.seed)


def _signal(run: Run) -> tuple[dict[str, Any] | None, SignalDetail | None, list[str]]:
    """Judge the signal on the window, without any strategy; say so when that cannot be done."""
    if run.model is None:
        return None, None, []
    try:
        judged = evaluate(
            run.model,
            Path(run.config.run.catalog),
            run.window.start_ns,
            run.window.end_ns,
            run.config.instrument_ids,
        )
    except UsageError as error:
        return None, None, [f"IN SAMPLE, the result proves nothing: {error.message}"]
    horizon_ms = read_manifest(run.model).horizon_ms
    detail = SignalDetail(
        reliability={
            f"{direction}, {horizon_ms} ms": msgspec.convert(bins, list[ReliabilityBin])
            for direction, bins in judged["reliability"].items()
        },
        importance=read_manifest(run.model).importances,
    )
    return judged["horizons"], detail, judged["notes"]


def _model_facts(path: Path | None) -> ModelFacts | None:
    if path is None:
        return None
    manifest = read_manifest(path)
    return ModelFacts(
        id=manifest.model_id,
        train_end_ns=manifest.train_end_ns,
        features=len(manifest.feature_names),
    )


def _shown(path: Path) -> str:
    """Return the path as seen from the working directory, so that equal runs print equal text."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
