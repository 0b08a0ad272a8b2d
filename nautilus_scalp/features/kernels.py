"""
Scalar building blocks that live in preallocated state.

Every block owns a stretch of a float64 array: it begins at ``offset`` and is ``*_size`` long. A
stretch of zeros is a block that has seen nothing, so ``state[:] = 0`` resets any number of them.
Nothing here allocates. The fused feature kernels, the strategies and the tests all call these.

Examples
--------
>>> import numpy as np
>>> from nautilus_scalp.features import kernels
>>> state = np.zeros(kernels.window_size(3))
>>> for price in (1.0, 2.0, 3.0, 4.0):
...     kernels.window_push(state, 0, 3, price)
>>> kernels.window_mean(state, 0), kernels.window_max(state, 0)
(3.0, 4.0)

"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit


type Floats = npt.NDArray[np.float64]

LN2 = math.log(2.0)

EW_SIZE = 3  # mean, variance, total weight
_EW_MEAN, _EW_VAR, _EW_WEIGHT = 0, 1, 2

_COUNT, _HEAD, _SHIFT, _SUM, _SQUARES, _MIN, _MAX = 0, 1, 2, 3, 4, 5, 6
WINDOW_HEADER = 7


@njit(cache=True)
def decay(elapsed_ms: float, half_life_ms: float) -> float:
    """Return the weight left of something that happened `elapsed_ms` ago: 1/2 at a half life."""
    return math.exp(-LN2 * elapsed_ms / half_life_ms)


@njit(cache=True)
def ew_update(state: Floats, offset: int, kept: float, value: float) -> None:
    """
    Add an observation to an exponentially weighted mean and variance.

    Every observation enters with weight one and fades with time, so several in one millisecond all
    count, and the mean is unbiased from the first observation on.

    Parameters
    ----------
    state, offset : float64[n], int
        A block of `EW_SIZE`.
    kept : float
        What is left of the old weights, from `decay`.
    value : float
        The observation.

    References
    ----------
    West, D. H. D. (1979), Updating mean and variance estimates: an improved method, CACM 22(9).

    """
    weight = state[offset + _EW_WEIGHT] * kept + 1.0
    share = 1.0 / weight
    difference = value - state[offset + _EW_MEAN]
    state[offset + _EW_WEIGHT] = weight
    state[offset + _EW_MEAN] += share * difference
    variance = state[offset + _EW_VAR] + share * difference * difference
    state[offset + _EW_VAR] = (1.0 - share) * variance


@njit(cache=True)
def ew_mean(state: Floats, offset: int) -> float:
    """Return the exponentially weighted mean; 0 before the first observation."""
    return float(state[offset + _EW_MEAN])


@njit(cache=True)
def ew_variance(state: Floats, offset: int) -> float:
    """Return the exponentially weighted (population) variance."""
    return float(state[offset + _EW_VAR])


@njit(cache=True)
def window_size(length: int) -> int:
    """Return the floats that a window over `length` observations needs."""
    return WINDOW_HEADER + length


@njit(cache=True)
def _window_refresh(state: Floats, offset: int, count: int) -> None:
    """Recompute the sums and extremes from the buffer: rounding never builds up."""
    first = offset + WINDOW_HEADER
    shift = state[first]
    total = 0.0
    squares = 0.0
    low = shift
    high = shift
    for i in range(first, first + count):
        value = state[i]
        total += value - shift
        squares += (value - shift) * (value - shift)
        low = min(low, value)
        high = max(high, value)
    state[offset + _SHIFT] = shift
    state[offset + _SUM] = total
    state[offset + _SQUARES] = squares
    state[offset + _MIN] = low
    state[offset + _MAX] = high


@njit(cache=True)
def window_push(state: Floats, offset: int, length: int, value: float) -> None:
    """
    Add an observation to a ring window of the last `length`, dropping the oldest when it is full.

    Sums are kept relative to one of the window's own values and recomputed each time around, so
    mean and variance stay exact to rounding after any number of observations; the extremes are
    recomputed only when the observation that leaves was one of them.
    """
    first = offset + WINDOW_HEADER
    count = int(state[offset + _COUNT])
    head = int(state[offset + _HEAD])
    gone = state[first + head]
    state[first + head] = value
    next_head = head + 1 if head + 1 < length else 0
    state[offset + _HEAD] = next_head
    full = count == length
    if not full:
        state[offset + _COUNT] = count + 1
    if count == 0 or next_head == 0:
        _window_refresh(state, offset, length if next_head == 0 else 1)
        return
    shift = state[offset + _SHIFT]
    state[offset + _SUM] += value - shift
    state[offset + _SQUARES] += (value - shift) * (value - shift)
    if full:
        state[offset + _SUM] -= gone - shift
        state[offset + _SQUARES] -= (gone - shift) * (gone - shift)
        left_low = gone <= state[offset + _MIN] < value
        if left_low or (gone >= state[offset + _MAX] and value < gone):
            low = value
            high = value
            for i in range(first, first + length):
                low = min(low, state[i])
                high = max(high, state[i])
            state[offset + _MIN] = low
            state[offset + _MAX] = high
            return
    state[offset + _MIN] = min(state[offset + _MIN], value)
    state[offset + _MAX] = max(state[offset + _MAX], value)


@njit(cache=True)
def window_count(state: Floats, offset: int) -> int:
    """Return how many observations the window holds."""
    return int(state[offset + _COUNT])


@njit(cache=True)
def window_mean(state: Floats, offset: int) -> float:
    """Return the mean of the window; 0 while it is empty."""
    count = state[offset + _COUNT]
    return state[offset + _SHIFT] + state[offset + _SUM] / count if count > 0 else 0.0


@njit(cache=True)
def window_sum(state: Floats, offset: int) -> float:
    """Return the sum of the window."""
    return float(state[offset + _COUNT] * state[offset + _SHIFT] + state[offset + _SUM])


@njit(cache=True)
def window_variance(state: Floats, offset: int) -> float:
    """Return the population variance of the window; exactly 0 if all its values are equal."""
    count = state[offset + _COUNT]
    if state[offset + _MAX] <= state[offset + _MIN]:
        return 0.0
    mean = state[offset + _SUM] / count
    return float(max(state[offset + _SQUARES] / count - mean * mean, 0.0))


@njit(cache=True)
def window_min(state: Floats, offset: int) -> float:
    """Return the smallest observation in the window; 0 while it is empty."""
    return float(state[offset + _MIN])


@njit(cache=True)
def window_max(state: Floats, offset: int) -> float:
    """Return the largest observation in the window; 0 while it is empty."""
    return float(state[offset + _MAX])


@njit(cache=True)
def window_absolute_deviation(state: Floats, offset: int) -> float:
    """Return the mean absolute deviation of the window from its mean; a scan of the window."""
    count = int(state[offset + _COUNT])
    if state[offset + _MAX] <= state[offset + _MIN]:
        return 0.0
    mean = window_mean(state, offset)
    total = 0.0
    for i in range(offset + WINDOW_HEADER, offset + WINDOW_HEADER + count):
        total += abs(state[i] - mean)
    return total / count


@njit(cache=True)
def window_oldest(state: Floats, offset: int, length: int) -> float:
    """Return the oldest observation in the window; 0 while it is empty."""
    full = int(state[offset + _COUNT]) == length
    first = offset + WINDOW_HEADER
    return float(state[first + int(state[offset + _HEAD])]) if full else float(state[first])
