"""Markouts: what a fill is worth a while later, the plainest measure of adverse selection."""

from collections.abc import Sequence

import msgspec
import numpy as np

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


def _markout(fills: Fills, mids: MidSeries, horizon_ms: int) -> Markout:
    then_ns = fills.ts_event_ns + horizon_ms * NS_PER_MS
    last_ns = mids.ts_ns[-1] if len(mids.ts_ns) else np.iinfo(np.int64).min
    seen = then_ns <= last_ns
    move = mids.at(then_ns[seen]) - fills.price[seen]
    return Markout(
        horizon_ms=horizon_ms,
        pnl=float(np.sum(fills.signed_qty[seen] * move)),
        notional=float(np.sum(fills.notional[seen])),
        fills=int(np.count_nonzero(seen)),
    )
