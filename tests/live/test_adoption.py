"""A position that outlives its trader goes back to the strategy that it belongs to."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow

ADOPT = ('live.after_crash="adopt"', "live.stale_after_s=60")


def _kill_with_a_position(exchange: Exchange, trader: Trader) -> None:
    exchange.wait(
        lambda state: Decimal(state["positions"]["BTCUSDT"]) != 0 and not state["open_orders"],
        "a position without an exit",
    )
    exchange.fault(frozen_feed=True)
    trader.end(signal.SIGKILL)


def test_its_strategy_takes_the_position_up_again_and_leaves_it_once(
    exchange: Exchange, trader: Trader
) -> None:
    trader.strategy = "roundtrip:RoundTrip"
    trader.start(*ADOPT)
    _kill_with_a_position(exchange, trader)
    held = Decimal(exchange.state()["positions"]["BTCUSDT"])
    trader.start(*ADOPT)
    trader.wait_for(f"BTCUSDT-PERP {held:+f}")
    assert Decimal(exchange.state()["positions"]["BTCUSDT"]) == held
    exchange.fault(frozen_feed=False)
    trades = exchange.state()["trades"]
    exchange.wait(lambda state: state["trades"] >= trades + 4, "trading goes on")
    assert trader.end() == 0, trader.output
    assert "no strategy owns" not in trader.output
    assert "closing" not in trader.output
    assert exchange.is_flat()
    assert exchange.never_held_more_than("0.003")


def test_another_strategy_does_not_inherit_it(exchange: Exchange, trader: Trader) -> None:
    trader.strategy = "roundtrip:RoundTrip"
    trader.start(*ADOPT)
    _kill_with_a_position(exchange, trader)
    trader.strategy = "pingpong:PingPong"
    trader.start(*ADOPT)
    trader.wait_for("closing BTCUSDT-PERP.BINANCE")
    exchange.wait(lambda _state: exchange.is_flat(), "what was left is closed")
    assert trader.end() == 0, trader.output
