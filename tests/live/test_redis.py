"""With Redis: state comes back from it, and what a crash left from the books of the venue."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as redis:
            redis.sendall(b"PING\r\n")
            return redis.recv(16) == b"+PONG\r\n"
    except ConnectionError:
        return False


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian package redis-server)")
    port = _free_port()
    server = subprocess.Popen(  # noqa: S603 (a program of the system)
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not _answers(port):
        assert time.monotonic() < deadline, "redis-server does not answer"
        time.sleep(0.02)
    yield port
    server.terminate()
    server.wait(timeout=10)


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
    exchange.wait(
        lambda state: Decimal(state["positions"]["BTCUSDT"]) != 0 and not state["open_orders"],
        "a position without an exit",
    )
    exchange.fault(frozen_feed=True)
    trader.end(signal.SIGKILL)
    held = Decimal(exchange.state()["positions"]["BTCUSDT"])
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
