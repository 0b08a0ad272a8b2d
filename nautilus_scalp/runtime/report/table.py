"""A report for a terminal: what a run earned, why, and what it would take to break even."""

from collections.abc import Mapping
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.console import ConsoleOptions
from rich.console import RenderableType
from rich.console import RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nautilus_scalp.runtime.report.lines import SIGNAL_LINES
from nautilus_scalp.runtime.report.lines import Line
from nautilus_scalp.runtime.report.lines import count
from nautilus_scalp.runtime.report.lines import heading
from nautilus_scalp.runtime.report.lines import lines_for
from nautilus_scalp.runtime.report.notes import Row


LABEL_WIDTH = 23
VALUE_WIDTH = 12
GAP = 3


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
        columns = [(heading(row, several=several), row) for row in report["strategies"]]
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
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", width=LABEL_WIDTH)
    for name, _ in columns:
        style = "bold" if name == "total" else ""
        table.add_column(
            Text(name), justify="right", width=VALUE_WIDTH, overflow="fold", style=style
        )
    for line in lines_for([row for _, row in columns]):
        cells = (_cell(row, line) for _, row in columns)
        table.add_row(Text(line.name), *cells, end_section=line.closes_section)
    return table


def _cell(row: Row, line: Line) -> Text:
    return Text(line.cell(row), style={-1: "red", 0: "", 1: "green"}[line.sign(row)])


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
