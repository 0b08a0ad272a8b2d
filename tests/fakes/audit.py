"""Compares what a trader wrote down with what the exchange knows: order by order, fill by fill."""

import json
from collections import Counter
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec


_ENDS = {
    "OrderDenied": "denied",
    "OrderRejected": "rejected",
    "OrderCanceled": "canceled",
    "OrderExpired": "canceled",
}
_OPEN_THERE = ("NEW", "PARTIALLY_FILLED")
_BY_HAND = "web_"
_ZERO = Decimal(0)

type Line = dict[str, Any]


class Made(msgspec.Struct, kw_only=True):
    """One order as the trader saw it; `survived` unless a kill overtook it."""

    state: str = "open"
    numbers: set[str]
    qty: Decimal = _ZERO
    filled: Decimal = _ZERO
    survived: bool = True


class Audit(msgspec.Struct, kw_only=True):
    """The verdict over one trader and one exchange.

    Attributes
    ----------
    sent : int
        Orders that the trader made, without those that it denied itself.
    received : int
        Those of them that are in the exchange's books.
    states : dict[str, int]
        How they ended, by the trader's books; "overtaken" by a kill.
    lost : list[str]
        Neither at the exchange nor given up by the trader; those that a kill overtook before
        they reached the exchange are nobody's loss.
    doubled : list[str]
        At the exchange twice under one id of the trader's, or under another number than the
        trader's books have, or a fill that one run booked twice.
    orphans : list[str]
        At the exchange, but never made by the trader; or working there, and given up here.
    misfilled : list[str]
        Filled quantity or end differs.

    """

    sent: int
    received: int
    states: dict[str, int]
    lost: list[str]
    doubled: list[str]
    orphans: list[str]
    misfilled: list[str]

    @property
    def clean(self) -> bool:
        """Whether every order is where it should be."""
        return not (self.lost or self.doubled or self.orphans or self.misfilled)

    def __str__(self) -> str:
        """Return the account in one line."""
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        wrong = ", ".join(
            f"{len(getattr(self, name))} {name}"
            for name in ("lost", "doubled", "orphans", "misfilled")
        )
        return f"orders: {self.sent} sent, {self.received} received; {states}; {wrong}"


def audit(books: Line, journal: Path) -> Audit:
    """Compare the trader's journal with the exchange.

    Parameters
    ----------
    books : dict
        The exchange's own, as ``GET /practice/books`` answers.
    journal : Path
        As `Journal` writes it.

    Returns
    -------
    Audit
        The verdict.

    """
    runs = _runs(journal)
    theirs: dict[str, Line] = {order["ticket"]["client_id"]: order for order in books["orders"]}
    ours = _read(runs)
    sent = {name: made for name, made in ours.items() if made.state != "denied"}
    both = sent.keys() & theirs.keys()
    seen = {name for name in both if sent[name].survived}
    return Audit(
        sent=len(sent),
        received=len(both),
        states=dict(Counter(m.state if m.survived else "overtaken" for m in sent.values())),
        lost=sorted(
            name
            for name in sent.keys() - both
            if sent[name].survived and sent[name].state == "open"
        ),
        doubled=_doubled(books, runs)
        + sorted(n for n in both if sent[n].numbers - {str(theirs[n]["order_id"])}),
        orphans=sorted(
            [name for name in theirs.keys() - ours.keys() if not name.startswith(_BY_HAND)]
            + [name for name in seen if _works(theirs[name]) and sent[name].state != "open"]
        ),
        misfilled=sorted(
            name
            for name in seen
            if sent[name].filled != Decimal(theirs[name]["filled"])
            or (sent[name].state == "open" and not _works(theirs[name]))
        ),
    )


def booked_profit(books: Line, journal: Path) -> Decimal:
    """Return the profit of the latest run by its own fills, after fees and without funding.

    Parameters
    ----------
    books : dict
        The exchange's own, for the entry price of what is held now.
    journal : Path
        As `Journal` writes it, of a run that began flat.

    Returns
    -------
    Decimal
        In quote currency.

    """
    entries = {name: Decimal(one["entry"]) for name, one in books["positions"].items()}
    fills = _fills(_runs(journal)[-1])
    cash = sum((-_signed(f) * Decimal(f["price"]) - Decimal(f["fee"]) for f in fills), _ZERO)
    return cash + sum((q * entries[name] for name, q in booked_positions(journal).items()), _ZERO)


def booked_positions(journal: Path) -> dict[str, Decimal]:
    """Return what the latest run's fills leave it with.

    Parameters
    ----------
    journal : Path
        As `Journal` writes it, of a run that began flat.

    Returns
    -------
    dict[str, Decimal]
        Signed quantity by symbol.

    """
    held: dict[str, Decimal] = defaultdict(Decimal)
    for fill in _fills(_runs(journal)[-1]):
        held[fill["instrument"].partition("-")[0]] += _signed(fill)
    return dict(held)


def _read(runs: list[list[Line]]) -> dict[str, Made]:
    """Return the trader's orders; a later run may speak of an earlier one's again."""
    made: dict[str, Made] = {}
    for lines in runs:
        for order in made.values():
            order.survived = order.survived and order.state != "open"
        for line in lines:
            name = line.get("order", "")
            if line["event"] == "OrderInitialized":
                made.setdefault(name, Made(numbers=set()))
            if name not in made:
                continue
            order = made[name]
            order.numbers |= {line["venue_order"]} if "venue_order" in line else set()
            order.state = _ENDS.get(line["event"], order.state)
            order.qty = Decimal(line.get("of", order.qty))
            if line["event"] == "OrderFilled":
                order.filled += Decimal(line["qty"])
            if order.state == "open" and order.filled == order.qty:
                order.state = "filled"
    return made


def _doubled(books: Line, runs: list[list[Line]]) -> list[str]:
    orders = Counter(order["ticket"]["client_id"] for order in books["orders"])
    fills = [Counter(fill["trade"] for fill in _fills(lines)) for lines in runs]
    return sorted(
        name for counts in (orders, *fills) for name, count in counts.items() if count > 1
    )


def _works(order: Line) -> bool:
    return order["status"] in _OPEN_THERE


def _fills(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["event"] == "OrderFilled"]


def _signed(fill: Line) -> Decimal:
    return fill["side"] * Decimal(fill["qty"])


def _runs(journal: Path) -> list[list[Line]]:
    runs: list[list[Line]] = []
    for text in journal.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["event"] == "Start":
            runs.append([])
        runs[-1].append(line)
    return runs
