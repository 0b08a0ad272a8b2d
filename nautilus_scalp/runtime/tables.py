"""Answers of the smaller commands as tables for a terminal."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from nautilus_scalp.data.synthetic.match import MatchReport
from nautilus_scalp.features.schema import FeatureSpec
from nautilus_scalp.features.schema import WarmUp
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import Limit
from nautilus_scalp.training.fit_volatility import GarchReport


def rows_table(header: Iterable[str], rows: Iterable[Iterable[str]], title: str = "") -> Table:
    """Return a plain table of text.

    Parameters
    ----------
    header : Iterable[str]
        Column names.
    rows : Iterable[Iterable[str]]
        Cells; none is read as markup.
    title : str
        Above the table.

    Returns
    -------
    Table
        For ``rich``.

    """
    table = Table(*header, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def garch_table(report: GarchReport) -> Table:
    """Return how good the fits of the volatility are.

    Parameters
    ----------
    report : GarchReport
        From `fit_catalog`.

    Returns
    -------
    Table
        For ``rich``; the parameters themselves follow as lines for a configuration.

    """
    header = ("instrument", "bars", "alpha", "beta", "long run, bps", "half life, bars")
    rows = (
        (
            name,
            f"{fit.bars:,}",
            f"{fit.params.alpha:.4f} +- {fit.standard_errors['alpha']:.4f}",
            f"{fit.params.beta:.4f} +- {fit.standard_errors['beta']:.4f}",
            f"{fit.long_run_volatility_bps:.4f}",
            f"{fit.half_life_bars:.1f}",
        )
        for name, fit in report.fits.items()
    )
    window = " .. ".join(report.window)
    return rows_table(header, rows, f"GARCH(1,1), bars of {report.bar_ms:g} ms, {window}")


def counts_table(title: str, counts: Mapping[str, int]) -> Table:
    """Return a table of names and counts.

    Parameters
    ----------
    title : str
        What is counted.
    counts : Mapping[str, int]
        By name.

    Returns
    -------
    Table
        For ``rich``.

    """
    table = Table(title, "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in counts.items() or {"none": 0}.items():
        table.add_row(escape(name), f"{count:,}")
    return table


def features_table(specs: Iterable[FeatureSpec], selected: Collection[str]) -> Table:
    """Return every indicator with its group, unit, warm-up and source.

    Parameters
    ----------
    specs : Iterable[FeatureSpec]
        The indicators.
    selected : Collection[str]
        Names of those that models use by default; a star marks them.

    Returns
    -------
    Table
        For ``rich``.

    """
    header = ("name", "group", "unit", "warm-up", "source")
    rows = (
        (
            f"{spec.name} *" if spec.name in selected else spec.name,
            spec.group,
            spec.unit,
            _warm_up(spec.warm_up),
            spec.source,
        )
        for spec in specs
    )
    return rows_table(header, rows)


def checks_table(checks: Iterable[Check]) -> Table:
    """Return every check of a verification with its number, limit and what it is.

    Parameters
    ----------
    checks : Iterable[Check]
        The checks.

    Returns
    -------
    Table
        For ``rich``.

    """
    words = {True: "yes", False: "NO", None: "-"}
    rows = (
        (
            check.name,
            words[check.passed],
            "-" if check.value is None else f"{check.value:.4g}",
            _limit(check.limit),
            check.detail,
        )
        for check in checks
    )
    return rows_table(("check", "passed", "value", "limit", "what it is"), rows)


def oracle_table(horizons: Mapping[str, Any]) -> Table:
    """Return what the best possible forecasters score on a synthetic market.

    Parameters
    ----------
    horizons : Mapping[str, Score]
        `nautilus_scalp.data.synthetic.theory.Score` by horizon in milliseconds.

    Returns
    -------
    Table
        For ``rich``.

    """
    names = ("auc_signal", "auc_belief", "auc_imbalance", "edge_bps_signal", "edge_bps_belief")
    rows = (
        (f"{horizon} ms", f"{score.moves:,}", *(figure(getattr(score, name)) for name in names))
        for horizon, score in horizons.items()
    )
    header = ("horizon", "moves", *(name.replace("_", " ") for name in names))
    return rows_table(header, rows, "what can be known")


def tune_tables(answer: Mapping[str, Any]) -> list[Table]:
    """Return what a study found, and what of it is luck.

    Parameters
    ----------
    answer : Mapping[str, Any]
        What `tune` returned.

    Returns
    -------
    list[Table]
        For ``rich``.

    """
    luck = answer["luck"]
    figures = {
        "as configured": answer["baseline"]["score"],
        f"best, trial {answer['best']['trial']}": answer["best"]["score"],
        "improvement": answer["improvement"],
        f"chance alone, of {luck.trials_on_data} on these data": luck.expected,
        "improvement after chance": luck.deflated_improvement,
        "score after chance": luck.deflated_score,
    }
    rows = ((name, "-" if x is None else f"{x:.5g}") for name, x in figures.items())
    counts = ", ".join(f"{answer[name]} {name}" for name in ("trials", "pruned", "refused"))
    assignments = (text.split("=", 1) for text in answer["best"]["parameters"])
    return [
        rows_table(("", answer["metric"]), rows, counts),
        rows_table(("parameter", "value"), assignments),
    ]


def match_table(match: MatchReport) -> Table:
    """Return a synthetic market beside the recording that it is to resemble.

    Parameters
    ----------
    match : MatchReport
        The comparison.

    Returns
    -------
    Table
        For ``rich``.

    """
    rows = (
        (row.name, row.unit, *("-" if x is None else f"{x:.4g}" for x in (row.real, row.synthetic)))
        for row in match.rows
    )
    title = f"{match.synthetic_hours:.2g} h beside {match.instrument_id}, {match.start[:16]} UTC"
    return rows_table(("", "unit", "real", "synthetic"), rows, title)


def _limit(limit: Limit | None) -> str:
    if limit is None:
        return "-"
    return f"{limit[0]:.4g} .. {limit[1]:.4g}" if isinstance(limit, tuple) else f"{limit:.4g}"


def stress_tables(answer: Mapping[str, Any]) -> list[Table]:
    """Return what is left under stress, and net P&L by fee tier, latency and queue.

    Parameters
    ----------
    answer : Mapping[str, Any]
        What `run_stress` returned.

    Returns
    -------
    list[Table]
        For ``rich``.

    """
    names = ("net", "gross", "fees", "breakeven_fee_bps", "max_drawdown", "fills")
    cases = (
        (
            case["case"],
            *(_amount(case[name]) for name in names),
            "yes" if case["survives"] else ", ".join(case["broken"]),
        )
        for case in answer["cases"]
    )
    header = ("case", *(name.replace("_", " ") for name in names), "survives")
    tables = [rows_table(header, cases, "what survives")]
    surface = answer["surface"]
    if surface:
        own = surface["own_tier"]
        tiers = [f"{name} (own)" if name == own else name for name in surface["tiers"]]
        rows = (
            (
                row["latency"],
                row["queue"],
                _amount(row["breakeven_fee_bps"]),
                *(_amount(net) for net in row["net"].values()),
            )
            for row in surface["rows"]
        )
        title = f"net by fee tier of {surface['valid_from']}, latency and queue"
        tables.append(rows_table(("latency", "queue", "break-even bps", *tiers), rows, title))
    for table in tables:
        for column in table.columns[1:]:
            column.justify = "right"
    return tables


def _amount(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def figure(value: float | None) -> str:
    """Return a figure as it stands in a table; counts keep their digits, None is a dash."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _warm_up(warm_up: WarmUp) -> str:
    amounts = (
        (warm_up.quotes, "quotes"),
        (warm_up.trades, "trades"),
        (warm_up.depths, "depths"),
        (warm_up.bars, "bars"),
        (warm_up.elapsed_ms / 1e3, "s"),
    )
    needs = [f"{amount:g} {what}" for amount, what in amounts if amount]
    needs += ["other instruments"] if warm_up.peers else []
    needs += ["spot market"] if warm_up.spot else []
    return ", ".join(needs)
