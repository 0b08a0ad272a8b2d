"""The steady state allocates nothing that stays."""

import tracemalloc
from pathlib import Path

import pytest

from nautilus_scalp.features import kernel_cache
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import SELECTED_ALONE
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import InstrumentFacts


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
MS = 1_000_000
START = 1_700_000_000_000 * MS
_ENGINE = [
    tracemalloc.Filter(True, str(Path(kernel_cache.__file__).with_name("*"))),
    tracemalloc.Filter(True, __file__),
]


@pytest.mark.parametrize("mode", [SELECTED_ALONE, ALL])
def test_memory_stays_flat(mode: str) -> None:
    engine = FeatureEngine(FACTS, mode=mode)

    def feed(first: int, last: int) -> None:
        for step in range(first, last):
            price = 100.0 + step % 7 / 10
            engine.on_trade(START + step * MS, price, 1.0, 1.0)
            engine.on_quote(START + step * MS, price, price + 0.1, 1.0 + step % 3, 2.0)

    feed(0, 3_000)
    value = engine.value
    tracemalloc.start()
    try:
        feed(3_000, 3_500)
        before = tracemalloc.take_snapshot()
        feed(3_500, 6_500)
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    # Of what the engine allocated: threads of the test's own process live their lives meanwhile.
    grown = after.filter_traces(_ENGINE).compare_to(before.filter_traces(_ENGINE), "filename")
    assert sum(one.size_diff for one in grown) < 2_000
    assert engine.value is value
