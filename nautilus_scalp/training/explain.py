"""What each feature contributes to the models: their own importances, and Shapley values."""

import numpy as np
import numpy.typing as npt
import xgboost
from sklearn.ensemble import RandomForestClassifier


EXPLAINED_ROWS = 200  # Shapley values of a forest take milliseconds a row

type Floats = npt.NDArray[np.float64]


def spread_rows(values: Floats) -> Floats:
    """Return the rows that Shapley values are computed on, evenly spread over the training rows."""
    return values[:: max(1, len(values) // EXPLAINED_ROWS)][:EXPLAINED_ROWS]


def forest_shapley(model: RandomForestClassifier, values: Floats) -> Floats:
    """Return each feature's mean absolute Shapley value over rows and classes.

    Lundberg et al. (2020), path-dependent: what trees do where a feature is not known is weighed
    by their own training rows.

    Parameters
    ----------
    model : RandomForestClassifier
        The forest.
    values : float64[m, F]
        Rows to explain.

    Returns
    -------
    float64[F]
        In probability.

    """
    import shap  # noqa: PLC0415 (takes seconds, and only a training needs it)

    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    found = explainer.shap_values(values.astype(np.float32), check_additivity=False)
    mean: Floats = np.abs(found).mean(axis=(0, 2))
    return mean


def boosting_shapley(model: xgboost.Booster, values: Floats) -> Floats:
    """Return each feature's mean absolute Shapley value over rows and classes, in log-odds.

    Parameters
    ----------
    model : xgboost.Booster
        Trees with a score of every class in each leaf; xgboost's own exact algorithm knows them.
    values : float64[m, F]
        Rows to explain.

    Returns
    -------
    float64[F]
        In log-odds.

    """
    found = model.predict(xgboost.DMatrix(values), pred_contribs=True)  # the last is the bias
    mean: Floats = np.abs(found[:, :, :-1]).mean(axis=(0, 1)).astype(np.float64)
    return mean


def gains(model: xgboost.Booster, count: int) -> Floats:
    """Return the total gain of every column."""
    found = model.get_score(importance_type="total_gain")
    return np.array([found.get(f"f{k}", 0.0) for k in range(count)])
