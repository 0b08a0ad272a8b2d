import numpy as np
import pytest

from nautilus_scalp.evaluation.resampling import Resampling
from nautilus_scalp.evaluation.resampling import block_interval
from nautilus_scalp.evaluation.resampling import ratio_interval
from nautilus_scalp.evaluation.resampling import shuffled_drawdowns


def mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def test_one_block_as_long_as_the_series_leaves_nothing_to_chance() -> None:
    # A circular block of all values is the series itself, begun somewhere else.
    judged = block_interval(np.array([1.0, 2.0, 6.0]), mean, 3, Resampling(resamples=50))
    assert judged.value == 3.0
    assert judged.interval == (3.0, 3.0)


def test_blocks_keep_the_memory_of_a_series() -> None:
    # Runs of a hundred equal values: single draws see 2,000 free observations, blocks see 20.
    values = np.repeat(np.random.default_rng(5).normal(size=20), 100)
    widths = []
    for block in (1, 100):
        low, high = block_interval(values, mean, block, Resampling()).interval or (0.0, 0.0)
        widths.append(high - low)
    assert widths[1] > 5 * widths[0]


def test_a_ratio_of_sums_is_resampled_in_blocks_too() -> None:
    rng = np.random.default_rng(6)
    above, below = np.repeat(rng.normal(1.0, 1.0, 50), 20), np.full(1_000, 2.0)
    params = Resampling(resamples=2_000)
    slow = block_interval(above / 2.0, mean, 20, params)
    fast = ratio_interval(above, below, 20, params)
    assert fast.value == pytest.approx(slow.value)
    # The same 50 blocks a resample, drawn in another order: equal up to chance.
    assert fast.interval == pytest.approx(slow.interval, abs=0.03)
    whole = ratio_interval(above, below, 1_000, params)
    assert whole.interval == pytest.approx((whole.value, whole.value))


def test_no_interval_where_nothing_is_to_be_divided_by() -> None:
    losses = np.array([0.0, 0.0, 0.0, 4.0])
    judged = ratio_interval(np.ones(4), losses, 1, Resampling())
    assert judged.interval is None
    assert judged.reason == "resamples without anything to divide by: no interval"


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for seed in range(200):
        sample = rng.normal(0.3, 1.0, 100)
        params = Resampling(resamples=200, level=0.9, seed=seed)
        low, high = block_interval(sample, mean, 1, params).interval or (0.0, 0.0)
        covered += low < 0.3 < high
    assert 0.83 < covered / 200 < 0.95


def test_shuffled_drawdowns_by_hand() -> None:
    # The orders of +2, -1, -1: a fall of 2 whatever the order, but 1 for -1, +2, -1. A third of
    # the orders each, so the median is 2 and the lowest twentieth 1.
    shuffled = shuffled_drawdowns(np.array([2.0, -1.0, -1.0]), Resampling())
    assert (shuffled.actual, shuffled.p05, shuffled.p50, shuffled.p95) == (2.0, 1.0, 2.0, 2.0)


def test_losses_in_a_row_fall_deeper_than_shuffled_ones() -> None:
    net = np.concatenate((np.full(50, 1.0), np.full(50, -1.0)))
    shuffled = shuffled_drawdowns(net, Resampling())
    assert shuffled.actual == 50.0
    assert shuffled.p95 < 30.0


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_seeds_give_equal_intervals(seed: int) -> None:
    values = np.random.default_rng(2).normal(size=50)
    params = Resampling(resamples=100, seed=seed)
    assert block_interval(values, mean, 5, params) == block_interval(values, mean, 5, params)
