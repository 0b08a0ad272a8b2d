"""What Bybit says about linear contracts and account before anything trades.

Nautilus's client hides what is asked for here (clock, position mode, permissions), so the few
questions are put to the v5 REST interface itself: https://bybit-exchange.github.io/docs/v5/guide.
"""

import hashlib
import hmac
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.core.nautilus_pyo3 import BybitEnvironment
from nautilus_trader.core.nautilus_pyo3 import HttpClient
from nautilus_trader.core.nautilus_pyo3 import get_bybit_http_base_url

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.venue_facts import AccountFacts
from nautilus_scalp.runtime.live.venue_facts import Bracket
from nautilus_scalp.runtime.live.venue_facts import SymbolFacts
from nautilus_scalp.runtime.live.venue_facts import VenueFacts


_WINDOW_MS = "5000"
_NS_PER_MS = 1_000_000
_LINEAR = {"category": "linear"}
_ISOLATED = "ISOLATED_MARGIN"

type Answer = dict[str, Any]


class _Answer(msgspec.Struct):
    """What every answer is wrapped in; whatever else answers at the address is no venue."""

    retCode: int  # noqa: N815 (Bybit's name)
    retMsg: str  # noqa: N815
    result: Answer = {}


class BybitRest:
    """Puts questions to the REST interface, signed when there are keys.

    Parameters
    ----------
    base : str
        Its address.
    keys : Credentials
        Empty ones leave the questions unsigned.
    clock : LiveClock
        Stamps them.

    """

    def __init__(self, base: str, keys: Credentials, clock: LiveClock) -> None:
        self._client = HttpClient()
        self._base = base
        self._keys = keys
        self._clock = clock

    async def ask(self, path: str, **params: str) -> Answer:
        """Return the ``result`` of an answer.

        Parameters
        ----------
        path : str
            What is asked for.
        **params : str
            The query.

        Returns
        -------
        dict
            As Bybit sent it.

        Raises
        ------
        ScalpError
            With Bybit's code and words, if it refuses.

        """
        query = urlencode(params)
        url = f"{self._base}{path}" + (f"?{query}" if query else "")
        response = await self._client.get(url, headers=self._headers(query))
        answer = msgspec.json.decode(response.body, type=_Answer)
        if answer.retCode != 0:
            message = f"{path}: {answer.retCode} {answer.retMsg}"
            raise ScalpError(message, "check the keys, their permissions and this machine's clock")
        return answer.result

    async def ask_list(self, path: str, **params: str) -> list[Answer]:
        """Return the rows of an answer, as `ask` does."""
        rows: list[Answer] = (await self.ask(path, **params))["list"]
        return rows

    def _headers(self, query: str) -> dict[str, str]:
        key, secret = self._keys.api_key, self._keys.api_secret
        if key is None or secret is None:
            return {}
        stamp = str(self._clock.timestamp_ms())
        signed = f"{stamp}{key}{_WINDOW_MS}{query}".encode()
        return {
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": _WINDOW_MS,
            "X-BAPI-SIGN": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
        }


def open_bybit(config: LiveConfig, keys: Credentials) -> BybitRest:
    """Return the REST interface of a run.

    Parameters
    ----------
    config : LiveConfig
        Mode and address.
    keys : Credentials
        Empty ones ask public questions only.

    Returns
    -------
    BybitRest
        Nothing is asked yet.

    """
    testnet = config.live.mode == "testnet"
    environment = BybitEnvironment.TESTNET if testnet else BybitEnvironment.MAINNET
    base = config.live.base_url_http or get_bybit_http_base_url(environment)
    return BybitRest(base, keys, LiveClock())


async def probe_bybit(config: LiveConfig, keys: Credentials) -> VenueFacts:
    """Ask Bybit.

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
    bybit = open_bybit(config, keys)
    asked_ms = clock.timestamp_ms()
    server_ns = int((await bybit.ask("/v5/market/time"))["timeNano"])
    skew_ms = server_ns // _NS_PER_MS - (asked_ms + clock.timestamp_ms()) // 2
    symbols = {}
    for name in config.instrument_ids:
        symbol = name.partition("-")[0]
        rows = await bybit.ask_list("/v5/market/instruments-info", **_LINEAR, symbol=symbol)
        symbols.update({row["symbol"]: _symbol_facts(row) for row in rows})
    account, account_error = None, ""
    if keys.api_key is not None:
        try:
            account = await _account(bybit, sorted(symbols))
        except ScalpError as error:
            account_error = error.message
    return VenueFacts(
        clock_skew_ms=skew_ms, symbols=symbols, account=account, account_error=account_error
    )


def _symbol_facts(row: Answer) -> SymbolFacts:
    return SymbolFacts(
        tick_size=row["priceFilter"]["tickSize"],
        step_size=row["lotSizeFilter"]["qtyStep"],
        min_notional=row["lotSizeFilter"]["minNotionalValue"],
    )


async def _account(bybit: BybitRest, symbols: list[str]) -> AccountFacts:
    key = await bybit.ask("/v5/user/query-api")
    wallets = await bybit.ask_list("/v5/account/wallet-balance", accountType="UNIFIED")
    margin = (await bybit.ask("/v5/account/info"))["marginMode"]
    rates, held, orders, brackets = {}, [], {}, {}
    for symbol in symbols:
        for row in await bybit.ask_list("/v5/account/fee-rate", **_LINEAR, symbol=symbol):
            rates[row["symbol"]] = Decimal(row["makerFeeRate"]), Decimal(row["takerFeeRate"])
        held += await bybit.ask_list("/v5/position/list", **_LINEAR, symbol=symbol)
        rows = await bybit.ask_list("/v5/order/realtime", **_LINEAR, symbol=symbol, openOnly="0")
        orders[symbol] = len(rows)
        rows = await bybit.ask_list("/v5/market/risk-limit", **_LINEAR, symbol=symbol)
        brackets[symbol] = [
            Bracket(leverage=Decimal(r["maxLeverage"]), notional=Decimal(r["riskLimitValue"]))
            for r in rows
        ]
    return AccountFacts(
        can_trade=not key["readOnly"] and "Order" in key["permissions"].get("ContractTrade", ()),
        available=sum((Decimal(row["totalAvailableBalance"] or 0) for row in wallets), Decimal(0)),
        hedge_mode=any(row["positionIdx"] for row in held),
        fees=rates,
        margin_types=dict.fromkeys(symbols, "ISOLATED" if margin == _ISOLATED else "CROSSED"),
        leverages={row["symbol"]: Decimal(row["leverage"] or 0) for row in held},
        brackets=brackets,
        positions=_net(held),
        open_orders=orders,
    )


def _net(rows: list[Answer]) -> dict[str, Decimal]:
    signs = {"Buy": 1, "Sell": -1}
    found: dict[str, Decimal] = {}
    for row in rows:
        qty = signs.get(row["side"], 0) * Decimal(row["size"])
        found[row["symbol"]] = found.get(row["symbol"], Decimal(0)) + qty
    return {symbol: qty for symbol, qty in found.items() if qty}
