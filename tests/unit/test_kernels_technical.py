"""The technical indicators against their definitions, written out in numpy."""

import numpy as np
import pytest

from nautilus_scalp.features import technical as ta
from nautilus_scalp.features.kernels import window_size


PRICES = np.round(100.0 + np.random.default_rng(3).normal(size=120).cumsum(), 2)


def _ema(values: np.ndarray, length: int) -> np.ndarray:
    """From the `length`-th value on, seeded with the mean of the first ones."""
    out = [values[:length].mean()]
    for value in values[length:]:
        out.append(out[-1] + 2.0 / (length + 1.0) * (value - out[-1]))
    return np.array(out)


def test_ema_by_hand() -> None:
    state = np.zeros(ta.EMA_SIZE)
    values = [ta.ema_update(state, 0, 3, price) for price in (1.0, 2.0, 6.0, 5.0)]
    assert values == [1.0, 1.5, 3.0, 4.0]


def test_rsi_by_hand() -> None:
    state = np.zeros(ta.RSI_SIZE)
    values = [ta.rsi_update(state, 0, 2, price) for price in (10.0, 11.0, 10.0, 13.0)]
    # changes +1, -1: averages 1/2, 1/2; then +3: (1/2 + 3) / 2 = 7/4 against (1/2 + 0) / 2 = 1/4
    assert values[:2] == [50.0, 50.0]
    assert values[2:] == pytest.approx([50.0, 87.5])


def test_rsi_of_a_flat_market_is_neutral() -> None:
    state = np.zeros(ta.RSI_SIZE)
    assert {ta.rsi_update(state, 0, 3, 5.0) for _ in range(10)} == {50.0}


def test_macd_matches_its_definition() -> None:
    fast, slow, signal = 5, 12, 4
    state = np.zeros(ta.MACD_SIZE)
    got = [ta.macd_update(state, 0, fast, slow, signal, price) for price in PRICES]
    line = _ema(PRICES[slow - fast :], fast) - _ema(PRICES, slow)
    histogram = line[signal - 1 :] - _ema(line, signal)
    warm = slow + signal - 2
    assert got[:warm] == [0.0] * warm
    assert got[warm:] == pytest.approx(histogram, abs=1e-12)


def test_range_position_matches_its_definition() -> None:
    length = 9
    high, low = PRICES + 0.3, PRICES - 0.2
    state = np.zeros(ta.range_size(length))
    for i, close in enumerate(PRICES):
        got = ta.range_position_update(state, 0, length, high[i], low[i], close)
        first = max(0, i + 1 - length)
        floor, ceiling = low[first : i + 1].min(), high[first : i + 1].max()
        assert got == pytest.approx(100.0 * (close - floor) / (ceiling - floor), abs=1e-10)


def test_range_position_of_a_flat_market_is_neutral() -> None:
    state = np.zeros(ta.range_size(4))
    assert ta.range_position_update(state, 0, 4, 7.0, 7.0, 7.0) == 50.0


def test_bollinger_and_cci_match_their_definitions() -> None:
    length = 20
    bands = np.zeros(window_size(length))
    channel = np.zeros(window_size(length))
    for i, price in enumerate(PRICES):
        place = ta.bollinger_update(bands, 0, length, price)
        index = ta.cci_update(channel, 0, length, price)
        window = PRICES[max(0, i + 1 - length) : i + 1]
        if len(window) < length:
            assert index == 0.0
            continue
        deviation = np.abs(window - window.mean()).mean()
        assert place == pytest.approx((price - window.mean()) / window.std(), abs=1e-9)
        assert index == pytest.approx((price - window.mean()) / (0.015 * deviation), abs=1e-8)


def test_flat_bollinger_cci_and_wave_trend_are_neutral() -> None:
    state = np.zeros(100)
    for _ in range(10):
        assert ta.bollinger_update(state, 0, 3, 4.0) == 0.0
        assert ta.cci_update(state, 30, 3, 4.0) == 0.0
        assert ta.wave_trend_update(state, 60, 3, 3, 2, 4.0) == 0.0


def test_wave_trend_matches_its_definition() -> None:
    channel, average, signal = 4, 5, 3
    state = np.zeros(ta.wave_trend_size(signal))
    got = [ta.wave_trend_update(state, 0, channel, average, signal, price) for price in PRICES]
    centre, distance, wave = np.zeros(ta.EMA_SIZE), np.zeros(ta.EMA_SIZE), np.zeros(ta.EMA_SIZE)
    waves = []
    for price in PRICES:
        mean = ta.ema_update(centre, 0, channel, price)
        gap = ta.ema_update(distance, 0, channel, abs(price - mean))
        waves.append(ta.ema_update(wave, 0, average, (price - mean) / (0.015 * gap) if gap else 0))
    line = [np.mean(waves[max(0, i - signal + 1) : i + 1]) for i in range(len(waves))]
    assert got == pytest.approx(np.array(waves) - line, abs=1e-9)


def test_atr_by_hand() -> None:
    state = np.zeros(ta.ATR_SIZE)
    bars = [(10.0, 9.0, 9.5), (11.0, 10.0, 10.5), (10.0, 8.0, 9.0), (9.5, 9.0, 9.5)]
    got = [ta.atr_update(state, 0, 2, *bar) for bar in bars]
    # true ranges 1.5 (gap up from 9.5), 2.5 (down from 10.5), 0.5; then (2 + 0.5) / 2
    assert got == pytest.approx([0.0, 1.5, 2.0, 1.25])
