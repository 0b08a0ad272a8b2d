"""The tables of the page that are not one line per key: uncertainty, breakdowns, other judges."""

from collections.abc import Sequence

from nautilus_scalp.runtime.report import page
from nautilus_scalp.runtime.report.columns import Column
from nautilus_scalp.runtime.report.lines import NOTHING
from nautilus_scalp.runtime.report.lines import amount
from nautilus_scalp.runtime.report.lines import count
from nautilus_scalp.runtime.report.lines import decimals
from nautilus_scalp.runtime.report.lines import share
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.page import Cell
from nautilus_scalp.runtime.report.page import signed


_FIGURES = (
    ("Sharpe, a year", "sharpe", amount),
    ("Sortino, a year", "sortino", amount),
    ("Calmar, a year", "calmar", amount),
    ("max drawdown", "max_drawdown", amount),
    ("won after fees", "win_rate", share),
    ("profit factor", "profit_factor", amount),
    ("trade duration, s", "trade_duration_s", amount),
)


def uncertainty(columns: Sequence[Column]) -> str:
    """Return every performance figure with its 95 % interval, and what chance has to do with it."""
    rows: list[list[Cell]] = []
    for name, key, text in _FIGURES:
        cells = [Cell(name)]
        for column in columns:
            value = column.row[key]
            value = value["mean"] if isinstance(value, dict) else value
            low_high = column.row[f"{key}_interval"]
            reach = f"{text(low_high[0])} to {text(low_high[1])}" if low_high else NOTHING
            cells += [Cell(text(value)), Cell(reach, "soft")]
        rows.append(cells)
    for horizon in columns[0].row["markout_bps"]:
        cells = [Cell(f"markout after {horizon}, bps")]
        for column in columns:
            low_high = column.row["markout_bps_interval"][horizon]
            reach = f"{amount(low_high[0])} to {amount(low_high[1])}" if low_high else NOTHING
            cells += [Cell(amount(column.row["markout_bps"][horizon])), Cell(reach, "soft")]
        rows.append(cells)
    shuffled = [Cell("drawdown, trades shuffled")]
    for column in columns:
        drawn = column.row["trade_order_drawdown"]
        reach = f"{amount(drawn['p05'])} to {amount(drawn['p95'])}" if drawn else NOTHING
        shuffled += [Cell(amount(drawn["p50"]) if drawn else NOTHING), Cell(reach, "soft")]
    rows.append(shuffled)
    for name, key, text in (
        ("Sharpe of the best by chance", "sharpe_by_chance", amount),
        ("chance that Sharpe is above 0", "probabilistic_sharpe", share),
        ("deflated Sharpe", "deflated_sharpe", share),
        ("configurations tried", "trials", count),
    ):
        cells = [Cell(name)]
        for column in columns:
            cells += [Cell(text(column.row[key])), Cell("")]
        rows.append(cells)
    heads = [Cell("")]
    for column in columns:
        heads += [Cell(column.heading), Cell("95 % interval", "soft")]
    return page.table(heads, rows, sections_end=(6, 9, 10))


def breakdown(rows: Sequence[Row], columns: Sequence[Column], what: str) -> str:
    """Return a run's sums by hour or regime, and below them the net P&L of each column there."""
    heads = [what, "time", "fills", "volume", "maker", "fees", "markout 10 s, bps", "won", "net"]
    sums = [
        [
            Cell(row["label"]),
            Cell(share(row["share_of_time"])),
            Cell(count(row["fills"])),
            Cell(count(row["volume"])),
            Cell(share(row["maker_share"])),
            Cell(amount(row["fees"])),
            signed(row["markout_bps"], amount),
            Cell(share(row["win_rate"])),
            signed(row["net"], amount, "total"),
        ]
        for row in rows
    ]
    marked = [Cell(head, "total" if head == "net" else "") for head in heads]
    tables = page.table(marked, sums)
    if len(columns) > 1:
        nets = [
            [
                Cell(row["label"]),
                *(
                    signed(sum(row["net_by_strategy"][i] for i in column.strategies), amount)
                    for column in columns
                ),
            ]
            for row in rows
        ]
        named = [Cell("net"), *(Cell(column.heading) for column in columns)]
        tables += page.table(named, nets)
    return tables


def queue_judges(columns: Sequence[Column]) -> str:
    """Return what other models of the queue fill of the same resting orders."""
    rows = []
    for column in columns:
        if not column.row["queue_band"]:
            continue
        for model, judged in column.row["queue_models"].items():
            markout = judged["markout_bps"]
            rows.append(
                [
                    *([Cell(column.name)] if len(columns) > 1 else []),
                    Cell(model, "left"),
                    Cell(count(judged["fills"])),
                    Cell(share(judged["volume_share"]), "total"),
                    *(signed(markout[horizon], amount) for horizon in markout),
                ]
            )
    horizons = [f"markout\n{name}, bps" for name in columns[0].row["markout_bps"]]
    named = [Cell("")] if len(columns) > 1 else []
    heads = ["orders", "volume against ours", *horizons]
    model = Cell("model of the queue", "left")
    return page.table([*named, model, *(Cell(head) for head in heads)], rows)


def surface(found: Row) -> str:
    """Return net P&L by latency, queue and fee tier, the user's own tier marked."""
    own = found["own_tier"]
    heads = [Cell("latency"), Cell("queue", "left"), Cell("fills"), Cell("break-even fee, bps")]
    for tier, rates in found["tiers"].items():
        text = f"{tier}\n{rates['maker_bps']:g} / {rates['taker_bps']:g} bps"
        heads.append(Cell(f"yours: {text}" if tier == own else text, "own" if tier == own else ""))
    ends = [
        number
        for number, (one, after) in enumerate(zip(found["rows"], found["rows"][1:], strict=False))
        if one["latency"] != after["latency"]
    ]
    body = [
        [
            Cell(row["latency"]),
            Cell(row["queue"], "left"),
            Cell(count(row["fills"])),
            signed(row["breakeven_fee_bps"], decimals),
            *(
                signed(net, amount, "own shade" if tier == own else "shade")
                for tier, net in row["net"].items()
            ),
        ]
        for row in found["rows"]
    ]
    return page.table(heads, body, sections_end=ends)


def stress_cases(cases: Sequence[Row]) -> str:
    """Return what is left in each case, and whether it keeps the limits."""
    heads = ["case", "survives", "net", "gross", "fees", "break-even fee, bps"]
    heads += ["max drawdown", "fills", "limits broken"]
    body = [
        [
            Cell(case["case"]),
            Cell("yes", "gain") if case["survives"] else Cell("no", "loss"),
            signed(case["net"], amount, "total"),
            signed(case["gross"], amount),
            Cell(amount(case["fees"])),
            signed(case["breakeven_fee_bps"], amount),
            Cell(amount(case["max_drawdown"])),
            Cell(count(case["fills"])),
            Cell(", ".join(case["broken"]), "left soft"),
        ]
        for case in cases
    ]
    marked = [Cell(head, "left" if head == "limits broken" else "") for head in heads]
    return page.table(marked, body)
