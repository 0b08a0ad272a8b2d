"""One million quotes trained on: seconds and processor time of every stage, and the peak of memory.

Run with ``python -m benchmarks.train_million [CATALOG] [PATH=VALUE ...]``. Without a catalog a
synthetic one of 2.8 hours is written to a temporary directory: 1.06 million quotes and 0.23 million
trades, which the shipped configuration also sees upside down. The training is a process of its own,
so that its peak is its own.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.training.config import load_training_config
from nautilus_scalp.training.pipeline import train


CONFIG = Path(__file__).parents[1] / "configs" / "training" / "default.toml"
HOURS = 2.8
TRAIN = "--train"


class Clock:
    """Tells what each stage took once the next one begins."""

    def __init__(self) -> None:
        self._stage = ""
        self._wall_s = time.perf_counter()
        self._cpu_s = time.process_time()

    def __call__(self, stage: str, _fraction: float) -> None:
        """Note where the training is."""
        if stage == self._stage:
            return
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        if self._stage:
            took = f"{wall_s - self._wall_s:8.1f} s wall {cpu_s - self._cpu_s:8.1f} s cpu"
            print(f"{self._stage:<24}{took}{_peak_mib():8.0f} MiB peak", flush=True)  # noqa: T201
        self._stage, self._wall_s, self._cpu_s = stage, wall_s, cpu_s


def main() -> None:
    """Write the market if none is given, and train on it in a process of its own."""
    if sys.argv[1:2] == [TRAIN]:
        fit(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
        return
    given = [argument for argument in sys.argv[1:] if "=" not in argument]
    assignments = [argument for argument in sys.argv[1:] if "=" in argument]
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(given[0]) if given else Path(folder) / "catalog"
        if not catalog.exists():
            written = write_synthetic(catalog, SyntheticParams(seed=1, hours=HOURS, edge=0.3))
            print(f"{written.quotes:,} quotes, {written.trades:,} trades written")  # noqa: T201
        command = [sys.executable, "-m", "benchmarks.train_million", TRAIN, str(catalog), folder]
        subprocess.run([*command, *assignments], check=True)  # noqa: S603


def fit(catalog: Path, folder: Path, assignments: list[str]) -> None:
    """Train, and print what it took."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine before: {load}", flush=True)  # noqa: T201
    started = time.perf_counter()
    clock = Clock()
    result = train(load_training_config(CONFIG, assignments), catalog, folder / "model", clock)
    clock("end", 1.0)
    took_s, cpu_s = time.perf_counter() - started, time.process_time()
    held = result.metrics["holdout"]["ensemble"]
    print(f"whole: {took_s:.0f} s wall, {cpu_s:.0f} s cpu, {_peak_mib():.0f} MiB peak")  # noqa: T201
    print(f"rows {result.metrics['rows']}, held out: AUC {held['auc']:.4f}")  # noqa: T201


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
