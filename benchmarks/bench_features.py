"""
Cost of the features, one event at a time and in batch.

Run with ``pytest -n 0 benchmarks/bench_features.py``, alone on the machine. The market is a random
walk: the cost of an event does not depend on the prices, only on the features computed: the 25 of
the selection alone, or the whole catalogue.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import SELECTED_ALONE
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import DEPTH
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
    kind = rng.choice(3, EVENTS, p=(0.75, 0.2, 0.05)).astype(np.uint8)
    time_ns = (1_700_000_000_000 + rng.integers(0, 20, EVENTS).cumsum()) * 1_000_000
    bid = np.round(60_000.0 + 0.1 * rng.integers(-1, 2, EVENTS).cumsum(), 1)
    size = rng.integers(1, 5_000, (EVENTS, 2)) / 1000.0
    quotes = np.column_stack((bid, np.round(bid + 0.1, 1), size))
    side = rng.choice([-1.0, 1.0], EVENTS)
    trades = np.column_stack((bid, size[:, 0], side, np.zeros(EVENTS)))
    values = np.where((kind == QUOTE)[:, None], quotes, trades)
    snapshots = np.flatnonzero(kind == DEPTH)
    values[snapshots, 0] = np.arange(len(snapshots))
    books = np.empty((len(snapshots), 10, 4))
    books[:, :, 0] = bid[snapshots, None] - 0.1 * np.arange(10)
    books[:, :, 1] = bid[snapshots, None] + 0.1 * np.arange(1, 11)
    books[:, :, 2:] = rng.integers(1, 5_000, (len(snapshots), 10, 2)) / 1000.0
    return Tape(
        instruments=(FACTS,),
        kind=kind,
        instrument=np.zeros(EVENTS, np.int16),
        ts_event_ns=time_ns,
        ts_init_ns=time_ns + np.arange(EVENTS),
        values=values,
        books=books,
    )


@pytest.mark.parametrize("mode", [SELECTED_ALONE, ALL])
def test_stream_quote(benchmark: Benchmark, tape: Tape, mode: str) -> None:
    """One quote through Python into the kernel."""
    engine = FeatureEngine(FACTS, mode=mode)
    quotes = [
        (int(tape.ts_event_ns[i]), *tape.values[i].tolist())
        for i in np.flatnonzero(tape.kind == QUOTE)
    ]
    for quote in quotes[:20_000]:
        engine.on_quote(*quote)
    events = iter(quotes[20_000:])
    benchmark.pedantic(
        engine.on_quote, setup=lambda: (next(events), {}), rounds=100_000, iterations=1
    )
    benchmark.extra_info["features"] = len(engine.names)


@pytest.mark.parametrize("mode", [SELECTED_ALONE, ALL])
def test_batch(benchmark: Benchmark, tape: Tape, mode: str) -> None:
    """The whole tape through the compiled loop; `events_per_s` is for one core."""
    compute_matrix(tape, mode=mode)
    benchmark.pedantic(compute_matrix, args=(tape,), kwargs={"mode": mode}, rounds=10, iterations=1)
    if benchmark.stats:  # type: ignore[attr-defined]
        seconds = benchmark.stats.stats.min  # type: ignore[attr-defined]
        benchmark.extra_info["events_per_s"] = round(EVENTS / seconds)  # type: ignore[attr-defined]
