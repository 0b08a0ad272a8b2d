"""Where the money came from: an exact split of gross P&L, and its round trips."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_MS
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries


SPLIT_HORIZON_MS = 10_000
FLAT_TOLERANCE = 1e-9


class PnlSplit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Gross P&L in three parts, quote currency.

    Attributes
    ----------
    spread : float
        Distance of the fill price from the prevailing mid: earned by makers, paid by takers.
    adverse_selection : float
        Move of the mid during the horizon after the fill; negative when the market ran over us.
    inventory : float
        Move of the mid from the end of the horizon to the final mark, on what was held.

    """

    spread: float
    adverse_selection: float
    inventory: float

    @classmethod
    def none(cls) -> "PnlSplit":
        """Return the split of no fills at all."""
        return cls(spread=0.0, adverse_selection=0.0, inventory=0.0)

    @property
    def gross(self) -> float:
        """Sum of the parts: ``sum(side * qty * (final_mark - price))``."""
        return self.spread + self.adverse_selection + self.inventory

    def __add__(self, other: "PnlSplit") -> "PnlSplit":
        """Add the parts of two strategies."""
        return PnlSplit(
            spread=self.spread + other.spread,
            adverse_selection=self.adverse_selection + other.adverse_selection,
            inventory=self.inventory + other.inventory,
        )


class RoundTrips(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """
    Positions from flat to flat, one entry each, in order of their end.

    Attributes
    ----------
    net : float64[k]
        P&L after fees, quote currency.
    duration_ns : int64[k]
        From the first fill to the one that made it flat.
    end_ns : int64[k]
        When that was.

    """

    net: npt.NDArray[np.float64]
    duration_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]

    @classmethod
    def none(cls) -> "RoundTrips":
        """Return no round trips at all."""
        nothing = np.zeros(0, np.int64)
        return cls(net=np.zeros(0, np.float64), duration_ns=nothing, end_ns=nothing)

    def __len__(self) -> int:
        """Return the number of round trips."""
        return len(self.net)

    def __add__(self, other: "RoundTrips") -> "RoundTrips":
        """Pool the round trips of two strategies, in order of their end."""
        end_ns = np.concatenate((self.end_ns, other.end_ns))
        return RoundTrips(
            net=np.concatenate((self.net, other.net)),
            duration_ns=np.concatenate((self.duration_ns, other.duration_ns)),
            end_ns=end_ns,
        ).taken(np.argsort(end_ns, kind="stable"))

    def taken(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "RoundTrips":
        """Return some of the round trips, chosen by position or by a mask."""
        return RoundTrips(
            net=self.net[index], duration_ns=self.duration_ns[index], end_ns=self.end_ns[index]
        )

    @property
    def win_rate(self) -> float | None:
        """Share of round trips that earned money after fees; None without a round trip."""
        return float(np.mean(self.net > 0.0)) if len(self) else None

    @property
    def profit_factor(self) -> float | None:
        """Money won over money lost, after fees; None when nothing was lost."""
        lost = float(-np.sum(self.net[self.net < 0.0]))
        return float(np.sum(self.net[self.net > 0.0])) / lost if lost > 0.0 else None


def reference_mids(fills: Fills, mids: MidSeries) -> npt.NDArray[np.float64]:
    """
    Return the mid that prevailed at each fill, float64[n].

    A resting order meets the market that the event found: a quote that crosses it is the adverse
    move itself, so the mid is that of the last quote strictly before. An aggressive order trades
    against the book as it stands: the mid is that of the last quote at or before.

    Raises
    ------
    InputError
        A fill before the first quote.

    """
    reference = np.empty(len(fills), np.float64)
    maker = fills.is_maker
    reference[maker] = mids.before(fills.ts_event_ns[maker])
    reference[~maker] = mids.at(fills.ts_event_ns[~maker])
    return reference


def split_pnl(
    fills: Fills,
    mids: MidSeries,
    final_mark: float | None = None,
    horizon_ms: int = SPLIT_HORIZON_MS,
) -> PnlSplit:
    """
    Split gross P&L into spread, adverse selection and inventory.

    With ``m0`` the prevailing mid (`reference_mids`), ``m1`` the mid after the horizon (or the
    last mid, where the data end first) and ``mark`` the final mark, each fill contributes
    ``side * qty`` times ``m0 - price``, ``m1 - m0`` and ``mark - m1``; the sum telescopes to
    ``side * qty * (mark - price)``.

    Parameters
    ----------
    fills : Fills
        The fills to explain.
    mids : MidSeries
        Mid prices on the same clock.
    final_mark : float, optional
        Price that values a position still open at the end; the last mid if omitted.
    horizon_ms : int
        Horizon that separates adverse selection from inventory.

    Returns
    -------
    PnlSplit
        Quote currency; zeros without fills.

    Raises
    ------
    InputError
        A fill before the first quote.

    """
    if not len(fills):
        return PnlSplit.none()
    at_fill = reference_mids(fills, mids)
    then_ns = np.minimum(fills.ts_event_ns + horizon_ms * NS_PER_MS, mids.ts_ns[-1])
    after = mids.at(np.maximum(then_ns, fills.ts_event_ns))
    mark = float(mids.mid[-1]) if final_mark is None else final_mark
    signed = fills.signed_qty
    return PnlSplit(
        spread=float(np.sum(signed * (at_fill - fills.price))),
        adverse_selection=float(np.sum(signed * (after - at_fill))),
        inventory=float(np.sum(signed * (mark - after))),
    )


def round_trips(fills: Fills) -> RoundTrips:
    """
    Net the fills into round trips, from flat to flat.

    Everything bought and sold between two moments without a position is one round trip, whatever
    the number of fills; a fill that turns the position around is cut at zero, its fee shared by
    quantity. A position still open at the end is no round trip.

    Parameters
    ----------
    fills : Fills
        Fills of one strategy on one instrument.

    Returns
    -------
    RoundTrips
        The closed ones, in order of their end.

    """
    columns = (fills.ts_event_ns, fills.signed_qty, fills.price, fills.fee)
    flat = _flat_qty(fills)
    net: list[float] = []
    duration_ns: list[int] = []
    end_ns: list[int] = []
    position, cash, opened_ns = 0.0, 0.0, 0
    for ts_ns, signed, price, fee in zip(*(column.tolist() for column in columns), strict=True):
        left = signed
        while abs(left) > flat:
            if position == 0.0:
                opened_ns, cash = ts_ns, 0.0
            turns = position * left < 0.0 and abs(left) > abs(position)
            part = -position if turns else left
            cash -= part * price + fee * (part / signed)
            position, left = position + part, left - part
            if abs(position) <= flat:
                net.append(cash)
                duration_ns.append(ts_ns - opened_ns)
                end_ns.append(ts_ns)
                position = 0.0
    return RoundTrips(
        net=np.array(net, np.float64),
        duration_ns=np.array(duration_ns, np.int64),
        end_ns=np.array(end_ns, np.int64),
    )


def is_flat(fills: Fills) -> bool:
    """Return whether the fills end without a position.

    Parameters
    ----------
    fills : Fills
        Fills of one strategy on one instrument.

    Returns
    -------
    bool
        True also without fills.

    """
    return bool(abs(np.sum(fills.signed_qty)) <= _flat_qty(fills))


def _flat_qty(fills: Fills) -> float:
    """Return the largest sum of binary fractions that still is no position."""
    return FLAT_TOLERANCE * float(np.max(fills.qty, initial=0.0))
