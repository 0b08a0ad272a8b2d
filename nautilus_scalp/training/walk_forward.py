"""Walk-forward scores: a model for every fold, fitted on its training rows alone."""

from collections.abc import Callable

import msgspec
import numpy as np

from nautilus_scalp.features.tape import Tape
from nautilus_scalp.settings import to_iso
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import add_features
from nautilus_scalp.training.fit_models import Progress
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.folds import Fold
from nautilus_scalp.training.folds import make_folds
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.frame import hold_out_tail
from nautilus_scalp.training.pipeline import assemble
from nautilus_scalp.training.score import SignalScores
from nautilus_scalp.training.score import score_matrix
from nautilus_scalp.training.splits import thin
from nautilus_scalp.training.stability import jaccard
from nautilus_scalp.training.stages import NO_STAGES
from nautilus_scalp.training.stages import Stages


class FoldScore(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a model that never saw a fold's test rows did on them.

    Attributes
    ----------
    name : str
        What was tested.
    window : tuple[str, str]
        First and last test row, exchange time.
    train_rows, test_rows : int
        Rows fitted on (reflected ones too) and rows scored.
    features : tuple[str, ...]
        What the fold's own training rows selected.
    scores : SignalScores
        The figures of ``evaluate``.

    """

    name: str
    window: tuple[str, str]
    train_rows: int
    test_rows: int
    features: tuple[str, ...]
    scores: SignalScores

    def figure(self, name: str, horizon_ms: int) -> float | None:
        """Return one of `HorizonMetrics`, of the ensemble over all instruments."""
        found: float | None = getattr(self.scores.horizons[str(horizon_ms)], name)
        return found


class WalkForward(msgspec.Struct, frozen=True, kw_only=True):
    """
    The folds of a configuration.

    Attributes
    ----------
    horizon_ms : int
        Horizon of the models.
    folds : tuple[FoldScore, ...]
        In order of time.

    """

    horizon_ms: int
    folds: tuple[FoldScore, ...]

    def mean(self, name: str, horizon_ms: int | None = None) -> float | None:
        """Return the mean over folds of one of `HorizonMetrics`; None if no fold has it.

        ``brier`` judges probabilities, ``auc`` ranking; each fold counts the same.
        """
        horizon = self.horizon_ms if horizon_ms is None else horizon_ms
        values = [fold.figure(name, horizon) for fold in self.folds]
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    @property
    def stability(self) -> float | None:
        """Mean share of features that two folds have in common (Jaccard); None for one fold."""
        return jaccard([frozenset(fold.features) for fold in self.folds])


def walk_forward_scores(
    tape: Tape,
    config: TrainingConfig,
    progress: Progress = lambda _stage, _fraction: None,
    on_fold: Callable[[int, FoldScore], None] = lambda _index, _score: None,
    stages_of: Callable[[int], Stages] = lambda _index: NO_STAGES,
) -> WalkForward:
    """Fit and score a model for every fold of ``config.walk_forward``.

    Each fold selects its own features, fits its own scaling, models, weights and calibration, and
    knows nothing of its test rows. Test features may remember training events, as they would live.

    Parameters
    ----------
    tape : Tape
        Events of the training window, all instruments and recordings.
    config : TrainingConfig
        What to fit, and how to cut folds.
    progress : Callable[[str, float], None], optional
        Called with the stage and the share of it that is done.
    on_fold : Callable[[int, FoldScore], None], optional
        Called after every fold with its index; what it raises ends the walk (a pruner's cut).
    stages_of : Callable[[int], Stages], optional
        Where the fitted models of a fold are kept, by its index.

    Returns
    -------
    WalkForward
        Scores by fold.

    Raises
    ------
    InputError
        If the tape has too little for a fold with all classes on both sides.

    """
    frame = build_frame(tape, config)
    folds = frame_folds(frame, config)
    scored: list[FoldScore] = []
    for index, fold in enumerate(folds):
        progress(f"fold {index + 1} of {len(folds)}", index / len(folds))
        scored.append(score_fold(frame, fold, config, stages_of(index)))
        on_fold(index, scored[-1])
    progress("folds", 1.0)
    return WalkForward(horizon_ms=config.horizon_ms, folds=tuple(scored))


def score_fold(
    frame: Frame, fold: Fold, config: TrainingConfig, stages: Stages = NO_STAGES
) -> FoldScore:
    """Fit on the training rows of a fold, with an inner hold-out of their own, and score its test.

    Parameters
    ----------
    frame : Frame
        The rows.
    fold : Fold
        One of `make_folds`.
    config : TrainingConfig
        What to fit.
    stages : Stages, optional
        Where fitted models are kept.

    Returns
    -------
    FoldScore
        Of the test rows of the real tape; reflected ones say nothing new.

    """
    inner = hold_out_tail(frame, fold.split.train, config)
    thinned = thin(inner.train, config.walk_forward.stride)
    dataset = add_features(frame, msgspec.structs.replace(inner, train=thinned), config)
    arrays = fit_packed(
        dataset.side(dataset.split.train),
        dataset.side(dataset.split.holdout),
        config,
        stages=stages,
    )
    # calibrated on the inner hold-out: folds within folds would cost their number of fits again
    alone = msgspec.structs.replace(config.ensemble, folds=0)
    config = msgspec.structs.replace(config, ensemble=alone)
    ensemble = assemble(arrays, dataset, config, fold.name, {})
    test = fold.split.holdout[: len(dataset.matrix)]
    scores = score_matrix(ensemble, dataset.matrix, dataset.instruments, test)
    times = frame.ts_event_ns[fold.split.holdout]
    return FoldScore(
        name=fold.name,
        window=(to_iso(int(times.min())), to_iso(int(times.max()))),
        train_rows=int(dataset.split.train.sum()),
        test_rows=scores.n,
        features=dataset.schema.names,
        scores=scores,
    )


def frame_folds(frame: Frame, config: TrainingConfig) -> tuple[Fold, ...]:
    """Cut the usable rows into folds; masks are over all rows of the frame."""
    rows = np.flatnonzero(frame.usable)
    folds = make_folds(
        frame.ts_event_ns[rows],
        frame.target.end_ns[rows],
        frame.instrument[rows],
        config.walk_forward,
        config.embargo_ms,
    )
    whole = []
    for fold in folds:
        sides = {}
        for side in ("train", "holdout"):
            mask = np.zeros(len(frame.usable), np.bool_)
            mask[rows] = getattr(fold.split, side)
            sides[side] = mask
        whole.append(msgspec.structs.replace(fold, split=type(fold.split)(**sides)))
    return tuple(whole)
