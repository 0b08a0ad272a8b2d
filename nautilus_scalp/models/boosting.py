"""Gradient boosting: a base score plus the sum of the leaves, as scores of a softmax."""

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.models.trees import add_leaves


@njit(cache=True)
def boosting_scores(
    x: npt.NDArray[np.float32],
    base: npt.NDArray[np.float64],
    nodes: npt.NDArray[np.float32],
    leaf: npt.NDArray[np.float32],
    lanes: npt.NDArray[np.uint64],
    out: npt.NDArray[np.float64],
) -> None:
    """Write the class scores (log-odds, before the softmax) into ``out`` (float64[K])."""
    for c in range(out.shape[0]):
        out[c] = base[c]
    add_leaves(x, nodes, leaf, lanes, out)
