"""The practice exchange's own two paths, and the manners of its protocol."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from decimal import Decimal
from typing import TYPE_CHECKING
from typing import Any

import pytest

from nautilus_scalp.runtime.practice.binance.orders import income_documents


if TYPE_CHECKING:
    from tests.live.exchange import Exchange


def call(
    exchange: Exchange,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{exchange.port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers=headers or {},
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_faults_are_switched_over_http(exchange: Exchange) -> None:
    faults = {"max_fill": "0.001", "lost_acks": 2}
    status, state = call(exchange, "POST", "/practice/faults", faults)
    assert (status, state["faults"]["lost_acks"]) == (200, 2)
    assert exchange.ask(lambda practice: practice.venue.max_fill) == Decimal("0.001")
    action = {"action": "trade_outside", "symbol": "BTCUSDT", "qty": "-0.004"}
    _status, state = call(exchange, "POST", "/practice/faults", {"do": [action]})
    assert state["positions"] == {"BTCUSDT": "-0.004"}
    assert state["trades"] == 4
    assert call(exchange, "GET", "/practice/state")[1]["faults"]["max_fill"] == "0.001"


@pytest.mark.parametrize(
    "wrong", [{"lost_ack": 1}, {"lost_acks": "two"}, {"do": [{"action": "x"}]}]
)
def test_wrong_fault_changes_nothing(exchange: Exchange, wrong: dict[str, object]) -> None:
    status, answer = call(exchange, "POST", "/practice/faults", wrong)
    assert status == 400
    assert answer["error"]
    assert exchange.state()["faults"]["lost_acks"] == 0


def test_unsigned_and_unknown_requests_are_refused(exchange: Exchange) -> None:
    assert call(exchange, "GET", "/fapi/v2/account")[0] == 401
    assert call(exchange, "GET", "/fapi/v1/nonsense") == (
        404,
        {"code": -5000, "msg": "Path GET /fapi/v1/nonsense is invalid."},
    )
    status, info = call(exchange, "GET", "/fapi/v1/exchangeInfo")
    assert status == 200
    filters = {one["filterType"]: one for one in info["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.10"
    assert filters["LOT_SIZE"]["stepSize"] == "0.001"


def test_listen_key_must_exist_to_live_on(exchange: Exchange) -> None:
    key = {"X-MBX-APIKEY": exchange.keys.api_key}
    path = "/fapi/v1/listenKey"
    assert call(exchange, "PUT", path, headers=key)[1]["code"] == -1125
    _status, opened = call(exchange, "POST", path, headers=key)
    assert call(exchange, "PUT", path, headers=key) == (200, opened)


def test_books_have_ten_levels_one_tick_apart(exchange: Exchange) -> None:
    exchange.fault(frozen_feed=True)
    status, book = call(exchange, "GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=5")
    assert status == 200
    prices = [Decimal(price) for price, _size in book["bids"]]
    assert [prices[0] - price for price in prices] == [n * Decimal("0.1") for n in range(5)]
    assert Decimal(book["asks"][0][0]) - prices[0] == Decimal("0.2")


def test_ledger_adds_up_to_the_balance(exchange: Exchange) -> None:
    for qty in ("0.010", "-0.004"):
        exchange.ask(lambda practice, qty=qty: practice.act("trade_outside", "BTCUSDT", qty))
    exchange.ask(lambda practice: practice.act("fund", "BTCUSDT", "0.001"))
    rows = exchange.ask(lambda practice: income_documents(practice.venue, "USDT"))
    assert {row["incomeType"] for row in rows} == {"REALIZED_PNL", "COMMISSION", "FUNDING_FEE"}
    moved = sum(Decimal(row["income"]) for row in rows)
    assert abs(moved - exchange.profit()) < Decimal("0.0000001")
    state = exchange.state()
    parts = Decimal(state["realized"]) - Decimal(state["fees"]) + Decimal(state["funding"])
    assert parts == exchange.profit()
    assert Decimal(state["funding"]) < 0
