"""The comparison of a recorded and a synthetic tape."""

from typing import Any

import msgspec
import numpy as np
import pytest

from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.match import describe_recording
from nautilus_scalp.data.synthetic.match import match_report
from nautilus_scalp.data.synthetic.match import recorded_market
from nautilus_scalp.data.synthetic.params import BTCUSDT_2024_07
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.statistics import tape_statistics
from nautilus_scalp.errors import InputError
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=2, size_precision=3, tick_size=0.1
)


def book_at(bid: float) -> list[list[float]]:
    """Return nine levels behind the best, two ticks apart but for the first, all of one size."""
    away = [0.0, *(0.1 + 0.2 * level for level in range(9))]
    sizes = [3.0, *[0.5] * 9]
    return [[bid - a, bid + 0.1 + a, size, size] for a, size in zip(away, sizes, strict=True)]


def ticking_tape(seconds: int = 200) -> Tape:
    """Return a quote every half second, the mid, two buys of one order and depth every second."""
    rows, books = [], []
    for half in range(2 * seconds):
        ms, bid = 500 * half, 100.0 + 0.1 * (half // 2)
        rows.append((QUOTE, ms, [bid, bid + 0.1, 3.0, 1.0]))
        if half % 2 == 0:
            rows += [(TRADE, ms, [bid, 0.25, 1.0, 0.0])] * 2
            rows.append((DEPTH, ms, [len(books), 0.0, 0.0, 0.0]))
            books.append(book_at(bid))
    kind, ms, values = zip(*rows, strict=True)
    ts = np.array(ms, np.int64) * 1_000_000
    return Tape(
        instruments=(FACTS,),
        kind=np.array(kind, np.uint8),
        instrument=np.zeros(len(kind), np.int16),
        ts_event_ns=ts,
        ts_init_ns=ts + np.arange(len(kind)) * 1_000,
        values=np.array(values),
        books=np.array(books),
    )


def test_statistics_of_a_hand_made_tape() -> None:
    found = {name: value for (name, _), value in tape_statistics(ticking_tape()).items()}
    assert found["quotes"] == pytest.approx(400 / 199.5)
    assert found["trades"] == pytest.approx(400 / 199.5)
    assert found["quote interval, 50 %"] == 500
    assert found["quotes with spread > 1 tick"] == 0
    assert found["changes of the mid"] == pytest.approx(199 / 199.5)
    assert found["change of the mid, 99 %"] == pytest.approx(1.0)
    assert found["seconds without a change"] == 0
    assert found["ln(bid size / ask size), sd"] == pytest.approx(0.0, abs=1e-12)
    assert found["trades per order"] == 2
    assert found["order size, 50 %"] == 0.5
    assert found["order sides, autocovariance at 1"] == 1
    assert np.isnan(found["AUC of imbalance, 1000 ms"])  # the mid never falls
    assert found["size of a level behind the best, 50 %"] == 0.5
    assert found["all nine levels behind the best, 90 %"] == pytest.approx(4.5)
    assert found["levels one tick apart"] == pytest.approx(100 / 9)
    assert found["tenth level from the best, 50 %"] == pytest.approx(17)
    assert np.isnan(found["branching ratio, fitted"])  # neither insertions nor cancellations
    assert found["variance / mean of changes, 10 s"] < 0.2  # as regular as can be


def test_a_tape_without_depth_has_no_figures_of_it() -> None:
    tape = ticking_tape()
    kept = tape.kind != DEPTH
    parts = {k: getattr(tape, k)[kept] for k in ("kind", "instrument", "ts_event_ns", "values")}
    bare = msgspec.structs.replace(tape, ts_init_ns=tape.ts_init_ns[kept], **parts)
    found = tape_statistics(bare)
    assert np.isnan(found["all nine levels behind the best, 50 %", "base"])
    assert found["trades per order", ""] == 2


def test_published_events_excite_each_other_as_the_process_does() -> None:
    calm = msgspec.structs.replace(
        BTCUSDT_2024_07,
        branching=tuple(
            tuple(tuple(0.5 * number for number in row) for row in matrix)
            for matrix in BTCUSDT_2024_07.branching
        ),
        baseline_per_s=tuple(20 * rate for rate in BTCUSDT_2024_07.baseline_per_s),
    )
    ratios = []
    for hawkes in (calm, BTCUSDT_2024_07):
        params = SyntheticParams(seed=5, hours=0.06, hawkes=hawkes, activity_sigma=0.0)
        found = tape_statistics(synthetic_tape(params))["branching ratio, fitted", ""]
        ratios.append(found - hawkes.branching_ratio)
    # milliseconds hide the fastest scale, closings of the spread are no events of the process
    assert np.abs(ratios).max() < 0.08, ratios


def test_report_sets_both_side_by_side() -> None:
    tape = synthetic_tape(SyntheticParams(seed=3, hours=0.1))
    report = match_report(describe_recording(ticking_tape()), tape)
    rows = {row.name: row for row in report.rows}
    assert rows["trades per order"].real == 2
    assert rows["trades per order"].synthetic == tape_statistics(tape)["trades per order", ""]
    assert rows["AUC of imbalance, 1000 ms"].real is None  # the mid never falls
    assert report.instrument_id == FACTS.instrument_id
    assert report.synthetic_hours == pytest.approx(0.1, abs=0.001)


def test_an_instrument_without_a_recording_is_set_beside_bitcoin() -> None:
    assert recorded_market("ETHUSDT-PERP.BINANCE").instrument_id == "ETHUSDT-PERP.BINANCE"
    assert recorded_market("SOLUSDT-PERP.BINANCE").instrument_id == "BTCUSDT-PERP.BINANCE"


def test_default_market_resembles_the_recorded_day() -> None:
    found = tape_statistics(synthetic_tape(SyntheticParams(seed=12, hours=1.0)))
    # BTCUSDT-PERP, 18 July 2024 23:57 - 19 July 00:05 UTC: 109, 22, 7.5 a second; 0.47 bps
    assert found["quotes", "1/s"] == pytest.approx(109, rel=0.15)
    assert found["trades", "1/s"] == pytest.approx(22, rel=0.25)
    assert found["market orders", "1/s"] == pytest.approx(7.5, rel=0.2)
    assert found["volatility, 1 s", "bps"] == pytest.approx(0.47, rel=0.35)
    assert found["ln(bid size / ask size), sd", ""] == pytest.approx(3.6, rel=0.1)
    assert found["quotes with spread > 1 tick", "%"] < 5
    assert found["variance / mean of quotes, 1 s", ""] > 30


def test_refuses_several_instruments_and_short_tapes() -> None:
    tape = ticking_tape()
    several = Tape(**{**_fields(tape), "instruments": (FACTS, FACTS)})
    with pytest.raises(InputError, match="2 instruments"):
        tape_statistics(several)
    with pytest.raises(InputError, match="too short"):
        tape_statistics(ticking_tape(seconds=20))


def _fields(tape: Tape) -> dict[str, Any]:
    return {name: getattr(tape, name) for name in tape.__struct_fields__}
