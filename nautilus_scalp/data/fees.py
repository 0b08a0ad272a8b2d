"""The dated table of trading fees by venue and tier."""

from datetime import date
from pathlib import Path

from msgspec import Struct

from nautilus_scalp.errors import UsageError
from nautilus_scalp.settings import convert
from nautilus_scalp.settings import read_toml


TABLE = Path(__file__).with_name("fees.toml")


class FeeRates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fees of one tier in basis points of traded value; negative is a rebate."""

    maker_bps: float
    taker_bps: float


class FeeSchedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The fees of one venue from one day on.

    Parameters
    ----------
    venue : str
        Nautilus venue name.
    product : str
        What the fees are for.
    valid_from : date
        The first day on which they hold.
    source : str
        Who says so.
    tiers : dict[str, FeeRates]
        By the venue's name of the tier.

    """

    venue: str
    product: str
    valid_from: date
    source: str
    tiers: dict[str, FeeRates]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schedules: list[FeeSchedule]


def fee_schedule(venue: str) -> FeeSchedule | None:
    """
    Return the newest fees of a venue.

    Parameters
    ----------
    venue : str
        Nautilus venue name.

    Returns
    -------
    FeeSchedule or None
        None for a venue that the table does not know.

    """
    table = convert(read_toml(TABLE), _Table, TABLE)
    known = [schedule for schedule in table.schedules if schedule.venue == venue]
    return max(known, key=lambda schedule: schedule.valid_from, default=None)


def fee_rates(venue: str, tier: str) -> FeeRates:
    """
    Return the newest fees of one tier.

    Parameters
    ----------
    venue : str
        Nautilus venue name.
    tier : str
        Name of the tier in the table, such as ``VIP 3``.

    Returns
    -------
    FeeRates
        In basis points.

    Raises
    ------
    UsageError
        If the table does not have the venue or the tier.

    Examples
    --------
    >>> fee_rates("BINANCE", "VIP 3").maker_bps
    1.4

    """
    schedule = fee_schedule(venue)
    if schedule is None:
        message = f"venue.fee_tier: the fee table has no venue {venue!r}"
        raise UsageError(message, "leave venue.fee_tier out: the instruments' own fees are charged")
    if tier not in schedule.tiers:
        message = f"venue.fee_tier: {venue} has no tier {tier!r} in the fee table"
        raise UsageError(message, f"choose one of {', '.join(schedule.tiers)}")
    return schedule.tiers[tier]
