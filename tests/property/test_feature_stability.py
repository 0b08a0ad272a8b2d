"""Ten million events do not wear the running sums out."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit

from nautilus_scalp.features import kernels


EVENTS = 10_000_000
LENGTH = 200
HALF_LIFE_MS = 50.0
type Floats = npt.NDArray[np.float64]


@njit(cache=True)
def _walk(state: Floats, tail: Floats, kept: float, events: int) -> float:
    """Push a walk with rare jumps into a window, an average and a sum; keep the last values."""
    price = 60_000.0
    seed = 12_345
    decayed = 0.0
    average = kernels.window_size(LENGTH)
    for i in range(events):
        seed = (1_103_515_245 * seed + 12_345) % 2_147_483_648
        price += 0.1 * (seed // 65_536 % 3 - 1)
        value = price + (1e7 if i % 1_000_003 == 0 else 0.0)
        kernels.window_push(state, 0, LENGTH, value)
        kernels.ew_update(state, average, kept, value)
        decayed = decayed * kept + value
        tail[i % len(tail)] = value
    return decayed


@pytest.mark.slow
def test_ten_million_events_leave_no_drift() -> None:
    average = kernels.window_size(LENGTH)
    state = np.zeros(average + kernels.EW_SIZE)
    tail = np.empty(5_000)  # a hundred half lives: what is older weighs nothing
    kept = kernels.decay(1.0, HALF_LIFE_MS)
    decayed = _walk(state, tail, kept, EVENTS)
    values = np.roll(tail, -(EVENTS % len(tail)))
    window = values[-LENGTH:]
    weights = kept ** np.arange(len(values))[::-1]
    mean = (weights * values).sum() / weights.sum()
    variance = (weights * (values - mean) ** 2).sum() / weights.sum()
    assert math.isclose(kernels.window_mean(state, 0), window.mean(), rel_tol=1e-12)
    assert math.isclose(kernels.window_variance(state, 0), window.var(), rel_tol=1e-9)
    assert kernels.window_min(state, 0) == window.min()
    assert kernels.window_max(state, 0) == window.max()
    assert math.isclose(kernels.ew_mean(state, average), mean, rel_tol=1e-12)
    assert math.isclose(kernels.ew_variance(state, average), variance, rel_tol=1e-9)
    assert math.isclose(decayed, (weights * values).sum(), rel_tol=1e-12)
