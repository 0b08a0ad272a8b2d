"""Which funding times a window has: recorded ones, else those of a configured rate."""

from collections.abc import Sequence
from pathlib import Path

from nautilus_scalp.data.funding import FundingTime
from nautilus_scalp.data.funding import recorded_funding
from nautilus_scalp.runtime.config import VenueSection


_NS_PER_H = 3_600 * 1_000_000_000
# Perpetuals settle at 00:00, 08:00 and 16:00 UTC unless the venue says otherwise.
_USUAL_INTERVAL_H = 8.0


def funding_schedule(
    venue: VenueSection,
    catalog: Path,
    instrument_ids: Sequence[str],
    window: tuple[int, int],
) -> tuple[FundingTime, ...]:
    """Return what is paid when within a window.

    Parameters
    ----------
    venue : VenueSection
        Its rate is used where the catalog holds none.
    catalog : Path
        A Nautilus catalog.
    instrument_ids : Sequence[str]
        The perpetuals.
    window : tuple[int, int]
        ``[start_ns, end_ns)``.

    Returns
    -------
    tuple[FundingTime, ...]
        In order of time, instruments in the given order.

    """
    found: list[FundingTime] = []
    for name in instrument_ids:
        recorded = recorded_funding(catalog, name, *window)
        found += recorded
        known = {time.ts_ns for time in recorded}
        if venue.funding_rate is not None:
            found += [
                FundingTime(instrument_id=name, ts_ns=ts_ns, rate=venue.funding_rate)
                for ts_ns in usual_times(window, venue.funding_interval_h)
                if ts_ns not in known
            ]
    return tuple(sorted(found, key=lambda time: time.ts_ns))


def uncharged(
    schedule: Sequence[FundingTime], instrument_ids: Sequence[str], window: tuple[int, int]
) -> dict[str, int]:
    """Return how many of the usual funding times of each instrument nothing is known about.

    Parameters
    ----------
    schedule : Sequence[FundingTime]
        What is paid when.
    instrument_ids : Sequence[str]
        The perpetuals.
    window : tuple[int, int]
        ``[start_ns, end_ns)``.

    Returns
    -------
    dict[str, int]
        Instruments with at least one.

    """
    known = {(time.instrument_id, time.ts_ns) for time in schedule}
    times = usual_times(window, _USUAL_INTERVAL_H)
    missing = {name: sum((name, ts) not in known for ts in times) for name in instrument_ids}
    return {name: count for name, count in missing.items() if count}


def usual_times(window: tuple[int, int], interval_h: float) -> list[int]:
    """Return the multiples of an interval since 1970 that lie inside a window, its ends left out.

    Parameters
    ----------
    window : tuple[int, int]
        In nanoseconds.
    interval_h : float
        In hours.

    Returns
    -------
    list[int]
        In nanoseconds.

    Examples
    --------
    >>> usual_times((1, 9 * 3_600 * 10**9), 8.0)
    [28800000000000]

    """
    start_ns, end_ns = window
    step_ns = round(interval_h * _NS_PER_H)
    return list(range((start_ns // step_ns + 1) * step_ns, end_ns, step_ns))
