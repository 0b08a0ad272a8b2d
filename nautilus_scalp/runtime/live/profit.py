"""Our own books of a live run, and what they say beside the venue's ledger."""

import time
from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.ledger import Ledger
from nautilus_scalp.runtime.live.ledger import read_ledger
from nautilus_scalp.runtime.live.takeover import TakenOver


_NS_PER_MS = 1_000_000
_LEDGER_LAG_S = 1.0
_TOLERANCE = Decimal("0.0001")
_ZERO = Decimal(0)


class Books:
    """Adds up fills: one net position an instrument at its average price, as venues do.

    Nothing is booked until the run has taken the account over.
    """

    def __init__(self) -> None:
        self.since_ms = 0
        self._begun = False
        self._held: dict[InstrumentId, tuple[Decimal, Decimal]] = {}
        self._realized = _ZERO
        self._fees = _ZERO

    def ledger(self) -> Ledger:
        """Return realised profit and fees; funding is not in any fill."""
        return Ledger(realized=self._realized, fees=self._fees)

    def on_taken_over(self, beginning: TakenOver) -> None:
        """Begin with what the account holds.

        Parameters
        ----------
        beginning : TakenOver
            From the message bus.

        """
        self.since_ms, self._begun = beginning.since_ms, True
        self._held = dict(beginning.held)

    def on_event(self, event: OrderEvent) -> None:
        """Book a fill; any other event is none.

        Fills from before the beginning, of orders that still work, move what is held.

        Parameters
        ----------
        event : OrderEvent
            From the message bus.

        """
        if not (self._begun and isinstance(event, OrderFilled)):
            return
        signed = event.last_qty.as_decimal() * (1 if event.is_buy else -1)
        realized = self._book(event.instrument_id, signed, event.last_px.as_decimal())
        if round(event.ts_event / _NS_PER_MS) >= self.since_ms:
            self._realized += realized
            self._fees += event.commission.as_decimal()

    def _book(self, name: InstrumentId, signed: Decimal, price: Decimal) -> Decimal:
        """Return the profit that a fill realises."""
        held, entry = self._held.get(name, (_ZERO, _ZERO))
        after = held + signed
        if held * signed >= 0:
            entry = (held * entry + signed * price) / after
            self._held[name] = after, entry
            return _ZERO
        closed = min(abs(signed), abs(held)) * (1 if held > 0 else -1)
        self._held[name] = after, price if held * after < 0 else entry
        return closed * (price - entry)


def profit_line(config: LiveConfig, keys: Credentials, books: Books) -> str:
    """Return what a run has made, for the person who watches.

    Parameters
    ----------
    config : LiveConfig
        Venue, mode, address and instruments.
    keys : Credentials
        The account's.
    books : Books
        Of the run that has ended.

    Returns
    -------
    str
        One line; it says so when the venue does not show its ledger.

    """
    try:
        return compare(
            books.ledger(),
            lambda: read_ledger(config, keys, books.since_ms),
            lambda: time.sleep(_LEDGER_LAG_S),
        )
    except ScalpError as error:
        ours = books.ledger().profit
        return f"profit {ours:+.4f} by our books; the venue does not show its ledger: {error}"


def compare(books: Ledger, read: Callable[[], Ledger], wait: Callable[[], None]) -> str:
    """Return the profit of a run in one line: the venue's, and whether our books agree.

    Parameters
    ----------
    books : Ledger
        Ours; without funding.
    read : Callable[[], Ledger]
        Asks for the venue's ledger, which may lag behind by seconds.
    wait : Callable[[], None]
        Waits a moment before it is asked again.

    Returns
    -------
    str
        Amounts in quote currency.

    """
    for _ in range(3):
        venue = read()
        if agree(books, venue):
            break
        wait()
    verdict = "our books agree"
    if not agree(books, venue):
        verdict = f"our books say {books.profit + venue.funding:+.4f}, the ledger counts"
    return (
        f"profit {venue.profit:+.4f}: realised {venue.realized:+.4f}, fees {-venue.fees:+.4f}, "
        f"funding {venue.funding:+.4f}, by the venue's ledger; {verdict}"
    )


def agree(books: Ledger, venue: Ledger) -> bool:
    """Tell whether realised profit and fees are the same but for rounding.

    Parameters
    ----------
    books, venue : Ledger
        Ours and theirs.

    Returns
    -------
    bool
        Each to a hundredth of a cent.

    Examples
    --------
    >>> agree(Ledger(realized=Decimal(5)), Ledger(realized=Decimal(5), funding=Decimal(1)))
    True

    """
    gaps = (books.realized - venue.realized, books.fees - venue.fees)
    return max(map(abs, gaps)) <= _TOLERANCE
