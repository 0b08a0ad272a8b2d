"""What a report says in words: its limits, its contradictions, and why a value is null."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_S


CENT = 0.01
SECONDS_PER_DAY = 86_400
LONGEST_IN_MINUTES_S = 7_200
_NULL = ": null for "

type Row = dict[str, Any]
type Reasons = dict[str, str]
type NamedRows = Sequence[tuple[str, Row, Reasons]]


def window_notes(grid_ns: npt.NDArray[np.int64]) -> list[str]:
    """Warn where there is too little data to judge profitability.

    Parameters
    ----------
    grid_ns : int64[g]
        The times at which equity is marked: gaps between recordings do not count.

    Returns
    -------
    list[str]
        Empty from a day on.

    """
    steps_ns = np.diff(grid_ns)
    seconds = float(np.sum(steps_ns[steps_ns <= NS_PER_S])) / NS_PER_S
    if seconds >= SECONDS_PER_DAY:
        return []
    in_minutes = seconds < LONGEST_IN_MINUTES_S
    length = f"{seconds / 60:.1f} minutes" if in_minutes else f"{seconds / 3_600:.1f} hours"
    enough = "enough to check mechanics, costs and fills, not to judge whether a strategy pays"
    return [f"The window holds {length} of data: {enough}. Nothing in this report is annualised."]


def book_notes(rows: NamedRows) -> list[str]:
    """Point out where the fills and the engine's books disagree, and positions left open.

    Parameters
    ----------
    rows : Sequence[tuple[str, dict, dict]]
        Label, summary and reasons of every row.

    Returns
    -------
    list[str]
        One note for each finding.

    """
    notes = []
    for name, row, _ in rows:
        for key, what in (("unexplained", "gross P&L"), ("fees_unexplained", "fees")):
            if abs(row[key]) > CENT:
                found = f"{row[key]:.2f} of the engine's {what} is not in the fills"
                notes.append(f"{name}: {found}: find the difference before you trust this row.")
        if row["open_positions"] and name != "total":
            notes.append(f"{name}: ends with an open position, valued at the final mark.")
    return notes


def null_notes(rows: NamedRows) -> list[str]:
    """Say why values are null: each reason once, with the keys and rows that it explains.

    Parameters
    ----------
    rows : Sequence[tuple[str, dict, dict]]
        Label, summary and reasons of every row.

    Returns
    -------
    list[str]
        In order of first appearance.

    """
    found: dict[tuple[str, str], list[str]] = {}
    for name, _, reasons in rows:
        keys_of: dict[str, list[str]] = {}
        for key, reason in reasons.items():
            keys_of.setdefault(reason, []).append(key)
        for reason, keys in keys_of.items():
            found.setdefault((", ".join(keys), reason), []).append(name)
    return [
        f"{keys}{_NULL}{_which(names, len(rows))}: {reason}."
        for (keys, reason), names in found.items()
    ]


def without_nulls(notes: Sequence[str]) -> list[str]:
    """Leave out why values are null, for an answer that shows few of them.

    Parameters
    ----------
    notes : Sequence[str]
        Of a report.

    Returns
    -------
    list[str]
        The others, in order.

    """
    return [note for note in notes if _NULL not in note]


def lost_notes(paths: Sequence[str]) -> list[str]:
    """Name the values that were not finite.

    Parameters
    ----------
    paths : Sequence[str]
        Where in the report they stood.

    Returns
    -------
    list[str]
        One note, or none.

    """
    return [f"{', '.join(paths)}: null: the value is not a finite number."] if paths else []


def _which(names: Sequence[str], rows: int) -> str:
    return "every row" if len(names) == rows else ", ".join(names)
