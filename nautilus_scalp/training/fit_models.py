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
from nautilus_scalp.training.explain import boosting_shapley
from nautilus_scalp.training.explain import forest_shapley
from nautilus_scalp.training.explain import gains
from nautilus_scalp.training.explain import spread_rows
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
from nautilus_scalp.training.stages import NO_STAGES
from nautilus_scalp.training.stages import Arrays
from nautilus_scalp.training.stages import Stages


type Progress = Callable[[str, float], None]

IMPORTANCE = "importance_"  # arrays of a packed stage that the artifact keeps in its manifest


class LinearModels(msgspec.Struct, frozen=True, kw_only=True):
    """
    The scaling and the models that are linear in scaled inputs.

    Attributes
    ----------
    center, scale : float64[F]
        Scaling of the inputs of the linear models and the LSTM.
    logistic : LogisticRegression
    move_size : MoveSize

    """

    center: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    logistic: LogisticRegression
    move_size: MoveSize


class FittedModels(msgspec.Struct, frozen=True, kw_only=True):
    """
    The models as their libraries hold them.

    Attributes
    ----------
    linear : LinearModels
    random_forest : RandomForestClassifier
    xgboost : xgboost.Booster
    lstm : LstmClassifier

    """

    linear: LinearModels
    random_forest: RandomForestClassifier
    xgboost: xgboost.Booster
    lstm: LstmClassifier


def fit_models(
    train: Rows, holdout: Rows, config: TrainingConfig, progress: Progress
) -> FittedModels:
    """Fit every model and keep them as the libraries hold them.

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
    progress("logistic", 0.0)
    linear = _fit_linear(train, config)
    progress("random forest", 0.0)
    forest = fit_forest(train.values, train.label, train.weight, config.random_forest, config.seed)
    progress("xgboost", 0.0)
    booster = fit_boosting(train.values, train.label, train.weight, config.xgboost, config.seed)
    lstm = _fit_lstm(train, holdout, (linear.center, linear.scale), config, progress)
    return FittedModels(linear=linear, random_forest=forest, xgboost=booster, lstm=lstm)


def pack_models(models: FittedModels) -> Arrays:
    """Return the arrays of the compiled ensemble, neither weighted, calibrated nor corrected.

    Parameters
    ----------
    models : FittedModels
        The models.

    Returns
    -------
    dict[str, ndarray]
        By the names in ``ARRAY_NAMES``.

    """
    return _unjoined() | {
        **_pack_linear(models.linear),
        **_pack_forest(models.random_forest),
        **_pack_boosting(models.xgboost),
        **pack_lstm(models.lstm),
    }


def fit_packed(
    train: Rows,
    holdout: Rows,
    config: TrainingConfig,
    progress: Progress = lambda _stage, _fraction: None,
    stages: Stages = NO_STAGES,
    *,
    explain: bool = False,
) -> Arrays:
    """Fit every model, explain it and pack it; a stage that was kept is not fitted again.

    Parameters
    ----------
    train, holdout, config, progress
        As for `fit_models`.
    stages : Stages, optional
        Where finished stages are kept.
    explain : bool, optional
        Whether to compute Shapley values.

    Returns
    -------
    dict[str, ndarray]
        As of `pack_models`, and an array ``importance_<model>`` (float64[F]) for each measure of
        what a feature contributes.

    """

    def linear() -> Arrays:
        models = _fit_linear(train, config)
        sizes = np.abs(models.logistic.coef_).mean(axis=0)
        return {**_pack_linear(models), f"{IMPORTANCE}logistic": sizes}

    def forest() -> Arrays:
        model = fit_forest(
            train.values, train.label, train.weight, config.random_forest, config.seed
        )
        found = {
            **_pack_forest(model),
            f"{IMPORTANCE}random_forest": model.feature_importances_,
        }
        if explain:
            rows = spread_rows(train.values)
            found[f"{IMPORTANCE}random_forest_shap"] = forest_shapley(model, rows)
        return found

    def boosting() -> Arrays:
        model = fit_boosting(train.values, train.label, train.weight, config.xgboost, config.seed)
        found = {
            **_pack_boosting(model),
            f"{IMPORTANCE}xgboost": gains(model, train.values.shape[1]),
        }
        if explain:
            rows = spread_rows(train.values)
            found[f"{IMPORTANCE}xgboost_shap"] = boosting_shapley(model, rows)
        return found

    progress("logistic", 0.0)
    arrays = _unjoined() | stages.run("linear", linear)
    progress("random forest", 0.0)
    arrays |= stages.run("random_forest", forest)
    progress("xgboost", 0.0)
    arrays |= stages.run("xgboost", boosting)
    scaling = (arrays["center"].astype(np.float64), arrays["scale"].astype(np.float64))
    return arrays | stages.run(
        "lstm", lambda: {**pack_lstm(_fit_lstm(train, holdout, scaling, config, progress))}
    )


def importances(arrays: Arrays, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return what each feature contributes, by feature and then by measure.

    The logistic regression's are mean absolute coefficients of scaled inputs, the forest's
    decrease of impurity, the booster's total gain; ``_shap`` are mean absolute Shapley values. Each
    measure sums to 1. An LSTM has none.
    """
    measures = {
        name.removeprefix(IMPORTANCE): values.astype(np.float64)
        for name, values in arrays.items()
        if name.startswith(IMPORTANCE)
    }
    return {
        name: {
            measure: float(values[k] / (values.sum() or 1.0))
            for measure, values in sorted(measures.items())
        }
        for k, name in enumerate(names)
    }


def _fit_linear(train: Rows, config: TrainingConfig) -> LinearModels:
    center, scale = fit_scaler(train.values)
    z = standardise_rows(train.values, center, scale)
    return LinearModels(
        center=center,
        scale=scale,
        logistic=fit_logistic(z, train.label, train.weight, config.logistic),
        move_size=fit_move_size(z, train.move_bps),
    )


def _fit_lstm(
    train: Rows,
    holdout: Rows,
    scaling: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    config: TrainingConfig,
    progress: Progress,
) -> LstmClassifier:
    progress("lstm", 0.0)
    length = config.lstm.sequence * PIECE_SEQUENCES
    fitted, held = (
        cut_pieces(
            standardise_rows(rows.values, *scaling), rows.segment, rows.label, rows.weight, length
        )
        for rows in (train, holdout)
    )
    return fit_lstm(fitted, held, config.lstm, config.seed, lambda share: progress("lstm", share))


def _pack_linear(models: LinearModels) -> Arrays:
    return {
        "center": models.center,
        "scale": models.scale,
        "linear_weight": np.vstack((models.logistic.coef_, models.move_size.weight)),
        "linear_bias": np.append(models.logistic.intercept_, models.move_size.bias),
        "log_move_range": models.move_size.log_range,
    }


def _pack_forest(model: RandomForestClassifier) -> Arrays:
    forest = flatten_forest(model)
    return {
        "forest_feature": forest.feature,
        "forest_threshold": forest.threshold,
        "forest_leaf": forest.leaf,
    }


def _pack_boosting(model: xgboost.Booster) -> Arrays:
    base, boosting = flatten_boosting(model)
    return {
        "boosting_base": base,
        "boosting_feature": boosting.feature,
        "boosting_threshold": boosting.threshold,
        "boosting_leaf": boosting.leaf,
    }


def _unjoined() -> Arrays:
    """Return what joins the models before anything was fitted for it."""
    return {
        "calibration": np.tile(IDENTITY, (len(MODEL_NAMES) + 1, 1)),
        "weights": np.full(len(MODEL_NAMES), 1.0 / len(MODEL_NAMES)),
        "move_rate": np.zeros(RATE_WIDTH),
    }
