"""Triple barriers as wide as the market is lively (Lopez de Prado 2018, ch. 3)."""

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.training.labels import BPS
from nautilus_scalp.training.labels import DOWN
from nautilus_scalp.training.labels import FLAT
from nautilus_scalp.training.labels import NO_LABEL
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import UP
from nautilus_scalp.training.labels import Labels


NS_PER_S = 1_000_000_000

type Floats = npt.NDArray[np.float64]
type Times = npt.NDArray[np.int64]
type Segments = npt.NDArray[np.int32]


@njit(cache=True)
def volatility_bps(
    order: Times, ts_event_ns: Times, mid: Floats, segment: Segments, half_life_ns: float
) -> Floats:
    """Return the standard deviation of one second's mid price move, from the past alone.

    Squared moves and elapsed time both fade with the half life; their ratio is the variance of a
    second. The first quote of a segment has no past and gets 0.

    Parameters
    ----------
    order : int64[m]
        Rows by segment, in order of time within each.
    ts_event_ns, mid, segment
        Of every row.
    half_life_ns : float
        Half life of the memory.

    Returns
    -------
    float64[m]
        In bps.

    """
    out = np.zeros(len(mid))
    decay = np.log(2.0) / half_life_ns
    moved, elapsed = 0.0, 0.0
    for k in range(1, len(order)):
        i, before = order[k], order[k - 1]
        if segment[i] != segment[before]:
            moved, elapsed = 0.0, 0.0
            continue
        gap_ns = ts_event_ns[i] - ts_event_ns[before]
        keep = np.exp(-decay * gap_ns)
        move = (mid[i] / mid[before] - 1.0) * BPS
        moved = keep * moved + move * move
        elapsed = keep * elapsed + gap_ns
        if elapsed > 0.0:
            out[i] = np.sqrt(moved / elapsed * NS_PER_S)
    return out


def label_barriers(  # noqa: PLR0913 - three arrays that belong together, and three keyword widths
    ts_event_ns: Times,
    mid: Floats,
    segment: Segments,
    horizon_ms: int,
    *,
    width: float,
    floor_bps: float,
    half_life_ms: float,
) -> Labels:
    """Label every row with the barrier that the mid touches first.

    The upper and the lower barrier lie ``max(width * sigma, floor_bps)`` from the mid, where
    ``sigma`` is the volatility of the moment over the horizon; the third barrier is the horizon.

    Parameters
    ----------
    ts_event_ns : int64[m]
        Exchange time of every row, never falling within a segment.
    mid : float64[m]
        Mid price of every row.
    segment : int32[m]
        Rows of several segments may interleave.
    horizon_ms : int
        Time until the third barrier.
    width : float
        Barrier in standard deviations of a move over the horizon.
    floor_bps : float
        Least distance of a barrier.
    half_life_ms : float
        Memory of the volatility.

    Returns
    -------
    Labels
        ``UP`` or ``DOWN`` for the barrier touched, ``FLAT`` for none until the horizon. A label
        ends when it is known: at the touch, or at the horizon. A row whose horizon passes the
        end of its segment has none, touched or not, or the rows at the end would lean to touches.

    Examples
    --------
    >>> ts = np.array([0, 100, 200, 600]) * NS_PER_MS
    >>> mid = np.array([10_000.0, 10_000.0, 10_001.0, 10_000.0])
    >>> labels = label_barriers(
    ...     ts, mid, np.zeros(4, np.int32), 300, width=1.0, floor_bps=0.5, half_life_ms=1e3
    ... )
    >>> labels.direction.tolist(), (labels.end_ns // NS_PER_MS).tolist()
    ([2, 2, 1, -1], [200, 200, 500, 900])

    """
    order = np.argsort(segment, kind="stable")
    sigma = volatility_bps(order, ts_event_ns, mid, segment, half_life_ms * NS_PER_MS)
    scaled = width * sigma * np.sqrt(horizon_ms / 1_000.0)
    barrier_bps = np.maximum(scaled, floor_bps)
    direction, move_bps, end_ns = _first_touch(
        order, ts_event_ns, mid, segment, barrier_bps, horizon_ms * NS_PER_MS
    )
    return Labels(horizon_ms=horizon_ms, direction=direction, move_bps=move_bps, end_ns=end_ns)


@njit(cache=True)
def _first_touch(
    order: Times,
    ts_event_ns: Times,
    mid: Floats,
    segment: Segments,
    barrier_bps: Floats,
    horizon_ns: int,
) -> tuple[npt.NDArray[np.int8], Floats, Times]:
    """Walk ahead from every row until a barrier is touched or the horizon passed."""
    direction = np.full(len(mid), NO_LABEL, np.int8)
    move_bps = np.full(len(mid), np.nan)
    end_ns = ts_event_ns + horizon_ns
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and segment[order[last + 1]] == segment[order[first]]:
            last += 1
        for k in range(first, last + 1):
            i = order[k]
            if end_ns[i] > ts_event_ns[order[last]]:
                break
            direction[i] = FLAT
            move_bps[i] = 0.0
            ahead = k + 1
            while ahead <= last and ts_event_ns[order[ahead]] <= ts_event_ns[i] + horizon_ns:
                j = order[ahead]
                move_bps[i] = (mid[j] - mid[i]) / mid[i] * BPS
                if abs(move_bps[i]) >= barrier_bps[i]:
                    direction[i] = UP if move_bps[i] > 0.0 else DOWN
                    end_ns[i] = max(ts_event_ns[j], ts_event_ns[i] + 1)
                    break
                ahead += 1
        first = last + 1
    return direction, move_bps, end_ns
