"""How the preflight is shown: a table for a person, one object for a program, and a verdict."""

from collections.abc import Sequence

from rich.table import Table

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.console import print_json
from nautilus_scalp.runtime.console import stdout_console
from nautilus_scalp.runtime.live.preflight import Check


def show_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print the rows on stdout.

    Parameters
    ----------
    checks : Sequence[Check]
        As `check_live` returns them.
    as_json : bool
        Whether to print one JSON object instead of a table.

    Raises
    ------
    UsageError
        If a row says no; its message names the rows, its remedy what to do about them.

    """
    failed = [check for check in checks if not check.ok]
    if as_json:
        print_json({"ok": not failed, "checks": list(checks)})
    else:
        stdout_console().print(_table(checks))
    if failed:
        message = f"{len(failed)} of {len(checks)} checks say no: "
        message += ", ".join(check.name for check in failed)
        raise UsageError(message, "; ".join(check.remedy for check in failed))


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, header_style="bold")
    for title in ("check", "", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for check in checks:
        verdict = "[green]ok[/green]" if check.ok else "[red]no[/red]"
        table.add_row(check.name, verdict, check.detail, check.remedy)
    return table
