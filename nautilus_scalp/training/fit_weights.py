"""Weights of the models in the ensemble: as configured, or learned out of fold."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import require_classes
from nautilus_scalp.training.fit_ensemble import log_scores
from nautilus_scalp.training.fit_models import Progress
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.folds import make_folds
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.stages import Stages


type Floats = npt.NDArray[np.float64]

_STEPS = 500
_CONVERGED = 1e-9


def configured_weights(params: EnsembleParams) -> Floats:
    """Return the configured weights, made to sum to 1."""
    weights = np.array([getattr(params, name) for name in MODEL_NAMES], np.float64)
    return np.divide(weights, weights.sum())


def learn_weights(
    dataset: Dataset,
    manifest: Manifest,
    config: TrainingConfig,
    progress: Progress,
    stages: Stages,
) -> Floats:
    """Learn the weights from what models say of training rows that they were not fitted on.

    The training rows are cut into parts of equal time, purged and with the embargo between them;
    each part is predicted by models fitted to the others. The held-out rows of the dataset serve
    the LSTM's early stopping and nothing else, so that the calibration that follows is on rows that
    decided no weight.

    Parameters
    ----------
    dataset : Dataset
        Its training rows.
    manifest : Manifest
        Of the ensemble that is being trained, for its columns.
    config : TrainingConfig
        Sizes, folds and seed.
    progress : Callable[[str, float], None]
        Called with the stage and the share of it that is done.
    stages : Stages
        Where finished stages are kept.

    Returns
    -------
    float64[4]
        In the order of ``MODEL_NAMES``; not negative, and they sum to 1.

    Raises
    ------
    InputError
        If the training rows without a part lack a class.

    """
    rows = np.flatnonzero(dataset.split.train)
    folds = make_folds(
        dataset.ts_event_ns[rows],
        dataset.target.end_ns[rows],
        dataset.instrument[rows],
        WalkForwardParams(scheme="kfold", folds=config.ensemble.weight_folds),
        config.embargo_ms,
    )
    said = np.full((len(MODEL_NAMES), len(rows), 3), np.nan)
    for number, fold in enumerate(folds, start=1):
        progress(f"weights, fold {number} of {len(folds)}", (number - 1) / len(folds))
        fitted = np.zeros_like(dataset.split.train)
        fitted[rows[fold.split.train]] = True
        require_classes(
            dataset.target.direction, Split(train=fitted, holdout=dataset.split.holdout)
        )
        arrays = fit_packed(
            dataset.side(fitted),
            dataset.side(dataset.split.holdout),
            config,
            stages=stages.inner(f"fold-{number}"),
        )
        prediction = Ensemble(manifest, arrays).predict_batch(
            dataset.values, dataset.segment, dataset.ready, dataset.ts_event_ns, dataset.mid
        )
        said[:, fold.split.holdout] = prediction.per_model[:, rows[fold.split.holdout]]
    known = np.isfinite(said[0, :, 0])
    return blend(said[:, known], dataset.target.direction[rows][known], dataset.weight[rows][known])


def blend(per_model: Floats, label: npt.NDArray[np.integer], row_weight: Floats) -> Floats:
    """Return the weights whose mean forecast has the least log loss, on the simplex.

    Each model is calibrated first, as it will be in the ensemble. The loss is convex in the
    weights; the steps are those of expectation maximisation for a mixture with fixed components
    (Dempster, Laird and Rubin 1977), which lower it every time and never leave the simplex.

    Parameters
    ----------
    per_model : float64[k, m, 3]
        Forecasts of rows that the models were not fitted on.
    label : integer[m]
        0 down, 1 flat, 2 up.
    row_weight : float64[m]
        Of the rows.

    Returns
    -------
    float64[k]
        Weights.

    """
    alone = np.zeros(len(label))
    told = np.empty(per_model.shape[:2])
    for k, probabilities in enumerate(per_model):
        scores = log_scores(probabilities)
        calibrated = calibrate_rows(scores, fit_calibration(scores, label), alone)
        told[k] = calibrated[np.arange(len(label)), label]
    weights = np.full(len(told), 1.0 / len(told))
    for _ in range(_STEPS):
        share = weights[:, None] * told
        better = (share / share.sum(axis=0)) @ row_weight / row_weight.sum()
        if np.abs(better - weights).max() < _CONVERGED:
            break
        weights = better
    total: float = weights.sum()
    return weights / total


def with_weights(manifest: Manifest, weights: Floats) -> Manifest:
    """Return a manifest that tells the weights."""
    told = dict(zip(MODEL_NAMES, weights.tolist(), strict=True))
    return msgspec.structs.replace(manifest, weights=told)
