"""From probabilities to a signal: the same few formulas per tick and over arrays."""

import numpy as np
import numpy.typing as npt
from numba import njit


Float64 = npt.NDArray[np.float64]

EXPECTED_MOVE = 0
CONFIDENCE = 1
STRENGTH = 2


@njit(cache=True, error_model="numpy")
def decide(probabilities: Float64, move_bps: float) -> tuple[float, float, float]:
    """Condense class probabilities into what a strategy acts on.

    Parameters
    ----------
    probabilities : float64[3]
        Down, flat, up; NaN gives NaN.
    move_bps : float
        Absolute move to expect if the mid moves, in bps.

    Returns
    -------
    expected_move_bps : float
        ``(p_up - p_down) move_bps``, signed.
    confidence : float
        One minus the entropy of the probabilities over its largest value, ln 3; in [0, 1].
    strength : float
        ``2 (p_up - p_down)`` in [-2, 2], from strong sell to strong buy.

    Examples
    --------
    >>> decide(np.array([0.0, 0.0, 1.0]), 1.5)
    (1.5, 1.0, 2.0)

    """
    lean = probabilities[2] - probabilities[0]
    entropy = 0.0
    for c in range(3):
        if probabilities[c] > 0.0:
            entropy -= probabilities[c] * np.log(probabilities[c])
    confidence = 1.0 - entropy / np.log(3.0)
    if not np.isfinite(lean):
        confidence = np.nan
    return lean * move_bps, confidence, 2.0 * lean


@njit(cache=True, error_model="numpy")
def decide_rows(probabilities: Float64, move_bps: Float64) -> Float64:
    """Apply `decide` to every row.

    Parameters
    ----------
    probabilities : float64[m, 3]
        Down, flat, up.
    move_bps : float64[m]
        Absolute moves.

    Returns
    -------
    float64[m, 3]
        Columns ``EXPECTED_MOVE``, ``CONFIDENCE``, ``STRENGTH``.

    """
    out = np.empty((probabilities.shape[0], 3))
    for i in range(probabilities.shape[0]):
        out[i] = decide(probabilities[i], move_bps[i])
    return out
