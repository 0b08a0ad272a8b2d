"""One self-contained page about a run: no network, no server, readable years later."""

from collections.abc import Sequence

import numpy as np

from nautilus_scalp.evaluation.markouts import Markout
from nautilus_scalp.evaluation.markouts import measure_markouts
from nautilus_scalp.evaluation.performance import equity_curve
from nautilus_scalp.runtime.report import charts
from nautilus_scalp.runtime.report import page
from nautilus_scalp.runtime.report.lines import SIGNAL_LINES
from nautilus_scalp.runtime.report.lines import amount
from nautilus_scalp.runtime.report.lines import count
from nautilus_scalp.runtime.report.lines import heading
from nautilus_scalp.runtime.report.lines import lines_for
from nautilus_scalp.runtime.report.lines import share
from nautilus_scalp.runtime.report.lines import short_instrument
from nautilus_scalp.runtime.report.lines import short_name
from nautilus_scalp.runtime.report.lines import small_share
from nautilus_scalp.runtime.report.measures import mark_times
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.notes import window_notes
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import SignalDetail
from nautilus_scalp.runtime.report.results import StrategyResult


MARKOUT_CURVE_MS = (
    *(100, 200, 300, 500, 700, 1_000, 2_000, 3_000, 5_000),
    *(7_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000),
)
SPLIT_TEXT = (
    "Spread: fill price against the mid that prevailed. Adverse selection: move of the mid in the "
    "10 seconds after a fill. Inventory: everything later, on what was still held."
)
FEE_TEXT = (
    "Net P&L is zero at the end of the bar: it pays where the bar passes the fee mark. Dashed: "
)


def render_tearsheet(
    facts: RunFacts,
    report: Row,
    results: Sequence[StrategyResult],
    detail: SignalDetail | None = None,
) -> str:
    """Lay a run out as one HTML page with plotly.js inside.

    Parameters
    ----------
    facts : RunFacts
        What was run.
    report : dict
        What `build_report` returned for it.
    results : Sequence[StrategyResult]
        The results behind the report, in the same order.
    detail : SignalDetail, optional
        What is drawn about the signal; its sections are left out without it.

    Returns
    -------
    str
        The page; equal inputs give equal pages.

    """
    sheet = page.Page(f"{', '.join(facts.configs)}: backtest tearsheet")
    names = _names(results, several=len(facts.configs) > 1)
    grid_ns = mark_times(facts, results)
    run = report["run"]
    sheet.add(page.header("Backtest tearsheet", _head_lines(run), window_notes(grid_ns)))
    sheet.add(_tiles(report))
    if results:
        _add_money(sheet, facts, report, results, names)
        _add_execution(sheet, results, names)
    _add_tables(sheet, report)
    _add_signal(sheet, report, detail)
    _add_words(sheet, facts, report)
    return sheet.html()


def _add_money(
    sheet: page.Page,
    facts: RunFacts,
    report: Row,
    results: Sequence[StrategyResult],
    names: Sequence[str],
) -> None:
    grid_ns = mark_times(facts, results)
    curves = {
        name: equity_curve(one.fills, one.mids, one.funding, grid_ns, one.final_mark)
        for name, one in zip(names, results, strict=True)
    }
    curves["total"] = np.sum(list(curves.values()), axis=0)
    equity = charts.equity_figure(curves, grid_ns, facts.currency)
    text = "Marked at the mid price every second, after fees and funding."
    sheet.add(page.section("Equity and drawdown", text, sheet.plot(equity)))
    waterfall = charts.waterfall_figure(report["total"], facts.currency)
    sheet.add(page.section("Where the money came from", SPLIT_TEXT, sheet.plot(waterfall)))
    rows, labels = [*report["strategies"], report["total"]], [*names, "total"]
    bars = charts.split_figure(rows, labels, facts.currency)
    fees = charts.breakeven_figure(rows, labels, facts.fee_tier)
    sheet.add(
        page.pair(
            page.section("The same by strategy", "Parts that stack up to net.", sheet.plot(bars)),
            page.section(
                "Break-even fee against the fee paid",
                FEE_TEXT + facts.fee_tier.name + ".",
                sheet.plot(fees),
            ),
        )
    )


def _add_execution(
    sheet: page.Page, results: Sequence[StrategyResult], names: Sequence[str]
) -> None:
    markouts = charts.markout_figure(_markout_curves(results, names))
    text = "What a fill is worth later, before fees. A curve that falls is adverse selection."
    sheet.add(page.section("Markouts", text, sheet.plot(markouts)))
    for instrument_id in dict.fromkeys(result.instrument_id for result in results):
        own = [i for i, result in enumerate(results) if result.instrument_id == instrument_id]
        price = charts.price_figure([results[i] for i in own], [names[i] for i in own])
        text = "Mid price and fills. Click a name in the legend to hide or show it."
        sheet.add(page.section(f"Fills on {instrument_id}", text, sheet.plot(price)))


def _add_tables(sheet: page.Page, report: Row) -> None:
    several = len(report["run"]["configs"]) > 1
    columns = [(heading(row, several=several), row) for row in report["strategies"]]
    columns.append(("total", report["total"]))
    table = page.lines_table(lines_for([row for _, row in columns]), columns)
    unit = f"Amounts in {report['run']['currency']}. A dash has no honest value; the notes say why."
    sheet.add(page.section("Every number", unit, table))
    if "comparison" in report:
        best_first = sorted(report["comparison"], key=lambda total: -total["net"])
        totals = [(total["config"], total) for total in best_first]
        compared = page.lines_table(lines_for(report["comparison"]), totals)
        sheet.add(page.section("Configurations side by side", "Best net P&L first.", compared))
    refusals = [(name, row["refusals"]) for name, row in columns]
    if report["total"]["refusals"]:
        table = page.counts_table("reason", refusals)
        sheet.add(page.section("Refused, denied or rejected", "", table))


def _add_signal(sheet: page.Page, report: Row, detail: SignalDetail | None) -> None:
    if report["signal"]:
        horizons = [(f"{ms} ms", row) for ms, row in report["signal"].items()]
        known = [line for line in SIGNAL_LINES if all(line.path[0] in row for _, row in horizons)]
        text = "Over this window, by horizon; AUC, accuracy and MCC over the events that moved."
        sheet.add(page.section("Signal quality", text, page.lines_table(known, horizons)))
    shown = []
    if detail and detail.reliability:
        text = "A calibrated signal lies on the dotted line: what it calls 70 % happens in 70 %."
        plot = sheet.plot(charts.reliability_figure(detail.reliability))
        shown.append(page.section("Reliability of the signal", text, plot))
    if detail and detail.importance:
        text = "Each model's own measure, as a share of its sum."
        plot = sheet.plot(charts.importance_figure(detail.importance))
        shown.append(page.section("Feature importance", text, plot))
    if shown:
        sheet.add(page.pair(*shown))


def _add_words(sheet: page.Page, facts: RunFacts, report: Row) -> None:
    if facts.assumptions:
        text = "What the simulated venue takes for granted; docs/assumptions.md has the reasons."
        listed = page.bullets(facts.assumptions)
        sheet.add(page.section("Assumptions behind the fills", text, listed))
    if report["notes"]:
        sheet.add(page.section("Notes", "", page.bullets(report["notes"])))
    sheet.add(page.section("Run", "", page.facts_list(_run_facts(facts, report["run"]))))


def _run_facts(facts: RunFacts, run: Row) -> dict[str, str]:
    model = run["model"]
    tier = facts.fee_tier
    trained = "none: rules alone"
    if model:
        trained = f"{model['id']}, {model['features']} features, trained to {model['train_end']}"
    return {
        "configurations": ", ".join(run["configs"]),
        "catalog": run["catalog"],
        "window": f"{run['start']} to {run['end']} UTC",
        "engine": f"{run['engine']}, {run['events']:,} events in {run['seconds']:.1f} s",
        "model": trained,
        "fees": f"{tier.name}: maker {tier.maker_bps:g} bps, taker {tier.taker_bps:g} bps",
        "capital": ", ".join(f"{name}: {amount(value)}" for name, value in run["capital"].items()),
        "seed": str(run["seed"]),
    }


def _head_lines(run: Row) -> list[str]:
    return [
        f"{', '.join(run['configs'])} on {run['catalog']}",
        f"{run['start']} to {run['end']} UTC, {run['events']:,} market events, {run['engine']}",
    ]


def _tiles(report: Row) -> str:
    total = report["total"]
    currency = report["run"]["currency"]
    paid = f"paid {amount(total['fee_bps'])} bps"
    trips = f"of {count(total['round_trips'])} round trips"
    return page.tiles(
        (
            ("Net P&L", amount(total["net"]), currency),
            ("Gross, before fees", amount(total["gross"]), currency),
            ("Fees paid", amount(total["fees"]), currency),
            ("Break-even fee", f"{amount(total['breakeven_fee_bps'])} bps", paid),
            ("Markout after 10 s", f"{amount(total['markout_bps']['10s'])} bps", "before fees"),
            ("Fills", count(total["fills"]), f"of {count(total['orders'])} orders"),
            ("Maker share", share(total["maker_share"]), f"of {count(total['volume'])} {currency}"),
            ("Won after fees", share(total["win_rate"]), trips),
            (
                "Max drawdown",
                amount(total["max_drawdown"]),
                f"{small_share(total['max_drawdown_share'])} of capital",
            ),
            ("Unexplained", amount(total["unexplained"]), "of gross P&L"),
        )
    )


def _markout_curves(
    results: Sequence[StrategyResult], names: Sequence[str]
) -> dict[str, list[tuple[int, float | None]]]:
    pooled = {ms: Markout.none(ms) for ms in MARKOUT_CURVE_MS}
    curves = {}
    for name, result in zip(names, results, strict=True):
        markouts = measure_markouts(result.fills, result.mids, MARKOUT_CURVE_MS)
        pooled = {ms: pooled[ms] + markouts[ms] for ms in MARKOUT_CURVE_MS}
        curves[name] = [(ms, markout.bps) for ms, markout in markouts.items()]
    curves["total"] = [(ms, markout.bps) for ms, markout in pooled.items()]
    return curves


def _names(results: Sequence[StrategyResult], *, several: bool) -> list[str]:
    """Name every curve, the second of the same name with a number."""
    names: list[str] = []
    for result in results:
        name = f"{short_name(result.name)} {short_instrument(result.instrument_id)}"
        name = f"{name} ({result.config})" if several else name
        same = sum(other.partition(" #")[0] == name for other in names)
        names.append(f"{name} #{same + 1}" if same else name)
    return names
