"""The configuration of a run: TOML sections, and Nautilus's own importable blocks."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.runtime.blocks import ActorBlock
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.blocks import check_blocks
from nautilus_scalp.runtime.blocks import instrument_ids
from nautilus_scalp.settings import convert
from nautilus_scalp.settings import read_settings
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


PATH_KEYS = (("run", "catalog"), ("model", "path"), ("model", "training"), ("model", "cache"))


class RunSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is replayed.

    Parameters
    ----------
    catalog : str
        Directory of the Nautilus catalog, relative to the configuration file.
    start, end : datetime, optional
        The window ``[start, end)`` in UTC; by default everything that the catalog holds.
    seed : int
        Seed of whatever is random: fill probabilities and bootstrap intervals.
    chunk_size : int, optional
        Events per chunk when the catalog does not fit in memory; by default it is read whole.
        The result does not depend on it.
    close_before_end_s : float
        Strategies are stopped, and so made flat, this long before the window ends, in seconds.
    queue_models : bool
        Whether other models of the queue judge the resting orders too; they need the whole tape in
        memory, some 50 bytes an event.
    capitals : tuple[float, ...]
        Starting balances to compare: one run for each, with every size in proportion to it.
    surface : bool
        Whether the report shows net P&L by fee tier, latency and queue, which takes nine more runs
        the first time.

    """

    catalog: str
    start: datetime | None = None
    end: datetime | None = None
    seed: int = 7
    chunk_size: int | None = None
    close_before_end_s: float = 5.0
    queue_models: bool = True
    capitals: tuple[Positive, ...] = ()
    surface: bool = False


class VenueSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the simulated venue is like.

    Parameters
    ----------
    name : str
        Venue that the instruments belong to.
    starting_balances : tuple[str, ...]
        Money at the start.
    default_leverage : float
        Leverage of every instrument.
    insert_latency_ms, update_latency_ms, cancel_latency_ms : float
        From a command leaving the strategy to its effect on the book, in milliseconds.
    signal_latency_ms : float
        Time of features and inference, measured by ``nautilus-scalp bench``: with a model, every
        command leaves that much later.
    queue_position : bool
        Whether a resting order waits behind the size that was there before it.
    liquidity_consumption : bool
        Whether size that was taken once is gone until the book changes.
    prob_fill_on_limit : float
        Chance that an order at the front of the queue is filled when the price touches it.
    prob_slippage : float
        Chance that an aggressive order is filled one tick worse.
    fee_tier : str, optional
        Tier of the dated fee table, such as ``VIP 3``; by default the fees of the catalog's
        instruments.
    bnb_discount : float
        Share by which fees are lower when they are paid in BNB; rebates are not.
    fee_multiplier : float
        Factor on fees that are paid, for stress.
    funding_rate : float, optional
        Rate at every funding time that the catalog has no rate for, as a fraction of the
        position's value; without it nothing is paid then, and the report says so.
    funding_interval_h : float
        Hours between those funding times, counted from 00:00 UTC.
    initial_margin : bool
        Whether orders that the account cannot carry at its leverage are denied.
    liquidation : bool
        Whether an account below its maintenance margin is closed out.

    """

    name: str = "BINANCE"
    starting_balances: tuple[str, ...] = ("100000 USDT",)
    default_leverage: float = 3.0
    insert_latency_ms: float = 20.0
    update_latency_ms: float = 20.0
    cancel_latency_ms: float = 20.0
    signal_latency_ms: NotNegative = 0.0
    queue_position: bool = True
    liquidity_consumption: bool = True
    prob_fill_on_limit: float = 1.0
    prob_slippage: float = 0.0
    fee_tier: str | None = None
    bnb_discount: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    fee_multiplier: NotNegative = 1.0
    funding_rate: float | None = None
    funding_interval_h: Positive = 8.0
    initial_margin: bool = True
    liquidation: bool = True


class StressSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a configuration has to keep under stress, for ``nautilus-scalp stress``.

    Parameters
    ----------
    min_net : float, optional
        Least P&L after fees and funding, in quote currency.
    max_drawdown_share : float, optional
        Largest drawdown as a share of the starting balance.
    min_breakeven_bps : float, optional
        Least fee, in basis points, at which the result would be zero.
    each_parameter : bool
        Whether every parameter is also changed on its own.
    surface : bool
        Whether net P&L is also shown by fee tier, latency and queue.

    """

    min_net: float | None = None
    max_drawdown_share: Positive | None = None
    min_breakeven_bps: float | None = None
    each_parameter: bool = False
    surface: bool = True


class ModelSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which artifact the ensemble actor loads.

    Parameters
    ----------
    path : str, optional
        Directory of a trained artifact.
    training : str, optional
        Training configuration; its artifact is taken from `cache`, or trained first.
    cache : str
        Directory that trained artifacts are kept in, relative to the working directory.

    """

    path: str | None = None
    training: str | None = None
    cache: str = "models"


class BacktestConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole backtest: one table a section, one block an actor or strategy."""

    run: RunSection
    venue: VenueSection = VenueSection()
    model: ModelSection = ModelSection()
    stress: StressSection = StressSection()
    actors: list[ActorBlock] = []
    strategies: list[StrategyBlock]

    @property
    def instrument_ids(self) -> list[str]:
        """Every instrument that a block names, in order and once."""
        return instrument_ids((*self.strategies, *self.actors))


def load_config(path: Path, overrides: Sequence[str] = ()) -> BacktestConfig:
    """Load, override and check a backtest configuration.

    Paths in the file are relative to the file, paths in overrides to the working directory.

    Parameters
    ----------
    path : Path
        The TOML file.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments that win over the file.

    Returns
    -------
    BacktestConfig
        With absolute paths, and every block accepted by its own configuration class.

    Raises
    ------
    UsageError
        Naming file, line and key of whatever is wrong.

    """
    config = convert(read_settings(path, overrides, PATH_KEYS), BacktestConfig, path)
    check_blocks(config.actors, config.strategies, path)
    return config
