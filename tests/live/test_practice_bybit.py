"""The manners of the practice exchange's Bybit dialect: keys, signatures, clock, limits, ledger."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from decimal import Decimal
from typing import TYPE_CHECKING
from typing import Any

import pytest

from nautilus_scalp.runtime.practice.bybit.commands import BybitCommands
from nautilus_scalp.runtime.practice.bybit.rest import sign


if TYPE_CHECKING:
    from nautilus_scalp.runtime.practice.exchange import PracticeExchange
    from tests.live.exchange import Exchange

pytestmark = pytest.mark.parametrize("exchange", ["BYBIT"], indirect=True)

WINDOW_MS = 60_000


def get(
    exchange: Exchange, path: str, query: str = "", *, signer: str | None = None, late_ms: int = 0
) -> tuple[int, dict[str, Any]]:
    """Ask a signed question; `late_ms` makes its stamp older."""
    stamp = str(exchange.ask(lambda practice: practice.venue.now_ms()) - late_ms)
    keys = exchange.keys
    signature = sign(signer or keys.api_secret, f"{stamp}{keys.api_key}{WINDOW_MS}{query}")
    headers = {
        "X-BAPI-API-KEY": keys.api_key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": str(WINDOW_MS),
        "X-BAPI-SIGN": signature,
    }
    url = f"http://127.0.0.1:{exchange.port}{path}" + (f"?{query}" if query else "")
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 (our own)
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_signature_and_clock_are_checked(exchange: Exchange) -> None:
    path, query = "/v5/position/list", "category=linear&symbol=BTCUSDT"
    status, answer = get(exchange, path, query)
    assert (status, answer["retCode"]) == (200, 0)
    assert answer["result"]["list"][0]["size"] == "0"
    assert get(exchange, path, query, signer="wrong")[1]["retCode"] == 10004
    assert get(exchange, path, query, late_ms=WINDOW_MS + 1_000)[1]["retCode"] == 10002
    assert get(exchange, "/v5/nonsense")[0] == 404


def test_limits_are_an_answer_and_failures_a_status(exchange: Exchange) -> None:
    path = "/v5/account/fee-rate"
    exchange.fault(http_status=429, http_errors=1)
    status, answer = get(exchange, path)
    assert (status, answer["retCode"]) == (200, 10006)
    exchange.fault(http_status=503, http_errors=1)
    assert get(exchange, path)[0] == 503
    assert get(exchange, path)[1]["retCode"] == 0


def test_post_only_order_that_is_amended_into_the_book_is_cancelled(exchange: Exchange) -> None:
    def amend(practice: PracticeExchange) -> tuple[dict[str, str], str]:
        commands = BybitCommands(practice.dialect._desk, lambda _order, _why: None)  # noqa: SLF001
        mid = practice.venue.mid("BTCUSDT").quantize(Decimal("0.1"))
        names = {"symbol": "BTCUSDT", "orderLinkId": "mine"}
        terms = {"side": "Buy", "orderType": "Limit", "timeInForce": "PostOnly", "qty": "0.01"}
        commands.create({**names, **terms, "price": str(mid - 50)})
        answer = commands.amend({**names, "price": str(mid + 50)})
        return answer, practice.venue.orders.find(None, "mine").status

    answer, status = exchange.ask(amend)
    assert (answer["orderLinkId"], status) == ("mine", "CANCELED")


def test_ledger_adds_up_to_the_balance(exchange: Exchange) -> None:
    for qty in ("0.010", "-0.004"):
        exchange.ask(lambda practice, qty=qty: practice.act("trade_outside", "BTCUSDT", qty))
    exchange.ask(lambda practice: practice.act("fund", "BTCUSDT", "0.001"))
    rows = get(exchange, "/v5/account/transaction-log", "category=linear")[1]["result"]["list"]
    assert [row["type"] for row in rows].count("SETTLEMENT") == 1
    changed = sum(Decimal(row["change"]) for row in rows)
    assert abs(changed - exchange.profit()) < Decimal("0.0000001")
    assert changed < 0


def test_lists_come_by_pages_newest_first_and_what_works_apart_from_what_is_done(
    exchange: Exchange,
) -> None:
    for qty in ("0.003", "0.004", "0.005"):
        exchange.ask(lambda practice, qty=qty: practice.act("trade_outside", "BTCUSDT", qty))
    exchange.ask(lambda practice: practice.act("order_outside", "BTCUSDT", "0.006"))

    def quantities(path: str, key: str, cursor: str = "") -> tuple[list[str], str]:
        query = f"category=linear&settleCoin=USDT&limit=2&cursor={cursor}"
        page = get(exchange, path, query)[1]["result"]
        return [row[key] for row in page["list"]], page["nextPageCursor"]

    assert quantities("/v5/order/realtime", "qty") == (["0.006"], "")
    for path, key in (("/v5/order/history", "qty"), ("/v5/execution/list", "execQty")):
        first, cursor = quantities(path, key)
        assert first == ["0.005", "0.004"]
        assert quantities(path, key, cursor) == (["0.003"], "")


def test_there_is_no_listen_key(exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="no listen keys"):
        exchange.ask(lambda practice: practice.act("expire_listen_key"))
