"""One flattened layout for tree ensembles, and the kernel that reads it.

Every tree is stored as a complete binary tree in level order: node 1 is the root and the children
of node ``i`` are ``2 i`` and ``2 i + 1``, so a step needs no child pointer and no branch. A branch
that ends early is padded with thresholds of +inf, which always lead left.

The kernel reads the same nodes packed into blocks of three levels, one cache line each: a tree of
depth 10 costs four lines and one of its leaf, however little of it is still in the cache. Fifty
trees advance together, block by block, so that their memory reads overlap.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit


LANES = 50
MAX_DEPTH = 14
LINE_BYTES = 64
BLOCK_LEVELS = 3
FAN = np.uint64(1 << BLOCK_LEVELS)  # children of a block


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


def pack_nodes(
    feature: npt.NDArray[np.uint16], threshold: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Lay the nodes of a `TreeTable` out as the kernel reads them.

    The children of block ``b`` are ``8 b + 1`` to ``8 b + 8``. Where three does not divide the
    depth, the tree hangs at the lower left of its first block.

    Returns
    -------
    float32[T, B, 16]
        Blocks, each on a cache line. Word ``i`` in 1-7 is the threshold of the block's node ``i``,
        in level order, and word ``8 + i`` holds that node's feature as a uint32.

    """
    count, width = feature.shape
    depth = width.bit_length() - 1
    block = np.zeros(width, np.intp)
    node = np.zeros(width, np.intp)
    for level in range(depth):
        row, step = divmod(level + -depth % BLOCK_LEVELS, BLOCK_LEVELS)
        path = np.arange(1 << level)
        block[(1 << level) + path] = int(FAN) ** row // (int(FAN) - 1) + (path >> step)
        node[(1 << level) + path] = (1 << step) + path % (1 << step)
    nodes = _on_lines((count, int(block.max()) + 1, LINE_BYTES // 4))
    nodes[:, block[1:], node[1:]] = threshold[:, 1:]
    nodes.view(np.uint32)[:, block[1:], int(FAN) + node[1:]] = feature[:, 1:]
    return nodes


def _on_lines(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return zeros that begin on a cache line."""
    size = 4 * int(np.prod(shape))
    room = np.zeros(size + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + size].view(np.float32).reshape(shape)


@njit(inline="always")  # a call would cost more than the levels
def _next_block(
    x: npt.NDArray[np.float32],
    nodes: npt.NDArray[np.float32],
    tree: int,
    block: np.uint64,
    node: np.uint64,
    levels: int,
) -> np.uint64:
    """Return the child of a block that an input falls into, from one of its nodes on."""
    for _ in range(levels):
        tested = np.float32(nodes[tree, block, FAN + node]).view(np.uint32)
        node += node + np.uint64(x[tested] > nodes[tree, block, node])
    return FAN * block + node + np.uint64(1) - FAN


@njit(cache=True)
def add_leaves(
    x: npt.NDArray[np.float32],
    nodes: npt.NDArray[np.float32],
    leaf: npt.NDArray[np.float32],
    lanes: npt.NDArray[np.uint64],
    out: npt.NDArray[np.float64],
) -> None:
    """Add to ``out`` the leaf of every tree that an input falls into.

    Parameters
    ----------
    x : float32[F]
        Inputs, as the training libraries see them.
    nodes : float32[T, B, 16]
        See `pack_nodes`.
    leaf : float32[T, 2**depth, K]
        See `TreeTable`.
    lanes : uint64[LANES]
        Scratch: the block that each tree has come to.
    out : float64[K]
        Accumulator; trees are added in order.

    """
    depth = 0
    while 1 << depth < leaf.shape[1]:
        depth += 1
    rows_below = max(depth - 1, 0) // BLOCK_LEVELS
    top_levels = depth - rows_below * BLOCK_LEVELS
    top = np.uint64(1 << (BLOCK_LEVELS - top_levels))
    # Leaves are numbered on from the blocks.
    blocks = np.uint64((1 << (rows_below + 1) * BLOCK_LEVELS) // 7)
    for first in range(0, leaf.shape[0], LANES):
        active = min(LANES, leaf.shape[0] - first)
        for k in range(active):
            lanes[k] = _next_block(x, nodes, first + k, np.uint64(0), top, top_levels)
        for _ in range(rows_below):
            for k in range(active):
                lanes[k] = _next_block(x, nodes, first + k, lanes[k], np.uint64(1), BLOCK_LEVELS)
        for k in range(active):
            for c in range(leaf.shape[2]):
                out[c] += leaf[first + k, lanes[k] - blocks, c]
