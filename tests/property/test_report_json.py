"""Whatever a run leaves behind, its report is strict JSON that adds up."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.runtime.report.build import build_report
from nautilus_scalp.runtime.report.build import encode_report
from nautilus_scalp.runtime.report.results import FeeTier
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import StrategyResult


SECOND = 1_000_000_000
NUMBERS = st.floats(-1e6, 1e6)
SCORES = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def results(draw: st.DrawFn, number: int) -> StrategyResult:
    n = draw(st.integers(0, 6))
    seconds = sorted(draw(st.lists(st.integers(1, 300), min_size=n, max_size=n)))
    positive = st.floats(1e-3, 1e5)
    fills = Fills(
        ts_event_ns=np.array(seconds, np.int64) * SECOND,
        side=np.array(draw(st.lists(st.sampled_from([-1, 1]), min_size=n, max_size=n)), np.int8),
        price=np.array(draw(st.lists(positive, min_size=n, max_size=n))),
        qty=np.array(draw(st.lists(positive, min_size=n, max_size=n))),
        fee=np.array(draw(st.lists(NUMBERS, min_size=n, max_size=n))),
        is_maker=np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_),
    )
    mid = np.array(draw(st.lists(positive, min_size=5, max_size=5)))
    return StrategyResult(
        name=draw(st.text(max_size=5)),
        instrument_id=f"I{number}.V",
        config="c",
        fills=fills,
        mids=MidSeries(ts_ns=np.arange(5) * 60 * SECOND, mid=mid),
        orders=n,
        engine_gross=draw(NUMBERS),
        engine_fees=draw(NUMBERS),
        refusals=draw(st.dictionaries(st.text(max_size=4), st.integers(1, 9), max_size=3)),
    )


def refuse(constant: str) -> None:
    pytest.fail(f"{constant} is not JSON")


@given(st.data(), st.integers(0, 3), SCORES)
@settings(max_examples=60)
def test_reports_are_strict_json_and_totals_add_up(
    data: st.DataObject, strategies: int, score: float
) -> None:
    facts = RunFacts(
        configs=("c",),
        capital={"c": 100.0},
        catalog="x",
        start_ns=0,
        end_ns=300 * SECOND,
        events=1,
        seconds=0.1,
        engine="e",
        model=None,
        seed=1,
        fee_tier=FeeTier(name="VIP0", maker_bps=2.0, taker_bps=5.0),
    )
    run = [data.draw(results(number)) for number in range(strategies)]

    report = build_report(facts, run, {"500": {"auc": score}})

    decoded = json.loads(encode_report(report), parse_constant=refuse)
    assert decoded == report
    for row in [*decoded["strategies"], decoded["total"]]:
        assert row["net"] == pytest.approx(row["gross"] - row["fees"] + row["funding"], abs=1e-5)
    for key in ("net", "volume", "orders", "unexplained"):
        rows = sum(row[key] for row in decoded["strategies"])
        assert decoded["total"][key] == pytest.approx(rows, rel=1e-9, abs=1e-5)
