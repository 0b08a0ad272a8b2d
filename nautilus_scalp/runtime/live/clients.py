"""Venue clients of a live node: which adapter, which environment, whose keys."""

import os
from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.adapters.binance import BinanceAccountType
from nautilus_trader.adapters.binance import BinanceDataClientConfig
from nautilus_trader.adapters.binance import BinanceExecClientConfig
from nautilus_trader.adapters.binance import BinanceInstrumentProviderConfig
from nautilus_trader.adapters.binance import BinanceLiveDataClientFactory
from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment
from nautilus_trader.adapters.binance.common.symbol import BinanceSymbol
from nautilus_trader.adapters.bybit import BybitDataClientConfig
from nautilus_trader.adapters.bybit import BybitExecClientConfig
from nautilus_trader.adapters.bybit import BybitLiveDataClientFactory
from nautilus_trader.adapters.bybit.data import BybitDataClient
from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.factory import SandboxLiveExecClientFactory
from nautilus_trader.common.config import InstrumentProviderConfig
from nautilus_trader.core.nautilus_pyo3 import BybitEnvironment
from nautilus_trader.core.nautilus_pyo3 import BybitProductType
from nautilus_trader.core.nautilus_pyo3 import BybitWebSocketClient
from nautilus_trader.live.factories import LiveDataClientFactory
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.outcomes import BinanceExecutionFactory
from nautilus_scalp.runtime.live.outcomes import BybitExecutionFactory


# Environment variables that hold key and secret, by venue and mode; paper needs none.
KEY_NAMES = {
    ("BINANCE", "live"): ("BINANCE_API_KEY", "BINANCE_API_SECRET"),
    ("BINANCE", "testnet"): (
        "BINANCE_FUTURES_TESTNET_API_KEY",
        "BINANCE_FUTURES_TESTNET_API_SECRET",
    ),
    ("BYBIT", "live"): ("BYBIT_API_KEY", "BYBIT_API_SECRET"),
    ("BYBIT", "testnet"): ("BYBIT_TESTNET_API_KEY", "BYBIT_TESTNET_API_SECRET"),
}


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its secret; neither shows in a repr."""

    api_key: str | None
    api_secret: str | None

    def __repr__(self) -> str:
        """Return the type's name alone."""
        return "Credentials(...)"


NO_CREDENTIALS = Credentials(api_key=None, api_secret=None)


class Clients(msgspec.Struct, frozen=True, kw_only=True):
    """Configurations and factories of the data and the execution client."""

    data: Any
    execution: Any
    data_factory: type
    execution_factory: type


def credentials_from_environment(config: LiveConfig) -> Credentials:
    """Read the keys that the mode needs.

    Parameters
    ----------
    config : LiveConfig
        Venue and mode.

    Returns
    -------
    Credentials
        Empty for paper.

    Raises
    ------
    UsageError
        Naming the variable that is not set.

    """
    if config.live.mode in ("paper", "practice"):
        return NO_CREDENTIALS
    names = KEY_NAMES[config.live.venue, config.live.mode]
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        message = f"environment variable {' and '.join(missing)} not set"
        remedy = "export the keys of a sub-account that may trade futures and may not withdraw"
        raise UsageError(message, remedy)
    return Credentials(api_key=os.environ[names[0]], api_secret=os.environ[names[1]])


def build_clients(config: LiveConfig, keys: Credentials) -> Clients:
    """Return the clients of the configured venue.

    Parameters
    ----------
    config : LiveConfig
        Venue, mode, addresses, instruments.
    keys : Credentials
        As `credentials_from_environment` returns them, or those of a practice exchange.

    Returns
    -------
    Clients
        For `TradingNodeConfig`.

    """
    clients = _binance(config, keys) if config.live.venue == "BINANCE" else _bybit(config, keys)
    return _sandboxed(config, clients) if config.live.mode == "paper" else clients


def _binance(config: LiveConfig, keys: Credentials) -> Clients:
    live = config.live
    testnet = live.mode == "testnet"
    common: dict[str, Any] = {
        "api_key": keys.api_key,
        "api_secret": keys.api_secret,
        "account_type": BinanceAccountType.USDT_FUTURES,
        "environment": BinanceEnvironment.TESTNET if testnet else BinanceEnvironment.LIVE,
        "base_url_http": live.base_url_http,
        "instrument_provider": BinanceInstrumentProviderConfig(
            load_ids=_load_ids(config), query_commission_rates=True
        ),
    }
    execution = BinanceExecClientConfig(
        **common,
        base_url_ws_stream=live.base_url_ws,
        # A position belongs to a strategy, as in the backtest, not to the venue's one net row.
        use_position_ids=False,
        max_retries=3,
        retry_delay_initial_ms=200,
        retry_delay_max_ms=2_000,
        futures_leverages={
            BinanceSymbol(name.partition("-")[0]): live.leverage for name in config.instrument_ids
        },
    )
    return Clients(
        # Its stream has aggregated trades only: those that are asked for must be the same.
        data=BinanceDataClientConfig(
            **common, base_url_ws=live.base_url_ws, use_agg_trade_ticks=True
        ),
        execution=execution,
        data_factory=BinanceLiveDataClientFactory,
        execution_factory=BinanceExecutionFactory,
    )


def _bybit(config: LiveConfig, keys: Credentials) -> Clients:
    live = config.live
    testnet = live.mode == "testnet"
    common: dict[str, Any] = {
        "api_key": keys.api_key,
        "api_secret": keys.api_secret,
        "product_types": (BybitProductType.LINEAR,),
        "environment": BybitEnvironment.TESTNET if testnet else BybitEnvironment.MAINNET,
        "base_url_http": live.base_url_http,
        "instrument_provider": InstrumentProviderConfig(load_ids=_load_ids(config)),
    }
    execution = BybitExecClientConfig(
        **common,
        base_url_ws_private=_bybit_url(live.base_url_ws, "private"),
        base_url_ws_trade=_bybit_url(live.base_url_ws, "trade"),
        futures_leverages={
            name.rpartition(".")[0]: live.leverage for name in config.instrument_ids
        },
        max_retries=3,
    )
    return Clients(
        data=BybitStreamConfig(
            **common, base_url_ws_public=_bybit_url(live.base_url_ws, "public/linear")
        ),
        execution=execution,
        data_factory=BybitDataFactory,
        execution_factory=BybitExecutionFactory,
    )


def _sandboxed(config: LiveConfig, clients: Clients) -> Clients:
    """Keep the data client and let Nautilus's sandbox fill the orders."""
    live = config.live
    execution = SandboxExecutionClientConfig(
        venue=live.venue,
        starting_balances=list(live.starting_balances),
        account_type="MARGIN",
        oms_type="NETTING",
        default_leverage=Decimal(live.leverage),
    )
    return msgspec.structs.replace(
        clients, execution=execution, execution_factory=SandboxLiveExecClientFactory
    )


def _load_ids(config: LiveConfig) -> frozenset[InstrumentId]:
    return frozenset(InstrumentId.from_str(name) for name in config.instrument_ids)


def _bybit_url(base: str | None, path: str) -> str | None:
    return base and f"{base}/v5/{path}"


class BybitStreamConfig(BybitDataClientConfig, frozen=True):
    """The adapter's configuration, with the address of the public stream that it lacks."""

    base_url_ws_public: str | None = None


class BybitDataFactory(LiveDataClientFactory):
    """Builds Bybit's data client with its public stream where the configuration says.

    The adapter takes the HTTP address for the stream's as soon as one is configured, and has no
    key of its own for it (nautilus_trader 1.231, ``adapters/bybit/data.py``).
    """

    @staticmethod
    def create(**parts: Any) -> BybitDataClient:  # type: ignore[override]  # noqa: ANN401
        """Build the client.

        Parameters
        ----------
        **parts : Any
            What Nautilus's node builder hands over: loop, name, config, msgbus, cache, clock.

        Returns
        -------
        BybitDataClient
            With its stream client replaced if an address is configured.

        """
        client = BybitLiveDataClientFactory.create(**parts)
        config: BybitStreamConfig = parts["config"]
        if config.base_url_ws_public is not None:
            client._ws_clients[BybitProductType.LINEAR] = BybitWebSocketClient.new_public(  # noqa: SLF001
                product_type=BybitProductType.LINEAR,
                environment=config.environment or BybitEnvironment.MAINNET,
                url=config.base_url_ws_public,
                proxy_url=None,
            )
        return client
