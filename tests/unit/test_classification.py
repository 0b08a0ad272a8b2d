"""Figures of merit against scikit-learn, and cases worked out by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.classification import brier
from nautilus_scalp.evaluation.classification import direction_odds
from nautilus_scalp.evaluation.classification import ece
from nautilus_scalp.evaluation.classification import horizon_metrics
from nautilus_scalp.evaluation.classification import mcc
from nautilus_scalp.evaluation.classification import rank_correlation
from nautilus_scalp.evaluation.classification import reliability


def test_auc_mcc_and_rank_correlation_equal_the_libraries() -> None:
    rng = np.random.default_rng(1)
    actual = rng.random(500) < 0.3
    score = np.round(rng.normal(size=500) + actual, 1)  # many ties
    assert auc(score, actual) == pytest.approx(metrics.roc_auc_score(actual, score), abs=1e-12)
    said = score > 0.5
    assert mcc(said, actual) == pytest.approx(metrics.matthews_corrcoef(actual, said), abs=1e-12)
    move = np.round(rng.normal(size=500), 1)
    expected = stats.spearmanr(score, move).statistic
    assert rank_correlation(score, move) == pytest.approx(expected, abs=1e-12)


def test_brier_is_summed_over_classes() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    # (0.2^2 + 0.5^2 + 0.3^2 with the true class's error 0.5) and 1 + 1 for the sure miss
    assert brier(probabilities, np.array([1, 2])) == pytest.approx((0.04 + 0.25 + 0.09 + 2.0) / 2)


def test_calibration_error_of_an_honest_and_a_boasting_forecast() -> None:
    honest = np.tile([0.0, 0.75, 0.25], (400, 1))
    outcome = np.array([1, 1, 1, 2] * 100)
    assert ece(honest, outcome) == pytest.approx(0.0, abs=1e-12)
    boasting = np.tile([0.0, 1.0, 0.0], (400, 1))
    assert ece(boasting, outcome) == pytest.approx(0.25)


def test_reliability_bins_hold_means_and_counts() -> None:
    probability = np.array([0.05, 0.07, 0.95, 1.0])
    bins = reliability(probability, np.array([False, True, True, True]))
    assert [(b.count, round(b.predicted, 3), b.observed) for b in bins] == [
        (2, 0.06, 0.5),
        (2, 0.975, 1.0),
    ]


def test_horizon_metrics_of_a_few_events() -> None:
    probabilities = np.array(
        [
            [0.1, 0.2, 0.7],  # up, right
            [0.8, 0.1, 0.1],  # down, right
            [0.7, 0.2, 0.1],  # down, but it rose
            [0.1, 0.8, 0.1],  # flat, stayed
            [0.2, 0.2, 0.6],  # up, but it stayed
        ]
    )
    move_bps = np.array([1.5, -2.0, 0.5, 0.0, 0.0])
    imbalance = np.array([0.9, -0.9, 0.5, 0.0, 0.3])
    figures = horizon_metrics(probabilities, move_bps, imbalance, 0.6)
    assert figures.moves == 3
    assert figures.auc == 1.0  # the fall has the lowest odds: log(1/8) < log(1/7)
    assert figures.auc_imbalance == 1.0
    assert figures.accuracy == pytest.approx(2 / 3)
    assert figures.accuracy_top_decile == 1.0
    assert figures.mcc == pytest.approx(0.5)
    assert figures.coverage == pytest.approx(4 / 5)
    assert figures.false_positive_rate == pytest.approx(2 / 4)
    assert figures.threshold == 0.6


def test_what_cannot_be_computed_is_none() -> None:
    still = np.tile([0.2, 0.6, 0.2], (4, 1))
    figures = horizon_metrics(still, np.zeros(4), np.zeros(4), 0.9, calibrated=False)
    assert figures.moves == 0
    assert figures.coverage == 0.0
    for name in ("auc", "auc_imbalance", "accuracy", "mcc", "brier", "ece", "ic"):
        assert getattr(figures, name) is None
    assert figures.false_positive_rate is None
    empty = horizon_metrics(np.empty((0, 3)), np.empty(0), np.empty(0), 0.9)
    assert empty.coverage is None
    assert empty.brier is None
    assert empty.ece is None


def test_direction_odds_survive_a_probability_of_zero() -> None:
    assert np.isfinite(direction_odds(np.array([[0.0, 0.0, 1.0]]))).all()
