"""The same strategy through Nautilus's Bybit adapter, killed and started again."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("exchange", ["BYBIT"], indirect=True)
def test_trades_is_killed_and_recovers(exchange: Exchange, trader: Trader) -> None:
    trader.start()
    exchange.wait(
        lambda state: state["trades"] >= 5 and Decimal(state["positions"]["BTCUSDT"]) != 0,
        "five fills and a position",
    )
    trader.end(signal.SIGKILL)
    trades = exchange.state()["trades"]
    trader.start()
    exchange.wait(lambda state: state["trades"] > trades + 3, "trading goes on")
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
    assert exchange.client_ids_are_unique()
    assert exchange.keys.api_secret not in trader.output + trader.logs()
