"""Intervals of a signal's figures: blocks are drawn, and the counts are right."""

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.classification import horizon_metrics
from nautilus_scalp.evaluation.intervals import BLOCK_NS
from nautilus_scalp.evaluation.intervals import MOST_BLOCKS
from nautilus_scalp.evaluation.intervals import blocks_of
from nautilus_scalp.evaluation.intervals import calibration_floor
from nautilus_scalp.evaluation.intervals import drawn_auc
from nautilus_scalp.evaluation.intervals import with_intervals


SECOND = 1_000_000_000


def test_a_resample_weighs_events_by_how_often_their_block_was_drawn() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(300) < 0.4
    score = np.round(rng.normal(size=300) + positive, 1)  # many ties
    block = np.repeat(np.arange(6), 50)
    drawn = np.array([[1.0] * 6, [2.0, 0.0, 1.0, 3.0, 0.0, 0.0]])
    again = np.concatenate([np.flatnonzero(block == b) for b in (0, 0, 2, 3, 3, 3)])
    np.testing.assert_allclose(
        drawn_auc(score, positive, block, drawn),
        [auc(score, positive), auc(score[again], positive[again])],
    )


def test_blocks_are_five_seconds_and_longer_where_there_are_many() -> None:
    block, count = blocks_of(np.array([0, 1, BLOCK_NS, 9 * BLOCK_NS]))
    assert (block.tolist(), count) == ([0, 0, 1, 2], 3)
    _, count = blocks_of(np.arange(MOST_BLOCKS + 1) * BLOCK_NS)
    assert count == (MOST_BLOCKS + 2) // 2
    assert blocks_of(np.zeros(0, np.int64))[1] == 0


def _market(
    seed: int, copies: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return honest forecasts, moves and times; every event comes in a burst of copies."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], 400)
    outcome = (rng.random(400)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    ts = np.arange(400) * SECOND
    return (
        np.repeat(probabilities, copies, axis=0),
        np.repeat(outcome - 1.0, copies),
        np.repeat(ts, copies),
    )


def test_copies_of_an_event_add_nothing_to_what_is_known() -> None:
    single, burst = (_market(2, copies) for copies in (1, 25))
    figures = []
    for probabilities, move, ts in (single, burst):
        queues = probabilities[:, 2] - probabilities[:, 0]
        plain = horizon_metrics(probabilities, move, queues, 0.7)
        figures.append(with_intervals(plain, probabilities, move, queues, ts))
    for name, interval in figures[0].intervals.items():
        assert figures[1].intervals[name] == pytest.approx(interval)
    assert set(figures[0].intervals) == {"auc", "auc_gain", "ece", "false_positive_rate"}
    low, high = figures[0].intervals["auc"]
    assert low < figures[0].auc < high
    low, high = figures[0].intervals["auc_gain"]
    assert low < figures[0].auc - figures[0].auc_imbalance < high
    low, high = figures[0].intervals["false_positive_rate"]
    assert low < figures[0].false_positive_rate < high
    assert figures[0].ece_floor == pytest.approx(figures[1].ece_floor)


def test_the_floor_is_what_honest_forecasts_err_by() -> None:
    errors, floors = [], []
    for seed in range(12):
        probabilities, move, ts = _market(seed, 3)
        figures = horizon_metrics(probabilities, move, move, 0.7)
        errors.append(figures.ece)
        floors.append(with_intervals(figures, probabilities, move, move, ts).ece_floor)
    assert np.mean(floors) == pytest.approx(np.mean(errors), rel=0.25)


def test_a_bias_is_no_part_of_the_floor() -> None:
    rng = np.random.default_rng(3)
    size = np.full((100, 2), 50.0)
    error = rng.normal(size=(100, 2))
    floor = calibration_floor(error, size, np.random.default_rng(4))
    shifted = calibration_floor(error + 20.0, size, np.random.default_rng(4))
    assert shifted == pytest.approx(floor)
    # |sum of 100 signed normals| has mean sqrt(2 / pi) x 10, in two bins of 5,000 events
    assert floor == pytest.approx(2.0 * np.sqrt(2.0 / np.pi) * 10.0 / 10_000.0, rel=0.2)


def test_what_cannot_be_drawn_is_left_out() -> None:
    probabilities, move, ts = _market(5, 1)
    plain = horizon_metrics(probabilities[:20], move[:20], move[:20], 0.7)
    few = with_intervals(plain, probabilities[:20], move[:20], move[:20], ts[:20])
    assert few == plain  # four blocks
    still = horizon_metrics(probabilities, np.zeros(400), move, 1.1)
    known = with_intervals(still, probabilities, np.zeros(400), move, ts)
    assert set(known.intervals) == {"ece"}
