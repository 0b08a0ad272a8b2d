"""One self-contained page about a run: no network, no server, readable years later."""

from collections.abc import Sequence

from nautilus_scalp.runtime.report import charts
from nautilus_scalp.runtime.report import page
from nautilus_scalp.runtime.report.columns import Column
from nautilus_scalp.runtime.report.columns import config_columns
from nautilus_scalp.runtime.report.columns import strategy_columns
from nautilus_scalp.runtime.report.lines import LINES
from nautilus_scalp.runtime.report.lines import SIGNAL_LINES
from nautilus_scalp.runtime.report.lines import amount
from nautilus_scalp.runtime.report.lines import count
from nautilus_scalp.runtime.report.lines import share
from nautilus_scalp.runtime.report.lines import small_share
from nautilus_scalp.runtime.report.measures import mark_times
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.notes import window_notes
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import SignalDetail
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.report.sections import breakdown
from nautilus_scalp.runtime.report.sections import queue_judges
from nautilus_scalp.runtime.report.sections import surface
from nautilus_scalp.runtime.report.sections import uncertainty


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
SURFACE_TEXT = (
    "Net P&L under every fee tier, with slower commands and other assumptions about the queue. "
    "Each row is a run of its own; tiers show maker and taker fee."
)
QUEUE_TEXT = (
    "The same resting orders judged by hftbacktest's models of the queue. Risk averse is the "
    "engine's own rule, written twice; the others let cancellations move the queue."
)
CHANCE_TEXT = (
    "Intervals by block bootstrap; a dash is a window too short for one. Deflated Sharpe: the "
    "probability that the true ratio is above what the best of all tried would show by chance."
)
BREAKDOWN_TEXT = {
    "by_regime": "What a strategy did counts under the regime of its instrument at that moment.",
    "by_hour": "Net P&L is what the marked account gained within the hour.",
}


def render_tearsheet(
    facts: RunFacts,
    report: Row,
    results: Sequence[StrategyResult],
    detail: SignalDetail | None = None,
) -> str:
    """Lay a run out as one HTML page with plotly.js inside.

    One configuration is shown strategy by strategy, several are set side by side.

    Parameters
    ----------
    facts : RunFacts
        What was run.
    report : dict
        What `build_report` returned for it; with `surface`, if there is one.
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
    grid_ns = mark_times(facts, results)
    several = len(facts.configs) > 1
    title = "Configurations side by side" if several else "Backtest tearsheet"
    sheet.add(page.header(title, _head_lines(report["run"]), window_notes(grid_ns)))
    strategies = strategy_columns(report, results)
    columns = config_columns(report, results) if several else strategies
    if several:
        text = "Best net P&L first; every configuration trades an account of its own."
        sheet.add(page.section("Every number", text, _numbers(columns)))
    else:
        sheet.add(_tiles(report))
    if results:
        _add_money(sheet, facts, report, columns)
        _add_costs(sheet, facts, report, columns)
        _add_execution(sheet, columns)
    _add_tables(sheet, report, columns)
    if several:
        folded = page.folded("one column a strategy", _numbers(strategies))
        sheet.add(page.section("Every strategy", "", folded))
    _add_signal(sheet, report, detail)
    _add_words(sheet, facts, report)
    return sheet.html()


def _numbers(columns: Sequence[Column]) -> str:
    named = [(column.heading, column.row) for column in columns]
    return page.lines_table(LINES, named)


def _add_money(sheet: page.Page, facts: RunFacts, report: Row, columns: Sequence[Column]) -> None:
    grid_ns = mark_times(facts, [one for column in columns for one in column.results])
    curves = {column.name: column.equity(grid_ns) for column in columns}
    several = len(facts.configs) > 1
    text = "Marked at the mid price every second, after fees and funding."
    if several:
        shares = {name: 100.0 * curve / facts.capital[name] for name, curve in curves.items()}
        figure = charts.compared_figure(shares, grid_ns)
        sheet.add(page.section("Equity as a share of capital", text, sheet.plot(figure)))
    else:
        figure = charts.equity_figure(curves, grid_ns, facts.currency)
        sheet.add(page.section("Equity and drawdown", text, sheet.plot(figure)))
        waterfall = charts.waterfall_figure(report["total"], facts.currency)
        plot = sheet.plot(waterfall)
        sheet.add(page.section("Where the money came from", SPLIT_TEXT, plot))


def _add_costs(sheet: page.Page, facts: RunFacts, report: Row, columns: Sequence[Column]) -> None:
    rows, labels = [column.row for column in columns], [column.name for column in columns]
    bars = charts.split_figure(rows, labels, facts.currency)
    fees = charts.breakeven_figure(rows, labels, facts.fee_tier)
    what = "configuration" if len(facts.configs) > 1 else "strategy"
    sheet.add(
        page.pair(
            page.section(f"The money by {what}", "Parts that stack up to net.", sheet.plot(bars)),
            page.section(
                "Break-even fee against the fee paid",
                FEE_TEXT + facts.fee_tier.name + ".",
                sheet.plot(fees),
            ),
        )
    )
    if report.get("surface"):
        sheet.add(page.section("Break-even surface", SURFACE_TEXT, surface(report["surface"])))


def _add_execution(sheet: page.Page, columns: Sequence[Column]) -> None:
    curves = {column.name: column.markouts(MARKOUT_CURVE_MS) for column in columns}
    markouts = charts.markout_figure(curves, has_total=columns[-1].name == "total")
    text = "What a fill is worth later, before fees. A curve that falls is adverse selection."
    sheet.add(page.section("Markouts", text, sheet.plot(markouts)))
    if columns[-1].name != "total":
        return
    single = columns[:-1]
    for instrument_id in dict.fromkeys(column.results[0].instrument_id for column in single):
        own = [one for one in single if one.results[0].instrument_id == instrument_id]
        price = charts.price_figure([one.results[0] for one in own], [one.name for one in own])
        text = "Mid price and fills. Click a name in the legend to hide or show it."
        sheet.add(page.section(f"Fills on {instrument_id}", text, sheet.plot(price)))


def _add_tables(sheet: page.Page, report: Row, columns: Sequence[Column]) -> None:
    total = columns[-1].name == "total"
    if total:
        unit = f"Amounts in {report['run']['currency']}. A dash has no honest value; see the notes."
        sheet.add(page.section("Every number", unit, _numbers(columns)))
    judged = [columns[-1]] if total else columns
    boxes = [page.section("Performance and chance", CHANCE_TEXT, uncertainty(judged))]
    if any(column.row["queue_band"] for column in columns):
        boxes.append(page.section("Other judges of the queue", QUEUE_TEXT, queue_judges(judged)))
    if total:
        sheet.add(page.pair(*boxes))
    else:
        for box in boxes:
            sheet.add(box)
    parts = columns[:-1] if total else columns
    for title, key in (("By regime", "by_regime"), ("By hour, UTC", "by_hour")):
        if len(report[key]) > 1:
            table = breakdown(report[key], parts, title.split(",", maxsplit=1)[0][3:])
            sheet.add(page.section(title, BREAKDOWN_TEXT[key], table))
    counted = {"exits": "Why positions were left", "refusals": "Refused, denied or rejected"}
    for key, title in counted.items():
        if report["total"][key]:
            counts = [(column.heading, column.row[key]) for column in columns]
            sheet.add(page.section(title, "", page.counts_table("reason", counts)))


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
