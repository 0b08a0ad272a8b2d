"""`run_live.py` against the practice exchange: start, trade, stop flat."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from conftest import Exchange
    from conftest import Trader


def test_trades_and_stops_flat(exchange: Exchange, trader: Trader) -> None:
    trader.start()
    exchange.wait(lambda state: state["trades"] >= 3, "three fills")
    assert trader.end(signal.SIGTERM) == 0, trader.output
    state = exchange.state()
    assert state["open_orders"] == []
    assert state["positions"] == {"BTCUSDT": "0.000"}
    assert exchange.keys.api_secret not in trader.output + trader.logs()
