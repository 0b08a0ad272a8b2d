"""When a position has gone far enough: one reason to leave a class, prices in, verdict out."""

import math
from typing import Protocol

from msgspec import Struct


_NS_PER_MS = 1_000_000


class OpenPosition(Struct, frozen=True, gc=False):
    """
    What an exit needs to know about the position that it watches.

    Attributes
    ----------
    side : int
        +1 long, -1 short.
    entry : float
        Average price of the entry so far.
    opened_ns : int
        When the first of it was filled.

    """

    side: int
    entry: float
    opened_ns: int


class ExitRule(Protocol):
    """A reason to leave a position."""

    reason: str

    def watch(self, position: OpenPosition) -> None:
        """Begin to watch a position that has just been opened."""

    def on_price(self, price: float, ts_ns: int) -> bool:
        """Take in the price at which the position could be left now; return whether to leave."""


class ProfitTarget:
    """
    Leave when the gain reaches a fraction of the entry price.

    Parameters
    ----------
    fraction : float
        Gain over entry price, above 0.

    """

    reason = "profit_target"

    def __init__(self, fraction: float) -> None:
        self._fraction = fraction
        self._side = 0
        self._level = math.nan

    def watch(self, position: OpenPosition) -> None:
        """Set the level."""
        self._side = position.side
        self._level = position.entry * (1.0 + position.side * self._fraction)

    def on_price(self, price: float, _ts_ns: int) -> bool:
        """Return whether the level is reached; a NaN price never reaches it."""
        return self._side * (price - self._level) >= 0.0


class StopLoss:
    """
    Leave when the loss reaches a fraction of the entry price.

    Parameters
    ----------
    fraction : float
        Loss over entry price, above 0.

    """

    reason = "stop_loss"

    def __init__(self, fraction: float) -> None:
        self._fraction = fraction
        self._side = 0
        self._level = math.nan

    def watch(self, position: OpenPosition) -> None:
        """Set the level."""
        self._side = position.side
        self._level = position.entry * (1.0 - position.side * self._fraction)

    def on_price(self, price: float, _ts_ns: int) -> bool:
        """Return whether the level is reached; a NaN price never reaches it."""
        return self._side * (self._level - price) >= 0.0


class TrailingStop:
    """
    Leave when the price falls back by a fraction from the best one since the entry.

    Parameters
    ----------
    fraction : float
        Distance below the best price (above it for a short), as a fraction of it.

    """

    reason = "trailing_stop"

    def __init__(self, fraction: float) -> None:
        self._fraction = fraction
        self._side = 0
        self._best = math.nan
        self._opened_ns = -1

    def watch(self, position: OpenPosition) -> None:
        """Begin at the entry price; a position that only grew keeps its best price."""
        if (position.side, position.opened_ns) != (self._side, self._opened_ns):
            self._best = position.entry
        self._side = position.side
        self._opened_ns = position.opened_ns

    def on_price(self, price: float, _ts_ns: int) -> bool:
        """Follow a better price, or return whether this one fell back far enough."""
        if self._side * (price - self._best) > 0.0:
            self._best = price
            return False
        level = self._best * (1.0 - self._side * self._fraction)
        return self._side * (level - price) >= 0.0


class TimeOut:
    """
    Leave after a time, whatever the price.

    Parameters
    ----------
    timeout_ms : float
        Longest time in the position.

    """

    reason = "time_out"

    def __init__(self, timeout_ms: float) -> None:
        self._timeout_ns = round(timeout_ms * _NS_PER_MS)
        self._opened_ns = 0

    def watch(self, position: OpenPosition) -> None:
        """Set the clock; a position that only grew keeps its first moment."""
        self._opened_ns = position.opened_ns

    def on_price(self, _price: float, ts_ns: int) -> bool:
        """Return whether the time is over."""
        return ts_ns - self._opened_ns >= self._timeout_ns
