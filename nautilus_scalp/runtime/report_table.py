"""A report for a terminal: what a run earned, why, and what it would take to break even."""

import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.console import ConsoleOptions
from rich.console import RenderableType
from rich.console import RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nautilus_scalp.runtime.notes import Row


NOTHING = "-"
LABEL_WIDTH = 23
VALUE_WIDTH = 12
GAP = 3

type Format = Callable[[Any], str]


def amount(value: float | None) -> str:
    """Return a number with thousands and two decimals.

    Examples
    --------
    >>> amount(-1234.5), amount(None)
    ('-1,234.50', '-')

    """
    return NOTHING if value is None else f"{value:z,.2f}"


def decimals(value: float | None) -> str:
    """Return a score with three decimals."""
    return NOTHING if value is None else f"{value:z.3f}"


def count(value: float) -> str:
    """Return a whole number with thousands."""
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share of one as a percentage.

    Examples
    --------
    >>> share(0.1234)
    '12.3 %'

    """
    return NOTHING if value is None else f"{100.0 * value:z.1f} %"


def small_share(value: float | None) -> str:
    """Return a small share of one as a percentage."""
    return NOTHING if value is None else f"{100.0 * value:z.3f} %"


def interval(value: Sequence[float] | None) -> str:
    """Return both ends of an interval."""
    return NOTHING if value is None else f"{value[0]:z.1f} to {value[1]:z.1f}"


def total_of(value: Mapping[str, int]) -> str:
    """Return the sum of counts by reason."""
    return count(sum(value.values()))


class Line(msgspec.Struct, frozen=True):
    """One line of the table: what it is called, where its value is, and how it reads."""

    name: str
    path: tuple[str, ...]
    text: Format = amount
    signed: bool = False
    closes_section: bool = False


LINES = (
    Line("net", ("net",), signed=True),
    Line("gross, before fees", ("gross",), signed=True),
    Line("fees paid", ("fees",)),
    Line("funding received", ("funding",), closes_section=True),
    Line("spread captured", ("split", "spread"), signed=True),
    Line("adverse selection", ("split", "adverse_selection"), signed=True),
    Line("inventory", ("split", "inventory"), signed=True),
    Line("unexplained", ("unexplained",), closes_section=True),
    Line("break-even fee, bps", ("breakeven_fee_bps",), signed=True),
    Line("fee paid, bps", ("fee_bps",)),
    Line("markout after 1 s, bps", ("markout_bps", "1s"), signed=True),
    Line("markout after 10 s, bps", ("markout_bps", "10s"), signed=True),
    Line("markout after 60 s, bps", ("markout_bps", "60s"), signed=True, closes_section=True),
    Line("volume", ("volume",), count),
    Line("orders", ("orders",), count),
    Line("fills", ("fills",), count),
    Line("maker share of volume", ("maker_share",), share),
    Line("refused or rejected", ("refusals",), total_of),
    Line("signals received", ("signals",), count, closes_section=True),
    Line("round trips", ("round_trips",), count),
    Line("won after fees", ("win_rate",), share),
    Line("profit factor", ("profit_factor",)),
    Line("median duration, s", ("trade_duration_s", "median")),
    Line("max drawdown", ("max_drawdown",)),
    Line("drawdown / capital", ("max_drawdown_share",), small_share, closes_section=True),
)
RATIO_LINES = (
    Line("Sharpe, a year", ("sharpe",), signed=True),
    Line("  interval", ("sharpe_interval",), interval),
    Line("Sortino, a year", ("sortino",), signed=True),
    Line("  interval", ("sortino_interval",), interval),
    Line("Calmar, a year", ("calmar",), signed=True),
    Line("  interval", ("calmar_interval",), interval),
)
SIGNAL_LINES = (
    Line("moves", ("moves",), count),
    Line("AUC", ("auc",), decimals),
    Line("AUC, imbalance alone", ("auc_imbalance",), decimals),
    Line("accuracy", ("accuracy",), share),
    Line("accuracy, top decile", ("accuracy_top_decile",), share),
    Line("MCC", ("mcc",), decimals),
    Line("Brier score", ("brier",), decimals),
    Line("calibration error", ("ece",), decimals),
    Line("information coeff.", ("ic",), decimals),
    Line("coverage", ("coverage",), share),
    Line("false positives", ("false_positive_rate",), share),
)


class ReportTable:
    """A report that lays itself out for the width of its console.

    Parameters
    ----------
    report : dict
        What `build_report` returned.

    """

    def __init__(self, report: Row) -> None:
        self._report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield header, tables and notes; as many strategies side by side as there is room for."""
        report = self._report
        several = len(report["run"]["configs"]) > 1
        columns = [(_heading(row, several=several), row) for row in report["strategies"]]
        columns.append(("total", report["total"]))
        yield _header(report["run"])
        yield from _tables("", columns, options.max_width)
        if "comparison" in report:
            best_first = sorted(report["comparison"], key=lambda total: -total["net"])
            totals = [(total["config"], total) for total in best_first]
            yield from _tables("Configurations side by side", totals, options.max_width)
        if report["signal"]:
            yield _signal(report["signal"])
        if report["total"]["refusals"]:
            yield _refusals(report["total"]["refusals"])
        yield _notes(report["notes"])


def render_table(report: Row) -> ReportTable:
    """Lay a report out for a terminal.

    Parameters
    ----------
    report : dict
        What `build_report` returned, of one configuration or of several.

    Returns
    -------
    ReportTable
        For `rich.console.Console.print`. Text from the user is never read as markup.

    """
    return ReportTable(report)


def short_name(name: str) -> str:
    """Return a class name as words, so that it wraps between them.

    Examples
    --------
    >>> short_name("MomentumBreakout")
    'Momentum Breakout'

    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def short_instrument(instrument_id: str) -> str:
    """Return an instrument id without its venue.

    Examples
    --------
    >>> short_instrument("BTCUSDT-PERP.BINANCE")
    'BTCUSDT-PERP'

    """
    return instrument_id.rpartition(".")[0] or instrument_id


def _heading(row: Row, *, several: bool) -> str:
    heading = f"{short_name(row['name'])}\n{short_instrument(row['instrument_id'])}"
    return f"{heading}\n{row['config']}" if several else heading


def _header(run: Row) -> RenderableType:
    model = run["model"]
    tier = run["fee_tier"]
    trained = "no model: rules alone"
    if model:
        trained = f"model {model['id']}, trained to {model['train_end']}"
    took = f"{run['events']:,} events in {run['seconds']:.1f} s"
    lines = (
        f"{', '.join(run['configs'])} on {run['catalog']}",
        f"{run['start']} to {run['end']}, {took}, {run['engine']}",
        f"{tier['name']} fees: maker {tier['maker_bps']:g} bps, taker {tier['taker_bps']:g} bps",
        f"{trained}; seed {run['seed']}; amounts in {run['currency']}",
    )
    return Padding(Text("\n".join(lines)), (1, 0))


def _tables(title: str, columns: Sequence[tuple[str, Row]], width: int) -> list[RenderableType]:
    """Return one table, or several below each other where the columns do not fit."""
    fitting = max(1, (width - LABEL_WIDTH - GAP) // (VALUE_WIDTH + GAP))
    return [
        _table(title, columns[first : first + fitting]) for first in range(0, len(columns), fitting)
    ]


def _table(title: str, columns: Sequence[tuple[str, Row]]) -> Table:
    annualised = any(row["sharpe"] is not None for _, row in columns)
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", width=LABEL_WIDTH)
    for heading, _ in columns:
        style = "bold" if heading == "total" else ""
        table.add_column(
            Text(heading), justify="right", width=VALUE_WIDTH, overflow="fold", style=style
        )
    for line in (*LINES, *(RATIO_LINES if annualised else ())):
        cells = (_cell(row, line) for _, row in columns)
        table.add_row(Text(line.name), *cells, end_section=line.closes_section)
    return table


def _cell(row: Row, line: Line) -> Text:
    value: Any = row
    for key in line.path:
        value = value[key]
    colour = ""
    if line.signed and value:
        colour = "green" if value > 0 else "red"
    return Text(line.text(value), style=colour)


def _signal(horizons: Mapping[str, Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("signal, by horizon", width=LABEL_WIDTH)
    for horizon_ms in horizons:
        table.add_column(f"{horizon_ms} ms", justify="right", min_width=VALUE_WIDTH)
    for line in SIGNAL_LINES:
        cells = [_cell(row, line) for row in horizons.values() if line.path[0] in row]
        if len(cells) == len(horizons):
            table.add_row(line.name, *cells)
    return table


def _refusals(refusals: Mapping[str, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("refused, denied or rejected, all strategies", min_width=LABEL_WIDTH)
    table.add_column("times", justify="right")
    for reason, times in sorted(refusals.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(reason), count(times))
    return table


def _notes(notes: Sequence[str]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    for note in notes:
        grid.add_row("*", Text(note))
    return grid
