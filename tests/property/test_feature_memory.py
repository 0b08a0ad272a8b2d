"""The steady state allocates nothing that stays."""

import tracemalloc

import pytest

from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import SELECTED_ALONE
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import InstrumentFacts


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
MS = 1_000_000
START = 1_700_000_000_000 * MS


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
        before, _ = tracemalloc.get_traced_memory()
        feed(3_500, 6_500)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 2_000
    assert engine.value is value
