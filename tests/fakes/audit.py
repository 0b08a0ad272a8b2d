"""Compares what a trader wrote down with what the exchange knows: order by order, fill by fill."""

import json
from collections import Counter
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from nautilus_scalp.runtime.practice.venue import Venue


_GIVEN_UP = {"OrderDenied", "OrderRejected", "OrderCanceled", "OrderExpired"}
_BY_HAND = "web_"


class Audit(msgspec.Struct, kw_only=True):
    """The verdict over one trader and one exchange.

    Attributes
    ----------
    sent : int
        Orders that the trader made.
    lost : list[str]
        Neither at the exchange, nor given up by the trader; those that a kill overtook before
        they reached the exchange are nobody's loss.
    doubled : list[str]
        At the exchange twice.
    orphans : list[str]
        At the exchange, but never made by the trader.
    misfilled : list[str]
        Filled quantity differs, of orders whose whole life one process has seen.

    """

    sent: int
    lost: list[str]
    doubled: list[str]
    orphans: list[str]
    misfilled: list[str]

    @property
    def clean(self) -> bool:
        """Whether every order is where it should be."""
        return not (self.lost or self.doubled or self.orphans or self.misfilled)


def audit(venue: Venue, journal: Path) -> Audit:
    """Compare the trader's journal with the exchange.

    Parameters
    ----------
    venue : Venue
        The exchange's own books.
    journal : Path
        As `Journal` writes it.

    Returns
    -------
    Audit
        The verdict.

    """
    made, settled, killed, filled = _read(journal)
    theirs = {o.ticket.client_id: o for o in venue.orders}
    counts = Counter(order.ticket.client_id for order in venue.orders)
    ours = set(made)
    return Audit(
        sent=len(made),
        lost=sorted(ours - theirs.keys() - settled - killed),
        doubled=sorted(name for name, count in counts.items() if count > 1),
        orphans=sorted(n for n in theirs.keys() - ours if not n.startswith(_BY_HAND)),
        misfilled=sorted(
            name
            for name in ours & theirs.keys() - killed
            if filled.get(name, Decimal(0)) != theirs[name].filled
        ),
    )


def booked_profit(journal: Path) -> Decimal:
    """Return the profit after fees of a trader that began and ended flat, by its own books.

    Parameters
    ----------
    journal : Path
        As `Journal` writes it.

    Returns
    -------
    Decimal
        In quote currency.

    """
    fills = [line for line in _lines(journal) if line["event"] == "OrderFilled"]
    return sum(
        (
            -line["side"] * Decimal(line["qty"]) * Decimal(line["price"]) - Decimal(line["fee"])
            for line in fills
        ),
        Decimal(0),
    )


def _read(journal: Path) -> tuple[list[str], set[str], set[str], dict[str, Decimal]]:
    """Return orders made, given up, open when a process was killed, and filled quantities."""
    made: list[str] = []
    settled: set[str] = set()
    killed: set[str] = set()
    open_now: set[str] = set()
    filled: dict[str, Decimal] = defaultdict(Decimal)
    for line in _lines(journal):
        name = line.get("order", "")
        if line["event"] in ("Start", "Stop"):
            killed |= open_now if line["event"] == "Start" else set()
            open_now = set()
        elif line["event"] == "OrderInitialized":
            made.append(name)
            open_now.add(name)
        elif line["event"] in _GIVEN_UP:
            settled.add(name)
            open_now.discard(name)
        elif line["event"] == "OrderFilled":
            filled[name] += Decimal(line["qty"])
    return made, settled, killed, filled


def _lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
