"""A recorded message becomes the same object as when the live client receives it."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from nautilus_trader.adapters.binance.common.schemas.market import BinanceOrderBookData
from nautilus_trader.adapters.binance.common.schemas.market import BinanceQuoteData
from nautilus_trader.adapters.binance.futures.schemas.market import BinanceFuturesTradeData
from nautilus_trader.backtest.config import BacktestDataConfig
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.config import BacktestRunConfig
from nautilus_trader.backtest.config import BacktestVenueConfig
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import DataEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.importer import import_files


BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
START = 1_721_347_200_000
TYPES = (QuoteTick, TradeTick, OrderBookDelta, OrderBookDepth10)

type Messages = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Messages]:
    """Return a catalog and the messages that it was made from, by stream."""
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("recorded")
    lines = [_snapshot()]
    messages: Messages = {"bookTicker": [], "trade": [], "depth": []}
    u = last_depth = 100
    for k in range(400):
        ms = START + 7 * k
        u += 1
        tick = int(rng.integers(0, 50))
        times = {"E": ms + 1, "T": ms, "s": "BTCUSDT"}
        quote = {"e": "bookTicker", "u": u, "b": f"{6395 + tick}.10", "a": f"{6395 + tick}.20"}
        quote |= {"B": f"{rng.integers(1, 9999) / 1000:.3f}", "A": "0.001", **times}
        trade = {"e": "trade", "t": k, "p": f"{6395 + tick}.10", "q": "12.345", **times}
        trade |= {"X": "MARKET", "m": bool(rng.integers(0, 2))}
        level = [f"{6000 + tick}.50", f"{rng.integers(0, 3)}.000"]
        depth = {"e": "depthUpdate", "U": last_depth + 1, "u": u + 1, "pu": last_depth, **times}
        depth |= {"b": [level], "a": [] if k % 2 else [["7000.00", f"{k}.000"]]}
        u = last_depth = u + 1
        for name, data in (("bookTicker", quote), ("trade", trade), ("depth", depth)):
            messages[name].append(data)
            stream = f"btcusdt@{name}{'@0ms' if name == 'depth' else ''}"
            lines.append(f"{ms * 1000} " + json.dumps({"stream": stream, "data": data}))
    path = folder / "btc.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    import_files([path], folder / "catalog")
    return folder / "catalog", messages


def _snapshot() -> str:
    bids = [[f"{6500 - k}.00", "1.000"] for k in range(20)]
    asks = [[f"{6600 + k}.00", "2.000"] for k in range(20)]
    message = {"lastUpdateId": 100, "E": START, "T": START, "bids": bids, "asks": asks}
    return f"{START * 1000} " + json.dumps(message)


def test_quotes(recorded: tuple[Path, Messages]) -> None:
    stored = ParquetDataCatalog(str(recorded[0])).query(QuoteTick)
    received = [
        msgspec.convert(data, BinanceQuoteData).parse_to_quote_tick(BTC, 1)
        for data in recorded[1]["bookTicker"]
    ]
    fields = ("bid_price", "ask_price", "bid_size", "ask_size")
    assert [_values(tick, fields) for tick in stored] == [_values(t, fields) for t in received]


def test_trades(recorded: tuple[Path, Messages]) -> None:
    stored = ParquetDataCatalog(str(recorded[0])).query(TradeTick)
    received = [
        msgspec.convert(data, BinanceFuturesTradeData).parse_to_trade_tick(BTC, 1)
        for data in recorded[1]["trade"]
    ]
    assert [_trade(tick) for tick in stored] == [_trade(tick) for tick in received]


def test_deltas(recorded: tuple[Path, Messages]) -> None:
    stored = ParquetDataCatalog(str(recorded[0])).query(OrderBookDelta)
    received = [
        delta
        for data in recorded[1]["depth"]
        for delta in msgspec.convert(data, BinanceOrderBookData)
        .parse_to_order_book_deltas(BTC, 1)
        .deltas
    ]
    assert len(stored) == 41 + len(received)
    assert [_delta(delta) for delta in stored[41:]] == [_delta(delta) for delta in received]
    assert str(stored[0].action) == str(OrderBookDelta.clear(BTC, 0, 0, 0).action)


def test_all_types_together_have_one_order(recorded: tuple[Path, Messages]) -> None:
    catalog = ParquetDataCatalog(str(recorded[0]))
    stamps = [data.ts_init for kind in TYPES for data in catalog.query(kind)]
    assert len(set(stamps)) == len(stamps)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # Nautilus's own
def test_a_run_does_not_depend_on_chunking(recorded: tuple[Path, Messages]) -> None:
    whole, chunked = (_events(recorded[0], chunk) for chunk in (None, 100))
    assert len(whole) == 1_200 + 29
    assert whole == chunked
    # the sampled book is the book that the engine has built from the deltas by then
    assert [event[2:] for event in whole if event[1] == "depth"] == [
        (str(depth.bids[0].price), str(depth.asks[0].price))
        for depth in ParquetDataCatalog(str(recorded[0])).query(OrderBookDepth10)
    ]


class EventRecorder(Actor):
    """Notes every event, and with a sampled book the best prices of the engine's own."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[Any, ...]] = []

    def on_start(self) -> None:
        """Subscribe everything that the catalog holds, the book by its deltas only."""
        self.subscribe_quote_ticks(BTC)
        self.subscribe_trade_ticks(BTC)
        self.subscribe_order_book_deltas(BTC, BookType.L2_MBP)
        self.msgbus.subscribe(topic="data.book.depth.BINANCE.BTCUSDT-PERP", handler=self.on_depth)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Note a quote."""
        self.events.append((tick.ts_init, "quote"))

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Note a trade."""
        self.events.append((tick.ts_init, "trade"))

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """Note a change of the book."""
        self.events.append((deltas.ts_init, "deltas"))

    def on_depth(self, depth: OrderBookDepth10) -> None:
        """Note a sampled book, which does not touch the engine's own."""
        book = self.cache.order_book(BTC)
        best = (str(book.best_bid_price()), str(book.best_ask_price()))
        self.events.append((depth.ts_init, "depth", *best))


def _events(catalog: Path, chunk_size: int | None) -> list[tuple[Any, ...]]:
    data = [
        BacktestDataConfig(catalog_path=str(catalog), data_cls=kind, instrument_id=BTC)
        for kind in TYPES
    ]
    config = BacktestRunConfig(
        venues=[
            BacktestVenueConfig(
                name="BINANCE",
                oms_type="NETTING",
                account_type="MARGIN",
                starting_balances=["1000 USDT"],
                book_type="L2_MBP",
            ),
        ],
        data=data,
        chunk_size=chunk_size,
        raise_exception=True,
        dispose_on_completion=False,
        engine=BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            data_engine=DataEngineConfig(buffer_deltas=True),
        ),
    )
    node = BacktestNode([config])
    node.build()
    recorder = EventRecorder()
    node.get_engines()[0].add_actor(recorder)
    node.run()
    return recorder.events


def _microseconds(ts_event: int) -> int:
    """Drop what the live client loses when it multiplies milliseconds as floats (up to 128 ns)."""
    return round(ts_event / 1000)


def _values(tick: QuoteTick, names: tuple[str, ...]) -> list[object]:
    return [_microseconds(tick.ts_event), *(str(getattr(tick, name)) for name in names)]


def _trade(tick: TradeTick) -> tuple[object, ...]:
    side = int(tick.aggressor_side)
    values = (str(tick.price), str(tick.size), side, tick.trade_id.value)
    return (_microseconds(tick.ts_event), *values)


def _delta(delta: OrderBookDelta) -> tuple[object, ...]:
    order = delta.order
    assert isinstance(order.price, Price)
    assert isinstance(order.size, Quantity)
    assert order.side in (OrderSide.BUY, OrderSide.SELL)
    head = (_microseconds(delta.ts_event), int(delta.action), int(order.side))
    return (*head, delta.flags, delta.sequence, str(order.price), str(order.size))
