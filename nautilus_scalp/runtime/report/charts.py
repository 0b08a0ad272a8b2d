"""The figures of the tearsheet, one function each."""

from collections.abc import Mapping
from collections.abc import Sequence
from html import escape

import numpy as np

from nautilus_scalp.evaluation.performance import drawdown
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.plotting import GAIN
from nautilus_scalp.runtime.report.plotting import INK
from nautilus_scalp.runtime.report.plotting import LOSS
from nautilus_scalp.runtime.report.plotting import MUTED
from nautilus_scalp.runtime.report.plotting import PALETTE
from nautilus_scalp.runtime.report.plotting import Figure
from nautilus_scalp.runtime.report.plotting import Floats
from nautilus_scalp.runtime.report.plotting import Times
from nautilus_scalp.runtime.report.plotting import above
from nautilus_scalp.runtime.report.plotting import axis
from nautilus_scalp.runtime.report.plotting import colour
from nautilus_scalp.runtime.report.plotting import extremes
from nautilus_scalp.runtime.report.plotting import figure
from nautilus_scalp.runtime.report.plotting import milliseconds
from nautilus_scalp.runtime.report.plotting import name_axis
from nautilus_scalp.runtime.report.plotting import scatter
from nautilus_scalp.runtime.report.plotting import stroke
from nautilus_scalp.runtime.report.plotting import vertical
from nautilus_scalp.runtime.report.results import FeeTier
from nautilus_scalp.runtime.report.results import ReliabilityBin
from nautilus_scalp.runtime.report.results import StrategyResult


PAGE_POINTS = 24_000
PRICE_POINTS = 3_000
MOST_FEATURES = 25
BAR_HEIGHT = 46
BELOW = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0}


def equity_figure(curves: Mapping[str, Floats], grid_ns: Times, currency: str) -> Figure:
    """Draw P&L after fees over time, and the drawdown of the last curve, which is the total."""
    limit = PAGE_POINTS // (len(curves) + 1)
    data = []
    for number, (name, equity) in enumerate(curves.items()):
        keep = extremes(equity, limit)
        line = stroke(number, is_total=number == len(curves) - 1)
        times = milliseconds(grid_ns[keep])
        data.append(scatter(name, times, equity[keep], mode="lines", line=line))
    below = -drawdown(list(curves.values())[-1])
    keep = extremes(below, limit)
    look = {"mode": "lines", "line": {"width": 1, "color": LOSS}, "fill": "tozeroy", "yaxis": "y2"}
    times = milliseconds(grid_ns[keep])
    data.append(scatter("drawdown of the total", times, below[keep], **look))
    return figure(
        data,
        height=500,
        xaxis=axis("UTC", type="date", anchor="y2"),
        yaxis=axis(f"P&L after fees, {currency}", domain=[0.34, 1.0], zeroline=True),
        yaxis2=axis(f"drawdown, {currency}", domain=[0.0, 0.25]),
        hovermode="x unified",
    )


def compared_figure(curves: Mapping[str, Floats], grid_ns: Times) -> Figure:
    """Draw P&L after fees over time in percent of capital, one line a configuration."""
    limit = PAGE_POINTS // len(curves)
    data = []
    for number, (name, equity) in enumerate(curves.items()):
        keep = extremes(equity, limit)
        times = milliseconds(grid_ns[keep])
        data.append(scatter(name, times, equity[keep], mode="lines", line=stroke(number)))
    yaxis = axis("P&L after fees, % of capital", zeroline=True)
    xaxis = axis("UTC", type="date")
    return figure(data, height=420, xaxis=xaxis, yaxis=yaxis, hovermode="x unified")


def price_figure(results: Sequence[StrategyResult], names: Sequence[str]) -> Figure:
    """Draw the mid price of one instrument with every strategy's fills on it."""
    mids = results[0].mids
    keep = extremes(mids.mid, PRICE_POINTS)
    grey = {"width": 1, "color": MUTED}
    times = milliseconds(mids.ts_ns[keep])
    data = [scatter("mid price", times, mids.mid[keep], mode="lines", line=grey)]
    limit = max(1, PRICE_POINTS // len(results))
    for number, (result, name) in enumerate(zip(results, names, strict=True)):
        data += [_fill_marks(result, name, side, number, limit) for side in (1, -1)]
    return figure(
        data, height=420, xaxis=axis("UTC", type="date"), yaxis=axis("price", tickformat=",~f")
    )


def waterfall_figure(total: Row, currency: str) -> Figure:
    """Draw how gross P&L comes about and what fees and funding leave of it."""
    split = total["split"]
    steps = (
        ("spread", split["spread"], "relative"),
        ("adverse selection", split["adverse_selection"], "relative"),
        ("inventory", split["inventory"], "relative"),
        ("unexplained", total["unexplained"], "relative"),
        ("gross", total["gross"], "total"),
        ("fees", -total["fees"], "relative"),
        ("funding", total["funding"], "relative"),
        ("net", total["net"], "total"),
    )
    trace = {
        "type": "waterfall",
        "x": [name for name, _, _ in steps],
        "y": [value for _, value, _ in steps],
        "measure": [measure for _, _, measure in steps],
        "text": [f"{value:z,.2f}" for _, value, _ in steps],
        "textposition": "outside",
        "cliponaxis": False,
        "connector": {"line": {"color": MUTED, "width": 1}},
        "increasing": {"marker": {"color": GAIN}},
        "decreasing": {"marker": {"color": LOSS}},
        "totals": {"marker": {"color": INK}},
    }
    yaxis = axis(currency, zeroline=True)
    return figure([trace], height=360, xaxis=axis(), yaxis=yaxis, showlegend=False)


def split_figure(rows: Sequence[Row], names: Sequence[str], currency: str) -> Figure:
    """Draw the same split for every strategy, as bars that stack up to its net P&L."""
    parts = (
        ("spread", [row["split"]["spread"] for row in rows]),
        ("adverse selection", [row["split"]["adverse_selection"] for row in rows]),
        ("inventory", [row["split"]["inventory"] for row in rows]),
        ("fees", [-row["fees"] for row in rows]),
        ("funding", [row["funding"] for row in rows]),
    )
    labels = _wrapped(names)
    colours = (*PALETTE[:3], LOSS, MUTED)
    data = [
        {"type": "bar", "name": name, "orientation": "h", "x": values, "y": labels}
        | {"marker": {"color": shade}}
        for (name, values), shade in zip(parts, colours, strict=True)
        if any(values)
    ]
    diamond = {"symbol": "diamond", "size": 11, "color": INK}
    net = scatter("net", [row["net"] for row in rows], [], mode="markers", marker=diamond)
    return figure(
        [*data, net | {"y": labels}],
        height=190 + BAR_HEIGHT * len(rows),
        barmode="relative",
        legend=BELOW,
        bargap=0.45,
        xaxis=axis(currency, zeroline=True),
        yaxis=name_axis(),
    )


def markout_figure(
    curves: Mapping[str, Sequence[tuple[int, float | None]]], *, has_total: bool
) -> Figure:
    """Draw markouts in basis points over the time since the fill; the last may be the total."""
    data = []
    for number, (name, curve) in enumerate(curves.items()):
        seconds = [horizon_ms / 1_000 for horizon_ms, _ in curve]
        values = [bps for _, bps in curve]
        line = stroke(number, is_total=has_total and number == len(curves) - 1)
        look = {"mode": "lines+markers", "line": line, "marker": {"size": 5}}
        data.append(scatter(name, seconds, values, **look))
    ticks = [0.1, 0.3, 1, 3, 10, 30, 60]
    xaxis = axis("seconds after the fill", type="log", tickvals=ticks, ticktext=ticks)
    return figure(data, height=420, xaxis=xaxis, yaxis=axis("markout, bps", zeroline=True))


def breakeven_figure(rows: Sequence[Row], names: Sequence[str], tier: FeeTier) -> Figure:
    """Draw the fee each strategy could bear, the fee it paid, and the tier's maker and taker."""
    labels = _wrapped(names)
    able = [row["breakeven_fee_bps"] for row in rows]
    bars = [
        {"type": "bar", "name": name, "orientation": "h", "x": values, "y": labels}
        | {"marker": {"color": shade}}
        for name, values, shade in (
            ("break-even fee", [one if one and one > 0.0 else None for one in able], PALETTE[0]),
            ("break-even rebate", [one if one and one < 0.0 else None for one in able], LOSS),
        )
        if any(values)
    ]
    bar = {"symbol": "line-ns-open", "size": 20, "color": INK, "line": {"width": 3}}
    paid = scatter("fee paid", [row["fee_bps"] for row in rows], [], mode="markers", marker=bar)
    limits = ((tier.maker_bps, "maker"), (tier.taker_bps, "taker"))
    return figure(
        [*bars, paid | {"y": labels}],
        barmode="overlay",
        height=190 + BAR_HEIGHT * len(rows),
        bargap=0.45,
        xaxis=axis("bps of traded value", zeroline=True, rangemode="tozero"),
        yaxis=name_axis(),
        shapes=[vertical(bps) for bps, _ in limits],
        annotations=[above(bps, f"{word} {bps:g}") for bps, word in limits],
        legend=BELOW,
    )


def cases_figure(names: Sequence[str], net: Sequence[float], currency: str) -> Figure:
    """Draw the net P&L of each case of stress, the first on top."""
    colours = [GAIN if value > 0.0 else LOSS for value in net]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": list(net),
        "y": [escape(name) for name in names],
        "text": [f"{value:z,.2f}" for value in net],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": colours},
    }
    height = 90 + 34 * len(names)
    ends = [1.15 * min(0.0, *net), 1.15 * max(0.0, *net)]  # room for the numbers
    xaxis = axis(currency, zeroline=True, range=ends)
    return figure([bars], height=height, xaxis=xaxis, yaxis=name_axis(), bargap=0.45)


def reliability_figure(curves: Mapping[str, Sequence[ReliabilityBin]]) -> Figure:
    """Draw how often predictions came true against what they promised, and how many there were."""
    dotted = {"dash": "dot", "width": 1.4, "color": MUTED}
    data = [scatter("ideal", [0.0, 1.0], [0.0, 1.0], mode="lines", line=dotted)]
    for number, (name, bins) in enumerate(curves.items()):
        filled = [one for one in bins if one.count]
        predicted = [round(one.predicted, 4) for one in filled]
        observed = [one.observed for one in filled]
        look = {"mode": "lines+markers", "line": stroke(number), "marker": {"size": 8}}
        data.append(scatter(name, predicted, observed, **look))
        counts = [one.count for one in filled]
        faint = {"color": colour(number), "opacity": 0.55}
        bars = {"type": "bar", "x": predicted, "y": counts, "width": 0.02, "yaxis": "y2"}
        data.append(bars | {"marker": faint, "name": f"{escape(name)}, count", "showlegend": False})
    return figure(
        data,
        height=470,
        xaxis=axis("predicted probability", anchor="y2", range=[-0.02, 1.02]),
        yaxis=axis("observed frequency", domain=[0.32, 1.0], range=[-0.02, 1.02]),
        yaxis2=axis("predictions", domain=[0.0, 0.2]),
    )


def importance_figure(importance: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw each model's feature importance as shares of its sum, the heaviest features first."""
    models = list(dict.fromkeys(model for values in importance.values() for model in values))
    table = np.array([[values.get(m, 0.0) for m in models] for values in importance.values()])
    sums = table.sum(axis=0)
    percent = 100.0 * table / np.where(sums > 0.0, sums, 1.0)
    order = np.argsort(-percent.mean(axis=1), kind="stable")[:MOST_FEATURES]
    features = [escape(name) for name in importance]
    heatmap = {
        "type": "heatmap",
        "x": [escape(model).replace("_", " ") for model in models],
        "y": [features[i] for i in order],
        "z": np.round(percent[order], 2).tolist(),
        "texttemplate": "%{z:.1f}",
        "colorscale": [[0.0, "#f8fafc"], [1.0, PALETTE[0]]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    height = 110 + 22 * len(order)
    return figure([heatmap], height=height, xaxis=axis(side="top"), yaxis=name_axis())


def _wrapped(names: Sequence[str]) -> list[str]:
    """Return names for an axis, the instrument below the strategy."""
    return ["<br>".join(escape(name).rsplit(" ", 1)) for name in names]


def _fill_marks(result: StrategyResult, name: str, side: int, number: int, limit: int) -> Figure:
    index = np.flatnonzero(result.fills.side == side)
    step = max(1, -(-len(index) // limit))
    shown = index[::step]
    word, symbol, edge = (
        ("bought", "triangle-up", GAIN) if side > 0 else ("sold", "triangle-down", LOSS)
    )
    every = f", one in {step} shown" if step > 1 else ""
    marker = {"symbol": symbol, "size": 9, "color": colour(number), "opacity": 0.85}
    times = milliseconds(result.fills.ts_event_ns[shown])
    marks = scatter(f"{name} {word}{every}", times, result.fills.price[shown], mode="markers")
    return marks | {"marker": marker | {"line": {"width": 1.2, "color": edge}}}
