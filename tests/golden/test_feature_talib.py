"""
The technical indicators against TA-Lib, to 1e-9.

The reference values are in feature_talib.json, so that the tests do not need TA-Lib. With TA-Lib
0.8.2 installed, ``python tests/golden/test_feature_talib.py`` writes them anew.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.features import bar_windows as bw
from nautilus_scalp.features import technical as ta
from nautilus_scalp.features import trend
from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_variance


REFERENCE = Path(__file__).with_name("feature_talib.json")
BARS = 200
TOLERANCE = 1e-9

type Floats = npt.NDArray[np.float64]


def make_bars() -> tuple[Floats, Floats, Floats, Floats]:
    """Return high, low, close and volume of a random walk with gaps between its bars."""
    rng = np.random.default_rng(11)
    path = 100.0 + rng.normal(scale=0.4, size=5 * BARS).cumsum().reshape(BARS, 5)
    volume = rng.integers(1_000, 90_000, BARS).astype(np.float64)
    return path.max(axis=1), path.min(axis=1), path[:, -1].copy(), volume


HIGH, LOW, CLOSE, VOLUME = make_bars()


def _each(size: int, update: Callable[[Floats, int], float]) -> Floats:
    """Run one indicator over the bars: `update` takes the state and the bar's number."""
    state = np.zeros(size)
    return np.array([update(state, i) for i in range(BARS)])


def _bar(i: int) -> tuple[float, float, float]:
    return (HIGH[i], LOW[i], CLOSE[i])


def _typical(i: int) -> float:
    return float(sum(_bar(i)) / 3.0)


def _stochastic(state: Floats, i: int, *, twice: bool) -> float:
    place = ta.range_position_update(state, 0, 14, *_bar(i))
    fast = ta.range_size(14)
    slow = fast + window_size(3)
    if window_count(state, 0) == 14:  # TA-Lib smooths full windows only
        window_push(state, fast, 3, place)
        if window_count(state, fast) == 3:
            window_push(state, slow, 3, window_mean(state, fast))
    return window_mean(state, slow if twice else fast)


def _line(state: Floats, i: int) -> float:
    ta.macd_update(state, 0, 12, 26, 9, CLOSE[i])
    return ta.macd_line(state, 0, 26)


def _adx(state: Floats, i: int) -> float:
    trend.direction_update(state, 0, 14, *_bar(i))
    return trend.average_direction(state, 0, 14)


def _bandwidth(state: Floats, i: int) -> float:
    window_push(state, 0, 20, CLOSE[i])
    return float(window_variance(state, 0) ** 0.5)


OURS: dict[str, Callable[[Floats, int], float]] = {
    "ema": lambda s, i: ta.ema_update(s, 0, 20, CLOSE[i]),
    "rsi": lambda s, i: ta.rsi_update(s, 0, 14, CLOSE[i]),
    "macd": lambda s, i: ta.macd_update(s, 0, 12, 26, 9, CLOSE[i]),
    "macd_line": _line,
    "stochastic": lambda s, i: _stochastic(s, i, twice=False),
    "stochastic_d": lambda s, i: _stochastic(s, i, twice=True),
    "bollinger": lambda s, i: ta.bollinger_update(s, 0, 20, CLOSE[i]),
    "bandwidth": _bandwidth,
    "williams": lambda s, i: ta.range_position_update(s, 0, 14, *_bar(i)) - 100.0,
    "cci": lambda s, i: ta.cci_update(s, 0, 20, _typical(i)),
    "atr": lambda s, i: ta.atr_update(s, 0, 14, *_bar(i)),
    "direction": lambda s, i: trend.direction_update(s, 0, 14, *_bar(i)),
    "adx": _adx,
    "money_flow": lambda s, i: trend.money_flow_update(s, 0, 14, _typical(i), VOLUME[i]),
    "aroon": lambda s, i: trend.aroon_update(s, 0, 25, HIGH[i], LOW[i]),
    "ultimate": lambda s, i: trend.ultimate_update(s, 0, (7, 14, 28), _bar(i)),
    "kama": lambda s, i: trend.kama_update(s, 0, 10, CLOSE[i]),
    "tema": lambda s, i: trend.tema_update(s, 0, 10, CLOSE[i]),
    "slope": lambda s, i: bw.slope_update(s, 0, 14, CLOSE[i]),
    "momentum": lambda s, i: bw.momentum_update(s, 0, 10, CLOSE[i]),
}


def reference() -> dict[str, list[float | None]]:
    """Compute the same with TA-Lib."""
    import talib  # noqa: PLC0415  only to write the reference

    line, _, histogram = talib.MACD(CLOSE, 12, 26, 9)
    slow_k, slow_d = talib.STOCH(HIGH, LOW, CLOSE, 14, 3, 0, 3, 0)
    upper, middle, _ = talib.BBANDS(CLOSE, 20, 1.0, 1.0, 0)
    plus, minus = talib.PLUS_DI(HIGH, LOW, CLOSE, 14), talib.MINUS_DI(HIGH, LOW, CLOSE, 14)
    values = {
        "ema": talib.EMA(CLOSE, 20),
        "rsi": talib.RSI(CLOSE, 14),
        "macd": histogram,
        "macd_line": line,
        "stochastic": slow_k,
        "stochastic_d": slow_d,
        "bollinger": (CLOSE - middle) / (upper - middle),
        "bandwidth": upper - middle,
        "williams": talib.WILLR(HIGH, LOW, CLOSE, 14),
        "cci": talib.CCI(HIGH, LOW, CLOSE, 20),
        "atr": talib.ATR(HIGH, LOW, CLOSE, 14),
        "direction": plus - minus,
        "adx": talib.ADX(HIGH, LOW, CLOSE, 14),
        "money_flow": talib.MFI(HIGH, LOW, CLOSE, VOLUME, 14),
        "aroon": talib.AROONOSC(HIGH, LOW, 25),
        "ultimate": talib.ULTOSC(HIGH, LOW, CLOSE, 7, 14, 28),
        "kama": talib.KAMA(CLOSE, 10),
        "tema": talib.TEMA(CLOSE, 10),
        "slope": talib.LINEARREG_SLOPE(CLOSE, 14),
        "momentum": talib.MOM(CLOSE, 10),
    }
    return {
        name: [None if np.isnan(value) else float(value) for value in column]
        for name, column in values.items()
    }


@pytest.mark.parametrize("name", list(OURS))
def test_equal_to_talib(name: str) -> None:
    expected = np.array(json.loads(REFERENCE.read_text())[name], np.float64)
    known = np.isfinite(expected)
    values = _each(500, OURS[name])
    assert known.sum() > BARS - 60
    difference = np.abs(values[known] - expected[known])
    assert (difference <= TOLERANCE * np.maximum(1.0, np.abs(expected[known]))).all()


if __name__ == "__main__":
    REFERENCE.write_text(json.dumps(reference(), separators=(",", ":")) + "\n")
