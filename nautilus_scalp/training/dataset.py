"""Rows to learn from: features of a tape and of its reflection, with labels and a split."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError
from nautilus_scalp.features.engine import FeatureMatrix
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.schema import FeatureSchema
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import Labels
from nautilus_scalp.training.labels import label_moves
from nautilus_scalp.training.labels import uniqueness
from nautilus_scalp.training.mirror import mirror
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.splits import holdout_tail


CLASSES = 3


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """
    Rows of one side of a split, in order of time, with labels at one horizon.

    Attributes
    ----------
    values : float64[m, F]
        Features, finite.
    label : int8[m]
        0 down, 1 flat, 2 up.
    move_bps : float64[m]
        What the mid did.
    weight : float64[m]
        Uniqueness of the label.
    segment : int32[m]
        Run of events that a row belongs to.

    """

    values: npt.NDArray[np.float64]
    label: npt.NDArray[np.int8]
    move_bps: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    segment: npt.NDArray[np.int32]


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """
    Labelled rows of one or more instruments.

    Attributes
    ----------
    instruments : tuple[str, ...]
        Ids of the instruments.
    schema : FeatureSchema
        The columns.
    values : float64[m, F]
        Features, finite where ``ready``.
    segment : int32[m]
        Unique over instruments and over original and reflected events.
    ready : bool[m]
        Whether every feature has warmed up.
    reflected : bool[m]
        Rows of the reflected tape.
    imbalance : float64[m]
        Queue imbalance, the yardstick of every signal.
    weight : float64[m]
        Uniqueness of the label among those of its side of the split; 0 for purged rows.
    labels : dict[int, Labels]
        By horizon in milliseconds.
    split : Split
        Of the rows that are ready and have a label at the training horizon.
    start_ns, end_ns : int
        Exchange time [start, end) of the training window; no label ends within the embargo of
        the end.

    """

    instruments: tuple[str, ...]
    schema: FeatureSchema
    values: npt.NDArray[np.float64]
    segment: npt.NDArray[np.int32]
    ready: npt.NDArray[np.bool_]
    reflected: npt.NDArray[np.bool_]
    imbalance: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    labels: dict[int, Labels]
    split: Split
    start_ns: int
    end_ns: int

    def side(self, rows: npt.NDArray[np.bool_], horizon_ms: int) -> Rows:
        """Return the rows of one side of the split (bool[m]) with their labels at a horizon."""
        labels = self.labels[horizon_ms]
        return Rows(
            values=self.values[rows],
            label=labels.direction[rows],
            move_bps=labels.move_bps[rows],
            weight=self.weight[rows],
            segment=self.segment[rows],
        )


def build_dataset(tape: Tape, config: TrainingConfig) -> Dataset:
    """Compute features and labels of a tape and hold out the tail of every recording.

    Parameters
    ----------
    tape : Tape
        Events of the training window alone.
    config : TrainingConfig
        Features, horizons, split.

    Returns
    -------
    Dataset
        Rows of the tape, followed by those of its reflection if the configuration mirrors.

    Raises
    ------
    InputError
        If the tape has too few rows or a class is missing.

    """
    tapes = [tape, mirror(tape)] if config.mirror else [tape]
    parts = [compute_matrix(part, config.features) for part in tapes]
    ts_event_ns = np.concatenate([part.ts_event_ns for part in parts])
    if len(ts_event_ns) == 0:
        message = "the training window holds no quotes"
        raise InputError(message, "check the instruments, start and end against the catalog")
    segment = _unique_segments(parts)
    mid = np.concatenate([part.mid for part in parts])
    horizons = sorted({config.horizon_ms, *config.score_horizons_ms})
    labels = {h: label_moves(ts_event_ns, mid, segment, h) for h in horizons}
    ready = np.concatenate([part.ready for part in parts])
    target = labels[config.horizon_ms]
    last = int(ts_event_ns.max()) + 1
    embargo_ns = config.embargo_ms * NS_PER_MS
    end_ns = last + embargo_ns if config.end_ns is None else config.end_ns
    usable = ready & target.known & (target.end_ns + embargo_ns < end_ns)
    split = _split(ts_event_ns, target, usable, config)
    weight = np.zeros(len(ts_event_ns))
    for rows in (split.train, split.holdout):
        weight[rows] = uniqueness(ts_event_ns[rows], target.end_ns[rows], segment[rows])
    dataset = Dataset(
        instruments=tuple(facts.instrument_id for facts in tape.instruments),
        schema=parts[0].schema,
        values=np.concatenate([part.values for part in parts]),
        segment=segment,
        ready=ready,
        reflected=np.repeat([False, True][: len(parts)], [len(part.mid) for part in parts]),
        imbalance=np.concatenate([part.imbalance for part in parts]),
        weight=weight,
        labels=labels,
        split=split,
        start_ns=int(ts_event_ns.min()),
        end_ns=end_ns,
    )
    _require_classes(dataset, config.horizon_ms)
    return dataset


def _unique_segments(parts: list[FeatureMatrix]) -> npt.NDArray[np.int32]:
    """Renumber segments so that no two matrices share one."""
    shifted = []
    first = 0
    for part in parts:
        shifted.append(part.segment + np.int32(first))
        first += int(part.segment.max(initial=-1)) + 1
    return np.concatenate(shifted)


def _split(
    ts_event_ns: npt.NDArray[np.int64],
    target: Labels,
    usable: npt.NDArray[np.bool_],
    config: TrainingConfig,
) -> Split:
    rows = np.flatnonzero(usable)
    if len(rows) == 0:
        message = "no quote of the training window has both warm features and a label"
        raise InputError(message, "widen start..end: features and label need some minutes of data")
    part = holdout_tail(
        ts_event_ns[rows], target.end_ns[rows], config.validation_fraction, config.embargo_ms
    )
    split = Split(train=np.zeros_like(usable), holdout=np.zeros_like(usable))
    split.train[rows] = part.train
    split.holdout[rows] = part.holdout
    return split


def _require_classes(dataset: Dataset, horizon_ms: int) -> None:
    direction = dataset.labels[horizon_ms].direction
    for side, rows in (("fitted on", dataset.split.train), ("held out", dataset.split.holdout)):
        count = np.bincount(direction[rows], minlength=CLASSES)
        if (count == 0).any():
            name = ("down", "flat", "up")[int(count.argmin())]
            message = f"none of the rows {side} is labelled {name}"
            raise InputError(message, "widen start..end, or change horizon_ms")
