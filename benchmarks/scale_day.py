"""Eight million synthetic quotes, whole and by chunks: the same report, and the memory of both.

Run with ``python -m benchmarks.scale_day [HOURS]``; 24 hours are some eight million quotes. Each
run is a process of its own, so that its peak memory is its own. Every 2,000 events the strategy
buys or sells.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.run import run_configs
from tests.fakes.script import Step


CHUNK = 200_000
EVERY = 8_000
INSTRUMENT = "BTCUSDT-PERP.BINANCE"


def main() -> None:
    """Write the market, run it both ways, compare."""
    if len(sys.argv) > 2:
        play(Path(sys.argv[1]), int(sys.argv[2]) or None)
        return
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 24.0
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        written = write_synthetic(Path(folder), SyntheticParams(seed=1, hours=hours, edge=0.3))
        took = time.perf_counter() - started
        print(f"{written.quotes:,} quotes, {written.trades:,} trades written in {took:.0f} s")  # noqa: T201
        reports = []
        for name, chunk in (("chunks", CHUNK), ("whole", 0)):
            command = [sys.executable, "-m", "benchmarks.scale_day", folder, str(chunk)]
            answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
            peak, seconds = answer.pop("peak_mib"), answer["run"].pop("seconds")
            fills = answer["total"]["fills"]
            print(f"{name}: {fills:,} fills, {seconds:.0f} s, peak {peak:.0f} MiB")  # noqa: T201
            reports.append(answer)
    print("the same report" if reports[0] == reports[1] else "DIFFERENT")  # noqa: T201
    sys.exit(reports[0] != reports[1])


def play(catalog: Path, chunk: int | None) -> None:
    """Run once, and print the report with the peak of resident memory."""
    steps = [Step(event=at, qty=qty) for at, qty in ((0, 0.02), (2_000, -0.04), (4_000, 0.02))]
    script = {"instrument_id": INSTRUMENT, "every": EVERY, "steps": msgspec.to_builtins(steps)}
    block = {
        "strategy_path": "tests.fakes.script:Script",
        "config_path": "tests.fakes.script:ScriptConfig",
        "config": script,
    }
    run = {"catalog": str(catalog), "chunk_size": chunk, "queue_models": False}
    config = msgspec.convert({"run": run, "strategies": [block]}, BacktestConfig)
    report, *_ = run_configs({"day": config}, lambda *_: None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(report | {"peak_mib": peak}))


if __name__ == "__main__":
    main()
