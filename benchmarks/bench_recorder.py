"""What the recorder adds to a quote in the handler, and what its thread takes to write it.

uv run python -m benchmarks.bench_recorder
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.actors.recorder import Batch
from nautilus_scalp.actors.recorder import Recorder
from nautilus_scalp.actors.recorder import RecorderConfig
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.runtime.recording.writer import RecordingWriter


BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
FACTS = InstrumentFacts(instrument_id=str(BTC), price_precision=2, size_precision=3, tick_size=0.1)
ROWS, ROUNDS, FEATURES = 10_000, 5, 25


def quotes() -> list[QuoteTick]:
    """Return quotes a millisecond apart."""
    size = Quantity(1.0, 3)
    return [
        QuoteTick(BTC, Price(60_000.0, 2), Price(60_000.1, 2), size, size, ts, ts)
        for ts in range(1_700_000_000_000_000_000, 1_700_000_010_000_000_000, 1_000_000)
    ]


def microseconds(seconds: list[float]) -> float:
    """Return the best time of one row."""
    return round(min(seconds) / ROWS * 1e6, 3)


def main() -> int:
    """Time handler and writer, and print one object."""
    batches: list[Batch] = []
    vector = np.zeros(FEATURES)

    def sink(batch: Batch) -> bool:
        batches.append(batch)
        return True

    recorder = Recorder(RecorderConfig(max_rows=2 * ROWS), sink, lambda _name: vector)
    recorder.recording = True
    ticks = quotes()
    signals = [AlphaSignal(tick.ts_event, tick.ts_init, BTC) for tick in ticks]
    quote_s, signal_s, write_s = [], [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for tick in ticks:
            recorder._on_quote(tick)  # noqa: SLF001 (what the message bus calls)
        quoted = time.perf_counter()
        for signal in signals:
            recorder._on_signal(signal)  # noqa: SLF001
        signalled = time.perf_counter()
        recorder.flush()
        quote_s.append(quoted - started)
        signal_s.append(signalled - quoted)
    with tempfile.TemporaryDirectory() as directory:
        writer = RecordingWriter(Path(directory), lambda _name: FACTS, lambda: None)
        for batch in batches:
            started = time.perf_counter()
            writer.write(batch)
            write_s.append(time.perf_counter() - started)
        writer.close()
    answer = {
        "rows": ROWS,
        "quote_us": microseconds(quote_s),
        "signal_with_25_features_us": microseconds(signal_s),
        "write_quote_and_signal_us": microseconds(write_s),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
