"""Labels: where the mid price stands a fixed time after an event. Never smoothed, never centred."""

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit


DOWN = 0
FLAT = 1
UP = 2
NO_LABEL = -1
NS_PER_MS = 1_000_000
BPS = 1e4


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """
    What happens to the mid within a horizon of every row.

    Attributes
    ----------
    horizon_ms : int
        Horizon, exchange time.
    direction : int8[m]
        ``DOWN``, ``FLAT``, ``UP``, or ``NO_LABEL`` where the horizon runs past the segment's end.
    move_bps : float64[m]
        ``(mid after - mid) / mid`` in bps; NaN where there is no label.
    end_ns : int64[m]
        Exchange time at which the label is known: ``ts_event + horizon``.

    """

    horizon_ms: int
    direction: npt.NDArray[np.int8]
    move_bps: npt.NDArray[np.float64]
    end_ns: npt.NDArray[np.int64]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Rows that have a label."""
        return np.not_equal(self.direction, NO_LABEL)


def label_moves(
    ts_event_ns: npt.NDArray[np.int64],
    mid: npt.NDArray[np.float64],
    segment: npt.NDArray[np.int32],
    horizon_ms: int,
) -> Labels:
    """Label every row with the mid after a horizon.

    The mid after the horizon is that of the last quote at or before ``ts_event + horizon`` in the
    same segment. A row whose horizon reaches beyond the segment's last quote has no label: the
    price at that time is unknown.

    Parameters
    ----------
    ts_event_ns : int64[m]
        Exchange time of every row, never falling within a segment.
    mid : float64[m]
        Mid price of every row.
    segment : int32[m]
        Rows of several segments may interleave.
    horizon_ms : int
        Horizon in milliseconds of exchange time.

    Returns
    -------
    Labels
        One per row.

    Examples
    --------
    >>> ts = np.array([0, 400, 500, 900]) * NS_PER_MS
    >>> labels = label_moves(ts, np.array([10.0, 11.0, 9.0, 9.0]), np.zeros(4, np.int32), 500)
    >>> labels.direction.tolist()
    [0, 0, -1, -1]

    """
    horizon_ns = horizon_ms * NS_PER_MS
    order = np.argsort(segment, kind="stable")
    after = _mid_after(order, ts_event_ns, mid, segment, horizon_ns)
    with np.errstate(invalid="ignore"):
        move = after - mid
    direction = np.full(len(mid), NO_LABEL, np.int8)
    direction[move < 0] = DOWN
    direction[move == 0] = FLAT
    direction[move > 0] = UP
    return Labels(
        horizon_ms=horizon_ms,
        direction=direction,
        move_bps=move / mid * BPS,
        end_ns=ts_event_ns + horizon_ns,
    )


@njit(cache=True)
def _mid_after(
    order: npt.NDArray[np.int64],
    ts_event_ns: npt.NDArray[np.int64],
    mid: npt.NDArray[np.float64],
    segment: npt.NDArray[np.int32],
    horizon_ns: int,
) -> npt.NDArray[np.float64]:
    """Walk each segment with two pointers; NaN where the horizon passes the segment's end."""
    after = np.full(len(mid), np.nan)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and segment[order[last + 1]] == segment[order[first]]:
            last += 1
        ahead = first
        for k in range(first, last + 1):
            end = ts_event_ns[order[k]] + horizon_ns
            if end > ts_event_ns[order[last]]:
                break
            while ahead < last and ts_event_ns[order[ahead + 1]] <= end:
                ahead += 1
            after[order[k]] = mid[order[ahead]]
        first = last + 1
    return after


def uniqueness(
    ts_event_ns: npt.NDArray[np.int64],
    end_ns: npt.NDArray[np.int64],
    segment: npt.NDArray[np.int32],
) -> npt.NDArray[np.float64]:
    """Return how much of a label is its own: its mean share of the moments that it covers.

    A hundred quotes of one burst are labelled by one and the same move. Where ``c(t)`` labels of
    a segment cover a moment, each owns ``1 / c(t)`` of it (Lopez de Prado 2018, ch. 4), so the
    weights of a segment sum to about its duration over the horizon.

    Parameters
    ----------
    ts_event_ns, end_ns : int64[m]
        Label intervals; each has a positive length.
    segment : int32[m]
        Labels of different segments do not share moments.

    Returns
    -------
    float64[m]
        In (0, 1].

    Examples
    --------
    >>> uniqueness(np.array([0, 500]), np.array([1000, 1500]), np.zeros(2, np.int32))
    array([0.75, 0.75])

    """
    share = np.empty(len(ts_event_ns))
    order = np.argsort(segment, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(segment[order])) + 1):
        start, end = ts_event_ns[rows], end_ns[rows]
        edges = np.concatenate((start, end))
        steps = np.repeat([1, -1], len(rows))
        by_time = np.argsort(edges, kind="stable")
        moments = edges[by_time]
        covering = np.cumsum(steps[by_time])[:-1]
        owned = np.diff(moments) / np.maximum(covering, 1)
        owned[covering == 0] = 0.0
        total = np.concatenate(([0.0], np.cumsum(owned)))
        until_end = total[np.searchsorted(moments, end)]
        share[rows] = (until_end - total[np.searchsorted(moments, start)]) / (end - start)
    return share


def balance(
    direction: npt.NDArray[np.int8], weight: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Scale weights so that every class has the same mass and the total stays what it was.

    Parameters
    ----------
    direction : int8[m]
        ``DOWN``, ``FLAT`` or ``UP``; each occurs.
    weight : float64[m]
        Weights.

    Returns
    -------
    float64[m]
        Balanced weights.

    Examples
    --------
    >>> balance(np.array([0, 1, 1, 2], np.int8), np.ones(4)).round(2).tolist()
    [1.33, 0.67, 0.67, 1.33]

    """
    mass = np.bincount(direction, weights=weight, minlength=3)
    return weight * (weight.sum() / (3.0 * mass))[direction]
