"""The venue's own ledger of an account: every amount that moved its balance, by kind."""

from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.adapters.binance import BinanceAccountType
from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment
from nautilus_trader.adapters.binance.factories import get_cached_binance_http_client
from nautilus_trader.common.component import LiveClock
from nautilus_trader.core.nautilus_pyo3 import HttpMethod

from nautilus_scalp.runtime.live.answers import ask_venue
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.probe_bybit import open_bybit


_BINANCE_ROWS = 1_000
_BYBIT_ROWS = 50
_ZERO = Decimal(0)


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What moved a balance, in quote currency.

    Parameters
    ----------
    realized : Decimal
        Profit of closed positions before fees.
    fees : Decimal
        Paid; a rebate is below 0.
    funding : Decimal
        Got; paid funding is below 0.

    """

    realized: Decimal = _ZERO
    fees: Decimal = _ZERO
    funding: Decimal = _ZERO

    @property
    def profit(self) -> Decimal:
        """What is left after fees and funding."""
        return self.realized - self.fees + self.funding


def read_ledger(config: LiveConfig, keys: Credentials, since_ms: int) -> Ledger:
    """Ask the venue what moved the balance in the traded symbols.

    Parameters
    ----------
    config : LiveConfig
        Venue, mode, address and instruments.
    keys : Credentials
        The account's.
    since_ms : int
        By the venue's clock.

    Returns
    -------
    Ledger
        Sums of all entries from then on.

    Raises
    ------
    ScalpError
        If the venue does not answer, or refuses.

    """
    read = _read_binance if config.live.venue == "BINANCE" else _read_bybit
    return ask_venue(lambda: read(config, keys, since_ms))


async def _read_binance(config: LiveConfig, keys: Credentials, since_ms: int) -> Ledger:
    """Add up ``GET /fapi/v1/income``, a thousand entries at a time."""
    clock = LiveClock()
    testnet = config.live.mode == "testnet"
    client = get_cached_binance_http_client(
        clock=clock,
        account_type=BinanceAccountType.USDT_FUTURES,
        api_key=keys.api_key,
        api_secret=keys.api_secret,
        base_url=config.live.base_url_http,
        environment=BinanceEnvironment.TESTNET if testnet else BinanceEnvironment.LIVE,
    )
    entries: dict[tuple[object, ...], dict[str, Any]] = {}
    start_ms = since_ms
    while True:
        query = {"startTime": start_ms, "limit": _BINANCE_ROWS, "timestamp": clock.timestamp_ms()}
        words = {name: str(value) for name, value in query.items()}
        raw = await client.sign_request(HttpMethod.GET, "/fapi/v1/income", words)
        rows: list[dict[str, Any]] = msgspec.json.decode(raw)
        before = len(entries)
        entries |= {(row["incomeType"], row["tranId"], row["tradeId"]): row for row in rows}
        if len(rows) < _BINANCE_ROWS or len(entries) == before:
            break
        start_ms = rows[-1]["time"]
    symbols = _symbols(config)
    sums = {"REALIZED_PNL": _ZERO, "COMMISSION": _ZERO, "FUNDING_FEE": _ZERO}
    for row in entries.values():
        if row["symbol"] in symbols and row["incomeType"] in sums:
            sums[row["incomeType"]] += Decimal(row["income"])
    return Ledger(
        realized=sums["REALIZED_PNL"], fees=-sums["COMMISSION"], funding=sums["FUNDING_FEE"]
    )


async def _read_bybit(config: LiveConfig, keys: Credentials, since_ms: int) -> Ledger:
    """Add up ``GET /v5/account/transaction-log``, page by page."""
    bybit, symbols = open_bybit(config, keys), _symbols(config)
    realized, fees, funding, cursor = _ZERO, _ZERO, _ZERO, ""
    while True:
        page = await bybit.ask(
            "/v5/account/transaction-log",
            accountType="UNIFIED",
            category="linear",
            startTime=str(since_ms),
            limit=str(_BYBIT_ROWS),
            **({"cursor": cursor} if cursor else {}),
        )
        for row in page["list"]:
            if row["symbol"] in symbols:
                realized += Decimal(row["cashFlow"] or 0)
                fees += Decimal(row["fee"] or 0)
                funding += Decimal(row["funding"] or 0)
        cursor = page.get("nextPageCursor", "")
        if not cursor or not page["list"]:
            return Ledger(realized=realized, fees=fees, funding=funding)


def _symbols(config: LiveConfig) -> set[str]:
    return {name.partition("-")[0] for name in config.instrument_ids}
