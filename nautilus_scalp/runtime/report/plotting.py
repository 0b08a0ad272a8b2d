"""The look that all figures share: plain dictionaries for plotly.js, and thinning of long series.

Names come from configurations: every text is escaped, since plotly reads a subset of HTML.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_MS


INK = "#1f2937"
MUTED = "#94a3b8"
GRID = "#e5e9f0"
GAIN = "#15803d"
LOSS = "#b91c1c"
PALETTE = ("#2563eb", "#d97706", "#0d9488", "#7c3aed", "#db2777", "#65a30d", "#0891b2", "#9f1239")
DECIMALS = 4

type Floats = npt.NDArray[np.float64]
type Times = npt.NDArray[np.int64]
type Figure = dict[str, Any]
type Numbers = Floats | Sequence[float | None]


def figure(data: Sequence[Figure], height: int, **layout: Any) -> Figure:  # noqa: ANN401
    """Return a figure in the common style.

    Parameters
    ----------
    data : Sequence[dict]
        plotly traces.
    height : int
        Pixels; the width is the page's.
    **layout
        plotly layout options on top of the common ones.

    Returns
    -------
    dict
        `data` and `layout` for ``Plotly.newPlot``.

    """
    base = {
        "height": height,
        "margin": {"l": 64, "r": 24, "t": 34, "b": 52},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, 'Segoe UI', system-ui, sans-serif", "size": 12, "color": INK},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hoverlabel": {"namelength": -1},
    }
    return {"data": list(data), "layout": base | layout}


def scatter(name: str, x: Sequence[float | None], y: Numbers, **look: Any) -> Figure:  # noqa: ANN401
    """Return points or a line; values are rounded, since every digit weighs in the page."""
    rounded = [None if one is None else round(float(one), DECIMALS) for one in y]
    return {"type": "scatter", "name": escape(name), "x": x, "y": rounded} | look


def stroke(number: int, *, is_total: bool = False) -> Figure:
    """Return the line of the n-th strategy, or the heavy one of the total."""
    if is_total:
        return {"width": 2.8, "color": INK}
    return {"width": 1.5, "color": colour(number)}


def colour(number: int) -> str:
    """Return the colour of the n-th strategy."""
    return PALETTE[number % len(PALETTE)]


def axis(title: str = "", **more: Any) -> Figure:  # noqa: ANN401 (plotly's own options)
    """Return an axis with a light grid; `title` is escaped."""
    heading = {"text": escape(title), "standoff": 10}
    grid = {"gridcolor": GRID, "zeroline": False, "zerolinecolor": INK, "zerolinewidth": 1}
    return {"title": heading, "automargin": True} | grid | more


def name_axis() -> Figure:
    """Return a vertical axis of names, the first one on top."""
    return axis(autorange="reversed", showgrid=False, ticks="")


def vertical(x: float) -> Figure:
    """Return a dashed vertical line over the whole height."""
    dashed = {"color": MUTED, "width": 1.5, "dash": "dash"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": dashed}


def above(x: float, text: str) -> Figure:
    """Return a remark above the plot at `x`; `text` is escaped."""
    place = {"x": x, "y": 1.0, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    return place | {"text": escape(text), "font": {"size": 11, "color": INK}}


def milliseconds(ts_ns: Times) -> list[int]:
    """Return times as plotly's date axis takes them, milliseconds since 1970 in UTC."""
    times: list[int] = (ts_ns // NS_PER_MS).tolist()
    return times


def extremes(values: Floats, limit: int) -> npt.NDArray[np.intp]:
    """
    Choose points that keep every peak and trough visible.

    Parameters
    ----------
    values : float64[n]
        A series.
    limit : int
        Points to keep, about.

    Returns
    -------
    intp[m]
        Increasing indices: of each of ``limit / 2`` equal pieces the lowest and the highest
        point, and both ends; all of them where `n` is not over the limit.

    Examples
    --------
    >>> extremes(np.array([0.0, 9.0, 1.0, 2.0, -7.0, 3.0]), 4).tolist()
    [0, 1, 4, 5]

    """
    if len(values) <= limit:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), max(1, limit // 2) + 1).astype(np.intp)
    kept = [0, len(values) - 1]
    for first, past in pairwise(edges):
        piece = values[first:past]
        kept += [int(first + np.argmin(piece)), int(first + np.argmax(piece))]
    return np.unique(np.array(kept, np.intp))
