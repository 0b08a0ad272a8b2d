"""Fit the four models on the same rows, and pack them for the compiled ensemble."""

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.move_rate import RATE_WIDTH
from nautilus_scalp.models.scaler import fit_scaler
from nautilus_scalp.models.scaler import standardise_rows
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Rows
from nautilus_scalp.training.fit_boosting import fit_boosting
from nautilus_scalp.training.fit_boosting import flatten_boosting
from nautilus_scalp.training.fit_forest import fit_forest
from nautilus_scalp.training.fit_forest import flatten_forest
from nautilus_scalp.training.fit_logistic import MoveSize
from nautilus_scalp.training.fit_logistic import fit_logistic
from nautilus_scalp.training.fit_logistic import fit_move_size
from nautilus_scalp.training.fit_lstm import PIECE_SEQUENCES
from nautilus_scalp.training.fit_lstm import LstmClassifier
from nautilus_scalp.training.fit_lstm import cut_pieces
from nautilus_scalp.training.fit_lstm import fit_lstm
from nautilus_scalp.training.fit_lstm import pack_lstm


type Arrays = dict[str, npt.NDArray[np.generic]]
type Progress = Callable[[str, float], None]


class FittedModels(msgspec.Struct, frozen=True, kw_only=True):
    """
    The models as their libraries hold them.

    Attributes
    ----------
    center, scale : float64[F]
        Scaling of the inputs of the linear models and the LSTM.
    logistic : LogisticRegression
    move_size : MoveSize
    random_forest : RandomForestClassifier
    xgboost : xgboost.Booster
    lstm : LstmClassifier

    """

    center: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    logistic: LogisticRegression
    move_size: MoveSize
    random_forest: RandomForestClassifier
    xgboost: xgboost.Booster
    lstm: LstmClassifier


def fit_models(
    train: Rows, holdout: Rows, config: TrainingConfig, progress: Progress
) -> FittedModels:
    """Fit every model.

    Parameters
    ----------
    train : Rows
        What all models are fitted on.
    holdout : Rows
        What the LSTM stops early by.
    config : TrainingConfig
        Sizes and seed.
    progress : Callable[[str, float], None]
        Called with the stage and the share of it that is done.

    Returns
    -------
    FittedModels
        The models.

    """
    center, scale = fit_scaler(train.values)
    z = standardise_rows(train.values, center, scale)
    progress("logistic", 0.0)
    logistic = fit_logistic(z, train.label, train.weight, config.logistic)
    move_size = fit_move_size(z, train.move_bps)
    progress("random forest", 0.0)
    forest = fit_forest(train.values, train.label, train.weight, config.random_forest, config.seed)
    progress("xgboost", 0.0)
    booster = fit_boosting(train.values, train.label, train.weight, config.xgboost, config.seed)
    progress("lstm", 0.0)
    length = config.lstm.sequence * PIECE_SEQUENCES
    z_held = standardise_rows(holdout.values, center, scale)
    lstm = fit_lstm(
        cut_pieces(z, train.segment, train.label, train.weight, length),
        cut_pieces(z_held, holdout.segment, holdout.label, holdout.weight, length),
        config.lstm,
        config.seed,
        lambda share: progress("lstm", share),
    )
    return FittedModels(
        center=center,
        scale=scale,
        logistic=logistic,
        move_size=move_size,
        random_forest=forest,
        xgboost=booster,
        lstm=lstm,
    )


def pack_models(models: FittedModels, weights: npt.NDArray[np.float64]) -> Arrays:
    """Return the arrays of the compiled ensemble, neither calibrated nor corrected.

    Parameters
    ----------
    models : FittedModels
        The models.
    weights : float64[4]
        Of each model in the ensemble; they sum to 1.

    Returns
    -------
    dict[str, ndarray]
        By the names in ``ARRAY_NAMES``.

    """
    forest = flatten_forest(models.random_forest)
    base, boosting = flatten_boosting(models.xgboost)
    return {
        "center": models.center,
        "scale": models.scale,
        "linear_weight": np.vstack((models.logistic.coef_, models.move_size.weight)),
        "linear_bias": np.append(models.logistic.intercept_, models.move_size.bias),
        "forest_feature": forest.feature,
        "forest_threshold": forest.threshold,
        "forest_leaf": forest.leaf,
        **pack_lstm(models.lstm),
        "boosting_base": base,
        "boosting_feature": boosting.feature,
        "boosting_threshold": boosting.threshold,
        "boosting_leaf": boosting.leaf,
        "calibration": np.tile(IDENTITY, (len(MODEL_NAMES) + 1, 1)),
        "weights": weights,
        "log_move_range": models.move_size.log_range,
        "move_rate": np.zeros(RATE_WIDTH),
    }


def importances(models: FittedModels, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return what each feature contributes, by feature and then by model.

    The logistic regression's are mean absolute coefficients of scaled inputs, the forest's
    decrease of impurity, the booster's total gain; each model's sum to 1. An LSTM has none.
    """
    gain = models.xgboost.get_score(importance_type="total_gain")
    raw = {
        "logistic": np.abs(models.logistic.coef_).mean(axis=0),
        "random_forest": models.random_forest.feature_importances_,
        "xgboost": np.array([gain.get(f"f{k}", 0.0) for k in range(len(names))]),
    }
    return {
        name: {model: float(values[k] / values.sum()) for model, values in raw.items()}
        for k, name in enumerate(names)
    }
