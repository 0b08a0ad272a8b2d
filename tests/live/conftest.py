"""A practice exchange in a thread, and a trader in a process of its own that trades on it."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_scalp.data.instruments import facts
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.live.clients import KEY_NAMES
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.exchange import PracticeExchange
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.process import DIALECTS
from nautilus_scalp.runtime.practice.process import rules_of
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Venue
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response


ROOT = Path(__file__).parents[2]
FAKES = ROOT / "tests" / "fakes"
sys.path.insert(0, str(FAKES))
from audit import Audit  # noqa: E402 (a neighbour that the traders import by the same name)
from audit import audit  # noqa: E402
from audit import booked_positions  # noqa: E402
from audit import booked_profit  # noqa: E402


BTC = "BTCUSDT-PERP.BINANCE"
KEYS = PracticeKeys(api_key="key-" + "0123456789" * 3, api_secret="secret-" + "9876543210" * 3)
# A cold clone compiles every kernel before its first trade.
_PATIENCE_S = 120.0
_ROUNDING = Decimal("0.0001")


def eventually(condition: Callable[[], object], why: str | Callable[[], str]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"never happened: {why if isinstance(why, str) else why()}")
        time.sleep(0.05)


def market(seconds: int = 60, seed: int = 1) -> Tape:
    """Return a made-up market: 40 quotes a second around 60,000, a trade after every other one."""
    rng = np.random.default_rng(seed)
    quotes = seconds * 40
    mid = 60_000 + 0.1 * np.cumsum(rng.integers(-3, 4, quotes))
    sizes = rng.integers(1, 2_000, (quotes, 2)) / 1_000
    at = np.arange(quotes) * 25_000_000
    quote_values = np.column_stack([mid - 0.1, mid + 0.1, sizes])
    side = np.where(rng.random(quotes) < 0.5, 1.0, -1.0)
    traded = rng.integers(1, 200, quotes) / 1_000
    trade_values = np.column_stack([mid + 0.1 * side, traded, side, np.zeros(quotes)])
    rows = slice(None, None, 2)
    ts = np.concatenate([at, at[rows] + 10_000_000])
    order = np.argsort(ts, kind="stable")
    kinds = [np.full(quotes, QUOTE, np.uint8), np.full(len(at[rows]), TRADE, np.uint8)]
    return Tape(
        instruments=(facts(load_specs()[BTC]),),
        kind=np.concatenate(kinds)[order],
        instrument=np.zeros(len(ts), np.int16),
        ts_event_ns=ts[order],
        ts_init_ns=ts[order],
        values=np.concatenate([quote_values, trade_values[rows]])[order],
    )


class Exchange:
    """A practice exchange on a thread of its own, with a handle for the test."""

    def __init__(self, venue: str = "BINANCE") -> None:
        self.venue = venue
        self.instrument_id = BTC if venue == "BINANCE" else "BTCUSDT-LINEAR.BYBIT"
        self.keys = KEYS
        rules, playback = [rules_of(load_specs()[BTC])], Playback(market())
        speak = DIALECTS[venue]
        self.practice = PracticeExchange(rules, playback, KEYS, Decimal(10_000), speak)
        self._asked = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port: int = self._call(self.practice.start())

    def _call[T](self, coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    def ask[T](self, question: Callable[[PracticeExchange], T]) -> T:
        """Ask or tell the exchange something on its own thread."""

        async def answer() -> T:
            return question(self.practice)

        return self._call(answer())

    def fault(self, **values: object) -> None:
        """Switch faults on or off."""
        self.ask(lambda practice: practice.switch(**values))

    def state(self) -> dict[str, Any]:
        """Return the exchange's own truth."""
        return self.ask(lambda practice: practice.state())

    def wait(self, condition: Callable[[dict[str, Any]], bool], why: str) -> dict[str, Any]:
        """Wait until the exchange's state meets a condition."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            state = self.state()
            if condition(state):
                return state
            time.sleep(0.05)
        pytest.fail(f"never happened: {why}; state {self.state()}")

    def books(self) -> dict[str, Any]:
        """Return every order, trade and payment of the exchange."""
        return self.ask(lambda practice: practice.books())

    def freeze_when(self, condition: Callable[[Venue], bool], why: str) -> None:
        """Stop the market in the very event of an order that meets a condition."""
        happened = threading.Event()

        def watch(practice: PracticeExchange) -> None:
            tell = practice.venue.listener

            def listen(event: OrderEvent) -> None:
                tell(event)
                if not happened.is_set() and condition(practice.venue):
                    practice.switch(frozen_feed=True)
                    happened.set()

            practice.venue.listener = listen

        self.ask(watch)
        assert happened.wait(_PATIENCE_S), f"never happened: {why}; state {self.state()}"

    def hold(self, name: str) -> Callable[[], None]:
        """Keep answers to a question back, once a trader listens; returns what lets them go."""

        def watch(practice: PracticeExchange) -> asyncio.Event:
            answer, free = practice.dialect.answer, asyncio.Event()

            async def answer_later(request: Request) -> Response:
                listens = practice.dialect.connections()["user"] > 0
                if listens and f"{request.method} {request.path}" == name:
                    self._asked.set()
                    await free.wait()
                return await answer(request)

            practice.dialect.answer = answer_later
            return free

        free = self.ask(watch)
        return lambda: self.ask(lambda _practice: free.set())

    def wait_until_held(self) -> None:
        """Wait until the question that is held has come."""
        assert self._asked.wait(_PATIENCE_S), "the question never came"

    def profit(self) -> Decimal:
        """Return what the account has made, fees and funding included."""
        return Decimal(self.state()["profit"])

    def profit_since(self, time_ms: int) -> Decimal:
        """Return what the account has made from a time on, by the exchange's clock."""

        def made(practice: PracticeExchange) -> Decimal:
            venue = practice.venue
            trades = [t.realized - t.fee for t in venue.trades if t.time_ms >= time_ms]
            return sum([*trades, *(p.amount for p in venue.payments if p.time_ms >= time_ms)], ZERO)

        return self.ask(made)

    def position(self) -> Decimal:
        """Return the net position of the account."""
        return Decimal(self.state()["positions"]["BTCUSDT"])

    def open_by_hand(self) -> bool:
        """Tell whether an order works that was not sent by the trader."""
        working = self.ask(lambda practice: practice.venue.orders.working())
        return any(order.ticket.client_id.startswith("web_") for order in working)

    def is_flat(self) -> bool:
        """Tell whether no order and no position is left."""
        state = self.state()
        return state["open_orders"] == [] and not any(map(Decimal, state["positions"].values()))

    def never_held_more_than(self, most: str) -> bool:
        """Tell whether the position was within its limit after every single trade."""

        def largest(practice: PracticeExchange) -> Decimal:
            held = np.cumsum([trade.side * trade.qty for trade in practice.venue.trades])
            return max(map(abs, held))

        return self.ask(largest) <= Decimal(most)

    def client_ids_are_unique(self) -> bool:
        """Tell whether no order came twice."""
        orders = self.ask(lambda practice: list(practice.venue.orders))
        return len({order.ticket.client_id for order in orders}) == len(orders)

    def close(self) -> None:
        """Shut the exchange and its thread down."""
        self._call(self.practice.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


class Nursery:
    """The process that traders are forked from; one trader at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (our own script)
            [sys.executable, str(Path(__file__).with_name("nursery.py"))],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        # However long it takes on a busy machine, no drill's patience is used up by it.
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def fork(self, **order: object) -> int:
        """Start a trader and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> int:
        """Wait for the next number: a process id, or the exit code of the trader."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it; it has no trader any more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(timeout=30)
        self._process.stdout.close()


class Trader:
    """``run_live.py`` in a process of its own, on a configuration of the test's making."""

    def __init__(self, exchange: Exchange, nursery: Nursery, directory: Path) -> None:
        self.exchange = exchange
        self._nursery = nursery
        self.directory = directory
        self.strategy = "pingpong:PingPong"
        self.more_blocks = ""
        self.keys = KEYS
        self.journal = directory / "journal.jsonl"
        self._pid: int | None = None
        self._output = directory / "output.txt"

    @property
    def output(self) -> str:
        """What the process has printed so far."""
        return self._output.read_text(encoding="utf-8")

    @property
    def config_file(self) -> Path:
        """The configuration that `start` writes."""
        return self.directory / "live.toml"

    def key_variables(self) -> dict[str, str]:
        """Return the environment variables that hold the keys."""
        names = KEY_NAMES[self.exchange.venue, "testnet"]
        return dict(zip(names, (self.keys.api_key, self.keys.api_secret), strict=True))

    def configure(self, **config: object) -> None:
        """Write the configuration."""
        text = _toml(self.exchange, self.strategy, self.directory, config)
        text += self.more_blocks
        self.config_file.write_text(text, encoding="utf-8")

    def audit(self) -> Audit:
        """Compare the journal of the trader with the books of the exchange."""
        return audit(self.exchange.books(), self.journal)

    def differences(self) -> list[str]:
        """Return where the trader's own books and the exchange's do not agree now."""
        books, verdict = self.exchange.books(), self.audit()
        theirs = {name: Decimal(one["qty"]) for name, one in books["positions"].items()}
        ours = theirs | dict.fromkeys(theirs, ZERO) | booked_positions(self.journal)
        funding = sum((Decimal(one["amount"]) for one in books["payments"]), ZERO)
        gap = booked_profit(books, self.journal) + funding - self.exchange.profit()
        return [
            *([] if verdict.clean else [repr(verdict)]),
            *([] if ours == theirs else [f"positions {ours}, at the exchange {theirs}"]),
            *([] if abs(gap) < _ROUNDING else [f"profit differs by {gap}"]),
        ]

    def start(self, *overrides: str, **config: object) -> None:
        """Start the process; overrides are `--set` assignments, config the strategy's."""
        self.configure(**config)
        options = [part for override in overrides for part in ("--set", override)]
        self._output.write_text("", encoding="utf-8")
        self._pid = self._nursery.fork(
            arguments=[str(self.config_file), *options],
            cwd=str(ROOT),
            env={**os.environ, **self.key_variables()},
            path=[str(FAKES)],
            output=str(self._output),
        )

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> int:
        """Stop the process if asked to and still running, and wait for it."""
        assert self._pid is not None
        if number is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)
        self._pid = None
        return self._nursery.answer()

    def wait_for(self, words: str) -> None:
        """Wait until the process has printed something."""
        eventually(lambda: words in self.output, lambda: f"printed {words!r}: {self.output}")

    def freeze_until_silent(self) -> None:
        """Stop a market that speaks, and wait until the trader notices."""

        def times(words: str) -> int:
            return self.output.count(words)

        eventually(lambda: times("silent for") == times("quotes are back"), "the market speaks")
        before = times("silent for")
        self.exchange.fault(frozen_feed=True)
        eventually(lambda: times("silent for") > before, "silence is noticed")

    def holds_still(self) -> None:
        """Stop the market, and compare orders, positions and profit with the exchange's."""
        self.exchange.fault(frozen_feed=True)
        eventually(lambda: not self.differences(), lambda: f"same books: {self.differences()}")
        self.exchange.fault(frozen_feed=False)

    def told_profit(self) -> Any:  # noqa: ANN401 (pytest's own)
        """Return the profit that the trader printed at its end, to the last printed digit."""
        (printed,) = re.findall(r"profit ([+-]\d+\.\d+): realised", self.output)
        return pytest.approx(Decimal(printed), abs=Decimal("0.00005"))

    def taken_over_ms(self) -> int:
        """Return when the run took the account over, by the exchange's clock."""
        (stamp,) = re.findall(r"took the account over at (\S+Z): ", self.output)
        return round(datetime.fromisoformat(stamp).timestamp() * 1_000)

    def assert_books_agree(self) -> None:
        """Check profit and position of a run that has ended: ours, the ledger's, the exchange's."""
        assert self.told_profit() == self.exchange.profit_since(self.taken_over_ms()), self.output
        assert "our books agree" in self.output, self.output
        assert self.exchange.is_flat(), self.output

    def logs(self) -> str:
        """Return everything that was logged."""
        files = (self.directory / "state" / "logs").glob("*")
        return "".join(file.read_text(encoding="utf-8") for file in files)

    def close(self) -> None:
        """Make sure that nothing is left running."""
        if self._pid is not None:
            self.end(signal.SIGKILL)


def _toml(exchange: Exchange, strategy: str, directory: Path, config: dict[str, object]) -> str:
    lines = [f"{name} = {_value(value)}" for name, value in config.items()]
    return f"""
[live]
mode = "testnet"
venue = "{exchange.venue}"
state_dir = "state"
base_url_http = "http://127.0.0.1:{exchange.port}"
base_url_ws = "ws://127.0.0.1:{exchange.port}"
start_timeout_s = 30
stop_timeout_s = 8
open_check_interval_s = 2
position_check_interval_s = 2
stale_after_s = 2
status_interval_s = 1

[[actors]]
actor_path = "journal:Journal"
config_path = "journal:JournalConfig"
[actors.config]
path = "{directory / "journal.jsonl"}"

[[strategies]]
strategy_path = "{strategy}"
config_path = "{strategy}Config"
[strategies.config]
instrument_id = "{exchange.instrument_id}"
""" + "".join(f"{line}\n" for line in lines)


def _value(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    running = Exchange(getattr(request, "param", "BINANCE"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    running = Nursery()
    yield running
    running.close()


@pytest.fixture
def trader(
    exchange: Exchange, nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trader]:
    monkeypatch.syspath_prepend(FAKES)
    made = Trader(exchange, nursery, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def steady(
    request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trader]:
    """Trade all the time; at the end nothing is left, and everybody's books are the same."""
    exchange = Exchange(request.param)
    running = Trader(exchange, nursery, tmp_path_factory.mktemp("steady"))
    try:
        running.start("live.stale_after_s=1")
        exchange.wait(lambda state: state["trades"] >= 2, "two fills")
        yield running
        assert running.end() == 0, running.output
        running.assert_books_agree()
        assert running.differences() == []
        written = running.output + running.logs()
        assert exchange.keys.api_secret not in written
        assert exchange.keys.api_key not in written
    finally:
        running.close()
        exchange.close()


@pytest.fixture
def sample_catalog() -> Path:
    return ROOT / "catalogs" / "sample"


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
    eventually(lambda: _answers(port), "redis-server answers")
    yield port
    server.terminate()
    server.wait(timeout=10)
