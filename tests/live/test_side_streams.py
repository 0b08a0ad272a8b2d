"""Books, mark prices and funding rates come through both venues' own clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any

import pytest


if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_side_streams(exchange: Exchange, trader: Trader, tmp_path: Path) -> None:
    file = tmp_path / "heard.json"
    trader.more_blocks = f"""
[[actors]]
actor_path = "listener:Listener"
config_path = "listener:ListenerConfig"
[actors.config]
instrument_id = "{exchange.instrument_id}"
path = "{file}"
"""
    trader.start()
    exchange.wait(lambda _state: len(_heard(file)) == 3, "a book, a mark price, a funding rate")
    exchange.fault(frozen_feed=True)
    market = exchange.ask(lambda practice: practice.market)
    assert trader.end() == 0, trader.output
    heard = _heard(file)
    best = heard["book"][0]
    assert len(heard["book"]) == 10
    assert best[0] < best[1]
    assert [round(row[0] - best[0], 6) for row in heard["book"][:3]] == [0.0, -0.1, -0.2]
    assert abs(float(heard["mark"]) - float(market.mark("BTCUSDT"))) < 50
    assert heard["funding"] == 0.0001


def _heard(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
