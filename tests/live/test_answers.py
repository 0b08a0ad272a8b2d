"""A venue that breaks connections is asked again, and then said to be silent: exit code 2."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import uvloop
from nautilus_trader.model.identifiers import StrategyId

from nautilus_scalp.runtime.live import answers
from nautilus_scalp.runtime.live.actions import Actions
from nautilus_scalp.runtime.live.answers import Unanswered
from nautilus_scalp.runtime.live.answers import ask_venue
from nautilus_scalp.runtime.live.config import LiveSection
from nautilus_scalp.runtime.live.session import LiveSession


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.exchange import Exchange
    from tests.live.trader import Trader


@pytest.fixture
def resetting() -> Iterator[int]:
    """Yield the port of a server that resets every connection once it has heard a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def reset() -> None:
            while True:
                connection, _ = server.accept()
                with connection:
                    if connection.recv(1) == b"q":
                        return
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        thread = threading.Thread(target=reset)
        thread.start()
        port = server.getsockname()[1]
        yield port
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"q")
        thread.join()


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_broken_connections_before_the_start(
    exchange: Exchange, trader: Trader, resetting: int
) -> None:
    trader.start(f'live.base_url_http="http://127.0.0.1:{resetting}"')
    assert trader.end(None) == 2, trader.output
    assert "error: venue: no answer: " in trader.output
    assert "remedy: check the network, the address and the keys" in trader.output
    assert exchange.state()["orders"] == 0


def test_one_broken_connection_is_no_answer_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_PAUSE_S", 0.0)
    outcomes: deque[Exception | int] = deque([ConnectionResetError("reset"), OSError("broken"), 7])

    async def question() -> int:
        outcome = outcomes.popleft()
        if isinstance(outcome, int):
            return outcome
        raise outcome

    assert ask_venue(question) == 7
    outcomes += [ConnectionResetError("reset")] * 3
    with pytest.raises(Unanswered, match="ConnectionResetError: reset") as error:
        ask_venue(question)
    assert error.value.exit_code == 2
    assert not outcomes
    outcomes += [ValueError("not JSON"), 7]
    with pytest.raises(Unanswered, match="not JSON"):
        ask_venue(question)
    assert list(outcomes) == [7]


def test_a_signal_before_the_node_runs_is_not_forgotten() -> None:
    """The event loop tells a signal only while it runs."""
    live = LiveSection(mode="paper", venue="BINANCE")
    assert _run(live, signal.SIGTERM) == ["stopping: SIGTERM"]


def test_a_session_ends_when_its_time_is_over() -> None:
    live = LiveSection(mode="paper", venue="BINANCE", stop_after_s=0.001)
    assert _run(live) == ["stopping: stop_after_s is over"]


def _run(live: LiveSection, early: signal.Signals | None = None) -> list[str]:
    """Run a session of a node that does nothing, perhaps with a signal before; what it says."""
    said: list[str] = []
    loop = uvloop.new_event_loop()
    bus = SimpleNamespace(unsubscribe=lambda *_: None, subscribe=lambda *_: None)
    engine = SimpleNamespace(get_reconciliation_task=lambda: None)
    kernel = SimpleNamespace(
        loop=loop, msgbus=bus, exec_engine=engine, _on_shutdown_system=lambda _: None
    )
    trader = SimpleNamespace(is_running=True, strategies=list)

    async def nothing() -> None:
        return None

    node = SimpleNamespace(
        kernel=kernel, trader=trader, cache=None, run_async=nothing, stop_async=nothing
    )
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        session = LiveSession(node, live, StrategyId("G-1"), said.append, Actions(lambda _: None))
        if early is not None:
            os.kill(os.getpid(), early)
        session.run()
    finally:
        loop.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return said
