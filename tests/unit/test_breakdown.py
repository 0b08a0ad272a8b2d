import msgspec
import numpy as np
import pytest

from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.regimes import NAMES
from nautilus_scalp.evaluation.regimes import RegimeSeries
from nautilus_scalp.evaluation.regimes import classify
from nautilus_scalp.runtime.report.build import build_report
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import StrategyResult


SECOND = 1_000_000_000


@pytest.fixture
def switched(paper_result: StrategyResult) -> StrategyResult:
    """Return the paper result in a market that begins to trend after 20 seconds."""
    codes = np.array([NAMES.index("NORMAL"), NAMES.index("TRENDING")], np.int8)
    series = RegimeSeries(ts_ns=np.array([0, 20 * SECOND]), code=codes)
    return msgspec.structs.replace(paper_result, regimes=series)


def test_regimes_add_up_to_the_run(paper_facts: RunFacts, switched: StrategyResult) -> None:
    normal, trending = build_report(paper_facts, [switched])["by_regime"]

    assert (normal["label"], normal["share_of_time"]) == ("NORMAL", 0.2)
    assert (trending["label"], trending["share_of_time"]) == ("TRENDING", 0.8)
    # By 20 s: bought 2 at 100.5, sold 1 at 102.9, fees 0.6, and 1 is held at the mid of 103.
    assert normal["net"] == pytest.approx(-201.0 + 102.9 - 0.6 + 103.0)
    # Afterwards: 0.5 of funding, and 1 sold at 102.2 for 0.2 that was worth 103.
    assert trending["net"] == pytest.approx(0.5 + 102.2 - 0.2 - 103.0)
    assert normal["net_by_strategy"] == [normal["net"]]
    assert (normal["fills"], trending["fills"]) == (2, 1)
    assert normal["volume"] == pytest.approx(303.9)
    assert normal["maker_share"] == pytest.approx(201.0 / 303.9, abs=1e-6)
    assert (normal["round_trips"], trending["round_trips"]) == (0, 1)
    assert trending["win_rate"] == 1.0


def test_hours_are_those_of_the_day(paper_facts: RunFacts, paper_result: StrategyResult) -> None:
    report = build_report(paper_facts, [paper_result])

    (only,) = report["by_hour"]
    assert only["label"] == "00:00"
    assert only["net"] == pytest.approx(report["total"]["net"])
    assert only["markout_bps"] == report["total"]["markout_bps"]["10s"]
    assert report["by_regime"] == []  # nobody asked


def test_regimes_rest_on_the_past_alone() -> None:
    rng = np.random.default_rng(4)
    ts_ns = np.arange(0, 600 * SECOND, SECOND // 4)
    mid = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-5, len(ts_ns))))
    mid[1_600:] *= np.exp(np.cumsum(rng.normal(1e-5, 1e-4, len(ts_ns) - 1_600)))
    whole = classify(MidSeries(ts_ns=ts_ns, mid=mid))
    half = classify(MidSeries(ts_ns=ts_ns[:1_400], mid=mid[:1_400]))

    moments = ts_ns[:1_396]  # the last second of the shorter one is cut
    assert whole.at(moments).tolist() == half.at(moments).tolist()
    assert whole.at(ts_ns[:4]).tolist() == [0] * 4  # warming up
    assert set(whole.at(ts_ns[1_700:]).tolist()) & {NAMES.index("VOLATILE"), NAMES.index("CRASH")}
