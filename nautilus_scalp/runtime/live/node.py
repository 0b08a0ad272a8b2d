"""A Nautilus ``TradingNode`` from a live configuration, with every safe default switched on."""

import os
import signal
from pathlib import Path

from nautilus_trader.cache.config import CacheConfig
from nautilus_trader.config import DatabaseConfig
from nautilus_trader.config import LiveDataEngineConfig
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LiveRiskEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId

from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.runtime.bus import quiet_bus
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.clients import build_clients
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.connecting import wait_in_steps
from nautilus_scalp.runtime.live.direct import call_directly


_LOG_FILE_BYTES = 50 * 1024 * 1024
_UNTIL_ANSWERED = 1_000_000
_POSITION_LOOKBACK_MINUTES = 15
# Closed orders and positions are dropped from memory: Nautilus's cost of closing a position
# grows with the number of those closed before.
_PURGE_MINUTES = 10
_PURGE_BUFFER_MINUTES = 60
_SETTLE_S = 2.0
# The session has waited for flat before it stops the node.
_AFTER_STOP_S = 0.1


def build_node(config: LiveConfig, keys: Credentials, log_directory: Path) -> TradingNode:
    """Build a node that lacks nothing but its actors and strategies.

    Parameters
    ----------
    config : LiveConfig
        What to trade, and where.
    keys : Credentials
        The venue's keys; they go into the clients and nowhere else.
    log_directory : Path
        Where the log files go.

    Returns
    -------
    TradingNode
        Built, with the clients of the venue.

    """
    venue = config.live.venue
    clients = build_clients(config, keys)
    node = TradingNode(
        config=TradingNodeConfig(
            trader_id=TraderId(config.live.trader_id),
            cache=_cache(config),
            message_bus=quiet_bus(),
            logging=_logging(config, log_directory),
            data_engine=LiveDataEngineConfig(
                graceful_shutdown_on_exception=True,
                external_clients=[SIGNAL_CLIENT],  # signals come from our own actor
            ),
            risk_engine=LiveRiskEngineConfig(
                graceful_shutdown_on_exception=True,
                max_order_submit_rate=config.live.max_order_rate,
                max_order_modify_rate=config.live.max_order_rate,
            ),
            exec_engine=_exec_engine(config),
            data_clients={venue: clients.data},
            exec_clients={venue: clients.execution},
            timeout_connection=config.live.start_timeout_s,
            timeout_reconciliation=config.live.start_timeout_s,
            timeout_portfolio=10.0,
            timeout_disconnection=10.0,
            timeout_post_stop=_AFTER_STOP_S,
        )
    )
    node.add_data_client_factory(venue, clients.data_factory)
    node.add_exec_client_factory(venue, clients.execution_factory)
    node.build()
    # A signal that comes before somebody runs the node would be lost on Nautilus's handlers.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT):
        node.kernel.loop.remove_signal_handler(number)
    call_directly(node.kernel)
    wait_in_steps(node.kernel)
    return node


def _exec_engine(config: LiveConfig) -> LiveExecEngineConfig:
    live = config.live
    # A sandbox has no venue to compare with.
    compares = live.mode != "paper"
    return LiveExecEngineConfig(
        graceful_shutdown_on_exception=True,
        reconciliation=compares,
        reconciliation_instrument_ids=[
            InstrumentId.from_str(name) for name in config.instrument_ids
        ],
        reconciliation_startup_delay_secs=_SETTLE_S,
        # A request without an answer is asked after until the venue says what became of it.
        inflight_check_interval_ms=1_000,
        inflight_check_threshold_ms=2_000,
        inflight_check_retries=_UNTIL_ANSWERED,
        open_check_interval_secs=live.open_check_interval_s if compares else None,
        open_check_open_only=True,
        position_check_interval_secs=live.position_check_interval_s if compares else None,
        position_check_lookback_mins=_POSITION_LOOKBACK_MINUTES,
        purge_closed_orders_interval_mins=_PURGE_MINUTES,
        purge_closed_orders_buffer_mins=_PURGE_BUFFER_MINUTES,
        purge_closed_positions_interval_mins=_PURGE_MINUTES,
        purge_closed_positions_buffer_mins=_PURGE_BUFFER_MINUTES,
        purge_account_events_interval_mins=_PURGE_MINUTES,
        purge_account_events_lookback_mins=_PURGE_BUFFER_MINUTES,
        purge_from_database=config.redis is not None,
        load_cache=False,  # the venue knows better than a mirror that a crash cut short
    )


def _cache(config: LiveConfig) -> CacheConfig | None:
    if config.redis is None:
        return None
    return CacheConfig(
        database=DatabaseConfig(
            type="redis",
            host=config.redis.host,
            port=config.redis.port,
            password=os.environ.get("REDIS_PASSWORD"),
        )
    )


def _logging(config: LiveConfig, directory: Path) -> LoggingConfig:
    return LoggingConfig(
        log_level="ERROR",  # the terminal belongs to the status lines
        log_level_file=config.live.log_level,
        log_directory=str(directory),
        log_file_format="json",
        log_file_max_size=_LOG_FILE_BYTES,
        log_file_max_backup_count=10,
        log_colors=False,
    )
