"""HTML of the tearsheet: every text from outside is escaped here, and nowhere else."""

from collections.abc import Mapping
from collections.abc import Sequence
from html import escape
from importlib.resources import files

import msgspec
from plotly.offline import get_plotlyjs

from nautilus_scalp.runtime.report.lines import Format
from nautilus_scalp.runtime.report.lines import Line
from nautilus_scalp.runtime.report.lines import count
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.plotting import Figure


_SIGNS = {-1: "loss", 0: "", 1: "gain"}
_DRAW = """
for (const slot of document.querySelectorAll("[data-figure]")) {
  const figure = JSON.parse(document.getElementById(slot.dataset.figure).textContent);
  Plotly.newPlot(slot, figure.data, figure.layout, {responsive: true, displayModeBar: false});
}
"""


class Cell(msgspec.Struct, frozen=True):
    """A cell of a table: its text, not escaped yet, and how it looks (classes of the style)."""

    text: str
    look: str = ""


class Page:
    """A page under construction: blocks in order, and the figures that they show.

    Parameters
    ----------
    title : str
        Of the browser's tab.

    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._blocks: list[str] = []
        self._figures: list[Figure] = []

    def add(self, block: str) -> None:
        """Append a block of HTML."""
        self._blocks.append(block)

    def plot(self, figure: Figure) -> str:
        """Keep a figure for the page and return the place where it is drawn."""
        self._figures.append(figure)
        height = figure["layout"]["height"]
        number = len(self._figures)
        return f'<div data-figure="figure-{number}" style="height:{height}px"></div>'

    def html(self) -> str:
        """Return the finished page; plotly.js is inside, once."""
        style = files("nautilus_scalp.runtime.report").joinpath("tearsheet.css").read_text("utf-8")
        figures = "\n".join(
            f'<script type="application/json" id="figure-{number}">{_json(figure)}</script>'
            for number, figure in enumerate(self._figures, start=1)
        )
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self._title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            f"<main>\n{'\n'.join(self._blocks)}\n</main>\n{figures}\n"
            f"<script>{get_plotlyjs()}</script>\n<script>{_DRAW}</script>\n</body>\n</html>\n"
        )


def section(title: str, text: str, body: str) -> str:
    """Return a titled box; `body` is HTML already."""
    explained = f"<p>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{explained}{body}</section>"


def pair(*sections: str) -> str:
    """Return boxes side by side where the window is wide enough."""
    return f'<div class="pair">{"".join(sections)}</div>'


def header(title: str, lines: Sequence[str], warnings: Sequence[str]) -> str:
    """Return the head of the page."""
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    boxes = "".join(f'<div class="warning">{escape(text)}</div>' for text in warnings)
    return f"<header><h1>{escape(title)}</h1>{paragraphs}{boxes}</header>"


def tiles(values: Sequence[tuple[str, str, str]]) -> str:
    """Return the figures of the run at a glance: name, value, remark."""
    boxes = (
        f'<div class="tile"><span>{escape(name)}</span><strong>{escape(value)}</strong>'
        f"<br><small>{escape(remark) or '&nbsp;'}</small></div>"
        for name, value, remark in values
    )
    return f'<div class="tiles">{"".join(boxes)}</div>'


def signed(value: float | None, text: Format, look: str = "") -> Cell:
    """Return a number in the colour of its sign; what reads as zero has none."""
    sign = 0 if not value or text(value) == text(0.0) else (1 if value > 0 else -1)
    return Cell(text(value), f"{_SIGNS[sign]} {look}".strip())


def table(
    heads: Sequence[Cell], rows: Sequence[Sequence[Cell]], sections_end: Sequence[int] = ()
) -> str:
    """Return a table; below the rows of `sections_end` is a line."""
    body = []
    for number, row in enumerate(rows):
        mark = ' class="last"' if number in sections_end else ""
        body.append(f"<tr{mark}>{''.join(_tag('td', cell) for cell in row)}</tr>")
    head = "".join(_tag("th", cell) for cell in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def lines_table(lines: Sequence[Line], columns: Sequence[tuple[str, Row]]) -> str:
    """Return a table with one row per line and one column per strategy; "total" stands out."""
    heads = [Cell(""), *(Cell(name, _emphasis(name)) for name, _ in columns)]
    rows = [
        [
            Cell(line.name),
            *(
                Cell(line.cell(row), f"{_SIGNS[line.sign(row)]} {_emphasis(name)}".strip())
                for name, row in columns
            ),
        ]
        for line in lines
    ]
    ends = [number for number, line in enumerate(lines) if line.closes_section]
    return table(heads, rows, ends)


def folded(summary: str, body: str) -> str:
    """Return HTML that is shown on a click."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def counts_table(title: str, columns: Sequence[tuple[str, Mapping[str, int]]]) -> str:
    """Return how often each reason occurred, in one column per strategy."""
    sums: dict[str, int] = {}
    for _, counts in columns:
        for reason, times in counts.items():
            sums[reason] = sums.get(reason, 0) + times
    heads = [Cell(title), *(Cell(name, _emphasis(name)) for name, _ in columns)]
    rows = [
        [Cell(reason), *(Cell(count(counts.get(reason, 0))) for _, counts in columns)]
        for reason in sorted(sums, key=lambda one: (-sums[one], one))
    ]
    return table(heads, rows)


def bullets(texts: Sequence[str]) -> str:
    """Return a list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def facts_list(facts: Mapping[str, str]) -> str:
    """Return names with their values."""
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>" for key, text in facts.items())
    return f"<dl>{items}</dl>"


def _tag(tag: str, cell: Cell) -> str:
    look = f' class="{cell.look}"' if cell.look else ""
    return f"<{tag}{look}>{escape(cell.text).replace(chr(10), '<br>')}</{tag}>"


def _emphasis(name: str) -> str:
    return "total" if name == "total" else ""


def _json(figure: Figure) -> str:
    """Return JSON that cannot end the script element that it stands in."""
    return msgspec.json.encode(figure).decode().replace("<", "\\u003c")
