"""Recorded quotes and trades, played back in real time or faster."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL


_NS_PER_S = 1_000_000_000
_LEAST_SLEEP_S = 0.0005
_LONGEST_GAP_S = 5.0


class MarketEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One quote (bid, ask, bid size, ask size) or trade (price, size, aggressor), as exact text."""

    symbol: str
    is_quote: bool
    first: str
    second: str
    third: str = ""
    fourth: str = ""
    aggressor: int = 0


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

    """

    def __init__(self, tape: Tape, speed: float = 1.0, *, repeat: bool = True) -> None:
        self._tape = tape
        self._repeat = repeat
        self._symbols = [facts.instrument_id.partition("-")[0] for facts in tape.instruments]
        self._due_s = _due_s(tape) / speed
        self.played = 0

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
                end = int(np.searchsorted(self._due_s, elapsed, side="right"))
                for index in range(row, end):
                    handle(self._event(index))
                self.played += end - row
                row = end
            if not self._repeat:
                return

    def _event(self, row: int) -> MarketEvent:
        tape = self._tape
        index = int(tape.instrument[row])
        facts, values = tape.instruments[index], tape.values[row]
        price, size = facts.price_precision, facts.size_precision
        if tape.kind[row] == QUOTE:
            return MarketEvent(
                symbol=self._symbols[index],
                is_quote=True,
                first=f"{values[0]:.{price}f}",
                second=f"{values[1]:.{price}f}",
                third=f"{values[2]:.{size}f}",
                fourth=f"{values[3]:.{size}f}",
            )
        return MarketEvent(
            symbol=self._symbols[index],
            is_quote=False,
            first=f"{values[0]:.{price}f}",
            second=f"{values[1]:.{size}f}",
            aggressor=BUY if values[2] > 0 else SELL,
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
    if not bps:
        return event
    factor = 1 + Decimal(bps) / 10_000

    def move(price: str) -> str:
        return format((Decimal(price) * factor / tick).quantize(Decimal(1)) * tick, "f")

    second = move(event.second) if event.is_quote else event.second
    return msgspec.structs.replace(event, first=move(event.first), second=second)
