"""Calibration brings probabilities back to frequencies, and only that."""

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.calibration import calibrate
from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.calibration import tilt
from nautilus_scalp.training.fit_ensemble import call_threshold
from nautilus_scalp.training.fit_ensemble import fit_pooling


def _forecasts(seed: int, rows: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.6, 1.5, 0.6], rows)
    label = (rng.random(rows)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, label


def test_the_identity_gives_probabilities_back() -> None:
    probabilities, _ = _forecasts(1, 20)
    out = calibrate_rows(np.log(probabilities), np.array(IDENTITY), np.zeros(20))
    np.testing.assert_allclose(out, probabilities, rtol=1e-12)


def test_by_hand() -> None:
    out = np.empty(3)
    calibrate(np.log(np.array([0.1, 0.5, 0.4])), np.array([2.0, np.log(3.0), 0.5, 0.0]), 9.0, out)
    # moves: odds 1, squared, times 3 -> 3/4; up against down: odds 4 to the half -> 2/3
    np.testing.assert_allclose(out, [0.25, 0.25, 0.5])


def test_a_distortion_of_gains_and_prior_is_undone() -> None:
    probabilities, label = _forecasts(2, 40_000)
    scores = calibrate_rows(
        np.log(probabilities), np.array([0.5, 1.2, 2.0, 0.0]), np.zeros(len(label))
    )
    fitted = fit_calibration(np.log(scores), label)
    np.testing.assert_allclose(fitted, [2.0, -2.4, 0.5, 0.0], atol=0.06)


def test_a_trend_in_the_rows_leaves_no_lean() -> None:
    probabilities, label = _forecasts(3, 5_000)
    rising = np.where((label == 0) & (np.arange(5_000) % 2 == 0), 2, label)
    calibration = fit_calibration(np.log(probabilities), rising)
    out = np.empty(3)
    calibrate(np.log(np.array([0.3, 0.4, 0.3])), calibration, 0.0, out)
    assert out[0] == out[2]


def test_an_opinion_is_never_turned_around() -> None:
    probabilities, label = _forecasts(4, 5_000)
    calibration = fit_calibration(np.log(probabilities[:, ::-1]), label)
    assert calibration[2] == 0.0
    assert (calibration[[0, 2]] >= 0.0).all()


def test_one_outcome_alone_stays_finite() -> None:
    probabilities, _ = _forecasts(5, 200)
    assert np.isfinite(fit_calibration(np.log(probabilities), np.ones(200, np.int64))).all()


def test_calls_start_where_they_are_right_often_enough() -> None:
    signal = np.tile([0.0, 0.4, 0.6], (300, 1))
    signal[:150] = [0.0, 0.1, 0.9]
    label = np.full(300, 2)
    label[150:180] = 1  # a fifth of the weaker calls is wrong, none of the stronger
    day = np.zeros(300, np.int64)
    assert call_threshold(signal, label, day, 0.10) == 0.5
    assert call_threshold(signal, label, day, 0.05) == 0.61
    label[:15] = 1  # none is good enough, so the probabilities are taken at their word
    assert call_threshold(signal, label, day, 0.05) == 0.95
    assert call_threshold(signal[:99], label[:99], day[:99], 0.05) == 0.95


def test_calls_start_where_the_worst_day_is_right_often_enough() -> None:
    signal = np.tile([0.0, 0.4, 0.6], (400, 1))
    signal[:200] = [0.0, 0.2, 0.8]
    label = np.full(400, 2)
    label[360:] = 1  # wrong in a fifth of the weak calls of one day, in a tenth of all calls
    day = np.arange(400) % 200 // 100 + 1
    assert call_threshold(signal, label, np.zeros(400, np.int64), 0.10) == 0.5
    assert call_threshold(signal, label, day, 0.10) == 0.61


def test_pooling_of_honest_models_changes_little() -> None:
    probabilities, label = _forecasts(6, 20_000)
    per_model = np.stack([probabilities] * 4)
    weights = np.array([0.1, 0.3, 0.4, 0.2])
    imbalance = np.random.default_rng(7).uniform(-1.0, 1.0, len(label))
    pooling = fit_pooling(per_model, weights, imbalance, label, {500: label})
    np.testing.assert_allclose(pooling.calibration, np.tile(IDENTITY, (5, 1)), atol=0.06)
    np.testing.assert_allclose(pooling.horizons["500"], IDENTITY, atol=0.06)


def test_the_direction_leans_on_the_queues_where_they_know_more() -> None:
    rng = np.random.default_rng(8)
    tilts = rng.normal(size=40_000)
    imbalance = np.tanh(tilts / 2.0)  # of queues whose log ratio is the tilt
    assert tilt(float(imbalance[0])) == pytest.approx(tilts[0])
    assert tilt(1.0) == -tilt(-1.0) == 6.0
    up = rng.random(40_000) < 1.0 / (1.0 + np.exp(-0.8 * tilts))
    label = np.where(up, 2, 0)
    blind = np.log(rng.dirichlet([1.0, 1.0, 1.0], 40_000))
    fitted = fit_calibration(blind, label, imbalance)
    np.testing.assert_allclose(fitted[2:], [0.0, 0.8], atol=0.04)
    against = fit_calibration(blind, label, -imbalance)
    assert against[3] == 0.0
