"""With Redis: state comes back from it, and what a crash left from the books of the venue."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.live.exchange import is_naked


if TYPE_CHECKING:
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow


def test_killed_with_a_position_and_continued_from_redis(
    exchange: Exchange, trader: Trader, redis_port: int
) -> None:
    settings = (
        f"redis.port={redis_port}",
        'live.after_crash="adopt"',
        "live.stale_after_s=60",
    )
    trader.strategy = "roundtrip:RoundTrip"
    trader.start(*settings)
    exchange.freeze_when(is_naked, "a position without an exit")
    trader.end(signal.SIGKILL)
    held = exchange.position()
    trader.start(*settings)
    trader.wait_for(f"BTCUSDT-PERP {held:+f}")
    exchange.fault(frozen_feed=False)
    trades = exchange.state()["trades"]
    exchange.wait(lambda state: state["trades"] >= trades + 4, "trading goes on")
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
    assert exchange.never_held_more_than("0.003")
    assert "no strategy owns" not in trader.output


def test_state_comes_back_from_redis(exchange: Exchange, trader: Trader, redis_port: int) -> None:
    trader.start(f"redis.port={redis_port}")
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    trader.wait_for("since start")
    assert trader.end() == 0, trader.output
    assert not (trader.directory / "state" / "state.json").exists()
    trader.start(f"redis.port={redis_port}")
    trader.wait_for("restored the state of PingPong-001")
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
