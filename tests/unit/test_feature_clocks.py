"""Bars built inside the kernel against bars built by hand."""

import numpy as np
import pytest

from nautilus_scalp.features import bar_windows as bw
from nautilus_scalp.features import technical as ta
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.tape import InstrumentFacts


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
PARAMS = FeatureParams(scale_half_life_ms=1_000.0)
MS = 1_000_000
START_MS = 1_700_000_000_000


@pytest.mark.parametrize(("clock", "length_ms"), [("100ms", 100), ("1s", 1_000), ("1m", 60_000)])
def test_time_bars_close_with_the_first_event_after_their_end(clock: str, length_ms: int) -> None:
    names = (f"rsi(3).{clock}", f"williams(3).{clock}", f"volume_ratio(3).{clock}")
    engine = FeatureEngine(FACTS, PARAMS, names)
    rng = np.random.default_rng(length_ms)
    state = np.zeros(400)
    expected = [0.0, 0.0, 0.0]
    bar: list[float] = []  # mid prices of the open bar
    volume, bucket, time_ms, bid, anchor = 0.0, 0, START_MS, 1_000.0, None
    for _ in range(600):
        time_ms += int(rng.integers(0, max(2, length_ms // 4)))
        if time_ms // length_ms != bucket and bar:
            high, low, close = max(bar), min(bar), bar[-1]
            expected = [
                ta.rsi_update(state, 0, 3, close),
                ta.range_position_update(state, 100, 3, high, low, close) - 100.0,
                bw.volume_ratio_update(state, 200, 3, volume),
            ]
            bar, volume = [], 0.0
        bucket = time_ms // length_ms
        if rng.random() < 0.3:
            size = float(rng.integers(1, 9))
            engine.on_trade(time_ms * MS, bid, size, 1.0)
            anchor = bid if anchor is None else anchor
            volume += size
            continue
        bid = round(bid + 0.1 * float(rng.integers(-3, 4)), 1)
        ask = round(bid + 0.1, 1)
        mid = 0.5 * (bid + ask)
        anchor = mid if anchor is None else anchor
        engine.on_quote(time_ms * MS, bid, ask, 1.0, 1.0)
        bar.append((mid - anchor) / FACTS.tick_size)
        assert engine.value.tolist() == pytest.approx(expected, abs=1e-9)
    assert expected[0] not in {0.0, 50.0}


def test_ten_tick_bars_are_of_ten_quotes_microprices() -> None:
    engine = FeatureEngine(FACTS, PARAMS, ("momentum(1).10tick",))
    values = []
    for step in range(30):
        engine.on_quote((START_MS + step) * MS, 100.0 + step / 10, 100.1 + step / 10, 1.0, 1.0)
        values.append(float(engine.value[0] > 0.0))
    # the second bar closes with the twentieth quote, ten ticks above the first
    assert values == [0.0] * 19 + [1.0] * 11
