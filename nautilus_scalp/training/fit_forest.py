"""Fit the random forest with scikit-learn and lay its trees out for the compiled model."""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier

from nautilus_scalp.models.trees import TreeNodes
from nautilus_scalp.models.trees import TreeTable
from nautilus_scalp.models.trees import flatten
from nautilus_scalp.models.trees import float32_at_most
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.labels import balance


def fit_forest(
    values: npt.NDArray[np.float64],
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64],
    params: ForestParams,
    seed: int,
) -> RandomForestClassifier:
    """Fit scikit-learn's forest with balanced classes.

    Parameters
    ----------
    values : float64[m, F]
        Features, not scaled.
    label : int8[m]
        0 down, 1 flat, 2 up; each occurs.
    weight : float64[m]
        Of the rows, before classes are balanced.
    params : ForestParams
        Sizes.
    seed : int
        The same seed gives the same trees, whatever the number of cores.

    Returns
    -------
    RandomForestClassifier
        The fitted forest.

    """
    model = RandomForestClassifier(
        n_estimators=params.trees,
        max_depth=params.depth,
        min_samples_split=params.min_split,
        min_samples_leaf=params.min_leaf,
        max_samples=min(params.tree_rows, len(values)),
        n_jobs=-1,
        random_state=seed,
    )
    model.fit(values.astype(np.float32), label, sample_weight=balance(label, weight))
    return model


def flatten_forest(model: RandomForestClassifier) -> TreeTable:
    """Return the forest's trees in the compiled layout; leaves hold class frequencies."""
    trees = []
    for estimator in model.estimators_:
        tree = estimator.tree_
        frequency = tree.value[:, 0, :]
        trees.append(
            TreeNodes(
                left=tree.children_left,
                right=tree.children_right,
                feature=tree.feature,
                threshold=float32_at_most(tree.threshold),
                leaf=frequency / frequency.sum(axis=1, keepdims=True),
            )
        )
    return flatten(trees)
