"""A live trader on a practice exchange that plays recorded ticks fast: memory, queue, latency.

Run with ``python benchmarks/soak_live.py MODEL [--speed 10 | --rate 5000] [--minutes 10]``.
Exchange and trader are processes of their own on this machine and share its cores. The trader
computes every indicator and all four models of both instruments; market making trades one of
them, and an answering strategy sends orders that name their quote on the other. Tick to order is
clocked at the exchange: from writing a quote to the socket until the order has been read from one.
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

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.process import PracticeAddress
from nautilus_scalp.runtime.practice.process import PracticeSettings
from nautilus_scalp.runtime.practice.process import practice_exchange


CATALOG = Path("catalogs/sample")
INSTRUMENTS = ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]
HERE = Path(__file__).parent
KEYS = PracticeKeys(api_key="soak", api_secret="soak")  # noqa: S106 (of an exchange of our own)
ENVIRONMENT = {
    "BINANCE_FUTURES_TESTNET_API_KEY": KEYS.api_key,
    "BINANCE_FUTURES_TESTNET_API_SECRET": KEYS.api_secret,
    "PYTHONPATH": str(HERE),
}
EVERY_S = 10.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run, print a line every ten seconds, and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--rate", type=float, help="mean ticks a second, instead of a speed")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pause-ms", type=float, default=200.0, help="between two answers")
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
        _soak(directory, config, address, options.minutes * 60)


def _soak(directory: Path, config: Path, address: PracticeAddress, seconds: float) -> None:
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
        state = _state(address)
    finally:
        trader.send_signal(signal.SIGTERM)
        code = trader.wait(timeout=60)
    print((directory / "output.txt").read_text(encoding="utf-8")[-400:])  # noqa: T201
    if code != 0:
        sys.exit(code)
    _report(directory, memory, state)


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
        state = _state(address)
        print(  # noqa: T201
            f"{memory[-1]:7.1f} MiB  cpu {(cpu - before) / EVERY_S:5.0%}  "
            f"orders {state['orders']}  trades {state['trades']}  "
            f"played {state['events_played']}  behind {state['events_behind_s'] * 1e3:.1f} ms",
            flush=True,
        )
    return memory


def _report(directory: Path, memory: list[float], state: dict[str, Any]) -> None:
    lines = (directory / "seconds.jsonl").read_text(encoding="utf-8").splitlines()
    seconds = [json.loads(line) for line in lines][1:-1]
    answers = json.loads((directory / "answers.json").read_text(encoding="utf-8"))
    ticks = [second["ticks"] for second in seconds]
    tenth = max(len(memory) // 10, 1)
    print(f"ticks a second        mean {np.mean(ticks):.0f}  most {max(ticks)}")  # noqa: T201
    for name in ("wait_p50_us", "wait_p99_us", "wait_max_us"):
        values = [second[name] for second in seconds]
        print(f"{name:<21} median {np.median(values):.0f}  worst second {max(values):.0f}")  # noqa: T201
    settled, last = np.median(memory[tenth : 2 * tenth]), np.median(memory[-tenth:])
    print(f"memory MiB            settled {settled:.1f}  last tenth {last:.1f}")  # noqa: T201
    print(f"tick to order us      {state['quote_to_order_us']['named']}")  # noqa: T201
    for name, values in answers.items():
        shown = np.percentile(values, (50, 90, 99)).round(1) if values else "no answer"
        print(f"in the node, {name:<8} p50, p90, p99 us {shown}")  # noqa: T201


def _config(address: PracticeAddress, directory: Path, options: argparse.Namespace) -> str:
    return f"""
[live]
mode = "testnet"
state_dir = "state"
base_url_http = "{address.http}"
base_url_ws = "{address.ws}"
log_level = "WARNING"
max_order_rate = "200/00:00:01"
[model]
path = "{options.model.resolve()}"
[[actors]]
actor_path = "soak_probe:Stopwatch"
config_path = "soak_probe:StopwatchConfig"
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
strategy_path = "soak_probe:Reactor"
config_path = "soak_probe:ReactorConfig"
[strategies.config]
instrument_id = "{INSTRUMENTS[1]}"
pause_ns = {round(options.pause_ms * 1e6)}
path = "{directory / "answers.json"}"
"""


def _state(address: PracticeAddress) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address.http}/practice/state") as answer:  # noqa: S310 (our own)
        state: dict[str, Any] = json.load(answer)
    return state


def _memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


if __name__ == "__main__":
    main()
