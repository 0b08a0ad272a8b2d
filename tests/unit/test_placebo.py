import numpy as np
import pytest

from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.placebo import holding_profit
from nautilus_scalp.evaluation.placebo import null_interval
from nautilus_scalp.evaluation.placebo import null_z
from nautilus_scalp.evaluation.placebo import rows_before_moves
from nautilus_scalp.evaluation.placebo import shuffle_blocks


NS_PER_MS = 1_000_000


def fills(times: list[int], sides: list[int], prices: list[float], fee: float = 0.0) -> Fills:
    count = len(times)
    return Fills(
        ts_event_ns=np.array(times),
        side=np.array(sides, np.int8),
        price=np.array(prices),
        qty=np.ones(count),
        fee=np.full(count, fee),
        is_maker=np.zeros(count, np.bool_),
    )


def test_useless_scores_leave_the_interval_once_in_a_hundred() -> None:
    rng = np.random.default_rng(1)
    low, high = null_interval(120, 80)
    up = np.arange(200) < 120
    areas = np.array([auc(rng.normal(size=200), up) for _ in range(2_000)])
    outside = np.mean((areas < low) | (areas > high))
    assert 0.004 < outside < 0.018


def test_more_comparisons_widen_the_interval() -> None:
    assert null_z(5) > null_z(1) == pytest.approx(2.5758, abs=1e-4)
    assert null_interval(50, 50, 5)[1] > null_interval(50, 50)[1]


def test_one_row_a_move_and_none_across_segments() -> None:
    mid = np.array([1.0, 1.0, 2.0, 2.0, 5.0, 4.0])
    segment = np.array([0, 0, 0, 0, 1, 1], np.int32)
    rows, up = rows_before_moves(mid, segment)
    assert rows.tolist() == [1, 4]
    assert up.tolist() == [True, False]


def test_shuffled_blocks_share_a_label_and_deal_out_what_was_there() -> None:
    rng = np.random.default_rng(3)
    times = np.sort(rng.integers(0, 5_000, 400)) * NS_PER_MS
    label = rng.integers(0, 3, 400).astype(np.int8)
    dealt = shuffle_blocks(label, times, 100, rng)
    block = times // (100 * NS_PER_MS)
    assert dealt.first.tolist() == np.unique(block, return_index=True)[1].tolist()
    for first, rows in zip(dealt.first, np.split(dealt.label, dealt.first[1:]), strict=True):
        assert set(rows.tolist()) == {int(dealt.label[first])}
    assert sorted(dealt.label[dealt.first]) == sorted(label[dealt.first])


def test_profit_is_what_the_mid_did_and_the_rest_is_cost() -> None:
    mids = MidSeries(ts_ns=np.array([0, 10, 20, 30]), mid=np.array([100.0, 101.0, 99.0, 102.0]))
    trade = fills([10, 25], [1, -1], [101.5, 98.5], fee=0.1)
    held = holding_profit(trade, mids)
    assert held.profit == -2.0  # one unit held from 101 to 99
    assert held.deviation == 2.0
    assert held.costs == pytest.approx(0.5 + 0.5 + 0.2)
    assert held.profit - held.costs == pytest.approx(98.5 - 101.5 - 0.2)  # the net result
    assert held.z == -1.0


def test_on_a_random_walk_no_strategy_gains_at_the_mid() -> None:
    rng = np.random.default_rng(4)
    scores = []
    for _ in range(300):
        mid = 100.0 + np.cumsum(rng.choice([-1.0, 1.0], 500) * rng.exponential(size=500))
        ts = np.arange(500)
        at = np.sort(rng.choice(499, 40, replace=False))
        trend = np.where(mid[at] > mid[np.maximum(at - 1, 0)], 1, -1)  # follows the last move
        held = holding_profit(
            fills(at.tolist(), trend.tolist(), mid[at].tolist()), MidSeries(ts_ns=ts, mid=mid)
        )
        scores.append(held.z)
    assert abs(np.mean(scores)) < 0.15
    assert 0.85 < np.std(scores) < 1.15
