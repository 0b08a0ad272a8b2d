"""
The same indicators, on the same events, by river, talipp, polars and pandas.

Run with ``pytest -n 0 benchmarks/bench_peers.py -s``, alone on the machine. Each test takes turns
of our engine and a peer, checks that both say the same, and prints medians and the ratio. Our
engine is given whole quotes, and reads, checks, rounds and decays them as always; the peers are
given the finished sources (imbalance, microprice), their fastest way of updating, and one thread.
Quotes come at an even pace, because the peers' averages know no time. In batch the peers compute a
column at a time and ours an event at a time, so that what counts is how many columns there are.
"""
# ruff: noqa: PD011  (the values of a tape or a matrix, not of a data frame)

import math
import os
import time
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any


os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pytest
from river import stats
from river import utils
from talipp.indicators import BB
from talipp.indicators import CCI
from talipp.indicators import MACD
from talipp.indicators import RSI
from talipp.indicators import Stoch
from talipp.indicators import Williams
from talipp.ohlcv import OHLCV

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.kernels import decay
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
PARAMS = FeatureParams(scale_half_life_ms=1_000.0)
PACE_MS = 10
STREAMED, BATCHED, TURNS = 6_000, 100_000, 5
HALF_LIVES_MS = {"500ms": 500.0, "2s": 2_000.0, "10s": 10_000.0, "60s": 60_000.0}

RIVER = (
    *(f"imbalance.mean.{h}" for h in HALF_LIVES_MS), "imbalance.std.2s", "imbalance.std.60s",
    *(f"spread.mean.{h}" for h in HALF_LIVES_MS), "spread.std.2s", "spread.std.60s",
    "bollinger(20).tick", "williams(20).tick",
)  # fmt: skip
TALIPP = (
    "rsi(14).tick", "macd(12,26,9).tick", "bollinger(20).tick", "cci(14).tick", "williams(20).tick",
    "stochastic(14,3).tick",
)  # fmt: skip
type Floats = npt.NDArray[np.float64]
type Benchmark = Callable[..., Any]
type Quotes = list[tuple[int, float, float, float, float]]


def market(count: int) -> Tape:
    """Return a random walk of quotes with a spread of one to three ticks."""
    rng = np.random.default_rng(1)
    bid = np.round(60_000.0 + 0.1 * rng.integers(-1, 2, count).cumsum(), 1)
    ask = np.round(bid + 0.1 * rng.integers(1, 4, count), 1)
    size = rng.integers(1, 5_000, (count, 2)) / 1_000.0
    time_ns = (1_700_000_000_000 + PACE_MS * np.arange(count)) * 1_000_000
    return Tape(
        instruments=(FACTS,),
        kind=np.full(count, QUOTE, np.uint8),
        instrument=np.zeros(count, np.int16),
        ts_event_ns=time_ns,
        ts_init_ns=time_ns,
        values=np.column_stack((bid, ask, size)),
    )


def sources(tape: Tape) -> tuple[Floats, Floats, Floats]:
    """Return imbalance, log spread and microprice (in ticks from the first mid) of every quote."""
    bid, ask, bid_size, ask_size = tape.values.T
    imbalance = (bid_size - ask_size) / (bid_size + ask_size)
    mid = 0.5 * (bid + ask)
    spread = np.rint((ask - bid) / FACTS.tick_size)
    microprice = (mid - mid[0]) / FACTS.tick_size + 0.5 * spread * imbalance
    return imbalance, np.log(spread), microprice


def quotes_of(tape: Tape) -> Quotes:
    return [(int(t), *row) for t, row in zip(tape.ts_event_ns, tape.values.tolist(), strict=True)]


def streamed(names: Sequence[str], quotes: Quotes) -> tuple[float, Floats]:
    """Return seconds a quote and the last vector of our engine."""
    engine = FeatureEngine(FACTS, PARAMS, names)
    started = time.perf_counter()
    for quote in quotes:
        engine.on_quote(*quote)
    return (time.perf_counter() - started) / len(quotes), engine.value.copy()


def compare(benchmark: Benchmark, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    """Take turns; both return seconds an event."""
    ours()
    taken = np.array([(ours(), theirs()) for _ in range(TURNS)])
    our_s, their_s = np.median(taken, axis=0)
    info = benchmark.extra_info  # type: ignore[attr-defined]
    info["ours_us"], info["theirs_us"] = round(1e6 * our_s, 3), round(1e6 * their_s, 3)
    info["ratio"] = round(their_s / our_s, 2)
    print(f"\nours {1e6 * our_s:.3f} us an event, theirs {1e6 * their_s:.3f}: {info['ratio']} x")  # noqa: T201
    benchmark.pedantic(ours, rounds=1, iterations=1)


class RiverBank:
    """The indicators of `RIVER` by river; a value is their state after the last event."""

    def __init__(self) -> None:
        self._means = [
            [stats.EWMean(fading_factor=1.0 - decay(PACE_MS, h)) for h in HALF_LIVES_MS.values()]
            for _ in range(2)
        ]
        self._variances = [
            [stats.EWVar(fading_factor=1.0 - decay(PACE_MS, h)) for h in (2_000.0, 60_000.0)]
            for _ in range(2)
        ]
        self._mean = utils.Rolling(stats.Mean, window_size=20)
        self._variance = utils.Rolling(stats.Var, window_size=20, ddof=0)
        self._high, self._low = stats.RollingMax(20), stats.RollingMin(20)

    def update(self, imbalance: float, spread: float, price: float) -> list[float]:
        """Take an event's sources and return the indicators."""
        values = []
        for x, means, variances in zip(
            (imbalance, spread), self._means, self._variances, strict=True
        ):
            for mean in means:
                mean.update(x)
                values.append(mean.get())
            for variance in variances:
                variance.update(x)
                values.append(math.sqrt(max(variance.get(), 0.0)))
        for window in (self._mean, self._variance, self._high, self._low):
            window.update(price)
        deviation = math.sqrt(self._variance.get())
        values.append((price - self._mean.get()) / deviation if deviation else 0.0)
        spread = self._high.get() - self._low.get()
        place = (price - self._low.get()) / spread if spread else 0.5
        return [*values, 100.0 * place - 100.0]


def test_river_streaming(benchmark: Benchmark) -> None:
    tape = market(STREAMED)
    quotes, rows = quotes_of(tape), list(zip(*(s.tolist() for s in sources(tape)), strict=True))
    last: list[float] = []

    def theirs() -> float:
        bank = RiverBank()
        started = time.perf_counter()
        for row in rows:
            last[:] = bank.update(*row)
        return (time.perf_counter() - started) / len(rows)

    compare(benchmark, lambda: streamed(RIVER, quotes)[0], theirs)
    ours = streamed(RIVER, quotes)[1]
    known = [i for i, name in enumerate(RIVER) if "60s" not in name and "10s" not in name]
    # river starts an average at its first value, ours is unbiased: the same after some half lives
    np.testing.assert_allclose(ours[known], np.array(last)[known], rtol=1e-5, atol=1e-5)


def test_talipp_streaming(benchmark: Benchmark) -> None:
    tape = market(STREAMED)
    quotes, prices = quotes_of(tape), sources(tape)[2].tolist()
    last: list[float] = []

    def theirs() -> float:
        closes = (RSI(14), MACD(12, 26, 9), BB(20, 1.0))
        bars = (CCI(14), Williams(20), Stoch(14, 3))
        kept = (*closes, *bars)
        started = time.perf_counter()
        for number, price in enumerate(prices):
            bar = OHLCV(price, price, price, price)
            for indicator in closes:
                indicator.add(price)
            for indicator in bars:
                indicator.add(bar)
            if number % 256 == 0:  # talipp keeps all it ever saw unless it is told to forget
                for indicator in kept:
                    indicator.purge_oldest(max(len(indicator) - 64, 0))
        seconds = (time.perf_counter() - started) / len(prices)
        rsi, _, bands = (indicator[-1] for indicator in closes)
        place = (prices[-1] - bands.cb) / (bands.ub - bands.cb)
        last[:] = [rsi, place, bars[0][-1], bars[1][-1], bars[2][-1].d]
        return seconds

    compare(benchmark, lambda: streamed(TALIPP, quotes)[0], theirs)
    ours = streamed(TALIPP, quotes)[1]
    np.testing.assert_allclose(ours[[0, 2, 3, 4, 5]], last, rtol=1e-6, atol=1e-6)


def averages(half_lives_ms: Sequence[int]) -> tuple[str, ...]:
    """Name means and deviations of both sources, as the peers' columns are ordered."""
    return tuple(
        f"{source}.{operation}.{half_life}ms"
        for source in ("imbalance", "spread")
        for operation in ("mean", "std")
        for half_life in half_lives_ms
    )


def by_polars(imbalance: Floats, spread: Floats, half_lives_ms: Sequence[int]) -> pl.DataFrame:
    """Return `averages` for all rows."""
    alphas = [1.0 - decay(PACE_MS, half_life) for half_life in half_lives_ms]
    columns = []
    for source in ("imbalance", "spread"):
        column = pl.col(source)
        columns += [column.ewm_mean(alpha=alpha, adjust=True) for alpha in alphas]
        columns += [column.ewm_std(alpha=alpha, adjust=True, bias=True) for alpha in alphas]
    frame = pl.DataFrame({"imbalance": imbalance, "spread": spread})
    return frame.select(column.alias(str(i)) for i, column in enumerate(columns))


def by_pandas(imbalance: Floats, spread: Floats, half_lives_ms: Sequence[int]) -> pd.DataFrame:
    """Return `averages` for all rows."""
    alphas = [1.0 - decay(PACE_MS, half_life) for half_life in half_lives_ms]
    columns = []
    for source in (pd.Series(imbalance), pd.Series(spread)):
        columns += [source.ewm(alpha=alpha).mean() for alpha in alphas]
        columns += [source.ewm(alpha=alpha).std(bias=True) for alpha in alphas]
    return pd.concat(columns, axis=1)


@pytest.mark.parametrize("count", [3, 60])
@pytest.mark.parametrize("peer", [by_polars, by_pandas])
def test_batch(
    benchmark: Benchmark, peer: Callable[..., pl.DataFrame | pd.DataFrame], count: int
) -> None:
    tape = market(BATCHED)
    imbalance, spread, _ = sources(tape)
    half_lives_ms = [500 + 250 * i for i in range(count)]
    names = averages(half_lives_ms)
    benchmark.extra_info["features"] = len(names)  # type: ignore[attr-defined]

    def ours() -> float:
        started = time.perf_counter()
        compute_matrix(tape, PARAMS, names)
        return (time.perf_counter() - started) / BATCHED

    def theirs() -> float:
        started = time.perf_counter()
        peer(imbalance, spread, half_lives_ms)
        return (time.perf_counter() - started) / BATCHED

    compare(benchmark, ours, theirs)
    values = compute_matrix(tape, PARAMS, names).values
    found = peer(imbalance, spread, half_lives_ms).to_numpy()
    np.testing.assert_allclose(values[100:], found[100:], rtol=1e-6, atol=1e-6)
