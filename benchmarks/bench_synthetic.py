"""
Cost of the synthetic market: events a second in memory, and an hour into a catalog.

Run with ``pytest -n 0 benchmarks/bench_synthetic.py``. Events are quotes, trades and depth
snapshots.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic


HOUR = SyntheticParams(seed=1, hours=1.0, edge=0.5)
type Benchmark = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    list(generate(SyntheticParams(seed=1, hours=0.01)))


def test_generate_an_hour(benchmark: Benchmark) -> None:
    """Order flow, book, latent signal and its best public forecast, in memory."""
    (chunk,) = benchmark(lambda: list(generate(HOUR)))
    events = len(chunk.quotes) + len(chunk.trades) + len(chunk.depths)
    _note_rate(benchmark, events)


def test_write_an_hour(benchmark: Benchmark, tmp_path: Path) -> None:
    """Generate, encode, compress, score the oracle and commit the catalog."""
    catalogs = iter(tmp_path / str(k) for k in range(100))
    report = benchmark.pedantic(lambda: write_synthetic(next(catalogs), HOUR), rounds=5)
    _note_rate(benchmark, report.quotes + report.trades + report.depths)


def _note_rate(benchmark: Benchmark, events: int) -> None:
    benchmark.extra_info["events_per_s"] = round(events / benchmark.stats.stats.median)
