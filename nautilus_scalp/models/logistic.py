"""Multinomial logistic regression on scaled inputs."""

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True)
def linear_scores(
    z: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    bias: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> None:
    """Write the linear scores of K outputs into ``out``.

    Parameters
    ----------
    z : float64[F]
        Scaled inputs.
    weight : float64[K, F]
        Coefficients.
    bias : float64[K]
        Intercepts.
    out : float64[K]
        ``weight @ z + bias``, summed in index order.

    """
    for c in range(weight.shape[0]):
        score = bias[c]
        for k in range(weight.shape[1]):
            score += weight[c, k] * z[k]
        out[c] = score


@njit(cache=True)
def softmax(scores: npt.NDArray[np.float64], out: npt.NDArray[np.float64]) -> None:
    """Write ``exp(scores) / sum(exp(scores))`` into ``out`` (float64[K]; they may be one array)."""
    top = scores[0]
    for c in range(1, scores.shape[0]):
        top = max(top, scores[c])
    total = 0.0
    for c in range(scores.shape[0]):
        out[c] = np.exp(scores[c] - top)
        total += out[c]
    for c in range(scores.shape[0]):
        out[c] /= total
