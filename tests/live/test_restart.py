"""Killed at the worst moment, started again: nothing is left behind, nothing is doubled."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow


def test_killed_with_a_position_then_with_an_order_in_flight(
    exchange: Exchange, trader: Trader
) -> None:
    trader.start()
    exchange.wait(
        lambda state: Decimal(state["positions"]["BTCUSDT"]) != 0 and state["open_orders"] != [],
        "a position and an order",
    )
    exchange.fault(frozen_feed=True)
    trader.end(signal.SIGKILL)
    # Whatever the moment of the kill was, there is something to close.
    exchange.ask(lambda practice: practice.act("trade_outside", "BTCUSDT", "0.009"))

    trader.start("live.stale_after_s=60")
    exchange.wait(lambda _state: exchange.is_flat(), "what was left is closed")
    exchange.fault(frozen_feed=False, ack_delay_ms=5_000)
    orders = exchange.state()["orders"]
    exchange.wait(lambda state: state["orders"] > orders, "an order in flight")
    trader.end(signal.SIGKILL)
    exchange.fault(frozen_feed=True, ack_delay_ms=0)

    trader.start("live.stale_after_s=60")
    exchange.wait(lambda _state: exchange.is_flat(), "the order in flight is gone")
    exchange.fault(frozen_feed=False)
    trades = exchange.state()["trades"]
    exchange.wait(lambda state: state["trades"] > trades, "trading goes on")
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
    assert exchange.client_ids_are_unique()
