"""Splits by time whose label intervals never touch: purge and embargo (Lopez de Prado 2018, ch. 7).

The label of a row is decided in the interval ``[ts_event, ts_event + horizon]``. A split is sound
when no interval of one side meets one of the other, with the embargo between them.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.training.labels import NS_PER_MS


RECORDING_GAP_NS = 3_600 * 1_000_000_000
THINNED_RUN = 1_000  # consecutive rows are kept together: the LSTM learns from sequences


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """
    Rows to fit on and rows held out; the rest is purged.

    Attributes
    ----------
    train, holdout : bool[m]
        Never both.

    """

    train: npt.NDArray[np.bool_]
    holdout: npt.NDArray[np.bool_]


def holdout_tail(
    ts_event_ns: npt.NDArray[np.int64],
    end_ns: npt.NDArray[np.int64],
    fraction: float,
    embargo_ms: int,
) -> Split:
    """Hold out the last part of every recording.

    A recording is a run of events, of any instrument, without a pause of an hour. All instruments
    are cut at the same instant, so that none foretells another.

    Parameters
    ----------
    ts_event_ns : int64[m]
        Start of each row's label interval.
    end_ns : int64[m]
        End of each row's label interval.
    fraction : float
        Share of each recording's duration, in (0, 1).
    embargo_ms : int
        Distance between the label intervals of both sides.

    Returns
    -------
    Split
        Checked by `require_disjoint`.

    Raises
    ------
    InputError
        If either side is empty.

    """
    train = np.zeros(len(ts_event_ns), np.bool_)
    holdout = np.zeros(len(ts_event_ns), np.bool_)
    embargo_ns = embargo_ms * NS_PER_MS
    closed_ns = np.iinfo(np.int64).min
    for start, stop in recordings(ts_event_ns):
        cut = stop - int((stop - start) * fraction)
        inside = (ts_event_ns >= start) & (ts_event_ns <= stop)
        train |= inside & (end_ns + embargo_ns < cut) & (ts_event_ns > closed_ns)
        holdout |= inside & (ts_event_ns >= cut)
        closed_ns = int(end_ns[inside].max()) + embargo_ns
    if not train.any() or not holdout.any():
        message = "too little data to fit on one part and hold out another"
        raise InputError(message, "widen start..end, or lower embargo_ms or validation_fraction")
    require_disjoint(ts_event_ns, end_ns, Split(train=train, holdout=holdout), embargo_ms)
    return Split(train=train, holdout=holdout)


def recordings(ts_event_ns: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return first and last event of every run without a pause of an hour, in order of time."""
    ts = np.unique(ts_event_ns)
    pauses = np.flatnonzero(np.diff(ts) > RECORDING_GAP_NS)
    starts = ts[np.concatenate(([0], pauses + 1))]
    stops = ts[np.concatenate((pauses, [len(ts) - 1]))]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def thin(rows: npt.NDArray[np.bool_], stride: int) -> npt.NDArray[np.bool_]:
    """Keep every n-th run of a thousand consecutive rows (bool[m])."""
    chosen = np.flatnonzero(rows)
    kept = np.zeros_like(rows)
    kept[chosen[np.arange(len(chosen)) // THINNED_RUN % stride == 0]] = True
    return kept


def require_disjoint(
    ts_event_ns: npt.NDArray[np.int64],
    end_ns: npt.NDArray[np.int64],
    split: Split,
    embargo_ms: int,
) -> None:
    """Refuse a split in which a training label interval comes within the embargo of a held-out one.

    Raises
    ------
    ScalpError
        If any two intervals are closer than ``embargo_ms``. No setting turns this off.

    """
    starts = np.sort(ts_event_ns[split.train])
    ends = np.sort(end_ns[split.train])
    embargo_ns = embargo_ms * NS_PER_MS
    # intervals that do not lie wholly before or wholly behind a held-out one touch it
    before = np.searchsorted(ends, ts_event_ns[split.holdout] - embargo_ns, side="left")
    behind = len(starts) - np.searchsorted(starts, end_ns[split.holdout] + embargo_ns, side="right")
    touching = int(np.count_nonzero(before + behind < len(starts)))
    if touching:
        message = f"{touching} held-out labels lie within {embargo_ms} ms of a training label"
        raise ScalpError(message, "this is a fault of the split; please report it")
