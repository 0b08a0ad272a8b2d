"""
Cost of an import, against the same rows through Nautilus's wranglers and ``write_data``.

Run with ``pytest -n 0 benchmarks/bench_import.py``. Ours is the whole command: SHA-256, unpacking,
parsing, judging, ordering, the book, Parquet, fsync. Nautilus's side is given DataFrames that are
already parsed, so the ratio is in its favour. Both results are compared row by row.
"""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.persistence.wranglers import OrderBookDeltaDataWrangler
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
from nautilus_trader.persistence.wranglers import TradeTickDataWrangler

from nautilus_scalp.data.importer import import_files
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.data.instruments import nautilus_instrument


STEPS = 100_000  # a quote each, a trade every other, a diff of 20 levels every fifth
START_MS = 1_721_347_200_000
BTC = nautilus_instrument(load_specs()["BTCUSDT-PERP.BINANCE"])
type Benchmark = Callable[..., Any]
type Frames = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frames]:
    """Return a recording and its rows as DataFrames."""
    rng = np.random.default_rng(3)
    bids = 600_000 + rng.integers(-1, 2, STEPS).cumsum()
    sizes = rng.integers(1, 9_999, (STEPS, 22))
    lines = [_snapshot()]
    quotes, trades, deltas = [], [], []
    u = last_depth = 100
    for k in range(STEPS):
        ms = START_MS + 3 * k
        bid, ask = f"{bids[k] / 10:.2f}", f"{(bids[k] + 1) / 10:.2f}"
        size = [f"{s / 1000:.3f}" for s in sizes[k]]
        u += 1
        times = {"T": ms, "E": ms, "s": "BTCUSDT"}
        quote = {"e": "bookTicker", "u": u, "b": bid, "B": size[0], "a": ask, "A": size[1]}
        lines.append(_line(ms, "bookTicker", quote | times))
        quotes.append((ms, bid, ask, size[0], size[1]))
        if k % 2 == 0:
            trade = {"e": "trade", "t": k // 2, "p": bid, "q": size[0], "X": "MARKET", "m": True}
            lines.append(_line(ms, "trade", trade | times))
            trades.append((ms, bid, size[0], True, k // 2))
        if k % 5 == 0:
            u += 1
            levels = [[f"{(500_000 + 7 * j + k % 97) / 10:.2f}", size[j]] for j in range(2, 22)]
            depth = {"e": "depthUpdate", "U": u, "u": u, "pu": last_depth, "b": levels, "a": []}
            lines.append(_line(ms, "depth@0ms", depth | times))
            last_depth = u
            deltas += [
                (ms, "UPDATE", "BUY", price, amount, 0, 128 * (j == len(levels) - 1), u)
                for j, (price, amount) in enumerate(levels)
            ]
    path = tmp_path_factory.mktemp("raw") / "btc.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode(), 6))
    return path, {
        "quotes": _frame(quotes, ["bid_price", "ask_price", "bid_size", "ask_size"]),
        "trades": _frame(trades, ["price", "quantity", "buyer_maker", "trade_id"]),
        "deltas": _frame(
            deltas, ["action", "side", "price", "size", "order_id", "flags", "sequence"]
        ),
    }


def _snapshot() -> str:
    bids = [[f"{40_000 - k}.00", "1.000"] for k in range(100)]
    asks = [[f"{80_000 + k}.00", "1.000"] for k in range(100)]
    message = {"lastUpdateId": 100, "E": START_MS, "T": START_MS, "bids": bids, "asks": asks}
    return f"{START_MS * 1000} " + json.dumps(message)


def _line(ms: int, stream: str, data: dict[str, object]) -> str:
    return f"{ms * 1000} " + json.dumps({"stream": f"btcusdt@{stream}", "data": data})


def _frame(rows: list[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ms", *columns])
    frame.index = pd.to_datetime(frame.pop("ms"), unit="ms", utc=True)
    numbers = [c for c in columns if c in _NUMBERS]
    return frame.astype(dict.fromkeys(numbers, np.float64))


_NUMBERS = {"bid_price", "ask_price", "bid_size", "ask_size", "price", "size", "quantity"}


def _nautilus(frames: Frames, folder: Path) -> None:
    catalog = ParquetDataCatalog(str(folder))
    catalog.write_data(QuoteTickDataWrangler(BTC).process(frames["quotes"]))
    catalog.write_data(TradeTickDataWrangler(BTC).process(frames["trades"]))
    catalog.write_data(OrderBookDeltaDataWrangler(BTC).process(frames["deltas"]))


def _rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every stored row by its own values; ``ts_init`` is ours and left out."""
    catalog = ParquetDataCatalog(str(folder))
    diffs = [d for d in catalog.query(OrderBookDelta) if not d.flags & 32]
    return {
        "quotes": [
            (q.ts_event, q.bid_price.raw, q.ask_price.raw, q.bid_size.raw, q.ask_size.raw)
            for q in catalog.query(QuoteTick)
        ],
        "trades": [
            (t.ts_event, t.price.raw, t.size.raw, int(t.aggressor_side), t.trade_id.value)
            for t in catalog.query(TradeTick)
        ],
        "deltas": [
            (d.ts_event, int(d.action), d.order.price.raw, d.order.size.raw, d.flags, d.sequence)
            for d in diffs
        ],
    }


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # the wranglers'
def test_import_is_five_times_faster_than_the_wranglers(
    benchmark: Benchmark,
    market: tuple[Path, Frames],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, frames = market
    import_files([path], tmp_path / "first")  # compiles what is not in numba's cache yet
    folders = [tmp_path / f"ours {k}" for k in range(5)]
    fresh = iter(folders)
    benchmark.pedantic(import_files, setup=lambda: (([path], next(fresh)), {}), rounds=len(folders))
    times = []
    for k in range(2):
        start = time.perf_counter()
        _nautilus(frames, tmp_path / f"nautilus {k}")
        times.append(time.perf_counter() - start)
    ours, theirs = _rows(folders[0]), _rows(tmp_path / "nautilus 0")
    assert ours == theirs
    rows = sum(len(part) for part in ours.values())
    ratio = min(times) / benchmark.stats.stats.min
    benchmark.extra_info |= {"rows": rows, "nautilus_s": min(times), "ratio": ratio}
    with capsys.disabled():
        print(f"\n{rows:,} rows: {ratio:.1f} times as fast as wranglers and write_data")  # noqa: T201
    assert ratio >= 5
