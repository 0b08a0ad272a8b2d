"""Funding times of a perpetual, with the rate and the mark price that a catalog holds for them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from nautilus_scalp.data.catalog import read_columns
from nautilus_scalp.data.encode import fixed_values
from nautilus_scalp.data.rows import MARK_PRECISION


class FundingTime(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One moment at which longs pay shorts, or the other way round.

    Parameters
    ----------
    instrument_id : str
        The perpetual.
    ts_ns : int
        When, in nanoseconds since 1970.
    rate : float
        What a long pays, as a fraction of the position's value; negative is received.
    mark : float, optional
        The mark price that values the position; the last mid price where none is known.

    """

    instrument_id: str
    ts_ns: int
    rate: float
    mark: float | None = None


def recorded_funding(
    catalog: Path, instrument_id: str, start_ns: int, end_ns: int
) -> list[FundingTime]:
    """
    Return the funding times within a window that a catalog has rates for.

    The rate is the last one announced for that time before it came, the mark price the last one
    before it.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_id : str
        The perpetual.
    start_ns, end_ns : int
        The window ``[start_ns, end_ns)``.

    Returns
    -------
    list[FundingTime]
        In order of time; empty without recorded rates.

    """
    announced: dict[int, float] = {}
    folder = catalog / "data" / "funding_rate_update" / instrument_id
    columns = ("rate", "next_funding_ns", "ts_init")
    for table, _ in read_columns(folder, columns, (None, end_ns)):
        due_ns = table["next_funding_ns"].to_numpy().astype(np.int64)
        early = table["ts_init"].to_numpy().astype(np.int64) < due_ns
        wanted = np.flatnonzero(early & (due_ns >= start_ns) & (due_ns < end_ns))
        for row in wanted:
            announced[int(due_ns[row])] = float(table["rate"][int(row)].as_py().strip(b'"'))
    if not announced:
        return []
    times, marks = _marks(catalog, instrument_id, end_ns)
    return [
        FundingTime(
            instrument_id=instrument_id, ts_ns=ts_ns, rate=rate, mark=_before(times, marks, ts_ns)
        )
        for ts_ns, rate in sorted(announced.items())
    ]


def _marks(
    catalog: Path, instrument_id: str, end_ns: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    folder = catalog / "data" / "mark_price_update" / instrument_id
    tables = [table for table, _ in read_columns(folder, ("value", "ts_init"), (None, end_ns))]
    times = [table["ts_init"].to_numpy().astype(np.int64) for table in tables]
    marks = [fixed_values(table["value"].combine_chunks(), MARK_PRECISION) for table in tables]
    return (
        np.concatenate([np.zeros(0, np.int64), *times]),
        np.concatenate([np.zeros(0, np.float64), *marks]),
    )


def _before(
    times: npt.NDArray[np.int64], marks: npt.NDArray[np.float64], ts_ns: int
) -> float | None:
    index = int(np.searchsorted(times, ts_ns, side="left")) - 1
    return float(marks[index]) if index >= 0 else None
