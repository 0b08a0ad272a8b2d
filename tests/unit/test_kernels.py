"""The building blocks against hand-computed numbers and plain numpy."""

import math

import numpy as np
import pytest

from nautilus_scalp.features import kernels


def test_decay_halves_at_the_half_life() -> None:
    assert kernels.decay(0.0, 250.0) == 1.0
    assert kernels.decay(250.0, 250.0) == 0.5
    assert kernels.decay(500.0, 250.0) == pytest.approx(0.25, rel=1e-15)


def test_weighted_mean_and_variance_match_their_definition() -> None:
    state = np.zeros(kernels.EW_SIZE)
    # weights 1/4, 1/2, 1 on 2, 6, 8: mean (0.5 + 3 + 8) / 1.75, variance about it
    for value in (2.0, 6.0, 8.0):
        kernels.ew_update(state, 0, 0.5, value)
    weights = np.array([0.25, 0.5, 1.0])
    values = np.array([2.0, 6.0, 8.0])
    mean = (weights * values).sum() / weights.sum()
    variance = (weights * (values - mean) ** 2).sum() / weights.sum()
    assert kernels.ew_mean(state, 0) == pytest.approx(mean, rel=1e-15)
    assert kernels.ew_variance(state, 0) == pytest.approx(variance, rel=1e-14)


def test_observations_in_one_millisecond_all_count() -> None:
    state = np.zeros(kernels.EW_SIZE)
    for value in (1.0, 2.0, 6.0):
        kernels.ew_update(state, 0, kernels.decay(0.0, 100.0), value)
    assert kernels.ew_mean(state, 0) == 3.0


def test_window_by_hand() -> None:
    state = np.zeros(kernels.window_size(3))
    for value in (5.0, 1.0, 3.0, 2.0):
        kernels.window_push(state, 0, 3, value)
    assert kernels.window_count(state, 0) == 3
    assert kernels.window_sum(state, 0) == 6.0
    assert kernels.window_mean(state, 0) == 2.0
    assert kernels.window_variance(state, 0) == pytest.approx(2.0 / 3.0, rel=1e-15)
    assert (kernels.window_min(state, 0), kernels.window_max(state, 0)) == (1.0, 3.0)
    assert kernels.window_oldest(state, 0, 3) == 1.0
    assert kernels.window_absolute_deviation(state, 0) == pytest.approx(2.0 / 3.0, rel=1e-15)


def test_empty_window_is_nought() -> None:
    state = np.zeros(kernels.window_size(4))
    assert kernels.window_mean(state, 0) == 0.0
    assert kernels.window_variance(state, 0) == 0.0
    assert kernels.window_absolute_deviation(state, 0) == 0.0


@pytest.mark.parametrize("length", [1, 2, 7, 50])
def test_window_matches_numpy_at_every_step(length: int) -> None:
    rng = np.random.default_rng(length)
    # a large level under small steps: sums of plain squares would lose every digit here
    values = 1e6 + np.round(rng.normal(size=400).cumsum(), 1)
    offset = 3
    state = np.zeros(offset + kernels.window_size(length))
    for i, value in enumerate(values):
        kernels.window_push(state, offset, length, value)
        window = values[max(0, i + 1 - length) : i + 1]
        assert kernels.window_mean(state, offset) == pytest.approx(window.mean(), rel=1e-13)
        assert kernels.window_variance(state, offset) == pytest.approx(window.var(), abs=1e-9)
        assert kernels.window_min(state, offset) == window.min()
        assert kernels.window_max(state, offset) == window.max()
        assert kernels.window_oldest(state, offset, length) == window[0]
    assert not state[:offset].any()


def test_long_runs_do_not_drift() -> None:
    values = np.random.default_rng(7).normal(100.0, 1.0, size=200_001)
    values[1000] = 1e9  # an outlier that plain running sums never quite forget
    state = np.zeros(kernels.window_size(20))
    for value in values:
        kernels.window_push(state, 0, 20, value)
    window = values[-20:]
    assert math.isclose(kernels.window_mean(state, 0), window.mean(), rel_tol=1e-13)
    assert math.isclose(kernels.window_variance(state, 0), window.var(), rel_tol=1e-11)
