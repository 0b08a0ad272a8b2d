"""Labelled rows of a tape and of its reflection, before any feature is computed for them."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError
from nautilus_scalp.features.engine import FeatureMatrix
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.label_kinds import make_labels
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import Labels
from nautilus_scalp.training.labels import label_moves
from nautilus_scalp.training.mirror import mirror
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.splits import holdout_tail
from nautilus_scalp.training.splits import recordings


_PLAIN = ("imbalance.now",)  # a matrix of it alone tells which quotes are rows

type Bools = npt.NDArray[np.bool_]
type Floats = npt.NDArray[np.float64]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """
    Labelled rows without features: one for every quote of a tape, and of its reflection.

    Attributes
    ----------
    tapes : tuple[Tape, ...]
        The tape, and its reflection if the configuration mirrors.
    instrument : int16[m]
        Index into the tape's instruments.
    ts_event_ns : int64[m]
        Exchange time.
    mid : float64[m]
        Mid price.
    imbalance : float64[m]
        Queue imbalance, the yardstick of every signal.
    segment : int32[m]
        Unique over instruments and over original and reflected events.
    reflected : bool[m]
        Rows of the reflected tape, which follow those of the tape.
    target : Labels
        What is learned.
    labels : dict[int, Labels]
        Moves of the mid by horizon in milliseconds.
    group : int64[m]
        Recording and instrument of every row, as one number.
    usable : bool[m]
        Rows with a label that is known an embargo before the window ends.
    start_ns, end_ns : int
        Exchange time [start, end) of the training window; no usable label ends within the
        embargo of the end.

    """

    tapes: tuple[Tape, ...]
    instrument: npt.NDArray[np.int16]
    ts_event_ns: npt.NDArray[np.int64]
    mid: Floats
    imbalance: Floats
    segment: npt.NDArray[np.int32]
    reflected: Bools
    target: Labels
    labels: dict[int, Labels]
    group: npt.NDArray[np.int64]
    usable: Bools
    start_ns: int
    end_ns: int


def build_frame(tape: Tape, config: TrainingConfig) -> Frame:
    """Label every quote of a tape and of its reflection.

    Parameters
    ----------
    tape : Tape
        Events of the training window alone.
    config : TrainingConfig
        Label, horizons, window.

    Returns
    -------
    Frame
        Rows of the tape, followed by those of its reflection if the configuration mirrors.

    Raises
    ------
    InputError
        If the tape has no quotes.

    """
    tapes = (tape, mirror(tape)) if config.mirror else (tape,)
    parts = [compute_matrix(each, config.features, _PLAIN) for each in tapes]
    ts_event_ns = np.concatenate([part.ts_event_ns for part in parts])
    if len(ts_event_ns) == 0:
        message = "the training window holds no quotes"
        raise InputError(message, "check the instruments, start and end against the catalog")
    segment = _unique_segments(parts)
    mid = np.concatenate([part.mid for part in parts])
    imbalance = np.concatenate([part.imbalance for part in parts])
    horizons = sorted({config.horizon_ms, *config.score_horizons_ms})
    target = make_labels(ts_event_ns, mid, segment, imbalance, config.horizon_ms, config.label)
    embargo_ns = config.embargo_ms * NS_PER_MS
    last = int(ts_event_ns.max()) + 1
    end_ns = last + embargo_ns if config.end_ns is None else config.end_ns
    instrument = np.concatenate([part.instrument for part in parts])
    recording_starts = [start for start, _ in recordings(ts_event_ns)]
    recording = np.searchsorted(recording_starts, ts_event_ns, side="right") - 1
    return Frame(
        tapes=tapes,
        instrument=instrument,
        ts_event_ns=ts_event_ns,
        mid=mid,
        imbalance=imbalance,
        segment=segment,
        reflected=np.repeat([False, True][: len(parts)], [len(part.mid) for part in parts]),
        target=target,
        labels={h: label_moves(ts_event_ns, mid, segment, h) for h in horizons},
        group=recording * len(tape.instruments) + instrument,
        usable=target.known & (target.end_ns + embargo_ns < end_ns),
        start_ns=int(ts_event_ns.min()),
        end_ns=end_ns,
    )


def hold_out_tail(frame: Frame, rows: Bools, config: TrainingConfig) -> Split:
    """Hold out the tail of every recording among some usable rows (bool[m]).

    Raises
    ------
    InputError
        If there are none, or too few for two sides.

    """
    chosen = np.flatnonzero(rows & frame.usable)
    if len(chosen) == 0:
        message = "no quote of the training window has a label"
        raise InputError(message, "widen start..end: features and label need some minutes of data")
    part = holdout_tail(
        frame.ts_event_ns[chosen],
        frame.target.end_ns[chosen],
        config.validation_fraction,
        config.embargo_ms,
    )
    split = Split(train=np.zeros_like(rows), holdout=np.zeros_like(rows))
    split.train[chosen] = part.train
    split.holdout[chosen] = part.holdout
    return split


def _unique_segments(parts: list[FeatureMatrix]) -> npt.NDArray[np.int32]:
    """Renumber segments so that no two matrices share one."""
    shifted = []
    first = 0
    for part in parts:
        shifted.append(part.segment + np.int32(first))
        first += int(part.segment.max(initial=-1)) + 1
    return np.concatenate(shifted)
