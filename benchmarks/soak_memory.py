"""Resident memory over five million events: every indicator and all four models.

Run with ``python benchmarks/soak_memory.py MODEL``; it plays the sample over and over, each
time a second after the last, and prints memory every half million events.
"""

import resource
import sys
from pathlib import Path

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.models.artifact import load_artifact


EVENTS = 5_000_000
EVERY = 500_000


def main() -> None:
    """Play and print."""
    ensemble = load_artifact(Path(sys.argv[1]))
    manifest = ensemble.manifest
    tape = read_tape(Path("catalogs/sample"), ["BTCUSDT-PERP.BINANCE"], manifest.train_end_ns)
    engine = FeatureEngine(tape.instruments[0], manifest.features, manifest.feature_names, ALL)
    stream = ensemble.stream()
    rows = tuple(
        zip(tape.kind.tolist(), tape.ts_event_ns.tolist(), tape.values.tolist(), strict=True)
    )
    span_ns = rows[-1][1] - rows[0][1] + 1_000_000_000
    played = 0
    for lap in range(EVENTS // len(rows) + 1):
        shift_ns = lap * span_ns
        for kind, ts_event_ns, values in rows:
            if kind != QUOTE:
                engine.on_trade(ts_event_ns + shift_ns, *values[:3])
            elif engine.on_quote(ts_event_ns + shift_ns, *values):
                stream.predict(engine.value, engine.segment, ts_event_ns, engine.mid)
            played += 1
            if played % EVERY == 0:
                peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(f"{played:>9,} events  peak {peak_mib:.1f} MiB", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
