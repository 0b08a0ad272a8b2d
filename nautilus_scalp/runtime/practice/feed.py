"""A recorded market, played back in real time or faster."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL


_NS_PER_S = 1_000_000_000
_LEAST_SLEEP_S = 0.0005
_LONGEST_GAP_S = 5.0


type Level = tuple[str, str]


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Price and size of every displayed level, the best first, as exact text."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class MarketEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a venue publishes, with numbers as exact text.

    Parameters
    ----------
    symbol : str
        The symbol.
    kind : int
        As in a tape: `QUOTE` (bid, ask, bid size, ask size), `TRADE` (price, size), `DEPTH`,
        `MARK` (price) or `FUNDING` (rate).
    first, second, third, fourth : str
        The numbers, in the order given above.
    aggressor : int
        Of a trade: `BUY` or `SELL`.
    book : Book, optional
        Of a `DEPTH` event.

    """

    symbol: str
    kind: int
    first: str = ""
    second: str = ""
    third: str = ""
    fourth: str = ""
    aggressor: int = 0
    book: Book | None = None


class Playback:
    """Walks over a tape at a chosen speed, again and again if asked to.

    Silence of more than five seconds is cut to five: recordings of different days play on.

    Parameters
    ----------
    tape : Tape
        What was recorded.
    speed : float
        1 is real time, 10 ten times as fast.
    repeat : bool
        Whether to start over at the end.

    Attributes
    ----------
    played : int
        Events so far.
    behind_s : float
        How late the latest batch was.

    """

    def __init__(self, tape: Tape, speed: float = 1.0, *, repeat: bool = True) -> None:
        self._tape = tape
        self._repeat = repeat
        self._symbols = [facts.instrument_id.partition("-")[0] for facts in tape.instruments]
        self._due_s = _due_s(tape) / speed
        self.played = 0
        self.behind_s = 0.0

    def first_quotes(self) -> list[MarketEvent]:
        """Return the first quote of every instrument, so that a market exists from the start."""
        found = []
        for index in range(len(self._symbols)):
            rows = (self._tape.kind == QUOTE) & (self._tape.instrument == index)
            if rows.any():
                found.append(self._event(int(np.argmax(rows))))
        return found

    async def run(self, handle: Callable[[MarketEvent], None]) -> None:
        """Play until the end, or until cancelled.

        Parameters
        ----------
        handle : Callable[[MarketEvent], None]
            Gets every event when it is due.

        """
        while True:
            started = time.monotonic()
            row, rows = 0, len(self._due_s)
            while row < rows:
                wait = self._due_s[row] - (time.monotonic() - started)
                await asyncio.sleep(max(wait, _LEAST_SLEEP_S) if wait > 0 else 0)
                elapsed = time.monotonic() - started
                self.behind_s = max(elapsed - float(self._due_s[row]), 0.0)
                end = int(np.searchsorted(self._due_s, elapsed, side="right"))
                for index in range(row, end):
                    handle(self._event(index))
                self.played += end - row
                row = end
            if not self._repeat:
                return

    def _event(self, row: int) -> MarketEvent:
        tape = self._tape
        index, kind = int(tape.instrument[row]), int(tape.kind[row])
        facts, values = tape.instruments[index], tape.values[row]
        symbol = self._symbols[index]
        price, size = f".{facts.price_precision}f", f".{facts.size_precision}f"
        if kind == QUOTE:
            bid, ask, bid_size, ask_size = values
            return MarketEvent(
                symbol=symbol,
                kind=kind,
                first=format(bid, price),
                second=format(ask, price),
                third=format(bid_size, size),
                fourth=format(ask_size, size),
            )
        if kind == TRADE:
            return MarketEvent(
                symbol=symbol,
                kind=kind,
                first=format(values[0], price),
                second=format(values[1], size),
                aggressor=BUY if values[2] > 0 else SELL,
            )
        if kind == DEPTH:
            book = _book(tape.books[int(values[0])], price, size)
            return MarketEvent(symbol=symbol, kind=kind, book=book)
        number = format(values[0], price if kind == MARK else ".8f")
        return MarketEvent(symbol=symbol, kind=kind, first=number)


def _book(rows: npt.NDArray[np.float64], price: str, size: str) -> Book:
    """Return a recorded snapshot, without the levels that it does not fill."""
    return Book(
        bids=tuple((format(row[0], price), format(row[2], size)) for row in rows if row[2] > 0),
        asks=tuple((format(row[1], price), format(row[3], size)) for row in rows if row[3] > 0),
    )


def _due_s(tape: Tape) -> npt.NDArray[np.float64]:
    """Return when each event is due in seconds, with the gaps between recordings cut short."""
    steps_s = np.diff(tape.ts_event_ns, prepend=tape.ts_event_ns[0]) / _NS_PER_S
    return np.cumsum(np.clip(steps_s, 0.0, _LONGEST_GAP_S))


def moved(event: MarketEvent, bps: int, tick: Decimal) -> MarketEvent:
    """Return an event with its prices moved and put back on the tick grid.

    Parameters
    ----------
    event : MarketEvent
        The event.
    bps : int
        By how much, in basis points.
    tick : Decimal
        The grid.

    Returns
    -------
    MarketEvent
        The same event when `bps` is 0.

    """
    if not bps or event.kind == FUNDING:
        return event
    factor = 1 + Decimal(bps) / 10_000

    def move(price: str) -> str:
        return format((Decimal(price) * factor / tick).quantize(Decimal(1)) * tick, "f")

    if event.book is not None:
        bids = tuple((move(price), size) for price, size in event.book.bids)
        asks = tuple((move(price), size) for price, size in event.book.asks)
        return msgspec.structs.replace(event, book=Book(bids=bids, asks=asks))
    second = move(event.second) if event.kind == QUOTE else event.second
    return msgspec.structs.replace(event, first=move(event.first), second=second)
