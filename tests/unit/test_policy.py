"""From probabilities to a signal, by hand."""

import math

import numpy as np
import pytest

from nautilus_scalp.signals.policy import decide
from nautilus_scalp.signals.policy import decide_rows


def test_expected_move_confidence_and_strength() -> None:
    move, confidence, strength = decide(np.array([0.1, 0.3, 0.6]), 0.8)
    assert move == pytest.approx(0.4)
    assert strength == pytest.approx(1.0)
    entropy = -(0.1 * math.log(0.1) + 0.3 * math.log(0.3) + 0.6 * math.log(0.6))
    assert confidence == pytest.approx(1.0 - entropy / math.log(3.0))


def test_bounds() -> None:
    assert decide(np.array([1.0, 0.0, 0.0]), 2.0) == (-2.0, 1.0, -2.0)
    move, confidence, strength = decide(np.full(3, 1.0 / 3.0), 2.0)
    assert (move, strength) == (0.0, 0.0)
    assert confidence == pytest.approx(0.0, abs=1e-12)


def test_no_prediction_gives_no_signal() -> None:
    assert np.isnan(decide(np.full(3, np.nan), np.nan)).all()


def test_rows_are_the_same_formula() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), 50)
    moves = rng.random(50)
    one_by_one = [decide(p, m) for p, m in zip(probabilities, moves, strict=True)]
    np.testing.assert_array_equal(decide_rows(probabilities, moves), one_by_one)
