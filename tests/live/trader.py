"""A trader in a process of its own, forked from one that has everything imported."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_scalp.runtime.live.clients import KEY_NAMES
from nautilus_scalp.runtime.practice.account import ZERO
from tests.fakes.audit import Audit
from tests.fakes.audit import audit
from tests.fakes.audit import booked_positions
from tests.fakes.audit import booked_profit
from tests.live.exchange import KEYS
from tests.live.exchange import Exchange
from tests.live.waiting import eventually


ROOT = Path(__file__).parents[2]
FAKES = ROOT / "tests" / "fakes"
_ROUNDING = Decimal("0.0001")


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

    def wait_for_records(self, more: int) -> None:
        """Wait until the run has so many more rows on record: what it heard, not what was sent."""

        def recorded() -> int:
            return int(re.findall(r"recorded (\d+)", self.output)[-1])

        self.wait_for("recorded ")
        before = recorded()
        eventually(lambda: recorded() >= before + more, lambda: f"{more} rows: {self.output}")

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
start_timeout_s = 120
stop_timeout_s = 60
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
