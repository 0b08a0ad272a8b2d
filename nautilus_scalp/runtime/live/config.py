"""The configuration of a live run: the blocks of a backtest, plus venue, mode and limits."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated
from typing import Literal

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.blocks import ActorBlock
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.blocks import check_blocks
from nautilus_scalp.runtime.blocks import instrument_ids
from nautilus_scalp.runtime.config import ModelSection
from nautilus_scalp.settings import convert
from nautilus_scalp.settings import read_settings


_PATH_KEYS = (
    ("live", "state_dir"),
    ("practice", "catalog"),
    ("warm_up", "catalog"),
    ("model", "path"),
    ("model", "training"),
    ("model", "cache"),
)
type Mode = Literal["practice", "paper", "testnet", "live"]
type Seconds = Annotated[float, Meta(gt=0)]


class PracticeSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The practice exchange that mode "practice" starts on this machine.

    Parameters
    ----------
    catalog : str
        Catalog whose recorded market it plays, relative to the configuration file.
    start, end : datetime, optional
        Window of the catalog in UTC, [start, end); by default everything. At its end the market
        starts over.
    speed : float
        1 plays in real time.
    balance : str
        Quote currency on the account.

    """

    catalog: str
    start: datetime | None = None
    end: datetime | None = None
    speed: Annotated[float, Meta(gt=0)] = 1.0
    balance: str = "10000"


class RedisSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Redis that keeps component state and mirrors Nautilus's cache.

    Its password comes from ``REDIS_PASSWORD``. Orders and positions are there for whoever watches;
    a restart asks the venue for them, because a process that was killed in the middle of writing
    leaves a mirror that agrees with nobody.
    """

    host: str = "127.0.0.1"
    port: int = 6379


class WarmUpSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What features and models live through before the first live event.

    Parameters
    ----------
    source : {"recorded", "venue"}
        "recorded": quotes and trades of a catalog or of an own recording. "venue": the past trades
        that the venue still has, joined with the live ones; there are no past quotes to be had.
    catalog : str, optional
        For "recorded": a catalog that ends just before now, relative to the configuration file.
        Left out, it is the latest recording of this state directory; in mode "practice", the
        practice catalog before `practice.start`. After a gap of more than a minute features begin
        anew.
    minutes : float
        How much of its end.

    """

    source: Literal["recorded", "venue"] = "recorded"
    catalog: str | None = None
    minutes: Annotated[float, Meta(gt=0)] = 10.0

    def __post_init__(self) -> None:
        """Refuse two sources at once."""
        if self.source == "venue" and self.catalog is not None:
            message = 'warm_up.source = "venue", and warm_up.catalog is set'
            raise UsageError(message, "remove one of the two")


class RecorderSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recording of the run, in ``recordings/`` of the state directory, for ``parity``.

    Parameters
    ----------
    flush_interval_s : float
        Most time between two batches, and so what a crash may lose.
    features : bool
        Whether the vector behind every signal is kept too: 8 bytes a feature and quote.

    """

    flush_interval_s: Seconds = 10.0
    features: bool = True


class LiveSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and how to trade.

    Parameters
    ----------
    mode : Mode
        "practice": a practice exchange on this machine. "paper": the venue's real market data,
        orders filled by Nautilus's sandbox. "testnet": the venue's test environment.
        "live": real money.
    venue : str
        "BINANCE" (USD-M futures) or "BYBIT" (linear contracts).
    trader_id : str
        Nautilus trader id; part of every client order id.
    accept_real_money : bool
        Mode "live" needs this, or ``--i-accept-real-money``.
    state_dir : str
        Logs, saved state, the crash marker and the kill switch, relative to the file.
    base_url_http, base_url_ws : str, optional
        Other addresses of the venue, for a proxy or a test.
    starting_balances : tuple[str, ...]
        Money of a paper account.
    leverage : int
        Leverage that the paper account has, and that the venue is told for every instrument.
    max_order_rate : str
        Most orders that may leave, as "count/hh:mm:ss"; beyond it they are denied.
    stale_after_s : float
        A market silent for longer is not traded: working orders are cancelled, and only orders
        that make positions smaller pass, until it speaks again.
    unowned : str
        What to do with positions and orders on the instruments that no strategy of this run
        owns. "refuse": do not start; one that appears later is reported and left alone.
        "flatten": close them. "leave": report them and leave them alone.
    after_crash : str
        What to do with what a crashed run of the same state directory left behind. "flatten":
        close it and begin from flat. "adopt": the strategy that traded the instrument takes its
        orders and its position up again, with the state that was saved; what no strategy of this
        run traded is closed. For the whole run, an adopting strategy owns whatever happens in its
        instrument.
    open_check_interval_s, position_check_interval_s : float
        How often open orders and positions are compared with the venue's.
    start_timeout_s, stop_timeout_s : float
        How long to wait for connections and reconciliation, and for orders and positions to
        be gone at the end.
    stop_after_s : float, optional
        Stop by itself after this long; by default it runs until it is told to stop.
    rehearsal_ms : float
        Time between two rehearsals of a prediction while no tick comes; they keep the way from a
        tick to its signal in the processor's caches, for about a tenth of a core. 0 for none.
    status_interval_s : float
        Time between two status lines.
    log_level : str
        Level of the log file, ``logs/`` in the state directory.

    """

    mode: Mode
    venue: Literal["BINANCE", "BYBIT"] = "BINANCE"
    trader_id: str = "SCALPER-001"
    accept_real_money: bool = False
    state_dir: str = "state"
    base_url_http: str | None = None
    base_url_ws: str | None = None
    starting_balances: tuple[str, ...] = ("10000 USDT",)
    leverage: Annotated[int, Meta(ge=1)] = 3
    max_order_rate: str = "50/00:00:01"
    stale_after_s: Seconds = 10.0
    unowned: Literal["refuse", "flatten", "leave"] = "refuse"
    after_crash: Literal["flatten", "adopt"] = "flatten"
    open_check_interval_s: Seconds = 10.0
    position_check_interval_s: Seconds = 30.0
    start_timeout_s: Seconds = 60.0
    stop_timeout_s: Seconds = 20.0
    stop_after_s: Seconds | None = None
    rehearsal_ms: Annotated[float, Meta(ge=0)] = 0.3
    status_interval_s: Seconds = 60.0
    log_level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"


class LiveConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole live run; ``model``, ``actors`` and ``strategies`` are those of a backtest."""

    live: LiveSection
    practice: PracticeSection | None = None
    redis: RedisSection | None = None
    recorder: RecorderSection | None = None
    warm_up: WarmUpSection | None = None
    model: ModelSection = ModelSection()
    actors: list[ActorBlock] = []
    strategies: list[StrategyBlock]

    @property
    def instrument_ids(self) -> list[str]:
        """Every instrument that a block names, in order and once."""
        return instrument_ids((*self.strategies, *self.actors))


def load_live_config(path: Path, overrides: Sequence[str] = ()) -> LiveConfig:
    """Load, override and check a live configuration.

    Paths in the file are relative to the file, paths in overrides to the working directory.

    Parameters
    ----------
    path : Path
        The TOML file.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments that win over the file.

    Returns
    -------
    LiveConfig
        With absolute paths, and every block accepted by its own configuration class.

    Raises
    ------
    UsageError
        Naming file, line and key of whatever is wrong.

    """
    config = convert(read_settings(path, overrides, _PATH_KEYS), LiveConfig, path)
    if config.live.mode == "practice" and config.practice is None:
        message = f"{path}: mode 'practice' needs a [practice] table"
        raise UsageError(message, "add [practice] with the key catalog")
    check_blocks(config.actors, config.strategies, path)
    _check_venues(config, path)
    return config


def _check_venues(config: LiveConfig, path: Path) -> None:
    venue = config.live.venue
    for name in config.instrument_ids:
        if not name.endswith(f".{venue}"):
            message = f"{path}: {name} does not trade on live.venue = {venue!r}"
            raise UsageError(message, f"name an instrument that ends in .{venue}")
