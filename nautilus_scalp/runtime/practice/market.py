"""What a venue publishes besides trades: books, mark prices and funding rates."""

from collections import deque
from decimal import Decimal

import msgspec

from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import LEVELS
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.feed import Book
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.venue import Venue


FUNDING_INTERVAL_MS = 8 * 3_600_000
_MOST_TRADES = 50_000
_USUAL_RATE = Decimal("0.0001")


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as the venue publishes it, with its number and the venue's time."""

    number: int
    time_ms: int
    event: MarketEvent


class Market:
    """The published market, and the matching that follows it.

    Where a recording has no depth, the levels behind the best one are made up: one tick apart,
    each of the best level's size. Where it has no mark price, the mark is the mid price; where it
    has no funding rate, the rate is the usual 0.01 % of eight hours.

    Parameters
    ----------
    venue : Venue
        Gets every quote and trade.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._books: dict[str, Book] = {}
        self._marks: dict[str, Decimal] = {}
        self._rates: dict[str, Decimal] = {}
        self._trades: dict[str, deque[PublicTrade]] = {}

    def keep(self, event: MarketEvent, number: int, now_ms: int) -> None:
        """Remember a trade that is published, for whoever asks for the past.

        Parameters
        ----------
        event : MarketEvent
            The trade.
        number : int
            Its id.
        now_ms : int
            The venue's clock.

        """
        trade = PublicTrade(number=number, time_ms=now_ms, event=event)
        self._trades.setdefault(event.symbol, deque(maxlen=_MOST_TRADES)).append(trade)

    def trades(self, symbol: str) -> list[PublicTrade]:
        """Return the published trades that are remembered, the oldest first."""
        return list(self._trades.get(symbol, ()))

    def apply(self, event: MarketEvent) -> None:
        """Take the next event.

        Parameters
        ----------
        event : MarketEvent
            Of a symbol that the venue knows.

        """
        if event.kind == QUOTE:
            top = Top(
                bid=Decimal(event.first),
                ask=Decimal(event.second),
                bid_qty=Decimal(event.third),
                ask_qty=Decimal(event.fourth),
            )
            self._venue.on_quote(event.symbol, top)
        elif event.kind == TRADE:
            price, qty = Decimal(event.first), Decimal(event.second)
            if price > 0 and qty > 0:
                self._venue.on_trade(event.symbol, price, qty, event.aggressor)
        elif event.kind == DEPTH and event.book is not None:
            self._books[event.symbol] = event.book
        elif event.kind == MARK:
            self._marks[event.symbol] = Decimal(event.first)
        elif event.kind == FUNDING:
            self._rates[event.symbol] = Decimal(event.first)

    def book(self, symbol: str) -> Book:
        """Return the displayed levels.

        Parameters
        ----------
        symbol : str
            The symbol.

        Returns
        -------
        Book
            Ten levels a side, if the recording filled them.

        """
        recorded = self._books.get(symbol)
        if recorded is not None:
            return recorded
        top, tick = self._venue.tops[symbol], self._venue.rules[symbol].tick
        return Book(
            bids=tuple((f"{top.bid - n * tick:f}", f"{top.bid_qty:f}") for n in range(LEVELS)),
            asks=tuple((f"{top.ask + n * tick:f}", f"{top.ask_qty:f}") for n in range(LEVELS)),
        )

    def mark(self, symbol: str) -> Decimal:
        """Return the mark price.

        Parameters
        ----------
        symbol : str
            The symbol.

        Returns
        -------
        Decimal
            The latest recorded one, or the mid price.

        """
        return self._marks.get(symbol) or self._venue.mid(symbol)

    def funding_rate(self, symbol: str) -> Decimal:
        """Return the funding rate of the current interval.

        Parameters
        ----------
        symbol : str
            The symbol.

        Returns
        -------
        Decimal
            The latest recorded one, or the usual one.

        """
        return self._rates.get(symbol, _USUAL_RATE)

    def next_funding_ms(self) -> int:
        """Return when funding is settled next: 0, 8 and 16 o'clock UTC by the venue's clock."""
        return (self._venue.now_ms() // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
