"""Labels worked out by hand."""

import numpy as np

from nautilus_scalp.training.labels import NO_LABEL
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import balance
from nautilus_scalp.training.labels import label_moves
from nautilus_scalp.training.labels import uniqueness


def test_the_mid_at_the_horizon_is_that_of_the_last_quote_at_or_before_it() -> None:
    ts = np.array([0, 100, 500, 501, 900, 1100]) * NS_PER_MS
    mid = np.array([100.0, 101.0, 99.0, 102.0, 101.0, 101.0])
    labels = label_moves(ts, mid, np.zeros(6, np.int32), 500)
    # 0 -> 500 (99): down; 100 -> 600, last quote 501 (102): up; 500 -> 1000, last 900 (101): up;
    # 501 -> 1001, last 900 (101): down; 900 and 1100 reach past the last quote
    assert labels.direction.tolist() == [0, 2, 2, 0, NO_LABEL, NO_LABEL]
    assert labels.move_bps[0] == -1.0 / 100.0 * 1e4
    assert np.isnan(labels.move_bps[4])
    assert labels.known.tolist() == [True, True, True, True, False, False]


def test_of_quotes_in_one_millisecond_the_last_one_counts() -> None:
    ts = np.array([0, 500, 500, 500]) * NS_PER_MS
    labels = label_moves(ts, np.array([10.0, 11.0, 9.0, 10.0]), np.zeros(4, np.int32), 500)
    assert labels.direction.tolist() == [1, NO_LABEL, NO_LABEL, NO_LABEL]


def test_segments_interleave_and_never_see_each_other() -> None:
    ts = np.array([0, 0, 500, 500, 600, 600]) * NS_PER_MS
    mid = np.array([10.0, 50.0, 11.0, 49.0, 11.0, 49.0])
    segment = np.array([4, 9, 4, 9, 4, 9], np.int32)
    labels = label_moves(ts, mid, segment, 500)
    assert labels.direction.tolist() == [2, 0, NO_LABEL, NO_LABEL, NO_LABEL, NO_LABEL]


def test_a_label_does_not_reach_over_a_gap_into_the_next_segment() -> None:
    ts = np.array([0, 400, 10_000, 10_500]) * NS_PER_MS
    labels = label_moves(ts, np.arange(4.0) + 1.0, np.array([0, 0, 1, 1], np.int32), 500)
    assert labels.direction.tolist() == [NO_LABEL, NO_LABEL, 2, NO_LABEL]


def test_no_later_quote_changes_a_label() -> None:
    rng = np.random.default_rng(1)
    ts = np.cumsum(rng.integers(0, 40, 400)) * NS_PER_MS
    mid = 100.0 + np.cumsum(rng.integers(-1, 2, 400)) * 0.1
    segment = np.zeros(400, np.int32)
    before = label_moves(ts, mid, segment, 500)
    changed = mid.copy()
    cut = ts[200] + 500 * NS_PER_MS
    changed[ts > cut] += 7.0
    after = label_moves(ts, changed, segment, 500)
    np.testing.assert_array_equal(before.direction[:201], after.direction[:201])
    changed[ts == ts[ts <= cut][-1]] += 7.0  # the control: the quote that decides it
    assert label_moves(ts, changed, segment, 500).direction[200] == 2


def test_uniqueness_shares_every_covered_moment() -> None:
    start = np.array([0, 0, 600, 2000])
    end = start + 1000
    # 0-600: 2 labels; 600-1000: 3; 1000-1600: 1; 2000-3000: 1
    expected = [(300 + 400 / 3) / 1000, (300 + 400 / 3) / 1000, (400 / 3 + 600) / 1000, 1.0]
    np.testing.assert_allclose(uniqueness(start, end, np.zeros(4, np.int32)), expected)
    apart = uniqueness(start, end, np.array([0, 1, 2, 3], np.int32))
    np.testing.assert_array_equal(apart, np.ones(4))


def test_uniqueness_sums_to_the_time_that_is_covered() -> None:
    start = np.sort(np.random.default_rng(2).integers(0, 10_000, 300))
    share = uniqueness(start, start + 500, np.zeros(300, np.int32))
    covered = len(np.unique((start[:, None] + np.arange(500)).ravel()))
    np.testing.assert_allclose(share.sum() * 500, covered)


def test_balanced_weights_give_every_class_the_same_mass() -> None:
    direction = np.array([0, 1, 1, 1, 2], np.int8)
    weight = np.array([0.5, 1.0, 0.2, 0.3, 2.0])
    balanced = balance(direction, weight)
    np.testing.assert_allclose(np.bincount(direction, weights=balanced), weight.sum() / 3)
