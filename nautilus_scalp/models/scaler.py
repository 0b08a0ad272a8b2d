"""Input scaling: standardise with training statistics, then clip."""

import numpy as np
import numpy.typing as npt
from numba import njit


CLIP = 5.0
TAIL = 0.005


def fit_scaler(
    values: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the centre and scale of every input, from the training rows alone.

    Market features have heavy tails, so mean and standard deviation are taken after both tails
    are pulled in to their 0.5 % quantile; one burst then cannot flatten an input. An input that
    never varies gets scale 1 and contributes nothing.

    Parameters
    ----------
    values : float64[m, F]
        Training rows, finite.

    Returns
    -------
    center, scale : float64[F]
        In the unit of each input; ``scale`` is positive.

    """
    low, high = np.quantile(values, (TAIL, 1.0 - TAIL), axis=0)
    inner = np.clip(values, low, high)
    center = inner.mean(axis=0)
    scale = inner.std(axis=0)
    scale[scale <= np.abs(center) * 1e-12] = 1.0
    return center, scale


@njit(cache=True)
def standardise(
    value: npt.NDArray[np.float64],
    center: npt.NDArray[np.float64],
    scale: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> None:
    """Write ``clip((value - center) / scale, -5, 5)`` into ``out`` (all of shape [F])."""
    for k in range(center.shape[0]):
        z = (value[k] - center[k]) / scale[k]
        out[k] = min(max(z, -CLIP), CLIP)


@njit(cache=True)
def standardise_rows(
    values: npt.NDArray[np.float64],
    center: npt.NDArray[np.float64],
    scale: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Standardise every row of ``values`` (float64[m, F]) with the kernel that a tick uses."""
    out = np.empty_like(values)
    for i in range(values.shape[0]):
        standardise(values[i], center, scale, out[i])
    return out
