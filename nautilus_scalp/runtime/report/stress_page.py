"""What is left under stress, as a page beside the tearsheet."""

from nautilus_scalp.runtime.report import charts
from nautilus_scalp.runtime.report import page
from nautilus_scalp.runtime.report.lines import count
from nautilus_scalp.runtime.report.lines import small_share
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.sections import stress_cases
from nautilus_scalp.runtime.report.sections import surface
from nautilus_scalp.runtime.report.tearsheet import SURFACE_TEXT


def render_stress(answer: Row) -> str:
    """Lay the answer of ``nautilus-scalp stress`` out as one HTML page with plotly.js inside.

    Parameters
    ----------
    answer : dict
        What `run_stress` returned.

    Returns
    -------
    str
        The page; equal answers give equal pages.

    """
    run, cases = answer["run"], answer["cases"]
    sheet = page.Page(f"{', '.join(run['configs'])}: stress")
    broken = [case for case in cases if not case["survives"]]
    warnings = [f"{count(len(broken))} of {count(len(cases))} cases break a limit."]
    lines = [
        f"{', '.join(run['configs'])} on {run['catalog']}",
        f"{run['start']} to {run['end']} UTC, {run['engine']}",
        f"Limits: {_limits(answer['limits'])}",
    ]
    sheet.add(page.header("What survives stress", lines, warnings if broken else []))
    names = [case["case"] for case in cases]
    figure = charts.cases_figure(names, [case["net"] for case in cases], run["currency"])
    text = "Each case is a run of its own."
    sheet.add(page.section("Net P&L", text, sheet.plot(figure)))
    sheet.add(page.section("Every case", "", stress_cases(cases)))
    if answer["surface"]:
        sheet.add(page.section("Break-even surface", SURFACE_TEXT, surface(answer["surface"])))
    if answer["notes"]:
        sheet.add(page.section("Notes", "", page.bullets(answer["notes"])))
    return sheet.html()


def _limits(limits: Row) -> str:
    told = []
    if limits["min_net"] is not None:
        told.append(f"net at least {limits['min_net']:,g}")
    if limits["max_drawdown_share"] is not None:
        told.append(f"drawdown at most {small_share(limits['max_drawdown_share'])} of capital")
    if limits["min_breakeven_bps"] is not None:
        told.append(f"break-even fee at least {limits['min_breakeven_bps']:g} bps")
    return ", ".join(told) or "none set: every case survives, read net"
