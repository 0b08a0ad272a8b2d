"""The answer of a backtest: every number against the paper run, and never NaN."""

import io
import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from nautilus_scalp.errors import UsageError
from nautilus_scalp.evaluation.deflated import expected_max_sharpe
from nautilus_scalp.evaluation.fills import NO_PAYMENTS
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.resampling import Resampling
from nautilus_scalp.runtime.report.build import build_report
from nautilus_scalp.runtime.report.build import encode_report
from nautilus_scalp.runtime.report.files import encode_fills
from nautilus_scalp.runtime.report.files import write_files
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.report.results import Trials
from nautilus_scalp.runtime.report.table import render_table


ROW_KEYS = {
    *("name", "instrument_id", "orders", "fills", "maker_share", "volume", "gross", "fees"),
    *("funding", "net", "unexplained", "split", "markout_bps", "win_rate", "profit_factor"),
    *("max_drawdown", "sharpe", "sharpe_interval", "breakeven_fee_bps", "signals", "refusals"),
    "exits",
}


def render(report: Row, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(render_table(report))
    return console.file.getvalue()


def test_the_table_says_why_positions_were_left(
    paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult
) -> None:
    other = msgspec.structs.replace(idle_result, exits={"profit_lock": 12})
    text = render(build_report(paper_facts, [paper_result, other]))
    lines = {line.split("  ")[0].strip(): line.split()[-3:] for line in text.splitlines() if line}
    assert lines["left: profit lock"] == ["-", "12", "12"]
    assert lines["left: time out"] == ["1", "-", "1"]


def test_the_paper_run(paper_facts: RunFacts, paper_result: StrategyResult) -> None:
    report = build_report(paper_facts, [paper_result])

    row = report["strategies"][0]
    assert row.keys() >= ROW_KEYS
    assert report["total"].keys() >= ROW_KEYS - {"name", "instrument_id"}
    assert row["volume"] == 406.1
    assert row["maker_share"] == round(303.2 / 406.1, 6)
    assert (row["gross"], row["fees"], row["funding"], row["net"]) == (4.1, 0.8, 0.5, 3.8)
    assert row["unexplained"] == 0.0
    assert row["split"] == {"spread": 1.1, "adverse_selection": -2.0, "inventory": 5.0}
    assert row["markout_bps"]["10s"] == round(0.9 / 303.9 * 1e4, 6)
    assert row["markout_fills"] == {"1s": 3, "10s": 2, "60s": 2}
    assert row["breakeven_fee_bps"] == round(4.6 / 406.1 * 1e4, 6)
    assert row["fee_bps"] == round(0.8 / 406.1 * 1e4, 6)
    assert (row["round_trips"], row["win_rate"]) == (1, 1.0)
    assert row["trade_duration_s"] == {"mean": 93.5, "median": 93.5, "longest": 93.5}
    assert (row["orders"], row["fills"], row["signals"]) == (5, 3, 7)
    # equity stands at 4.3 on the quote of second 12; 1 is lost on the quote of second 30, and
    # 0.5 of funding comes back before the lowest point at second 49
    assert row["max_drawdown"] == pytest.approx(1.0)
    assert row["max_drawdown_share"] == pytest.approx(0.001)


def test_what_cannot_be_computed_is_null_with_its_reason(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    report = build_report(paper_facts, [paper_result], notes=["said by the caller"])

    notes = report["notes"]
    assert report["strategies"][0]["sharpe"] is None
    assert report["strategies"][0]["profit_factor"] is None
    assert notes[0] == "said by the caller"
    assert "1.7 minutes" in notes[1]
    keys = "max_drawdown_interval, sharpe, sortino, sharpe_by_chance, probabilistic_sharpe"
    reason = "null for every row: 1 minute returns; it needs at least 1,440."
    assert f"{keys}, deflated_sharpe: {reason}" in notes
    trips = "win_rate_interval, profit_factor_interval, trade_duration_s_interval"
    short = "null for every row: fewer than 30 round trips."
    assert f"{trips}, trade_order_drawdown: {short}" in notes
    assert any("profit_factor: null for every row: no round trip lost" in note for note in notes)


def test_a_strategy_that_never_traded(paper_facts: RunFacts, idle_result: StrategyResult) -> None:
    report = build_report(paper_facts, [idle_result])

    row = report["strategies"][0]
    nulls = [row[key] for key in ("maker_share", "win_rate", "profit_factor", "breakeven_fee_bps")]
    assert nulls == [None] * 4
    assert row["markout_bps"] == {"1s": None, "10s": None, "60s": None}
    assert (row["net"], row["max_drawdown"]) == (0.0, 0.0)
    assert any("no fills" in note for note in report["notes"])


def test_no_strategies_at_all(paper_facts: RunFacts) -> None:
    report = build_report(paper_facts, [])

    assert report["strategies"] == []
    assert report["total"]["net"] == 0.0
    assert report["total"]["refusals"] == {}


def test_the_total_adds_up(
    paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult
) -> None:
    twice = msgspec.structs.replace(paper_result, instrument_id="ETHUSDT-PERP.BINANCE")

    total = build_report(paper_facts, [paper_result, twice, idle_result])["total"]

    one = build_report(paper_facts, [paper_result])["total"]
    assert total["orders"] == 11
    assert total["net"] == pytest.approx(2 * one["net"])
    assert total["max_drawdown"] == pytest.approx(2 * one["max_drawdown"])
    assert total["capital"] == 1_000.0
    for same in ("markout_bps", "breakeven_fee_bps", "win_rate", "maker_share"):
        assert total[same] == pytest.approx(one[same])
    assert total["refusals"] == {"rejected": 1, "stale quote": 5}
    assert total["exits"] == {"time_out": 2}


def test_books_that_disagree_with_the_fills_are_pointed_out(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    wrong = msgspec.structs.replace(paper_result, engine_gross=4.2, engine_fees=0.9)

    report = build_report(paper_facts, [wrong])

    assert report["strategies"][0]["unexplained"] == 0.1
    assert report["strategies"][0]["fees_unexplained"] == 0.1
    assert any("0.10 of the engine's gross P&L" in note for note in report["notes"])
    assert any("0.10 of the engine's fees" in note for note in report["notes"])


def test_several_configurations_are_compared(
    paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult
) -> None:
    facts = msgspec.structs.replace(
        paper_facts, configs=("mm", "other"), capital={"mm": 1_000.0, "other": 500.0}
    )
    other = msgspec.structs.replace(idle_result, config="other")

    report = build_report(facts, [paper_result, other])

    assert [total["config"] for total in report["comparison"]] == ["mm", "other"]
    assert [total["net"] for total in report["comparison"]] == [3.8, 0.0]
    assert report["total"]["capital"] == 1_500.0
    text = render(report)
    assert "Configurations side by side" in text
    assert "comparison" not in build_report(paper_facts, [paper_result])


def test_a_value_that_is_not_finite_becomes_null_and_is_named(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    signal = {"500": {"moves": 0, "auc": math.nan, "ic": -math.inf}}

    report = build_report(paper_facts, [paper_result], signal)

    assert report["signal"]["500"] == {"moves": 0, "auc": None, "ic": None}
    assert "signal.500.auc, signal.500.ic: null" in report["notes"][-1]


def test_equal_runs_give_equal_bytes(
    paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult
) -> None:
    first, second = (
        encode_report(build_report(paper_facts, [paper_result, idle_result], {"500": {"auc": 0.1}}))
        for _ in range(2)
    )

    assert first == second
    assert json.loads(first)["signal"] == {"500": {"auc": 0.1}}


def test_floats_are_rounded_and_never_minus_zero(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    noisy = msgspec.structs.replace(paper_result, engine_gross=4.1 - 1e-12)

    text = encode_report(build_report(paper_facts, [noisy])).decode()

    assert '"unexplained": 0.0' in text
    assert "-0.0," not in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_table_fits_its_console(
    paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult, width: int
) -> None:
    text = render(build_report(paper_facts, [paper_result, idle_result] * 3), width)

    assert max(len(line) for line in text.splitlines()) <= width
    assert text.count("break-even fee, bps") >= 1
    assert "stale quote" in text


def test_names_are_not_read_as_markup(
    paper_facts: RunFacts, hostile_result: StrategyResult
) -> None:
    text = render(build_report(paper_facts, [hostile_result]), 200)

    assert "[red]" in text
    assert "</script><b>[bold]" in text


def test_the_signal_is_shown_by_horizon(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    signal = {"500": {"moves": 1234, "auc": 0.8312, "auc_imbalance": None}}

    text = render(build_report(paper_facts, [paper_result], signal))

    assert "500 ms" in text
    assert "1,234" in text
    assert "0.831" in text


def test_the_files_of_a_run(
    tmp_path: Path, paper_facts: RunFacts, paper_result: StrategyResult, idle_result: StrategyResult
) -> None:
    results = [paper_result, idle_result]
    report = build_report(paper_facts, results)

    files = write_files(tmp_path / "new" / "run", paper_facts, report, results)

    assert set(files) == {"report", "fills", "tearsheet"}
    written = Path(files["report"]).read_text("utf-8")
    assert json.loads(written) == report | {"files": files}


def test_fills_as_csv(paper_result: StrategyResult, idle_result: StrategyResult) -> None:
    lines = encode_fills([idle_result, paper_result]).decode().splitlines()

    assert lines[0].startswith("config,strategy,instrument_id,ts_event_ns,side,price,qty,fee,")
    assert lines[1] == (
        "mm,MarketMaking,BTCUSDT-PERP.BINANCE,1500000000,BUY,100.5,2.0,0.4,MAKER,101.0,"
        "49.7512,49.7512,149.2537"
    )
    assert lines[3].endswith(",SELL,102.2,1.0,0.2,MAKER,102.0,19.5695,,")
    assert len(lines) == 4


def test_a_directory_that_cannot_be_written(
    tmp_path: Path, paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    (tmp_path / "file").write_text("in the way")
    report = build_report(paper_facts, [paper_result])

    with pytest.raises(UsageError, match="cannot write the report"):
        write_files(tmp_path / "file" / "run", paper_facts, report, [paper_result])


def test_two_days_have_ratios_with_intervals_and_a_deflated_one(
    paper_facts: RunFacts, paper_result: StrategyResult
) -> None:
    rng = np.random.default_rng(8)
    minutes, second = 2_880, 1_000_000_000
    ts_ns = np.arange(2 * minutes, dtype=np.int64) * 30 * second
    mids = MidSeries(ts_ns=ts_ns, mid=100.0 + np.cumsum(rng.normal(0.0, 0.01, len(ts_ns))))
    at = np.arange(1, minutes, dtype=np.int64) * 60 * second + 1  # buys and sells in turn
    side = np.where(np.arange(len(at)) % 2 == 0, 1, -1).astype(np.int8)
    price = mids.at(at) - side * 0.0006
    fee = np.zeros(len(at))
    fills = Fills(
        ts_event_ns=at, side=side, price=price, qty=fee + 1.0, fee=fee, is_maker=fee == 0.0
    )
    held = float(side.sum()) * mids.mid[-1]
    result = msgspec.structs.replace(
        paper_result,
        fills=fills,
        mids=mids,
        engine_gross=float(-np.sum(side * price)) + held,
        engine_fees=0.0,
        funding=NO_PAYMENTS,
    )
    facts = msgspec.structs.replace(paper_facts, end_ns=minutes * 60 * second)

    params = PerformanceParams(resampling=Resampling(resamples=100))

    alone = build_report(facts, [result], params=params)["total"]
    several = msgspec.structs.replace(facts, trials=Trials(count=200))
    chosen = build_report(several, [result], params=params)

    for key in ("sharpe", "sortino", "win_rate", "profit_factor"):
        low, high = alone[f"{key}_interval"]
        assert low < alone[key] < high
    low, high = alone["trade_duration_s_interval"]
    assert low <= alone["trade_duration_s"]["mean"] <= high
    assert 0.0 < alone["max_drawdown_interval"][0] < alone["max_drawdown_interval"][1]
    assert alone["trade_order_drawdown"]["p05"] <= alone["trade_order_drawdown"]["p95"]
    assert alone["calmar"] is None  # two days are no month
    assert alone["sharpe_by_chance"] == 0.0
    assert alone["deflated_sharpe"] == alone["probabilistic_sharpe"]
    assert chosen["total"]["trials"] == chosen["run"]["trials"] == 200
    # Without known ratios their spread is chance's own, 1 / sqrt(n - 1) a minute.
    by_chance = expected_max_sharpe(200, 1 / (minutes - 1)) * np.sqrt(525_600)
    assert chosen["total"]["sharpe_by_chance"] == pytest.approx(by_chance, abs=1e-4)
    assert chosen["total"]["deflated_sharpe"] < 0.5 < alone["deflated_sharpe"]
