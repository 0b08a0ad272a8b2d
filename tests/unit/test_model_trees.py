"""The flattened tree layout, by hand."""

import numpy as np
import pytest

from nautilus_scalp.models.trees import LANES
from nautilus_scalp.models.trees import MAX_DEPTH
from nautilus_scalp.models.trees import TreeNodes
from nautilus_scalp.models.trees import TreeTable
from nautilus_scalp.models.trees import add_leaves
from nautilus_scalp.models.trees import flatten
from nautilus_scalp.models.trees import float32_at_most
from nautilus_scalp.models.trees import float32_below
from nautilus_scalp.models.trees import pack_nodes


def _lopsided() -> TreeNodes:
    """Left of 1.0: leaf 10; else input 1 decides at 2.0 between leaves 20 and 30."""
    return TreeNodes(
        left=np.array([1, -1, 3, -1, -1]),
        right=np.array([2, -1, 4, -1, -1]),
        feature=np.array([0, 0, 1, 0, 0]),
        threshold=np.array([1.0, 0.0, 2.0, 0.0, 0.0], np.float32),
        leaf=np.array([[0.0], [10.0], [0.0], [20.0], [30.0]]),
    )


def _stump() -> TreeNodes:
    return TreeNodes(
        left=np.array([-1]),
        right=np.array([-1]),
        feature=np.array([0]),
        threshold=np.zeros(1, np.float32),
        leaf=np.array([[0.5]]),
    )


def _evaluate(table: TreeTable, *x: float) -> float:
    out = np.zeros(1)
    lanes = np.zeros(LANES, np.uint64)
    row = np.array(x, np.float32)
    add_leaves(row, pack_nodes(table.feature, table.threshold), table.leaf, lanes, out)
    return float(out[0])


def test_an_early_leaf_is_found_whatever_the_other_inputs_are() -> None:
    table = flatten([_lopsided()])
    assert table.feature.shape == (1, 4)
    assert _evaluate(table, 1.0, 99.0) == 10.0
    assert _evaluate(table, 0.0, -99.0) == 10.0
    assert _evaluate(table, 1.1, 2.0) == 20.0
    assert _evaluate(table, 1.1, 2.1) == 30.0


def test_trees_of_different_depth_and_more_than_one_round_of_lanes() -> None:
    table = flatten([_lopsided(), _stump()] * (LANES + 1))
    assert _evaluate(table, 5.0, 5.0) == (30.0 + 0.5) * (LANES + 1)


def test_only_leaves() -> None:
    assert _evaluate(flatten([_stump()]), 3.0) == 0.5


@pytest.mark.parametrize("depth", range(1, 8))
def test_packed_nodes_lead_to_the_leaf_that_level_order_gives(depth: int) -> None:
    rng = np.random.default_rng(depth)
    width = 1 << depth
    table = TreeTable(
        feature=rng.integers(0, 5, (3, width)).astype(np.uint16),
        threshold=rng.normal(size=(3, width)).astype(np.float32),
        leaf=rng.integers(0, 1_000, (3, width, 1)).astype(np.float32),
    )
    for x in rng.normal(size=(50, 5)).astype(np.float32):
        expected = 0.0
        for feature, threshold, leaf in zip(
            table.feature, table.threshold, table.leaf, strict=True
        ):
            node = 1
            while node < width:
                node = 2 * node + int(x[feature[node]] > threshold[node])
            expected += leaf[node - width, 0]
        assert _evaluate(table, *x) == expected


@pytest.mark.parametrize(("depth", "blocks"), [(1, 1), (3, 1), (4, 3), (6, 9), (10, 201)])
def test_three_levels_share_a_cache_line(depth: int, blocks: int) -> None:
    shape = (2, 1 << depth)
    nodes = pack_nodes(np.zeros(shape, np.uint16), np.zeros(shape, np.float32))
    assert nodes.shape == (2, blocks, 16)
    assert nodes.ctypes.data % 64 == 0


def test_a_tree_too_deep_for_the_layout_is_refused() -> None:
    splits = MAX_DEPTH + 1  # a chain: even nodes split into a leaf and the next split
    nodes = np.arange(2 * splits + 1)
    inner = (nodes % 2 == 0) & (nodes < 2 * splits)
    chain = TreeNodes(
        left=np.where(inner, nodes + 1, -1),
        right=np.where(inner, nodes + 2, -1),
        feature=np.zeros(len(nodes), np.int64),
        threshold=np.zeros(len(nodes), np.float32),
        leaf=np.zeros((len(nodes), 1)),
    )
    with pytest.raises(ValueError, match=f"depth {splits} is deeper than {MAX_DEPTH}"):
        flatten([chain])


def test_thresholds_keep_every_float32_on_its_side() -> None:
    exact = np.array([0.1, 1.0, -2.5, 1e-50, 3.0000001])
    rounded = float32_at_most(exact)
    for x in (rounded, np.nextafter(rounded, np.float32(np.inf))):
        np.testing.assert_array_equal(x.astype(np.float64) <= exact, x <= rounded)
    strict = np.array([0.1, -1.0, 0.0], np.float32)
    for x in (strict, float32_below(strict)):
        np.testing.assert_array_equal(x < strict, x <= float32_below(strict))
