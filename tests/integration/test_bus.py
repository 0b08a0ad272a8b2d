"""The quiet bus: everything is heard inside; outside, in a real Redis, what was asked for."""

import json
import shutil
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.config import BacktestRunConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import DatabaseConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import MessageBusConfig
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money

from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.runtime.bus import quiet_bus
from tests.integration.conftest import Desk
from tests.integration.test_messages import Listener
from tests.integration.test_messages import ListenerConfig
from tests.integration.test_messages import Publisher
from tests.live.redis_server import redis_server
from tests.live.waiting import eventually


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


@pytest.fixture
def ask_redis(tmp_path: Path) -> Iterator[tuple[int, Callable[..., list[str]]]]:
    """Yield the port of a Redis of our own, and a function that sends it a command."""
    client = shutil.which("redis-cli")
    if client is None:
        pytest.skip("redis-cli is not installed (Debian package redis-tools)")
    with redis_server(tmp_path) as port:

        def ask(*words: str) -> list[str]:
            question = (client, "-p", str(port), *words)
            return subprocess.run(  # noqa: S603  Redis's client, with arguments of ours
                question, capture_output=True, check=False, text=True
            ).stdout.splitlines()

        yield port, ask


def play(desk: Desk, bus: MessageBusConfig) -> tuple[BacktestEngine, Listener]:
    desk.at(0).quote(100.0, 100.1).at(10).quote(100.0, 100.1).at(20).quote(100.0, 100.1)
    desk.engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), run_analysis=False, message_bus=bus
        )
    )
    money = [Money.from_str("1000 USDT")]
    desk.engine.add_venue(Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, money)
    desk.engine.add_instrument(desk.instrument)
    desk.engine.add_data(desk.tape)
    listener = Listener(ListenerConfig(instrument_id=desk.instrument_id))
    desk.engine.add_strategy(listener)
    desk.engine.add_strategy(Publisher(desk.instrument_id))
    desk.engine.run()
    return desk.engine, listener


def test_signals_reach_redis_and_nothing_else_does(
    desk: Desk, ask_redis: tuple[int, Callable[..., list[str]]]
) -> None:
    port, ask = ask_redis
    bus = msgspec.structs.replace(
        quiet_bus(AlphaSignal),
        database=DatabaseConfig(type="redis", host="127.0.0.1", port=port),
        encoding="json",
        stream_per_topic=False,
    )
    _, listener = play(desk, bus)
    assert len(listener.signals) == 3
    (stream,) = _streams(ask)
    eventually(
        lambda: ask("XLEN", stream) == ["6"], "six messages"
    )  # two instruments, three quotes
    answer = ask("XRANGE", stream, "-", "+")
    found = [json.loads(line) for line in answer if line.startswith("{")]
    assert {message["type"] for message in found} == {"AlphaSignal"}
    times = [
        int(message["ts_event"])
        for message in found
        if message["instrument_id"] == desk.instrument_id.value
    ]
    assert times == [signal.ts_event for signal in listener.signals]


def _streams(ask: Callable[..., list[str]]) -> list[str]:
    eventually(lambda: ask("KEYS", "*stream*"), "a stream")
    return ask("KEYS", "*stream*")


def test_a_quiet_bus_is_heard_inside(desk: Desk) -> None:
    _, listener = play(desk, quiet_bus())
    assert [signal.instrument_id for signal in listener.signals] == [desk.instrument_id] * 3


def test_a_bus_leaves_the_id_of_a_run_as_it_is(desk: Desk) -> None:
    """Nautilus clears the filter it is given; `BacktestNode` finds engines by the run's id."""
    bus = quiet_bus()
    run = BacktestRunConfig(engine=BacktestEngineConfig(message_bus=bus), venues=[], data=[])
    before = run.id
    play(desk, bus)
    assert run.id == before
    named = MessageBusConfig(types_filter=[str])
    run = BacktestRunConfig(engine=BacktestEngineConfig(message_bus=named), venues=[], data=[])
    before = run.id
    named.types_filter.clear()  # what the bus does
    assert run.id != before
