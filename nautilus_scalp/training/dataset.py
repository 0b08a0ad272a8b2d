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
from nautilus_scalp.training.frame import Bools
from nautilus_scalp.training.frame import Floats
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.frame import hold_out_tail
from nautilus_scalp.training.labels import uniqueness
from nautilus_scalp.training.selection import Choice
from nautilus_scalp.training.selection import choose_features
from nautilus_scalp.training.selection import keep_choice
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.splits import require_disjoint
from nautilus_scalp.training.stages import NO_STAGES
from nautilus_scalp.training.stages import Stages


CLASSES = 3


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """
    Rows of one side of a split, in order of time, with the label that is learned.

    Attributes
    ----------
    values : float64[m, F]
        Features, finite.
    label : int8[m]
        0 down, 1 flat, 2 up.
    move_bps : float64[m]
        What the mid did until the label was known.
    weight : float64[m]
        Uniqueness of the label.
    segment : int32[m]
        Run of events that a row belongs to.

    """

    values: Floats
    label: npt.NDArray[np.int8]
    move_bps: Floats
    weight: Floats
    segment: npt.NDArray[np.int32]


class Dataset(Frame, frozen=True, kw_only=True):
    """
    A frame with the features of its training rows' choosing and a split.

    Attributes
    ----------
    instruments : tuple[str, ...]
        Ids of the instruments.
    choice : Choice
        How the features were chosen.
    schema : FeatureSchema
        The columns.
    values : float64[m, F]
        Features, finite where ``ready``.
    ready : bool[m]
        Whether every feature has warmed up.
    weight : float64[m]
        Uniqueness of the label among those of its side of the split; 0 for purged rows.
    split : Split
        Of the rows that are ready and usable.
    matrix : FeatureMatrix
        Of the tape alone, without its reflection.

    """

    instruments: tuple[str, ...]
    choice: Choice
    schema: FeatureSchema
    values: Floats
    ready: Bools
    weight: Floats
    split: Split
    matrix: FeatureMatrix

    def side(self, rows: Bools) -> Rows:
        """Return the rows of one side of the split (bool[m]) with what is learned."""
        return Rows(
            values=self.values[rows],
            label=self.target.direction[rows],
            move_bps=self.target.move_bps[rows],
            weight=self.weight[rows],
            segment=self.segment[rows],
        )


def add_features(
    frame: Frame, split: Split, config: TrainingConfig, stages: Stages = NO_STAGES
) -> Dataset:
    """Select features on the training rows of a split and compute them for every row.

    Parameters
    ----------
    frame : Frame
        The rows.
    split : Split
        Of the frame's rows. Nothing but its `train` decides which features there are.
    config : TrainingConfig
        Feature parameters and how to select.
    stages : Stages, optional
        Where the choice of features is kept.

    Returns
    -------
    Dataset
        Rows of the split that are not warm are in neither side.

    Raises
    ------
    InputError
        If a side of the split has no warm row of some class.
    ScalpError
        If label intervals of both sides come within the embargo.

    """
    kept = stages if config.selection.method == "learned" else NO_STAGES
    choice = keep_choice(kept, lambda: choose_features(frame, split.train, config))
    parts = [compute_matrix(tape, config.features, choice.names) for tape in frame.tapes]
    ready = np.concatenate([part.ready for part in parts])
    warm = Split(train=split.train & ready, holdout=split.holdout & ready)
    require_disjoint(frame.ts_event_ns, frame.target.end_ns, warm, config.embargo_ms)
    require_classes(frame.target.direction, warm)
    weight = np.zeros(len(ready))
    for rows in (warm.train, warm.holdout):
        weight[rows] = uniqueness(
            frame.ts_event_ns[rows], frame.target.end_ns[rows], frame.segment[rows]
        )
    return Dataset(
        **{name: getattr(frame, name) for name in Frame.__struct_fields__},
        instruments=tuple(facts.instrument_id for facts in frame.tapes[0].instruments),
        choice=choice,
        schema=parts[0].schema,
        values=np.concatenate([part.values for part in parts]),
        ready=ready,
        weight=weight,
        split=warm,
        matrix=parts[0],
    )


def build_dataset(tape: Tape, config: TrainingConfig, stages: Stages = NO_STAGES) -> Dataset:
    """Compute features and labels of a tape and hold out the tail of every recording.

    Parameters
    ----------
    tape : Tape
        Events of the training window alone.
    config : TrainingConfig
        Features, label, horizons, split.
    stages : Stages, optional
        Where the choice of features is kept.

    Returns
    -------
    Dataset
        Rows of the tape, followed by those of its reflection if the configuration mirrors.

    Raises
    ------
    InputError
        If the tape has too few rows or a class is missing.

    """
    frame = build_frame(tape, config)
    split = hold_out_tail(frame, np.ones(len(frame.mid), np.bool_), config)
    return add_features(frame, split, config, stages)


def require_classes(direction: npt.NDArray[np.int8], split: Split) -> None:
    """Refuse a split with a side that lacks a class.

    Raises
    ------
    InputError
        Naming the class.

    """
    for side, rows in (("fitted on", split.train), ("held out", split.holdout)):
        count = np.bincount(direction[rows], minlength=CLASSES)
        if (count == 0).any():
            name = ("down", "flat", "up")[int(count.argmin())]
            message = f"none of the rows {side} is labelled {name}"
            raise InputError(message, "widen start..end, or change horizon_ms or label")
