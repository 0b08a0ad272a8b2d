"""What the engine computes, by hand, and what it refuses."""

import math

import numpy as np
import pytest

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.tape import InstrumentFacts
from tests.fakes.engine import FACTS
from tests.fakes.engine import MS
from tests.fakes.engine import PARAMS
from tests.fakes.engine import START
from tests.fakes.engine import engine_of


def _snapshot(engine: FeatureEngine) -> tuple[list[float], int, float, bool]:
    return (engine.value.tolist(), engine.segment, engine.mid, engine.initialized)


def test_book_features_by_hand() -> None:
    engine = engine_of("imbalance.now", "spread.now", "microprice.deviation.100ms")
    engine.on_quote(START, 100.0, 100.2, 3.0, 1.0)
    # microprice 0.5 ticks above mid; one observation is its own mean
    assert engine.value.tolist() == pytest.approx([0.5, math.log(2.0), 0.0])
    engine.on_quote(START, 100.0, 100.2, 1.0, 3.0)
    # -0.5 against the mean of 0.5 and -0.5, in units of at least half a tick
    assert engine.value.tolist() == pytest.approx([-0.5, math.log(2.0), -1.0])
    assert engine.mid == pytest.approx(100.1)


def test_order_flow_imbalance_by_hand() -> None:
    engine = engine_of("order_flow.sum.1s")
    engine.on_quote(START, 100.0, 100.1, 2.0, 2.0)
    engine.on_quote(START, 100.0, 100.1, 5.0, 2.0)  # 3 more bid for: +3, mean depth 5.5
    assert engine.value[0] == pytest.approx(math.sqrt(3.0 / 5.5))
    engine.on_quote(START, 100.0, 100.2, 5.0, 4.0)  # the ask left: +2, mean depth 20 / 3
    assert engine.value[0] == pytest.approx(math.sqrt(3.0 / 5.5 + 2.0 / (20.0 / 3.0)))


def test_what_trades_ate_of_the_thinner_queue_by_hand() -> None:
    engine = engine_of("thin_eaten.now")
    engine.on_quote(START, 100.0, 100.1, 8.0, 2.0)
    assert engine.value.tolist() == [0.0]
    engine.on_trade(START, 100.1, 3.0, 1.0)  # a buyer takes from the ask, the thinner queue
    engine.on_trade(START, 100.0, 5.0, -1.0)
    engine.on_trade(START, 100.0, 7.0, 0.0)  # of an unknown side: takes from neither
    engine.on_quote(START, 100.0, 100.1, 8.0, 1.0)
    assert engine.value[0] == pytest.approx(math.log(1.0 + 3.0))
    engine.on_quote(START + 1_000 * MS, 100.0, 100.1, 1.0, 2.0)  # now the bid, a half life later
    assert engine.value[0] == pytest.approx(-math.log(1.0 + 2.5))
    engine.on_quote(START + 7_000 * MS, 100.0, 100.1, 1.0, 2.0)  # a gap: forgotten
    assert engine.value.tolist() == [0.0]


def test_trade_features_show_at_the_next_quote() -> None:
    engine = engine_of("signed_volume.balance.1s", "value.average_gap.1s")
    engine.on_quote(START, 100.0, 100.2, 1.0, 1.0)
    engine.on_trade(START, 100.2, 3.0, 1.0)
    engine.on_trade(START, 100.0, 1.0, -1.0)
    assert engine.value.tolist() == [0.0, 0.0]
    engine.on_quote(START, 100.0, 100.2, 1.0, 1.0)
    # sizes over their running mean: 3 / 3 and 1 / 2; prices +1 and -1 ticks from the mid
    assert engine.value[0] == pytest.approx((1.0 - 0.5) / 1.5)
    assert engine.value[1] == pytest.approx(-(1.0 - 0.5) / 1.5 / 0.5)


def test_prices_are_rounded_to_the_instruments_decimals() -> None:
    exact, rough = engine_of("mid.deviation.1s"), engine_of("mid.deviation.1s")
    for step in range(5):
        exact.on_quote(START, 100.0 + step / 10, 100.1 + step / 10, 1.0, 1.0)
        rough.on_quote(START, 100.0 + step * 0.1 + 1e-9, 100.1 + step * 0.1, 1.0, 1.0)
    assert exact.value.tolist() == rough.value.tolist()


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ((math.nan, 100.1, 1.0, 1.0), "nan"),
        ((100.0, 100.1, 1.0, math.nan), "nan"),
        ((100.0, math.inf, 1.0, 1.0), "infinite"),
        ((0.0, 100.1, 1.0, 1.0), "zero"),
        ((100.0, 100.1, 0.0, 1.0), "zero"),
        ((100.0, 100.1, 1.0, -1.0), "negative"),
        ((100.1, 100.1, 1.0, 1.0), "crossed"),
        ((100.2, 100.1, 1.0, 1.0), "crossed"),
    ],
)
def test_a_bad_quote_is_counted_and_changes_nothing(
    quote: tuple[float, float, float, float], reason: str
) -> None:
    engine, clean = engine_of("mid.deviation.1s"), engine_of("mid.deviation.1s")
    for each in (engine, clean):
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    before = _snapshot(engine)
    assert engine.on_quote(START + MS, *quote) is False
    assert _snapshot(engine) == before
    assert engine.refusals == {**clean.refusals, reason: 1}
    for each in (engine, clean):
        each.on_quote(START + 2 * MS, 100.4, 100.5, 1.0, 1.0)
    assert _snapshot(engine) == _snapshot(clean)


@pytest.mark.parametrize(
    ("trade", "reason"),
    [
        ((math.nan, 1.0, 1.0), "nan"),
        ((100.0, math.inf, 1.0), "infinite"),
        ((100.0, 0.0, 1.0), "zero"),
        ((-1.0, 1.0, 1.0), "negative"),
        ((100.0, 1.0, 2.0), "side"),
        ((100.0, 1.0, math.nan), "nan"),
    ],
)
def test_a_bad_trade_is_counted_and_changes_nothing(
    trade: tuple[float, float, float], reason: str
) -> None:
    engine, clean = engine_of("volume.sum.1s"), engine_of("volume.sum.1s")
    engine.on_trade(START, *trade)
    assert engine.refusals[reason] == 1
    assert engine.segment == -1
    for each in (engine, clean):
        each.on_trade(START, 100.0, 1.0, 1.0)
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    assert _snapshot(engine) == _snapshot(clean)


def test_time_going_back_is_refused() -> None:
    engine = engine_of("mid.deviation.1s")
    engine.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    engine.on_trade(START, 100.0, 1.0, 1.0)
    assert engine.on_quote(START - 1, 100.0, 100.1, 1.0, 1.0) is False
    engine.on_trade(START - 1, 100.0, 1.0, 1.0)
    assert engine.refusals["time_backwards"] == 2


def test_a_trade_older_than_the_last_quote_counts_as_if_it_came_with_it() -> None:
    late, prompt = engine_of("volume.sum.1s"), engine_of("volume.sum.1s")
    for engine, at_ns in ((late, START), (prompt, START + 10 * MS)):
        engine.on_quote(START + 10 * MS, 100.0, 100.1, 1.0, 1.0)
        engine.on_trade(at_ns, 100.0, 1.0, 1.0)
        engine.on_quote(START + 10 * MS, 100.0, 100.1, 1.0, 1.0)
    assert _snapshot(late) == _snapshot(prompt)


def _book(best_bid: float, best_ask: float, size: float = 2.0) -> np.ndarray:
    steps = np.arange(10) / 10.0
    sizes = np.full(10, size)
    return np.column_stack((best_bid - steps, best_ask + steps, sizes, sizes))


def test_depth_features_by_hand() -> None:
    engine = engine_of(
        "imbalance_1.now", "imbalance_10.now", "bid_gap_5.now", "level_flow_2.sum.1s"
    )
    engine.on_depth(START, _book(90.0, 90.1))  # before the segment: forgotten
    engine.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    engine.on_depth(START, _book(100.0, 100.1))
    book = _book(100.0, 100.1)
    book[0, 2] = 6.0
    book[1, 2] = 5.0  # the second bid grows by 3
    engine.on_depth(START, book)
    assert engine.value.tolist() == [0.0] * 4  # shown at the next quote
    engine.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    mean = (2.0 + (2.0 * 20 + 7.0) / 20.0) / 2.0  # size of a level, over two snapshots
    expected = [4.0 / 8.0, 7.0 / 47.0, math.log(4.0), math.sqrt(3.0 / mean)]
    assert engine.value.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (3, 0, math.nan, "nan"),
        (9, 3, math.inf, "infinite"),
        (0, 2, 0.0, "zero"),
        (5, 1, -1.0, "negative"),
        (0, 0, 100.2, "crossed"),
        (4, 0, 99.9, "crossed"),  # level 5 as good as level 2
    ],
)
def test_a_bad_book_is_counted_and_changes_nothing(
    row: int, column: int, value: float, reason: str
) -> None:
    engine, clean = engine_of("pressure.now"), engine_of("pressure.now")
    for each in (engine, clean):
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    bad = _book(100.0, 100.1)
    bad[row, column] = value
    before = bad.copy()
    engine.on_depth(START, bad)
    assert engine.refusals[reason] == 1
    assert bad.tobytes() == before.tobytes()
    for each in (engine, clean):
        each.on_depth(START, _book(100.0, 100.1))
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    assert _snapshot(engine) == _snapshot(clean)


def test_an_instrument_sees_the_others_last_quote_only() -> None:
    other = InstrumentFacts(
        instrument_id="ETHUSDT-PERP.BINANCE", price_precision=2, size_precision=3, tick_size=0.01
    )
    btc, eth = build_engines((FACTS, other), PARAMS, ("peer_imbalance.now",))
    assert btc.on_quote(START, 100.0, 100.1, 1.0, 1.0) is False
    eth.on_quote(START, 50.0, 50.01, 3.0, 1.0)
    assert btc.value[0] == 0.0
    btc.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    assert btc.value[0] == 0.5
    assert eth.value[0] == 0.0


def test_a_feature_of_the_others_waits_for_them() -> None:
    alone = engine_of("peer_imbalance.now")
    other = InstrumentFacts(
        instrument_id="ETHUSDT-PERP.BINANCE", price_precision=2, size_precision=3, tick_size=0.01
    )
    btc, eth = build_engines((FACTS, other), PARAMS, ("peer_imbalance.now",))
    for step in range(20):
        at_ns = START + step * 100 * MS
        assert alone.on_quote(at_ns, 100.0, 100.1, 1.0, 1.0) is False
        assert btc.on_quote(at_ns, 100.0, 100.1, 1.0, 1.0) is False
    eth.on_quote(START + 1_900 * MS, 50.0, 50.01, 1.0, 1.0)
    assert btc.on_quote(START + 1_900 * MS, 100.0, 100.1, 1.0, 1.0) is True
    # an other that fell silent is not read
    assert btc.on_quote(START + 6_800 * MS, 100.0, 100.1, 1.0, 1.0) is True
    assert btc.on_quote(START + 6_901 * MS, 100.0, 100.1, 1.0, 1.0) is False


def test_basis_reads_the_same_assets_spot_market() -> None:
    spot = InstrumentFacts(
        instrument_id="BTCUSDT.BINANCE", price_precision=2, size_precision=3, tick_size=0.01
    )
    perp_engine, spot_engine = build_engines((FACTS, spot), PARAMS, ("basis.now",))
    spot_engine.on_quote(START, 99.99, 100.01, 1.0, 1.0)
    perp_engine.on_quote(START, 100.9, 101.1, 1.0, 1.0)
    assert perp_engine.value[0] == pytest.approx(1e4 * math.log(101.0 / 100.0))


def test_mark_price_and_funding_rate_by_hand() -> None:
    engine = engine_of("mark_gap.now", "funding_rate.now")
    engine.on_quote(START, 100.0, 100.2, 1.0, 1.0)
    engine.on_mark(START, 100.0)
    engine.on_funding(START, -0.0001)
    assert engine.value.tolist() == [0.0, 0.0]
    assert engine.on_quote(START + 2_000 * MS, 100.0, 100.2, 1.0, 1.0) is True
    assert engine.value.tolist() == pytest.approx([1.0 / 0.5, -1.0])  # one tick, in half ticks
    engine.on_mark(START, math.nan)
    engine.on_mark(START, 0.0)
    engine.on_funding(START, math.inf)
    engine.on_funding(START - MS, 0.0001)
    counts = {reason: count for reason, count in engine.refusals.items() if count}
    assert counts == {"nan": 1, "infinite": 1, "zero": 1, "time_backwards": 1}


def test_a_book_or_mark_price_that_fell_silent_is_not_read() -> None:
    for name, take in (("pressure.now", "depth"), ("mark_gap.now", "mark")):
        engine = engine_of(name)
        for step in range(20):
            engine.on_quote(START + step * 100 * MS, 100.0, 100.1, 1.0, 1.0)
            if take == "depth":
                engine.on_depth(START + step * 100 * MS, _book(100.0, 100.1))
            else:
                engine.on_mark(START + step * 100 * MS, 100.0)
        last_ns = START + 1_900 * MS
        assert engine.on_quote(last_ns + 4_000 * MS, 100.0, 100.1, 1.0, 1.0) is True
        assert engine.warm().tolist() == [True]
        assert engine.on_quote(last_ns + 5_001 * MS, 100.0, 100.1, 1.0, 1.0) is False
        assert engine.warm().tolist() == [False]


def test_depth_marks_and_funding_leave_all_else_as_it_is() -> None:
    names = ("mid.cross.100ms.1s", "rsi(2).100ms", "volume.sum.1s", "order_flow.sum.1s")
    with_side, without = engine_of(*names), engine_of(*names)
    for step in range(60):
        at_ns = START + step * 37 * MS + (20_000 * MS if step > 30 else 0)  # a gap: new segment
        with_side.on_depth(at_ns - 11 * MS, _book(100.0, 100.1))
        with_side.on_mark(at_ns - 7 * MS, 100.0)
        with_side.on_funding(at_ns - 5 * MS, 0.0001)
        for engine in (with_side, without):
            engine.on_trade(at_ns, 100.0 + step / 10, 1.0 + step, 1.0)
            engine.on_quote(at_ns, 100.0 + step / 10, 100.1 + step / 10, 1.0, 2.0)
        if step == 30:  # a book within the gap does not bridge it
            with_side.on_depth(at_ns + 9_000 * MS, _book(100.0, 100.1))
        assert with_side.value.tobytes() == without.value.tobytes()
        assert (with_side.segment, with_side.initialized) == (without.segment, without.initialized)
