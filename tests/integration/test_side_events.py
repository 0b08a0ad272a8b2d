"""Depth, mark prices and funding rates in the ensemble actor: replayed, subscribed to, taped."""

import shutil
from collections.abc import Callable
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from nautilus_trader.adapters.binance.futures.types import BinanceFuturesMarkPriceUpdate
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import DataType
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.ensemble import EnsembleActorConfig
from nautilus_scalp.bridge import instrument_facts
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.bridge import trade_values
from nautilus_scalp.data import catalog as reading
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.catalog import side_events
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.catalogue import side_kinds
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.tape import write_tape
from tests.fakes.small_model import FEATURES
from tests.fakes.small_model import write_artifact
from tests.integration.conftest import NS_PER_MS
from tests.integration.conftest import START_NS
from tests.integration.conftest import Desk


pytestmark = [
    pytest.mark.filterwarnings("ignore:Timestamp.utcnow"),
    pytest.mark.filterwarnings("ignore:'d' is deprecated"),  # Nautilus, on subscribing to a book
]

SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample"
BTC = "BTCUSDT-PERP.BINANCE"
NAMES = (
    "imbalance.now", "pressure.now", "imbalance_5.mean.2s", "level_flow_1.sum.500ms",
    "mark_gap.now", "funding_rate.now", "order_flow.sum.100ms",
)  # fmt: skip
DEPTH_ONLY = ("imbalance.now", "pressure.now", "imbalance_5.mean.2s", "order_flow.sum.100ms")
SIDE = frozenset({DEPTH, MARK, FUNDING})


class Keeper(EnsembleActor):
    """Keeps every vector that a signal was made of."""

    def __init__(self, config: EnsembleActorConfig) -> None:
        super().__init__(config)
        self.vectors: list[tuple[str, int, bytes]] = []

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Keep it."""
        before = self.signals_published
        super().on_quote_tick(tick)
        if self.signals_published > before:
            name = tick.instrument_id.value
            self.vectors.append((name, tick.ts_init, self.features(tick.instrument_id).tobytes()))


def batch_vectors(tape: Tape, names: tuple[str, ...]) -> list[tuple[str, int, bytes]]:
    """Return what the batch makes of the quotes on which everything is warm."""
    matrix = compute_matrix(tape, FEATURES, names)
    ids = [facts.instrument_id for facts in tape.instruments]
    return [
        (ids[matrix.instrument[row]], int(matrix.ts_init_ns[row]), matrix.values[row].tobytes())
        for row in np.flatnonzero(matrix.ready)
    ]


def with_side_events(desk: Desk, seed: int) -> Tape:
    """Return a desk's quotes and trades among books, mark prices and funding rates of a tape."""
    rng = np.random.default_rng(seed)
    last_ns = desk.tape[-1].ts_init
    rows: list[tuple[int, int, list[float]]] = []
    books: list[npt.NDArray[np.float64]] = []
    for tick in desk.tape:
        if isinstance(tick, QuoteTick):
            rows.append((tick.ts_init, QUOTE, [*quote_values(tick)]))
        elif isinstance(tick, TradeTick):
            rows.append((tick.ts_init, TRADE, [*trade_values(tick), 0.0]))
    free = np.setdiff1d(np.arange(START_NS, last_ns, 20 * NS_PER_MS), [row[0] for row in rows])
    for number, at_ns in enumerate(free.tolist()):
        if number % 5 == 0:
            books.append(random_book(rng))
            rows.append((at_ns, DEPTH, [len(books) - 1.0, 0.0, 0.0, 0.0]))
        elif number % 5 == 1:
            rows.append((at_ns, MARK, [round(100.0 + rng.normal(), 1), 0.0, 0.0, 0.0]))
        elif number % 5 == 2:
            rows.append((at_ns, FUNDING, [round(rng.normal(scale=1e-4), 8), 0.0, 0.0, 0.0]))
    rows.sort()
    times = np.array([row[0] for row in rows])
    return Tape(
        instruments=(instrument_facts(desk.instrument),),
        kind=np.array([row[1] for row in rows], np.uint8),
        instrument=np.zeros(len(rows), np.int16),
        ts_event_ns=times,
        ts_init_ns=times,
        values=np.array([row[2] for row in rows]),
        books=np.array(books),
    )


def random_book(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    steps = rng.integers(1, 3, (10, 2)).cumsum(axis=0) / 10
    sizes = rng.integers(1, 3_000, (10, 2)) / 1_000
    return np.round(np.column_stack((100.0 - steps[:, 0], 100.0 + steps[:, 1], sizes)), 3)


def part(tape: Tape, rows: npt.NDArray[np.intp]) -> Tape:
    """Return some events of a tape."""
    return Tape(
        instruments=tape.instruments,
        kind=tape.kind[rows],
        instrument=tape.instrument[rows],
        ts_event_ns=tape.ts_event_ns[rows],
        ts_init_ns=tape.ts_init_ns[rows],
        values=tape.values[rows],
        books=tape.books,
    )


def in_pieces(
    tape: Tape, length: int, wanted: frozenset[int], needed: frozenset[int]
) -> Iterator[Tape]:
    """Yield the side events of a tape, a few at a time."""
    assert needed <= wanted
    side = np.flatnonzero(np.isin(tape.kind, list(wanted)))
    for first in range(0, len(side), length):
        yield part(tape, side[first : first + length])


def keeper(model: Path, *ids: InstrumentId, indicators: str = "selected") -> Keeper:
    return Keeper(
        EnsembleActorConfig(instrument_ids=list(ids), model_path=str(model), indicators=indicators)
    )


def as_messages(tape: Tape, desk: Desk) -> list[Data]:
    """Return the side events as Nautilus's data engine gets them from Binance's client."""
    found: list[Data] = []
    price = desk.instrument.make_price
    for i in np.flatnonzero(tape.kind > TRADE):
        at_ns, value = int(tape.ts_init_ns[i]), float(tape.values[i, 0])
        if tape.kind[i] == DEPTH:
            levels = tape.books[int(value)]
            found.append(snapshot(desk, levels, at_ns))
        elif tape.kind[i] == MARK:
            found.append(MarkPriceUpdate(desk.instrument_id, price(value), at_ns, at_ns))
        else:
            own = BinanceFuturesMarkPriceUpdate(
                desk.instrument_id,
                *(price(100.0),) * 3,
                Decimal(str(value)),
                0,
                at_ns,
                at_ns,
            )
            kind = DataType(
                BinanceFuturesMarkPriceUpdate, metadata={"instrument_id": desk.instrument_id}
            )
            found.append(CustomData(data_type=kind, data=own))
    return found


def snapshot(desk: Desk, levels: npt.NDArray[np.float64], at_ns: int) -> OrderBookDeltas:
    """Return a whole book as Binance's client makes it of a partial depth message."""
    deltas = [OrderBookDelta.clear(desk.instrument_id, 0, at_ns, at_ns)]
    for side, column in ((OrderSide.BUY, 0), (OrderSide.SELL, 1)):
        for row in range(len(levels)):
            last = side == OrderSide.SELL and row == len(levels) - 1
            order = BookOrder(
                side,
                desk.instrument.make_price(levels[row, column]),
                desk.instrument.make_qty(levels[row, column + 2]),
                0,
            )
            flags = RecordFlag.F_LAST if last else 0
            deltas.append(
                OrderBookDelta(desk.instrument_id, BookAction.ADD, order, flags, 0, at_ns, at_ns)
            )
    return OrderBookDeltas(desk.instrument_id, deltas)


def test_kinds_are_those_that_the_features_read() -> None:
    assert side_kinds(NAMES) == SIDE
    assert side_kinds(DEPTH_ONLY) == {DEPTH}
    assert side_kinds(("imbalance.now", "rsi(14).1s", "volume.sum.1s")) == frozenset()


@pytest.mark.parametrize("length", [10_000, 7])
@pytest.mark.parametrize("indicators", ["selected", "all"])
def test_a_replay_is_the_batch_bit_for_bit(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path, length: int, indicators: str
) -> None:
    rng_tape(desk, 5)
    tape = with_side_events(desk, 6)
    model = write_artifact(tmp_path / "model", NAMES)
    actor = keeper(model, desk.instrument_id, indicators=indicators)
    actor.replay_side_events(partial(in_pieces, tape, length))
    desk.play(actor)
    expected = batch_vectors(tape, NAMES)
    assert actor.vectors == expected
    assert len(expected) > 100
    assert desk.engine is not None
    desk.engine.reset()  # and once more from the start
    actor.vectors.clear()
    desk.engine.run()
    assert actor.vectors == expected


def test_subscriptions_give_what_a_replay_gives(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    rng_tape(desk, 5)
    tape = with_side_events(desk, 6)
    expected = batch_vectors(tape, NAMES)
    for message in as_messages(tape, desk):
        desk.tape.append(message)  # type: ignore[arg-type]
    actor = keeper(write_artifact(tmp_path / "model", NAMES), desk.instrument_id)
    desk.play(actor)
    assert actor.vectors == expected
    assert len(expected) > 100


def test_only_the_kinds_that_are_computed_with_are_subscribed_to(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    rng_tape(desk, 5)
    tape = with_side_events(desk, 6)
    for message in as_messages(tape, desk):
        desk.tape.append(message)  # type: ignore[arg-type]
    actor = keeper(write_artifact(tmp_path / "model"), desk.instrument_id)
    taken: list[str] = []
    for name in ("on_order_book_deltas", "on_mark_price", "on_data"):
        setattr(actor, name, lambda _message, name=name: taken.append(name))
    desk.play(actor)
    assert taken == []
    assert actor.signals_published > 100


def test_a_book_is_sampled_once_an_interval_when_its_message_is_whole(
    desk: Desk, tmp_path: Path
) -> None:
    model = write_artifact(tmp_path / "model", ("pressure.now",))
    books = [random_book(np.random.default_rng(seed)) for seed in range(4)]
    seen: list[tuple[int, bytes]] = []
    actor = keeper(model, desk.instrument_id)
    desk.at(0).quote(100.0, 100.1).at(500).quote(100.0, 100.1)
    half = snapshot(desk, books[1], desk.ns_at(20)).deltas[:-1]
    desk.tape += [
        snapshot(desk, books[0][:9], desk.ns_at(10)),  # nine levels: no sample
        OrderBookDeltas(desk.instrument_id, half),  # the last level is still to come
        snapshot(desk, books[2], desk.ns_at(30)),
        snapshot(desk, books[3], desk.ns_at(99)),  # in the same tenth of a second
        snapshot(desk, books[1], desk.ns_at(100)),
    ]
    desk.at(600).quote(100.0, 100.1)

    class Watched(Keeper):
        def on_start(self) -> None:
            super().on_start()
            engine = self._channels[desk.instrument_id].engine
            engine.on_depth = lambda ts, book: seen.append((ts, book.tobytes()))

    actor = Watched(actor.config)
    desk.play(actor)
    assert seen == [
        (desk.ns_at(30), books[2].tobytes()),
        (desk.ns_at(100), books[1].tobytes()),
    ]


def backtest(tmp_path: Path, model: Path, ids: tuple[str, ...], chunk_size: int) -> Path:
    config = tmp_path / "run.toml"
    names = ", ".join(f'"{name}"' for name in ids)
    config.write_text(
        f"""
        [run]
        catalog = "{SAMPLE}"
        chunk_size = {chunk_size}
        [venue]
        name = "BINANCE"
        starting_balances = ["100000 USDT"]
        [[actors]]
        actor_path = "{__name__}:Keeper"
        config_path = "nautilus_scalp.actors.ensemble:EnsembleActorConfig"
        [actors.config]
        instrument_ids = [{names}]
        model_path = "{model}"
        [[strategies]]
        strategy_path = "tests.fakes.script:Script"
        config_path = "tests.fakes.script:ScriptConfig"
        config = {{ instrument_id = "{BTC}", steps = [] }}
        """
    )
    return config


@pytest.mark.parametrize(
    ("names", "ids", "seconds"),
    [
        (NAMES, (BTC,), ("2023-04-04T23:58:20", "2023-04-05T00:06:55")),
        (
            DEPTH_ONLY,
            (BTC, "ETHUSDT-PERP.BINANCE"),
            ("2024-07-18T23:57:02", "2024-07-18T23:57:42"),
        ),
    ],
)
def test_a_backtest_of_the_sample_is_the_batch_bit_for_bit(
    tmp_path: Path, names: tuple[str, ...], ids: tuple[str, ...], seconds: tuple[str, str]
) -> None:
    model = write_artifact(tmp_path / "model", names)
    config = load_config(backtest(tmp_path, model, ids, 5_000))
    start, end = (int(np.datetime64(moment, "ns").astype(np.int64)) for moment in seconds)
    run = run_engine(config, Window(start_ns=start, end_ns=end), None)
    try:
        (actor,) = (each for each in run.engine.trader.actors() if isinstance(each, Keeper))
        vectors = actor.vectors
    finally:
        run.engine.dispose()
    expected = batch_vectors(read_tape(SAMPLE, ids, start, end, extras=True), names)
    assert len(expected) > 1_000
    assert vectors == expected


def test_a_tape_is_made_with_what_the_model_reads(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(SAMPLE, catalog)
    model = write_artifact(tmp_path / "model", NAMES)
    start = int(np.datetime64("2023-04-04T23:59:00", "ns").astype(np.int64))
    end = start + 10_000 * NS_PER_MS
    result = write_tape(model, catalog, start, end, [BTC])
    expected = batch_vectors(read_tape(SAMPLE, [BTC], start, end, extras=True), NAMES)
    assert result.signals == {BTC: len(expected)}
    assert len(expected) > 100


def test_a_catalog_without_what_the_model_reads_is_refused() -> None:
    eth = "ETHUSDT-PERP.BINANCE"
    start = int(np.datetime64("2024-07-18T23:58", "ns").astype(np.int64))
    window = (start, start + 1_000 * NS_PER_MS)
    assert list(side_events(SAMPLE, [eth], window, SIDE, frozenset({DEPTH})))
    with pytest.raises(UsageError, match="mark_price_update of ETHUSDT"):
        side_events(SAMPLE, [eth], window, SIDE, frozenset({MARK}))
    with pytest.raises(UsageError, match="funding_rate_update of BTCUSDT"):
        side_events(SAMPLE, [BTC], window, SIDE, frozenset({FUNDING}))
    with pytest.raises(UsageError, match="no quotes of NONE"):
        side_events(SAMPLE, ["NONE"], window, SIDE, frozenset())


def test_pieces_are_the_whole_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PIECE_NS", 20_000 * NS_PER_MS)
    start = int(np.datetime64("2023-04-05T00:00:00.05", "ns").astype(np.int64))
    window = (start, start + 70_000 * NS_PER_MS)
    pieces = list(side_events(SAMPLE, [BTC], window, SIDE, SIDE))
    tape = read_tape(SAMPLE, [BTC], *window, extras=True)
    whole = part(tape, np.flatnonzero(tape.kind > TRADE))
    assert len(pieces) == 4
    for name in ("kind", "ts_event_ns", "ts_init_ns"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        assert joined.tobytes() == getattr(whole, name).tobytes()
    assert np.concatenate([piece.books for piece in pieces]).tobytes() == whole.books.tobytes()
