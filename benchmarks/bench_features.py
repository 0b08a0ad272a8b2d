"""
Cost of the features, one event at a time and in batch.

Run with ``pytest benchmarks/bench_features.py``. The market is a random walk: the cost of an event
does not depend on the prices, only on the selection of features.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


EVENTS = 200_000
FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
type Benchmark = Callable[..., Any]


@pytest.fixture(scope="module")
def tape() -> Tape:
    rng = np.random.default_rng(1)
    kind = (rng.random(EVENTS) < 0.2).astype(np.uint8)
    time_ns = (1_700_000_000_000 + rng.integers(0, 20, EVENTS).cumsum()) * 1_000_000
    bid = np.round(60_000.0 + 0.1 * rng.integers(-1, 2, EVENTS).cumsum(), 1)
    size = rng.integers(1, 5_000, (EVENTS, 2)) / 1000.0
    quotes = np.column_stack((bid, np.round(bid + 0.1, 1), size))
    side = rng.choice([-1.0, 1.0], EVENTS)
    trades = np.column_stack((bid, size[:, 0], side, np.zeros(EVENTS)))
    return Tape(
        instruments=(FACTS,),
        kind=kind,
        instrument=np.zeros(EVENTS, np.int16),
        ts_event_ns=time_ns,
        ts_init_ns=time_ns + np.arange(EVENTS),
        values=np.where((kind == QUOTE)[:, None], quotes, trades),
    )


def test_stream_quote(benchmark: Benchmark, tape: Tape) -> None:
    """One quote through Python into the kernel."""
    engine = FeatureEngine(FACTS)
    for i in range(2_000):
        engine.on_quote(int(tape.ts_event_ns[i]), *tape.values[i].tolist())
    quotes = [
        (int(tape.ts_event_ns[i]), *tape.values[i].tolist())
        for i in np.flatnonzero(tape.kind == QUOTE)[2_000:]
    ]
    events = iter(quotes)
    benchmark.pedantic(
        engine.on_quote, setup=lambda: (next(events), {}), rounds=100_000, iterations=1
    )


def test_batch(benchmark: Benchmark, tape: Tape) -> None:
    """The whole tape through the compiled loop; `events_per_s` is for one core."""
    compute_matrix(tape)
    benchmark.pedantic(compute_matrix, args=(tape,), rounds=10, iterations=1)
    if benchmark.stats:  # type: ignore[attr-defined]
        seconds = benchmark.stats.stats.min  # type: ignore[attr-defined]
        benchmark.extra_info["events_per_s"] = round(EVENTS / seconds)  # type: ignore[attr-defined]
