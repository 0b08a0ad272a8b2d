"""Weights of the models in the ensemble: as configured, or learned out of fold."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.fit_ensemble import log_scores


type Floats = npt.NDArray[np.float64]

_STEPS = 500
_CONVERGED = 1e-9


def configured_weights(params: EnsembleParams) -> Floats:
    """Return the configured weights, made to sum to 1."""
    weights = np.array([getattr(params, name) for name in MODEL_NAMES], np.float64)
    return np.divide(weights, weights.sum())


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
    alone = np.zeros((len(label), 3))
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
