"""Fit the boosted trees with xgboost and lay them out for the compiled model."""

import json

import numpy as np
import numpy.typing as npt
import xgboost

from nautilus_scalp.models.trees import TreeNodes
from nautilus_scalp.models.trees import TreeTable
from nautilus_scalp.models.trees import flatten
from nautilus_scalp.models.trees import float32_below
from nautilus_scalp.training.config import BoostingParams


CLASSES = 3
THREADS = 2  # fixed, because the order of a parallel sum depends on it
FEW_ROWS = 10_000  # on fewer, a second thread costs more than it brings


def fit_boosting(
    values: npt.NDArray[np.float64],
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64],
    params: BoostingParams,
    seed: int,
) -> xgboost.Booster:
    """Fit one tree a round whose leaves hold the scores of all classes (vector leaves).

    Parameters
    ----------
    values : float64[m, F]
        Features, not scaled.
    label : int8[m]
        0 down, 1 flat, 2 up; each occurs.
    weight : float64[m]
        Of the rows.
    params : BoostingParams
        Sizes and rates.
    seed : int
        Seed of the row and column samples.

    Returns
    -------
    xgboost.Booster
        The fitted booster.

    """
    settings = {
        "objective": "multi:softprob",
        "num_class": CLASSES,
        "multi_strategy": "multi_output_tree",
        "tree_method": "hist",
        "max_depth": params.depth,
        "eta": params.eta,
        "subsample": params.subsample,
        "colsample_bytree": params.colsample,
        "min_child_weight": params.min_child_weight,
        "nthread": THREADS if len(values) > FEW_ROWS else 1,
        "seed": seed,
        "verbosity": 0,
    }
    return xgboost.train(
        settings, xgboost.DMatrix(values, label=label, weight=weight), params.trees
    )


def flatten_boosting(
    model: xgboost.Booster,
) -> tuple[npt.NDArray[np.float64], TreeTable]:
    """Return the base score of each class and the trees in the compiled layout."""
    learner = json.loads(model.save_raw("json"))["learner"]
    base = np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float32)
    trees = [_nodes(tree) for tree in learner["gradient_booster"]["model"]["trees"]]
    return base.astype(np.float64), flatten(trees)


def _nodes(tree: dict[str, list[float]]) -> TreeNodes:
    left = np.array(tree["left_children"], np.int64)
    right = np.array(tree["right_children"], np.int64)
    weights = np.array(tree["leaf_weights"], np.float64).reshape(-1, CLASSES)
    leaf = np.zeros((len(left), CLASSES))
    is_leaf = left < 0
    leaf[is_leaf] = weights[right[is_leaf]]  # a leaf keeps its row of weights in `right`
    return TreeNodes(
        left=left,
        right=right,
        feature=np.array(tree["split_indices"], np.int64),
        threshold=float32_below(np.array(tree["split_conditions"], np.float32)),
        leaf=leaf,
    )
