"""Markouts: what a fill is worth a while later, the plainest measure of adverse selection."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import BPS
from nautilus_scalp.evaluation.fills import NS_PER_MS
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries


class Markout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Markout at one horizon, kept as sums so that several strategies add up exactly.

    Attributes
    ----------
    horizon_ms : int
        Time after the fill.
    pnl : float
        Sum of ``side * qty * (mid(t + horizon) - price)``, quote currency.
    notional : float
        Traded value of the fills that count, quote currency.
    fills : int
        Fills whose horizon ends inside the data.

    """

    horizon_ms: int
    pnl: float
    notional: float
    fills: int

    @property
    def bps(self) -> float | None:
        """``side * (mid(t + h) - price) / price`` weighted by notional; None without a fill."""
        return self.pnl / self.notional * BPS if self.fills else None

    @classmethod
    def none(cls, horizon_ms: int) -> "Markout":
        """Return the markout of no fills at all."""
        return cls(horizon_ms=horizon_ms, pnl=0.0, notional=0.0, fills=0)

    def __add__(self, other: "Markout") -> "Markout":
        """Pool the fills of two strategies at the same horizon."""
        return Markout(
            horizon_ms=self.horizon_ms,
            pnl=self.pnl + other.pnl,
            notional=self.notional + other.notional,
            fills=self.fills + other.fills,
        )


class MarkedFills(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """
    Fills of one horizon one by one, for the uncertainty of their markout.

    Attributes
    ----------
    ts_ns : int64[n]
        Times of the fills.
    pnl, notional : float64[n]
        As in `Markout`, of each fill.

    """

    ts_ns: npt.NDArray[np.int64]
    pnl: npt.NDArray[np.float64]
    notional: npt.NDArray[np.float64]

    @classmethod
    def none(cls) -> "MarkedFills":
        """Return no fills at all."""
        nothing = np.zeros(0, np.float64)
        return cls(ts_ns=np.zeros(0, np.int64), pnl=nothing, notional=nothing)

    def __add__(self, other: "MarkedFills") -> "MarkedFills":
        """Pool the fills of two strategies, in order of time."""
        ts_ns = np.concatenate((self.ts_ns, other.ts_ns))
        order = np.argsort(ts_ns, kind="stable")
        return MarkedFills(
            ts_ns=ts_ns[order],
            pnl=np.concatenate((self.pnl, other.pnl))[order],
            notional=np.concatenate((self.notional, other.notional))[order],
        )


def measure_markouts(
    fills: Fills, mids: MidSeries, horizons_ms: Sequence[int]
) -> dict[int, Markout]:
    """
    Mark every fill against the mid price after each horizon.

    A fill whose horizon ends after the last quote has no price to be marked at: it is left out
    of that horizon and not counted.

    Parameters
    ----------
    fills : Fills
        The fills to judge.
    mids : MidSeries
        Mid prices on the same clock.
    horizons_ms : Sequence[int]
        Horizons after the fill, milliseconds.

    Returns
    -------
    dict[int, Markout]
        One per horizon, in the order given.

    Examples
    --------
    Bought 2 at 100 and the mid is 101 a second later: +1 % on 200 of notional.

    >>> second = 1_000_000_000
    >>> one = Fills(
    ...     ts_event_ns=np.array([second]),
    ...     side=np.array([1], np.int8),
    ...     price=np.array([100.0]),
    ...     qty=np.array([2.0]),
    ...     fee=np.array([0.0]),
    ...     is_maker=np.array([True]),
    ... )
    >>> mids = MidSeries(ts_ns=np.array([0, 2 * second]), mid=np.array([100.5, 101.0]))
    >>> measure_markouts(one, mids, [1_000])[1_000].bps
    100.0

    """
    return {horizon_ms: _markout(fills, mids, horizon_ms) for horizon_ms in horizons_ms}


def mark_fills(fills: Fills, mids: MidSeries, horizon_ms: int) -> MarkedFills:
    """
    Mark each fill against the mid price after a horizon.

    Parameters
    ----------
    fills : Fills
        The fills to judge.
    mids : MidSeries
        Mid prices on the same clock.
    horizon_ms : int
        Time after the fill.

    Returns
    -------
    MarkedFills
        Those whose horizon ends inside the data, in order of time.

    """
    then_ns = fills.ts_event_ns + horizon_ms * NS_PER_MS
    last_ns = mids.ts_ns[-1] if len(mids.ts_ns) else np.iinfo(np.int64).min
    seen = then_ns <= last_ns
    move = mids.at(then_ns[seen]) - fills.price[seen]
    return MarkedFills(
        ts_ns=fills.ts_event_ns[seen],
        pnl=fills.signed_qty[seen] * move,
        notional=fills.notional[seen],
    )


def _markout(fills: Fills, mids: MidSeries, horizon_ms: int) -> Markout:
    marked = mark_fills(fills, mids, horizon_ms)
    return Markout(
        horizon_ms=horizon_ms,
        pnl=float(np.sum(marked.pnl)),
        notional=float(np.sum(marked.notional)),
        fills=len(marked.pnl),
    )
