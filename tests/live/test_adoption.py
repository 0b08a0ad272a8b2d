"""A position that outlives its trader goes back to the strategy that it belongs to."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.live.exchange import is_naked


if TYPE_CHECKING:
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow

ADOPT = ('live.after_crash="adopt"', "live.stale_after_s=60")

# Our own strategies with thresholds that a made-up market meets, one trip each, out after a time.
EXIT = """
exits = { timeout_ms = 6_000.0, stop_loss = 5.0 }
entry = { order_notional = 300.0, max_size_multiple = 1.0, cooldown_ms = 600_000.0 }
"""
DIRECTIONAL = {
    "mean_reversion:MeanReversion": """
exit_at_fair_value = false
[strategies.config.rule]
deviation_threshold = 0.0001
lookback_ticks = 20
flow_ticks = 1
volume_multiplier = 0.01
rsi_oversold = 49.0
bollinger_width = 0.01
""",
    "momentum_breakout:MomentumBreakout": """
[strategies.config.rule]
momentum_threshold = 0.00001
volume_multiplier = 0.01
breakout_window = 2
flow_threshold = 0.1
acceleration = false
""",
}


def _kill_with_a_position(exchange: Exchange, trader: Trader) -> None:
    exchange.freeze_when(is_naked, "a position without an exit")
    trader.end(signal.SIGKILL)


def test_its_strategy_takes_the_position_up_again_and_leaves_it_once(
    exchange: Exchange, trader: Trader
) -> None:
    trader.strategy = "roundtrip:RoundTrip"
    trader.start(*ADOPT)
    _kill_with_a_position(exchange, trader)
    held = exchange.position()
    trader.start(*ADOPT)
    trader.wait_for(f"BTCUSDT-PERP {held:+f}")
    assert exchange.position() == held
    exchange.fault(frozen_feed=False)
    trades = exchange.state()["trades"]
    exchange.wait(lambda state: state["trades"] >= trades + 4, "trading goes on")
    assert trader.end() == 0, trader.output
    assert "no strategy owns" not in trader.output
    assert "closing" not in trader.output
    assert exchange.is_flat()
    assert exchange.never_held_more_than("0.003")


@pytest.mark.parametrize("name", DIRECTIONAL)
def test_a_position_between_fill_and_exit_gets_its_one_exit_back(
    exchange: Exchange, trader: Trader, name: str
) -> None:
    """Killed while an exit is only planned: the next run carries it out, once, and in its time."""
    trader.strategy = f"nautilus_scalp.strategies.{name}"
    trader.more_blocks = EXIT + DIRECTIONAL[name]
    exchange.freeze_when(is_naked, "an entry", begin=lambda: trader.start(*ADOPT))
    held = exchange.position()
    lines = trader.output.count("since start")
    exchange.wait(
        lambda _state: trader.output.count("since start") > lines + 1, "the state is saved"
    )
    trader.end(signal.SIGKILL)
    before = exchange.state()
    assert Decimal(before["positions"]["BTCUSDT"]) == held
    trader.start(*ADOPT)
    trader.wait_for(f"BTCUSDT-PERP {held:+f}")
    exchange.fault(frozen_feed=False)
    exchange.wait(lambda _state: exchange.is_flat(), "the exit")
    assert trader.end() == 0, trader.output
    assert exchange.state()["orders"] == before["orders"] + 1
    assert "closing" not in trader.output


def test_another_strategy_does_not_inherit_it(exchange: Exchange, trader: Trader) -> None:
    trader.strategy = "roundtrip:RoundTrip"
    trader.start(*ADOPT)
    _kill_with_a_position(exchange, trader)
    trader.strategy = "pingpong:PingPong"
    trader.start(*ADOPT)
    trader.wait_for("closing BTCUSDT-PERP.BINANCE")
    exchange.wait(lambda _state: exchange.is_flat(), "what was left is closed")
    assert trader.end() == 0, trader.output
