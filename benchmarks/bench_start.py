"""
From process start to the first signal, with compiled code in Numba's cache.

Run with ``python benchmarks/bench_start.py MODEL``: a new process imports the actor, loads the
artifact, reads the sample and plays it up to the first prediction, with every indicator. The first
process fills the cache and is not counted; of the others the median is printed, with the share of
the imports and the peak of resident memory.
"""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path


RUNS = 5
SAMPLE = Path(__file__).parents[1] / "catalogs" / "sample"


def play(model: Path, started: float) -> None:
    """Print seconds of the imports, seconds to the first signal, and MiB."""
    from nautilus_scalp.actors import ensemble  # noqa: F401, PLC0415
    from nautilus_scalp.data.catalog import read_tape  # noqa: PLC0415
    from nautilus_scalp.features.engine import ALL  # noqa: PLC0415
    from nautilus_scalp.features.engine import FeatureEngine  # noqa: PLC0415
    from nautilus_scalp.features.tape import QUOTE  # noqa: PLC0415
    from nautilus_scalp.features.tape import TRADE  # noqa: PLC0415
    from nautilus_scalp.models.artifact import load_artifact  # noqa: PLC0415

    imported = time.monotonic()
    loaded = load_artifact(model)
    manifest = loaded.manifest
    tape = read_tape(SAMPLE, ["BTCUSDT-PERP.BINANCE"], manifest.train_end_ns, extras=True)
    engine = FeatureEngine(tape.instruments[0], manifest.features, manifest.feature_names, ALL)
    stream = loaded.stream()
    for row, kind in enumerate(tape.kind.tolist()):
        ts_event_ns, values = int(tape.ts_event_ns[row]), tape.values[row].tolist()
        if kind == TRADE:
            engine.on_trade(ts_event_ns, *values[:3])
        elif kind == QUOTE and engine.on_quote(ts_event_ns, *values):
            stream.predict(engine.value, engine.segment, ts_event_ns, engine.mid)
            break
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(imported - started, time.monotonic() - started, peak_mib)  # noqa: T201


def main() -> None:
    """Start processes and print medians."""
    if len(sys.argv) > 2:
        play(Path(sys.argv[1]), float(sys.argv[2]))
        return
    rows = []
    for _ in range(RUNS + 1):
        command = [sys.executable, __file__, sys.argv[1], str(time.monotonic())]
        answer = subprocess.run(  # noqa: S603  this file
            command, capture_output=True, check=True, text=True
        )
        rows.append([float(word) for word in answer.stdout.split()])
    imports, first, mib = (statistics.median(column) for column in zip(*rows[1:], strict=True))
    print(f"to the first signal {first:.2f} s, of which imports {imports:.2f} s; {mib:.0f} MiB")  # noqa: T201


if __name__ == "__main__":
    main()
