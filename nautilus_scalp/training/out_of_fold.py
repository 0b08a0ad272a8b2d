"""What models say of training rows that they were not fitted on: the ground of all calibration."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError
from nautilus_scalp.models.ensemble import BatchPrediction
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import require_classes
from nautilus_scalp.training.fit_models import Progress
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.folds import make_folds
from nautilus_scalp.training.frame import Bools
from nautilus_scalp.training.frame import hold_out_tail
from nautilus_scalp.training.labels import uniqueness
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.splits import thin
from nautilus_scalp.training.stages import Stages


type Floats = npt.NDArray[np.float64]


class OutOfFold(msgspec.Struct, frozen=True, kw_only=True):
    """
    Forecasts of rows of the real tape by models that were not fitted on them.

    Attributes
    ----------
    rows : int64[k]
        Rows of the dataset, increasing.
    per_model : float64[4, k, 3]
        Uncalibrated probabilities.
    part : int64[k]
        Which fold a row was the test of.
    names : tuple[str, ...]
        Of the folds.
    train_rows : tuple[int, ...]
        Rows that the models of each fold were fitted on.

    """

    rows: npt.NDArray[np.int64]
    per_model: Floats
    part: npt.NDArray[np.int64]
    names: tuple[str, ...]
    train_rows: tuple[int, ...]


def predict_out_of_fold(
    dataset: Dataset,
    raw: Ensemble,
    config: TrainingConfig,
    progress: Progress,
    stages: Stages,
) -> OutOfFold:
    """Predict every part of the training window by models fitted to the other parts.

    The window is cut into parts of equal time, purged and with the embargo between them. In each
    fold the models see at most ``ensemble.fold_rows`` rows, and the LSTM stops early by the tail of
    what is left; its passes are at most ``ensemble.fold_epochs``.

    Parameters
    ----------
    dataset : Dataset
        All rows; its own split plays no part.
    raw : Ensemble
        The models fitted to the whole, not calibrated. They serve where there are no folds: then
        what they say of the rows held out of their training is returned, as one part.
    config : TrainingConfig
        Sizes, folds and seed.
    progress : Callable[[str, float], None]
        Called with the stage and the share of it that is done.
    stages : Stages
        Where finished stages are kept.

    Returns
    -------
    OutOfFold
        Parts without the classes to learn from are left out.

    """
    count = config.ensemble.folds
    found: list[tuple[npt.NDArray[np.int64], Floats]] = []
    names, fitted = [], []
    for number, (name, train, test) in enumerate(_parts(dataset, config), start=1):
        progress(f"out of fold, part {number} of {count}", (number - 1) / count)
        sides = _sides(dataset, train, config)
        if sides is None:
            continue
        kept = stages.inner(f"fold-{number}")
        said = _predict(dataset, raw.manifest, sides, np.flatnonzero(test), config, kept)
        found.append((np.flatnonzero(test), said))
        names.append(name)
        fitted.append(int(sides.train.sum()))
    if not found:
        held = np.flatnonzero(dataset.split.holdout & ~dataset.reflected)
        found = [(held, predict_rows(raw, dataset, held).per_model)]
        names, fitted = ["held out"], [int(dataset.split.train.sum())]
    rows = np.concatenate([here for here, _ in found])
    order = np.argsort(rows)
    return OutOfFold(
        rows=rows[order],
        per_model=np.concatenate([said for _, said in found], axis=1)[:, order],
        part=np.repeat(np.arange(len(found)), [len(here) for here, _ in found])[order],
        names=tuple(names),
        train_rows=tuple(fitted),
    )


def _parts(dataset: Dataset, config: TrainingConfig) -> list[tuple[str, Bools, Bools]]:
    """Cut the rows into parts: name, rows to learn from, rows of the real tape to predict."""
    if config.ensemble.folds == 0:
        return []
    rows = np.flatnonzero(dataset.usable & dataset.ready)
    folds = make_folds(
        dataset.ts_event_ns[rows],
        dataset.target.end_ns[rows],
        dataset.instrument[rows],
        WalkForwardParams(scheme="kfold", folds=config.ensemble.folds),
        config.embargo_ms,
    )
    parts = []
    for fold in folds:
        train, test = np.zeros((2, len(dataset.mid)), np.bool_)
        train[rows[fold.split.train]] = True
        test[rows[fold.split.holdout]] = True
        stride = -(-int(train.sum()) // config.ensemble.fold_rows)
        parts.append((fold.name, thin(train, stride), test & ~dataset.reflected))
    return parts


def _sides(dataset: Dataset, train: Bools, config: TrainingConfig) -> Split | None:
    """Hold out the tail of the rows to learn from; None if either side lacks a class."""
    try:
        inner = hold_out_tail(dataset, train, config)
        sides = Split(train=inner.train & dataset.ready, holdout=inner.holdout & dataset.ready)
        require_classes(dataset.target.direction, sides)
    except InputError:  # a short or still market: the other parts have to do
        return None
    return sides


def _predict(
    dataset: Dataset,
    manifest: Manifest,
    sides: Split,
    rows: npt.NDArray[np.int64],
    config: TrainingConfig,
    stages: Stages,
) -> Floats:
    weight = np.zeros(len(dataset.mid))
    for side in (sides.train, sides.holdout):
        weight[side] = uniqueness(
            dataset.ts_event_ns[side], dataset.target.end_ns[side], dataset.segment[side]
        )
    fold = msgspec.structs.replace(dataset, weight=weight)
    epochs = min(config.lstm.epochs, config.ensemble.fold_epochs)
    smaller = msgspec.structs.replace(
        config, lstm=msgspec.structs.replace(config.lstm, epochs=epochs)
    )
    arrays = fit_packed(fold.side(sides.train), fold.side(sides.holdout), smaller, stages=stages)
    return predict_rows(Ensemble(manifest, arrays), dataset, rows).per_model


def predict_rows(
    ensemble: Ensemble, dataset: Dataset, rows: npt.NDArray[np.int64]
) -> BatchPrediction:
    """Predict some rows of a dataset (int64[k], in order of time); those before are not seen."""
    return ensemble.predict_batch(
        dataset.values[rows],
        dataset.segment[rows],
        dataset.ready[rows],
        dataset.ts_event_ns[rows],
        dataset.mid[rows],
    )
