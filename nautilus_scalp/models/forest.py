"""Random forest: the mean of its trees' class frequencies."""

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.models.trees import add_leaves


@njit(cache=True)
def forest_probabilities(
    x: npt.NDArray[np.float32],
    nodes: npt.NDArray[np.float32],
    leaf: npt.NDArray[np.float32],
    lanes: npt.NDArray[np.uint64],
    out: npt.NDArray[np.float64],
) -> None:
    """Write the class probabilities into ``out`` (float64[K]); leaves hold class frequencies."""
    for c in range(out.shape[0]):
        out[c] = 0.0
    add_leaves(x, nodes, leaf, lanes, out)
    for c in range(out.shape[0]):
        out[c] /= nodes.shape[0]
