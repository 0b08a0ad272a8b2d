"""What Binance USD-M futures says about symbols and account before anything trades."""

from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.adapters.binance import BinanceAccountType
from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment
from nautilus_trader.adapters.binance.common.enums import BinanceSymbolFilterType
from nautilus_trader.adapters.binance.factories import get_cached_binance_http_client
from nautilus_trader.adapters.binance.futures.http.account import BinanceFuturesAccountHttpAPI
from nautilus_trader.adapters.binance.futures.http.market import BinanceFuturesMarketHttpAPI
from nautilus_trader.adapters.binance.futures.http.wallet import BinanceFuturesWalletHttpAPI
from nautilus_trader.adapters.binance.http.client import BinanceHttpClient
from nautilus_trader.adapters.binance.http.error import BinanceError
from nautilus_trader.common.component import LiveClock
from nautilus_trader.core.nautilus_pyo3 import HttpMethod

from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.venue_facts import AccountFacts
from nautilus_scalp.runtime.live.venue_facts import Bracket
from nautilus_scalp.runtime.live.venue_facts import SymbolFacts
from nautilus_scalp.runtime.live.venue_facts import VenueFacts


_ACCOUNT_TYPE = BinanceAccountType.USDT_FUTURES


async def probe_binance(config: LiveConfig, keys: Credentials) -> VenueFacts:
    """Ask Binance USD-M futures, through the adapter's own client.

    Parameters
    ----------
    config : LiveConfig
        Mode, address and instruments.
    keys : Credentials
        Empty ones ask the public questions only.

    Returns
    -------
    VenueFacts
        As of now.

    """
    clock = LiveClock()
    testnet = config.live.mode == "testnet"
    client = get_cached_binance_http_client(
        clock=clock,
        account_type=_ACCOUNT_TYPE,
        api_key=keys.api_key,
        api_secret=keys.api_secret,
        base_url=config.live.base_url_http,
        environment=BinanceEnvironment.TESTNET if testnet else BinanceEnvironment.LIVE,
    )
    market = BinanceFuturesMarketHttpAPI(client, _ACCOUNT_TYPE)
    asked_ms = clock.timestamp_ms()
    server_ms = await market.request_server_time()
    skew_ms = server_ms - (asked_ms + clock.timestamp_ms()) // 2
    info = await market.query_futures_exchange_info()
    wanted = {name.partition("-")[0] for name in config.instrument_ids}
    symbols = {s.symbol: _symbol_facts(s.filters) for s in info.symbols if s.symbol in wanted}
    account, account_error = None, ""
    if keys.api_key is not None:
        try:
            account = await _account(client, clock, sorted(wanted & symbols.keys()))
        except BinanceError as error:
            account_error = str(error.message)
    return VenueFacts(
        clock_skew_ms=skew_ms, symbols=symbols, account=account, account_error=account_error
    )


def _symbol_facts(filters: list[Any]) -> SymbolFacts:
    by_type = {one.filterType: one for one in filters}
    notional = by_type.get(BinanceSymbolFilterType.MIN_NOTIONAL)
    return SymbolFacts(
        tick_size=by_type[BinanceSymbolFilterType.PRICE_FILTER].tickSize,
        step_size=by_type[BinanceSymbolFilterType.LOT_SIZE].stepSize,
        min_notional=notional.notional if notional else "0",
    )


async def _account(client: BinanceHttpClient, clock: LiveClock, symbols: list[str]) -> AccountFacts:
    api = BinanceFuturesAccountHttpAPI(client, clock, _ACCOUNT_TYPE)
    wallet = BinanceFuturesWalletHttpAPI(client, clock, _ACCOUNT_TYPE)
    info = await api.query_futures_account_info()
    mode = await api.query_futures_hedge_mode()
    configs = await api.query_futures_symbol_config()
    rates = [await wallet.query_futures_commission_rate(symbol) for symbol in symbols]
    positions = await api.query_futures_position_risk()
    orders = [order for symbol in symbols for order in await api.query_open_orders(symbol)]
    return AccountFacts(
        can_trade=info.canTrade,
        available=Decimal(info.availableBalance or 0),
        hedge_mode=mode.dualSidePosition,
        fees={
            rate.symbol: (Decimal(rate.makerCommissionRate), Decimal(rate.takerCommissionRate))
            for rate in rates
        },
        margin_types={one.symbol: one.marginType for one in configs if one.symbol in symbols},
        leverages={one.symbol: Decimal(one.leverage) for one in configs if one.symbol in symbols},
        brackets={symbol: await _brackets(client, clock, symbol) for symbol in symbols},
        positions={
            one.symbol: Decimal(one.positionAmt)
            for one in positions
            if one.symbol in symbols and Decimal(one.positionAmt)
        },
        open_orders={symbol: sum(order.symbol == symbol for order in orders) for symbol in symbols},
    )


async def _brackets(client: BinanceHttpClient, clock: LiveClock, symbol: str) -> list[Bracket]:
    """Ask what the adapter never does: how much leverage the account may have."""
    payload = {"symbol": symbol, "timestamp": str(clock.timestamp_ms())}
    body = await client.sign_request(HttpMethod.GET, "/fapi/v1/leverageBracket", payload)
    answer = msgspec.json.decode(body)
    rows = answer if isinstance(answer, list) else [answer]  # the documentation shows both
    return [
        Bracket(
            leverage=Decimal(str(one["initialLeverage"])), notional=Decimal(str(one["notionalCap"]))
        )
        for row in rows
        if row["symbol"] == symbol
        for one in row["brackets"]
    ]
