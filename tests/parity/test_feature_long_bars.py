"""Indicators on bars of 1 to 15 minutes against pandas, over a day of quotes with pauses."""
# ruff: noqa: PD011  (the values of a tape or a matrix, not of a data frame)

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from nautilus_scalp.features.catalogue import specify
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


START_NS = 1_700_000_000_000_000_000
PARAMS = FeatureParams(reset_gap_ms=1_800_000)  # a thin market may be silent for a while
CLOCKS = {"1m": "1min", "5m": "5min", "15m": "15min"}
INDICATORS = (
    "rsi(14)", "williams(14)", "bollinger(20)", "efficiency(10)", "skew(30)", "kurtosis(30)",
    "autocorrelation(30)",
)  # fmt: skip


def perpetual(name: str) -> InstrumentFacts:
    return InstrumentFacts(instrument_id=name, price_precision=2, size_precision=3, tick_size=0.01)


def a_day(names: tuple[str, ...], quotes: int = 30_000, seed: int = 2) -> Tape:
    """Quotes some three seconds apart with pauses of up to 20 minutes, in turn for each name."""
    rng = np.random.default_rng(seed)
    gaps_ms = rng.exponential(3_000.0, quotes)
    gaps_ms[rng.integers(0, quotes, 12)] += rng.uniform(300_000.0, 1_200_000.0, 12)
    time_ns = START_NS + gaps_ms.cumsum().astype(np.int64) * 1_000_000 + np.arange(quotes)
    bid = np.round(1_000.0 + 0.01 * rng.integers(-3, 4, quotes).cumsum(), 2)
    sizes = rng.integers(1, 5_000, (quotes, 2)) / 1_000
    return Tape(
        instruments=tuple(perpetual(name) for name in names),
        kind=np.full(quotes, QUOTE, np.uint8),
        instrument=(np.arange(quotes) % len(names)).astype(np.int16),
        ts_event_ns=time_ns,
        ts_init_ns=time_ns,
        values=np.column_stack((bid, np.round(bid + 0.02, 2), sizes)),
    )


def by_pandas(
    times_ns: npt.NDArray[np.int64], mid: npt.NDArray[np.float64], rule: str
) -> pd.DataFrame:
    """Return the indicators of every bar, stamped with the bar's end."""
    series = pd.Series(mid, index=pd.to_datetime(times_ns))
    bars = series.resample(rule, label="right", closed="left").ohlc().dropna()
    close, move = bars["close"], bars["close"].diff()
    high, low = bars["high"].rolling(14).max(), bars["low"].rolling(14).min()
    gains, losses = _wilder(move.clip(lower=0.0), 14), _wilder((-move).clip(lower=0.0), 14)
    found = {
        "rsi(14)": 100.0 * gains / (gains + losses),
        "williams(14)": 100.0 * (close - low) / (high - low) - 100.0,
        "bollinger(20)": (close - close.rolling(20).mean()) / close.rolling(20).std(ddof=0),
        "efficiency(10)": close.diff(10) / move.abs().rolling(10).sum(),
        "skew(30)": move.rolling(30).apply(_moment(3), raw=True),
        "kurtosis(30)": move.rolling(30).apply(_moment(4), raw=True) - 3.0,
        "autocorrelation(30)": move.rolling(30).apply(_lagged, raw=True),
    }
    return pd.DataFrame(found)


def _wilder(values: pd.Series, length: int) -> pd.Series:
    """Wilder's average: the mean of the first `length`, then 1 / `length` of every new one."""
    seeded = values.copy()
    seeded.iloc[:length] = np.nan
    seeded.iloc[length] = values.iloc[1 : length + 1].mean()
    return seeded.ewm(alpha=1.0 / length, adjust=False).mean()


def _moment(power: int):  # noqa: ANN202  (a function of an array)
    return lambda x: ((x - x.mean()) ** power).mean() / x.std() ** power


def _lagged(x: npt.NDArray[np.float64]) -> float:
    centred = x - x.mean()
    return float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())


@pytest.mark.parametrize("clock", CLOCKS)
def test_indicators_of_long_bars_are_those_of_pandas(clock: str) -> None:
    tape = a_day(("BTCUSDT-PERP.BINANCE",))
    names = tuple(f"{indicator}.{clock}" for indicator in INDICATORS)
    matrix = compute_matrix(tape, PARAMS, names)
    assert len(set(matrix.segment.tolist())) == 1
    reference = by_pandas(matrix.ts_event_ns, matrix.mid, CLOCKS[clock])
    ends_ns = reference.index.astype("datetime64[ns]").astype(np.int64).to_numpy()
    last_bar = np.searchsorted(ends_ns, matrix.ts_event_ns, side="right") - 1  # closed by then
    need = max(specify(name, 0.0).warm_up.bars for name in names)
    np.testing.assert_array_equal(matrix.ready, last_bar + 1 >= need)
    assert matrix.ready.sum() > 20_000
    expected = reference[list(INDICATORS)].to_numpy()[last_bar[matrix.ready]]
    np.testing.assert_allclose(matrix.values[matrix.ready], expected, rtol=1e-7, atol=1e-7)


def test_basis_and_peers_are_of_quotes_that_came_before() -> None:
    """Every BTC row against a plain search for the last quote of the spot market and of ETH."""
    names = ("BTCUSDT-PERP.BINANCE", "BTCUSDT.BINANCE", "ETHUSDT-PERP.BINANCE")
    tape = a_day(names, quotes=3_000)
    matrix = compute_matrix(tape, PARAMS, ("basis.now", "peer_imbalance.now"))
    bids, asks, bid_sizes, ask_sizes = tape.values.T
    mid = 0.5 * (bids + asks)
    imbalance = (bid_sizes - ask_sizes) / (bid_sizes + ask_sizes)
    rows = np.flatnonzero((matrix.instrument == 0) & matrix.ready)
    assert len(rows) > 500
    for row in rows:
        now = int(np.flatnonzero(tape.ts_init_ns == matrix.ts_init_ns[row])[0])
        spot = max(np.flatnonzero(tape.instrument[:now] == 1))
        eth = max(np.flatnonzero(tape.instrument[:now] == 2))
        basis = 1e4 * np.log(mid[now] / mid[spot])
        np.testing.assert_allclose(matrix.values[row], (basis, imbalance[eth]), rtol=1e-9)


def test_a_later_quote_of_another_instrument_changes_nothing_before_it() -> None:
    tape = a_day(("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"), quotes=2_000)
    selection = ("peer_imbalance.now", "peer_correlation(60).1m")

    def vectors(last_eth: float) -> list[bytes]:
        engines = build_engines(tape.instruments, PARAMS, selection)
        found = []
        for i, event in enumerate(tape.values.tolist()):
            bid_size = last_eth if i == 1_501 else event[2]
            quote = (event[0], event[1], bid_size, event[3])
            engines[tape.instrument[i]].on_quote(int(tape.ts_event_ns[i]), *quote)
            if tape.instrument[i] == 0:
                found.append(engines[0].value.tobytes())
        return found

    one, other = vectors(1.0), vectors(9.0)
    assert one[:751] == other[:751]  # up to the quote before the one that differs
    assert one[751] != other[751]
