"""What the engine takes, what it refuses, and when its values may be used."""

import math

import numpy as np
import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
PARAMS = FeatureParams(scale_half_life_ms=1_000.0, reset_gap_ms=5_000)
MS = 1_000_000
START = 1_700_000_000_000 * MS


def _engine(*names: str) -> FeatureEngine:
    return FeatureEngine(FACTS, PARAMS, names)


def _snapshot(engine: FeatureEngine) -> tuple[list[float], int, float, bool]:
    return (engine.value.tolist(), engine.segment, engine.mid, engine.initialized)


def test_book_features_by_hand() -> None:
    engine = _engine("imbalance.now", "spread.now", "microprice.deviation.100ms")
    engine.on_quote(START, 100.0, 100.2, 3.0, 1.0)
    # microprice 0.5 ticks above mid; one observation is its own mean
    assert engine.value.tolist() == pytest.approx([0.5, math.log(2.0), 0.0])
    engine.on_quote(START, 100.0, 100.2, 1.0, 3.0)
    # -0.5 against the mean of 0.5 and -0.5, in units of at least half a tick
    assert engine.value.tolist() == pytest.approx([-0.5, math.log(2.0), -1.0])
    assert engine.mid == pytest.approx(100.1)


def test_order_flow_imbalance_by_hand() -> None:
    engine = _engine("order_flow.sum.1s")
    engine.on_quote(START, 100.0, 100.1, 2.0, 2.0)
    engine.on_quote(START, 100.0, 100.1, 5.0, 2.0)  # 3 more bid for: +3, mean depth 5.5
    assert engine.value[0] == pytest.approx(math.log1p(3.0 / 5.5))
    engine.on_quote(START, 100.0, 100.2, 5.0, 4.0)  # the ask left: +2, mean depth 20 / 3
    assert engine.value[0] == pytest.approx(math.log1p(3.0 / 5.5 + 2.0 / (20.0 / 3.0)))


def test_trade_features_show_at_the_next_quote() -> None:
    engine = _engine("signed_volume.balance.1s", "value.average_gap.1s")
    engine.on_quote(START, 100.0, 100.2, 1.0, 1.0)
    engine.on_trade(START, 100.2, 3.0, 1.0)
    engine.on_trade(START, 100.0, 1.0, -1.0)
    assert engine.value.tolist() == [0.0, 0.0]
    engine.on_quote(START, 100.0, 100.2, 1.0, 1.0)
    # sizes over their running mean: 3 / 3 and 1 / 2; prices +1 and -1 ticks from the mid
    assert engine.value[0] == pytest.approx((1.0 - 0.5) / 1.5)
    assert engine.value[1] == pytest.approx(-(1.0 - 0.5) / 1.5 / 0.5)


def test_prices_are_rounded_to_the_instruments_decimals() -> None:
    exact, rough = _engine("mid.deviation.1s"), _engine("mid.deviation.1s")
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
    engine, clean = _engine("mid.deviation.1s"), _engine("mid.deviation.1s")
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
    engine, clean = _engine("volume.sum.1s"), _engine("volume.sum.1s")
    engine.on_trade(START, *trade)
    assert engine.refusals[reason] == 1
    assert engine.segment == -1
    for each in (engine, clean):
        each.on_trade(START, 100.0, 1.0, 1.0)
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    assert _snapshot(engine) == _snapshot(clean)


def test_time_going_back_is_refused() -> None:
    engine = _engine("mid.deviation.1s")
    engine.on_quote(START, 100.0, 100.1, 1.0, 1.0)
    engine.on_trade(START, 100.0, 1.0, 1.0)
    assert engine.on_quote(START - 1, 100.0, 100.1, 1.0, 1.0) is False
    engine.on_trade(START - 1, 100.0, 1.0, 1.0)
    assert engine.refusals["time_backwards"] == 2


def test_a_trade_older_than_the_last_quote_counts_as_if_it_came_with_it() -> None:
    late, prompt = _engine("volume.sum.1s"), _engine("volume.sum.1s")
    for engine, at_ns in ((late, START), (prompt, START + 10 * MS)):
        engine.on_quote(START + 10 * MS, 100.0, 100.1, 1.0, 1.0)
        engine.on_trade(at_ns, 100.0, 1.0, 1.0)
        engine.on_quote(START + 10 * MS, 100.0, 100.1, 1.0, 1.0)
    assert _snapshot(late) == _snapshot(prompt)


def test_warm_up_needs_time_trades_and_bars() -> None:
    engine = _engine("volume.sum.1s", "rsi(2).100ms")
    ready = []
    for step in range(14):
        if step == 11:
            engine.on_trade(START + step * 100 * MS, 100.0, 1.0, 1.0)
        ready.append(engine.on_quote(START + step * 100 * MS, 100.0, 100.1, 1.0, 1.0))
    assert ready == [False] * 11 + [True] * 3
    assert engine.initialized


def test_a_gap_begins_a_new_segment() -> None:
    engine, fresh = _engine("mid.cross.100ms.1s"), _engine("mid.cross.100ms.1s")
    for step in range(30):
        engine.on_quote(START + step * 100 * MS, 100.0 + step, 100.1 + step, 1.0, 1.0)
    assert (engine.segment, engine.initialized) == (0, True)
    later = START + 2_900 * MS + 5_001 * MS
    for each in (engine, fresh):
        assert each.on_quote(later, 200.0, 200.1, 1.0, 1.0) is False
    assert (engine.segment, engine.initialized) == (1, False)
    assert engine.value.tolist() == fresh.value.tolist()


def test_reset_forgets_all_but_the_refusals() -> None:
    engine, fresh = _engine("mid.cross.100ms.1s"), _engine("mid.cross.100ms.1s")
    for step in range(30):
        engine.on_quote(START + step * 100 * MS, 100.0 + step, 100.1 + step, 1.0, 1.0)
    engine.on_quote(START, math.nan, 100.1, 1.0, 1.0)
    engine.reset()
    assert not engine.value.any()
    assert (engine.initialized, engine.refusals["nan"], engine.mid) == (False, 1, 0.0)
    for each in (engine, fresh):
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)  # time may begin again
    assert engine.value.tolist() == fresh.value.tolist()
    assert engine.segment == 1


def test_schema_hash_holds_names_order_and_parameters() -> None:
    names = ("imbalance.now", "spread.now")
    assert build_schema(PARAMS, names).hash == build_schema(PARAMS, names).hash
    others = (
        build_schema(PARAMS, names[::-1]),
        build_schema(PARAMS, names[:1]),
        build_schema(FeatureParams(reset_gap_ms=6_000), names),
    )
    assert build_schema(PARAMS, names).hash not in {other.hash for other in others}
    with pytest.raises(UsageError, match="differs"):
        others[0].require(others[1])
    with pytest.raises(UsageError, match="no feature is called 'spred'"):
        others[0].index("spred")


@pytest.mark.parametrize("selection", [(), ("imbalance.now", "imbalance.now")])
def test_an_empty_or_repeating_selection_is_refused(selection: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="empty or repeats"):
        build_schema(PARAMS, selection)


@pytest.mark.parametrize("key", ["scale_half_life_ms", "reset_gap_ms"])
@pytest.mark.parametrize("value", [0, -1])
def test_impossible_parameters_are_refused(key: str, value: int) -> None:
    with pytest.raises(UsageError, match=key):
        FeatureParams(**{key: value})


def test_a_tape_without_instruments_is_refused() -> None:
    tape = Tape(
        instruments=(),
        kind=np.empty(0, np.uint8),
        instrument=np.empty(0, np.int16),
        ts_event_ns=np.empty(0, np.int64),
        ts_init_ns=np.empty(0, np.int64),
        values=np.empty((0, 4)),
    )
    with pytest.raises(InputError, match="no instrument"):
        compute_matrix(tape)
