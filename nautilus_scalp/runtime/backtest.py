"""One configuration through Nautilus's ``BacktestNode``, from blocks to collected results."""

import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.backtest.config import BacktestDataConfig
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.config import BacktestRunConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.common.config import resolve_config_path
from nautilus_trader.config import ImportableActorConfig
from nautilus_trader.config import ImportableStrategyConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import RiskEngineConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.session import SessionClose
from nautilus_scalp.actors.session import SessionCloseConfig
from nautilus_scalp.data.catalog import side_events
from nautilus_scalp.data.funding import FundingTime
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.bus import quiet_bus
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.simulation.books import Books
from nautilus_scalp.runtime.simulation.closed_positions import silence_analyzer
from nautilus_scalp.runtime.simulation.leverage import obey_leverage
from nautilus_scalp.runtime.simulation.margin import InitialMargin
from nautilus_scalp.runtime.simulation.schedule import funding_schedule
from nautilus_scalp.runtime.simulation.venue import venue_config
from nautilus_scalp.settings import to_iso


_NS_PER_S = 1_000_000_000
# Nautilus allows 100 orders a second by default and denies the rest without a word.
_ORDER_RATE = "10000/00:00:01"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The half-open window ``[start_ns, end_ns)`` by ``ts_init``."""

    start_ns: int
    end_ns: int


class FinishedRun(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that has run, still alive so that its books can be read.

    Parameters
    ----------
    engine : BacktestEngine
        The engine, to be disposed of by the caller.
    books : Books
        Funding, liquidations and positions that the engine itself no longer holds.
    funding : tuple[FundingTime, ...]
        Every funding time that was settled, or would have been had there been a position.
    events : int
        Market data events that it processed.
    seconds : float
        Wall-clock time of loading and running.

    """

    engine: BacktestEngine
    books: Books
    funding: tuple[FundingTime, ...]
    events: int
    seconds: float


def run_engine(config: BacktestConfig, window: Window, model: Path | None) -> FinishedRun:
    """Replay the window through every block of the configuration.

    Parameters
    ----------
    config : BacktestConfig
        What to run.
    window : Window
        What to replay.
    model : Path, optional
        Artifact for the blocks that want one and name none.

    Returns
    -------
    FinishedRun
        With the engine still alive.

    Raises
    ------
    UsageError
        If the window is too short to close positions at its end.

    """
    started = time.perf_counter()
    funding = funding_schedule(
        config.venue,
        Path(config.run.catalog),
        config.instrument_ids,
        (window.start_ns, window.end_ns),
    )
    run_config = _run_config(config, window, model, funding)
    node = BacktestNode(configs=[run_config])
    node.build()
    engine: BacktestEngine = node.get_engines()[0]
    close_at_ns = window.end_ns - round(config.run.close_before_end_s * _NS_PER_S)
    if close_at_ns <= window.start_ns:
        message = (
            f"the window is shorter than run.close_before_end_s = {config.run.close_before_end_s}"
        )
        raise UsageError(message, "widen run.start .. run.end, or lower run.close_before_end_s")
    _replay_side_events(engine, Path(config.run.catalog), window)
    engine.add_actor(SessionClose(SessionCloseConfig(close_at_ns=close_at_ns), engine.trader))
    books = Books(engine.trader)
    engine.add_actor(books)
    silence_analyzer(engine)
    obey_leverage(engine)
    if config.venue.initial_margin:
        InitialMargin(engine, config.venue)
    node.run()
    events = engine.iteration
    if not events:
        message = (
            f"{config.run.catalog}: the engine found no quotes or trades between "
            f"{to_iso(window.start_ns)} and {to_iso(window.end_ns)}"
        )
        raise InputError(message, "widen run.start .. run.end, or import data for the window")
    return FinishedRun(
        engine=engine,
        books=books,
        funding=funding,
        events=events,
        seconds=time.perf_counter() - started,
    )


def _replay_side_events(engine: BacktestEngine, catalog: Path, window: Window) -> None:
    """Let the ensemble actors read depth, mark prices and funding rates from the catalog."""
    for actor in engine.trader.actors():
        if isinstance(actor, EnsembleActor):
            names = [instrument_id.value for instrument_id in actor.config.instrument_ids]
            source = partial(side_events, catalog, names, (window.start_ns, window.end_ns))
            actor.replay_side_events(source)


def _run_config(
    config: BacktestConfig,
    window: Window,
    model: Path | None,
    funding: tuple[FundingTime, ...],
) -> BacktestRunConfig:
    return BacktestRunConfig(
        engine=BacktestEngineConfig(
            trader_id="SCALPER-001",
            logging=LoggingConfig(bypass_logging=True),
            message_bus=quiet_bus(),
            risk_engine=RiskEngineConfig(
                max_order_submit_rate=_ORDER_RATE, max_order_modify_rate=_ORDER_RATE
            ),
            run_analysis=False,  # Nautilus's statistics are day-bucketed; ours are in evaluation/
            actors=[
                ImportableActorConfig(
                    actor_path=block.actor_path,
                    config_path=block.config_path,
                    config=_with_model(block.config, block.config_path, model),
                )
                for block in config.actors
            ],
            strategies=[
                ImportableStrategyConfig(
                    strategy_path=block.strategy_path,
                    config_path=block.config_path,
                    config={"order_id_tag": f"{number:03d}", **block.config},
                )
                for number, block in enumerate(config.strategies, start=1)
            ],
        ),
        venues=[venue_config(config.venue, config.run, funding, signals=bool(config.actors))],
        data=[
            BacktestDataConfig(
                catalog_path=config.run.catalog,
                data_cls=kind,
                instrument_id=InstrumentId.from_str(name),
                start_time=window.start_ns,
                end_time=window.end_ns - 1,  # Nautilus includes the end, our windows do not
            )
            for name in config.instrument_ids
            for kind in (QuoteTick, TradeTick)
        ],
        chunk_size=config.run.chunk_size,
        raise_exception=True,
        dispose_on_completion=False,
    )


def _with_model(block: dict[str, Any], config_path: str, model: Path | None) -> dict[str, Any]:
    wants_model = "model_path" in resolve_config_path(config_path).__struct_fields__
    if not wants_model or "model_path" in block:
        return block
    if model is None:
        message = f"{config_path}: the block needs a model, and the configuration names none"
        raise UsageError(message, "set model.path, model.training or the block's model_path")
    return {**block, "model_path": str(model)}


def engine_name() -> str:
    """Return name and version of the engine, as the report prints them."""
    return f"nautilus_trader {version('nautilus_trader')}"
