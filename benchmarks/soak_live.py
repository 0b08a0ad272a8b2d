"""A live trader on a practice exchange that plays recorded ticks: where a tick's time goes.

Run with ``python -m benchmarks.soak_live MODEL [--speed 1 | --rate 5000] [--minutes 2]``.
Exchange and trader are processes of their own on this machine and share its cores. The trader
computes every indicator and all four models of both instruments; market making trades one of
them, and an answering strategy sends orders that name their quote on the other. Tick to order is
clocked at the exchange's sockets, from just before a quote is written to one until the bytes of the
order are read from one; in between the trader's process is clocked by `soak_marks.py`. At the end
every order of the trader's is looked up in the exchange's books: one that is lost, doubled or
filled otherwise, or a profit that differs, is an error.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.soak_path import PERCENTILES
from benchmarks.soak_path import Float64
from benchmarks.soak_path import path_table
from benchmarks.soak_path import path_us
from benchmarks.soak_path import queue_waits_us
from benchmarks.soak_path import verdicts
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.process import PracticeAddress
from nautilus_scalp.runtime.practice.process import PracticeSettings
from nautilus_scalp.runtime.practice.process import practice_exchange
from tests.fakes.audit import audit


CATALOG = Path("catalogs/sample")
INSTRUMENTS = ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]
KEYS = PracticeKeys(api_key="soak", api_secret="soak")  # noqa: S106 (of an exchange of our own)
ENVIRONMENT = {
    "BINANCE_FUTURES_TESTNET_API_KEY": KEYS.api_key,
    "BINANCE_FUTURES_TESTNET_API_SECRET": KEYS.api_secret,
    "PYTHONPATH": str(Path(__file__).parents[1]),
}
EVERY_S = 10.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run, print a line every ten seconds, and tables at the end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--rate", type=float, help="mean ticks a second, instead of a speed")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--pause-ms", type=float, default=200.0, help="between two answers")
    parser.add_argument("--rehearsal-ms", type=float, default=0.3, help="live.rehearsal_ms")
    options = parser.parse_args()
    start_ns = load_artifact(options.model).manifest.train_end_ns
    tape = read_tape(CATALOG, INSTRUMENTS, start_ns)
    recorded_rate = len(tape) / ((tape.ts_event_ns[-1] - tape.ts_event_ns[0]) / 1e9)
    speed = float(options.rate / recorded_rate) if options.rate else options.speed
    print(f"{len(tape)} ticks, {recorded_rate * speed:.0f} a second at {speed:.1f} times speed")  # noqa: T201
    settings = PracticeSettings(
        catalog=str(CATALOG),
        instrument_ids=INSTRUMENTS,
        keys=KEYS,
        start_ns=start_ns,
        speed=speed,
        balance="1000000",
    )
    with tempfile.TemporaryDirectory() as name, practice_exchange(settings) as address:
        directory = Path(name)
        config = directory / "soak.toml"
        config.write_text(_config(address, directory, options), encoding="utf-8")
        memory, state, reactions = _soak(directory, config, address, options.minutes * 60)
        _report(directory, memory, state)
        _report_path(directory, reactions, tape.ts_event_ns / 1e9 / speed)
        _account(directory, address)


def _soak(
    directory: Path, config: Path, address: PracticeAddress, seconds: float
) -> tuple[list[float], dict[str, Any], list[dict[str, Any]]]:
    """Return the trader's memory, the exchange's state and the orders that it has clocked."""
    with (directory / "output.txt").open("w", encoding="utf-8") as output:
        trader = subprocess.Popen(  # noqa: S603 (our own script)
            [sys.executable, "run_live.py", str(config)],
            env={**os.environ, **ENVIRONMENT},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_running(directory, trader)
        memory = _watch(trader.pid, address, seconds)
        state, reactions = _ask(address, "state"), _ask(address, "reactions")
    finally:
        trader.send_signal(signal.SIGTERM)
        code = trader.wait(timeout=60)
    print((directory / "output.txt").read_text(encoding="utf-8")[-400:])  # noqa: T201
    if code != 0:
        sys.exit(code)
    return memory, state, reactions


def _until_running(directory: Path, trader: "subprocess.Popen[bytes]") -> None:
    while not (directory / "seconds.jsonl").exists():
        if trader.poll() is not None:
            sys.exit((directory / "output.txt").read_text(encoding="utf-8"))
        time.sleep(0.2)


def _watch(pid: int, address: PracticeAddress, seconds: float) -> list[float]:
    """Return the trader's resident memory in MiB, every ten seconds."""
    memory, cpu = [_memory_mib(pid)], _cpu_s(pid)
    for _ in range(round(seconds / EVERY_S)):
        time.sleep(EVERY_S)
        memory.append(_memory_mib(pid))
        before, cpu = cpu, _cpu_s(pid)
        state = _ask(address, "state")
        print(  # noqa: T201
            f"{memory[-1]:7.1f} MiB  cpu {(cpu - before) / EVERY_S:5.0%}  "
            f"orders {state['orders']}  trades {state['trades']}  "
            f"played {state['events_played']}  behind {state['events_behind_s'] * 1e3:.1f} ms",
            flush=True,
        )
    return memory


def _report(directory: Path, memory: list[float], state: dict[str, Any]) -> None:
    seconds = _seconds(directory)
    tenth = max(len(memory) // 10, 1)
    ticks = [second["ticks"] for second in seconds]
    busy = [second["busy"] for second in seconds]
    print(f"ticks a second       mean {np.mean(ticks):.0f}  most {max(ticks)}")  # noqa: T201
    print(f"busy with frames     mean {np.mean(busy):.1%}  most {max(busy):.1%}")  # noqa: T201
    for name in ("service_p50_us", "service_p99_us", "wait_p50_us", "wait_p99_us", "wait_max_us"):
        values = [second[name] for second in seconds]
        print(f"{name:<20} median {np.median(values):.0f}  worst second {max(values):.0f}")  # noqa: T201
    settled, last = np.median(memory[tenth : 2 * tenth]), np.median(memory[-tenth:])
    print(f"memory MiB           settled {settled:.1f}  last tenth {last:.1f}")  # noqa: T201
    print(f"exchange behind ms   {state['events_behind_s'] * 1e3:.1f}\n")  # noqa: T201


def _report_path(directory: Path, reactions: list[dict[str, Any]], due_s: Float64) -> None:
    """Print where the time of the answered ticks went, and what a queue alone would do."""
    stamps = json.loads((directory / "answers.json").read_text(encoding="utf-8"))
    taken_us = path_us(reactions, stamps)
    if not len(taken_us):
        sys.exit("no signal was answered: features warm up for a minute, play longer")
    print("\n".join(path_table(taken_us)))  # noqa: T201
    seconds = _seconds(directory)
    ticks = sum(second["ticks"] for second in seconds)
    busiest = max(seconds, key=lambda second: second["ticks"])
    service_us = busiest["busy"] / busiest["ticks"] * 1e6  # of a burst, with warm caches
    expected = np.percentile(queue_waits_us(due_s, service_us), PERCENTILES).round()
    measured = np.percentile(taken_us[:, :2].sum(axis=1), PERCENTILES).round()
    print(f"\nsocket to event loop  {measured}")  # noqa: T201
    print(f"a queue alone, {service_us:.0f} us a tick: {expected}\n")  # noqa: T201
    print("\n".join(verdicts(taken_us, ticks / len(seconds))))  # noqa: T201


def _account(directory: Path, address: PracticeAddress) -> None:
    """Look every order up in the exchange's books; a difference, or one in profit, is an error."""
    verdict = audit(_ask(address, "books"), directory / "journal.jsonl")
    print(f"\n{verdict}")  # noqa: T201
    agrees = "our books agree" in (directory / "output.txt").read_text(encoding="utf-8")
    if not (verdict.clean and agrees):
        sys.exit(f"books agree: {agrees}; {verdict!r}")


def _seconds(directory: Path) -> list[dict[str, float]]:
    """Return what the stopwatch has written, without the first and the last second."""
    lines = (directory / "seconds.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines][1:-1]


def _config(address: PracticeAddress, directory: Path, options: argparse.Namespace) -> str:
    return f"""
[live]
mode = "testnet"
state_dir = "state"
base_url_http = "{address.http}"
base_url_ws = "{address.ws}"
log_level = "WARNING"
max_order_rate = "200/00:00:01"
rehearsal_ms = {options.rehearsal_ms}
[model]
path = "{options.model.resolve()}"
[[actors]]
actor_path = "tests.fakes.journal:Journal"
config_path = "tests.fakes.journal:JournalConfig"
[actors.config]
path = "{directory / "journal.jsonl"}"
at_the_end = true
[[actors]]
actor_path = "benchmarks.soak_probe:Stopwatch"
config_path = "benchmarks.soak_probe:StopwatchConfig"
[actors.config]
instrument_ids = {INSTRUMENTS}
path = "{directory / "seconds.jsonl"}"
[[actors]]
actor_path = "nautilus_scalp.actors.ensemble:EnsembleActor"
config_path = "nautilus_scalp.actors.ensemble:EnsembleActorConfig"
[actors.config]
instrument_ids = {INSTRUMENTS}
indicators = "all"
[[strategies]]
strategy_path = "nautilus_scalp.strategies.market_making:MarketMaking"
config_path = "nautilus_scalp.strategies.market_making:MarketMakingConfig"
[strategies.config]
instrument_id = "{INSTRUMENTS[0]}"
order_notional = 1_000.0
inventory_limit = 5_000.0
refresh_interval_ms = 1_000.0
risk = {{ breakers = {{ max_consecutive_losses = 1_000_000, max_trades_per_day = 1_000_000 }} }}
ladder = {{ threshold_unit = "volatility", spread_target = 0.5, volatility_multiplier = 0.5 }}
signal = {{ mode = "combined" }}
[[strategies]]
strategy_path = "benchmarks.soak_probe:Reactor"
config_path = "benchmarks.soak_probe:ReactorConfig"
[strategies.config]
instrument_id = "{INSTRUMENTS[1]}"
pause_ns = {round(options.pause_ms * 1e6)}
path = "{directory / "answers.json"}"
"""


def _ask(address: PracticeAddress, what: str) -> Any:  # noqa: ANN401 (JSON)
    with urllib.request.urlopen(f"{address.http}/practice/{what}") as answer:  # noqa: S310 (our own)
        return json.load(answer)


def _memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


if __name__ == "__main__":
    main()
