"""The tearsheet: complete, self-contained, safe and not too large."""

import json
import re

import msgspec
import numpy as np
import pytest
from plotly.offline import get_plotlyjs

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.resampling import Resampling
from nautilus_scalp.runtime.report.build import build_report
from nautilus_scalp.runtime.report.plotting import Figure
from nautilus_scalp.runtime.report.plotting import extremes
from nautilus_scalp.runtime.report.results import ReliabilityBin
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import SignalDetail
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.report.tearsheet import render_tearsheet


SIX_MB = 6 * 1024 * 1024


@pytest.fixture
def detail() -> SignalDetail:
    return SignalDetail(
        reliability={
            "up": [
                ReliabilityBin(predicted=0.25, observed=0.3, count=10),
                ReliabilityBin(predicted=0.75, observed=0.0, count=0),
            ]
        },
        importance={"ofi": {"logistic": 3.0, "lstm": 0.0}, "spread": {"logistic": 1.0}},
    )


def own_part(html: str) -> str:
    """Return the page without the plotting library, which names licences and specifications."""
    library = get_plotlyjs()
    assert html.count(library) == 1
    return html.replace(library, "")


def figures(html: str) -> list[Figure]:
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)
    return [json.loads(text) for text in found]


def test_nothing_is_loaded_from_elsewhere(
    paper_facts: RunFacts, paper_result: StrategyResult, detail: SignalDetail
) -> None:
    report = build_report(paper_facts, [paper_result])

    own = own_part(render_tearsheet(paper_facts, report, [paper_result], detail))

    for outside in ("http:", "https:", "src=", "href=", "@import", "url("):
        assert outside not in own


def test_every_section_is_there(
    paper_facts: RunFacts,
    paper_result: StrategyResult,
    idle_result: StrategyResult,
    detail: SignalDetail,
) -> None:
    results = [paper_result, idle_result]
    report = build_report(paper_facts, results, {"500": {"auc": 0.8}}, ["a remark"])

    own = own_part(render_tearsheet(paper_facts, report, results, detail))

    titles = re.findall("<h2>(.*?)</h2>", own)
    assert titles == [
        "Equity and drawdown",
        "Where the money came from",
        "The money by strategy",
        "Break-even fee against the fee paid",
        "Markouts",
        "Fills on BTCUSDT-PERP.BINANCE",
        "Fills on ETHUSDT-PERP.BINANCE",
        "Every number",
        "Performance and chance",
        "Why positions were left",
        "Refused, denied or rejected",
        "Signal quality",
        "Reliability of the signal",
        "Feature importance",
        "Assumptions behind the fills",
        "Notes",
        "Run",
    ]
    assert "1.7 minutes" in own
    assert "a remark" in own
    assert len(figures(own)) == own.count("data-figure=") == 9


def test_figures_hold_the_numbers_of_the_report(
    paper_facts: RunFacts, paper_result: StrategyResult, detail: SignalDetail
) -> None:
    report = build_report(paper_facts, [paper_result])

    drawn = figures(own_part(render_tearsheet(paper_facts, report, [paper_result], detail)))

    equity, waterfall, _, breakeven, markouts, price, reliability, importance = drawn
    assert [trace["name"] for trace in equity["data"]] == [
        "Market Making BTCUSDT-PERP",
        "total",
        "drawdown of the total",
    ]
    assert equity["data"][1]["y"][-1] == pytest.approx(report["total"]["net"], abs=1e-4)
    assert waterfall["data"][0]["y"][:3] == [1.1, -2.0, 5.0]
    assert breakeven["data"][0]["x"][0] == report["total"]["breakeven_fee_bps"]
    ten_seconds = markouts["data"][-1]["x"].index(10.0)
    expected = report["total"]["markout_bps"]["10s"]
    assert markouts["data"][-1]["y"][ten_seconds] == pytest.approx(expected, abs=1e-4)
    assert price["data"][1]["y"] == [100.5]
    assert price["data"][2]["y"] == [102.9, 102.2]
    assert reliability["data"][1]["x"] == [0.25]
    assert importance["data"][0]["z"] == [[75.0, 0.0], [25.0, 0.0]]


def test_names_cannot_break_out(paper_facts: RunFacts, hostile_result: StrategyResult) -> None:
    report = build_report(paper_facts, [hostile_result], notes=["<img onerror=alert(2)>"])

    own = own_part(render_tearsheet(paper_facts, report, [hostile_result]))

    assert "<script>alert" not in own
    assert "<img" not in own
    assert "</script><b>" not in own
    assert own.count("</script>") == own.count("<script")
    names = [trace["name"] for trace in figures(own)[0]["data"]]
    assert names[0].startswith("[red]&lt;script&gt;")


def test_two_strategies_of_one_name_stay_two_curves(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    results = [paper_result, paper_result]

    own = own_part(render_tearsheet(paper_facts, build_report(paper_facts, results), results))

    equity = figures(own)[0]["data"]
    assert [trace["name"] for trace in equity][:2] == [
        "Market Making BTCUSDT-PERP",
        "Market Making BTCUSDT-PERP #2",
    ]
    assert equity[2]["y"][-1] == pytest.approx(2 * 3.8)


def test_several_configurations_are_set_side_by_side(
    paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult
) -> None:
    capital = {"mm": 1_000.0, "idle": 1_000.0}
    facts = msgspec.structs.replace(paper_facts, configs=("idle", "mm"), capital=capital)
    results = [msgspec.structs.replace(idle_result, config="idle"), paper_result]

    own = own_part(render_tearsheet(facts, build_report(facts, results), results))

    titles = re.findall("<h2>(.*?)</h2>", own)
    assert titles[:2] == ["Every number", "Equity as a share of capital"]
    assert "Every strategy" in titles
    assert "Fills on BTCUSDT-PERP.BINANCE" not in titles
    assert [trace["name"] for trace in figures(own)[0]["data"]] == ["mm", "idle"]  # best first
    assert own.index("<th>mm</th>") < own.index("<th>idle</th>")


def test_the_surface_marks_the_own_tier(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    rates = {"maker_bps": 2.0, "taker_bps": 5.0}
    row = {"latency": "latency x1", "queue": "behind the size shown", "fills": 3}
    row |= {"breakeven_fee_bps": 1.5, "net": {"VIP 0": -1.25, "VIP 9": 2.5}}
    found = {"own_tier": "VIP 9", "tiers": {"VIP 0": rates, "VIP 9": rates}, "rows": [row]}
    report = build_report(paper_facts, [paper_result]) | {"surface": found}

    own = own_part(render_tearsheet(paper_facts, report, [paper_result]))

    assert "Break-even surface" in own
    assert '<th class="own">yours: VIP 9<br>2 / 5 bps</th>' in own
    assert '<td class="gain own shade">2.50</td>' in own
    assert '<td class="loss shade">-1.25</td>' in own


def test_a_run_without_strategies_still_has_a_page(paper_facts: RunFacts) -> None:
    html = render_tearsheet(paper_facts, build_report(paper_facts, []), [])

    assert "Net P&amp;L" in html


def test_equal_runs_give_equal_pages(
    paper_facts: RunFacts, paper_result: StrategyResult, detail: SignalDetail
) -> None:
    report = build_report(paper_facts, [paper_result])

    first, second = (
        render_tearsheet(paper_facts, report, [paper_result], detail) for _ in range(2)
    )

    assert first == second


def test_a_day_of_fills_fits_into_six_megabytes(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    rng = np.random.default_rng(1)
    n, day_ns = 40_000, 86_400 * 1_000_000_000
    ts_ns = np.sort(rng.integers(1, day_ns, n))
    mid = np.round(60_000.0 + np.cumsum(rng.normal(0.0, 1.0, n)), 2)
    fills = Fills(
        ts_event_ns=ts_ns[1:],
        side=rng.choice(np.array([-1, 1], np.int8), n - 1),
        price=mid[1:],
        qty=np.full(n - 1, 0.001),
        fee=np.full(n - 1, 0.01),
        is_maker=np.ones(n - 1, np.bool_),
    )
    busy = msgspec.structs.replace(
        paper_result, fills=fills, mids=MidSeries(ts_ns=ts_ns, mid=mid), engine_gross=0.0
    )
    facts = msgspec.structs.replace(paper_facts, end_ns=day_ns)
    results = [msgspec.structs.replace(busy, name=f"S{number}") for number in range(8)]

    params = PerformanceParams(resampling=Resampling(resamples=20))
    html = render_tearsheet(facts, build_report(facts, results, params=params), results)

    assert len(html.encode()) < SIX_MB
    assert "shown" in own_part(html)


def test_thinning_keeps_peaks_and_ends() -> None:
    values = np.zeros(10_000)
    values[1_234], values[8_765] = 5.0, -7.0

    kept = extremes(values, 100)

    assert {0, 1_234, 8_765, 9_999} <= set(kept.tolist())
    assert len(kept) <= 102
    assert np.all(np.diff(kept) > 0)
