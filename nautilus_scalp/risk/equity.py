"""What the account is worth, and what was lost of it."""

import math

from msgspec import Struct


_NS_PER_DAY = 86_400_000_000_000


class EquityMarks(Struct, forbid_unknown_fields=True):
    """
    What losses are counted from; it survives a restart, or a crash would pay off.

    Attributes
    ----------
    peak : float
        Highest equity so far; 0 while unknown.
    day : int
        Day since 1970, UTC.
    opening : float
        First equity of that day; 0 while unknown.
    lost_day : int
        Last day on which too much of it was lost.

    """

    peak: float = 0.0
    day: int = -1
    opening: float = 0.0
    lost_day: int = -1


class Equity:
    """
    Follows the value of the account.

    Parameters
    ----------
    max_daily_loss : float
        Share of the day's first value that may be lost.

    Attributes
    ----------
    value : float
        In quote currency; NaN while unknown.
    drawdown : float
        Share of the highest value that is lost; NaN while unknown.
    marks : EquityMarks
        What losses are counted from.

    Examples
    --------
    >>> equity = Equity(max_daily_loss=0.1)
    >>> for value in (1_000.0, 1_200.0, 900.0):
    ...     equity.on_value(value, 0)
    >>> equity.drawdown, equity.day_is_lost
    (0.25, True)

    """

    def __init__(self, max_daily_loss: float) -> None:
        self._least_kept = 1.0 - max_daily_loss
        self.value = math.nan
        self.drawdown = math.nan
        self.marks = EquityMarks()

    def on_value(self, value: float, ts_ns: int) -> None:
        """Take in what the account is worth; no mark is made of what cannot be."""
        self.value = value
        marks, day = self.marks, ts_ns // _NS_PER_DAY
        if 0.0 < value < math.inf:
            marks.peak = max(marks.peak, value)
            if day > marks.day:  # a clock that went back begins no new day
                marks.day, marks.opening = day, value
        self.drawdown = 1.0 - value / marks.peak if marks.peak > 0.0 else math.nan
        if value <= self._least_kept * marks.opening:
            marks.lost_day = marks.day

    @property
    def day_is_lost(self) -> bool:
        """Whether too much was lost today, be it won back or not."""
        return self.marks.lost_day == self.marks.day >= 0
