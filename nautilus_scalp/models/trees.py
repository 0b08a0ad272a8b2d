"""One flattened layout for tree ensembles, and the kernel that reads it.

Every tree is stored as a complete binary tree in level order: node 1 is the root and the children
of node ``i`` are ``2 i`` and ``2 i + 1``, so a step needs no child pointer and no branch. A branch
that ends early is padded with thresholds of +inf, which always lead left. Ten trees advance
together, level by level, so that their memory reads overlap.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit


LANES = 10
MAX_DEPTH = 14


class TreeNodes(msgspec.Struct, frozen=True, kw_only=True):
    """
    One tree as a training library gives it.

    Attributes
    ----------
    left, right : integer[n]
        Child of each node; ``left`` is negative at a leaf.
    feature : integer[n]
        Input that a node tests.
    threshold : float32[n]
        An input greater than it goes right.
    leaf : float64[n, K]
        Value of each node; only leaves are read.

    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.float64]


class TreeTable(msgspec.Struct, frozen=True, kw_only=True):
    """
    Trees in the flattened layout.

    Attributes
    ----------
    feature : uint16[T, 2**depth]
        Input that a node tests; column 0 is unused.
    threshold : float32[T, 2**depth]
        An input greater than it goes right.
    leaf : float32[T, 2**depth, K]
        What each leaf adds, from left to right.

    """

    feature: npt.NDArray[np.uint16]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.float32]


def float32_at_most(threshold: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest float32 that is not above each threshold.

    For a float32 input ``x`` the test ``x <= threshold`` against the float64 value and against
    this one agree for every ``x``, which is how scikit-learn's trees branch.
    """
    rounded = threshold.astype(np.float32)
    above = rounded.astype(np.float64) > threshold
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return rounded


def float32_below(threshold: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the float32 just below each threshold: ``x < t`` is ``x <= float32_below(t)``."""
    return np.nextafter(threshold.astype(np.float32), np.float32(-np.inf))


def flatten(trees: Sequence[TreeNodes]) -> TreeTable:
    """Lay trees out as complete binary trees of their common depth.

    Parameters
    ----------
    trees : Sequence[TreeNodes]
        At least one tree; all leaves hold the same number of values.

    Returns
    -------
    TreeTable
        The flattened layout.

    Raises
    ------
    ValueError
        If a tree is deeper than ``MAX_DEPTH``: the layout doubles with every level.

    """
    depth = max(_depth(tree) for tree in trees)
    if depth > MAX_DEPTH:
        message = f"a tree of depth {depth} is deeper than {MAX_DEPTH}"
        raise ValueError(message)
    width = 1 << depth
    outputs = trees[0].leaf.shape[1]
    table = TreeTable(
        feature=np.zeros((len(trees), width), np.uint16),
        threshold=np.full((len(trees), width), np.inf, np.float32),
        leaf=np.zeros((len(trees), width, outputs), np.float32),
    )
    for index, tree in enumerate(trees):
        _place(tree, depth, index, table)
    return table


def _depth(tree: TreeNodes) -> int:
    levels = np.zeros(len(tree.left), np.int64)
    for node in np.flatnonzero(tree.left >= 0):  # libraries number parents before children
        levels[tree.left[node]] = levels[node] + 1
        levels[tree.right[node]] = levels[node] + 1
    return int(levels.max())


def _place(tree: TreeNodes, depth: int, index: int, table: TreeTable) -> None:
    pending = [(0, 1, 0)]
    while pending:
        node, position, level = pending.pop()
        if tree.left[node] < 0:
            table.leaf[index, (position << (depth - level)) - (1 << depth)] = tree.leaf[node]
            continue
        table.feature[index, position] = tree.feature[node]
        table.threshold[index, position] = tree.threshold[node]
        pending.append((int(tree.left[node]), 2 * position, level + 1))
        pending.append((int(tree.right[node]), 2 * position + 1, level + 1))


@njit(cache=True)
def add_leaves(
    x: npt.NDArray[np.float32],
    feature: npt.NDArray[np.uint16],
    threshold: npt.NDArray[np.float32],
    leaf: npt.NDArray[np.float32],
    lanes: npt.NDArray[np.uint64],
    out: npt.NDArray[np.float64],
) -> None:
    """Add to ``out`` the leaf of every tree that an input falls into.

    Parameters
    ----------
    x : float32[F]
        Inputs, as the training libraries see them.
    feature, threshold, leaf
        See `TreeTable`.
    lanes : uint64[LANES]
        Scratch.
    out : float64[K]
        Accumulator; trees are added in order.

    """
    count, width = feature.shape
    for first in range(0, count, LANES):
        active = min(LANES, count - first)
        for k in range(active):
            lanes[k] = 1
        level = 1
        while level < width:
            for k in range(active):
                node = lanes[k]
                goes_right = x[feature[first + k, node]] > threshold[first + k, node]
                lanes[k] = node + node + np.uint64(goes_right)
            level += level
        for k in range(active):
            node = lanes[k] - np.uint64(width)
            for c in range(leaf.shape[2]):
                out[c] += leaf[first + k, node, c]
