"""The forest's trainer: how many rows a tree is grown on."""

import numpy as np
import pytest

from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.fit_forest import fit_forest


@pytest.mark.parametrize(("most", "drawn"), [(50, 50), (10_000, 400)])
def test_a_tree_draws_as_many_rows_as_there_are_and_no_more_than_it_may(
    most: int, drawn: int
) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(400, 3))
    label = rng.integers(0, 3, 400).astype(np.int8)
    params = ForestParams(trees=3, depth=4, tree_rows=most)
    model = fit_forest(values, label, rng.uniform(0.1, 1.0, 400), params, seed=1)
    roots = [tree.tree_.weighted_n_node_samples[0] for tree in model.estimators_]
    assert roots == [drawn] * 3
