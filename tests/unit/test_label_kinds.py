"""Labels of every kind, worked out by hand."""

import numpy as np
import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.training.barriers import label_barriers
from nautilus_scalp.training.barriers import volatility_bps
from nautilus_scalp.training.label_kinds import LabelParams
from nautilus_scalp.training.label_kinds import five_classes
from nautilus_scalp.training.label_kinds import make_labels
from nautilus_scalp.training.labels import NO_LABEL
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import uniqueness


SECOND = 1_000 * NS_PER_MS


def test_a_cost_band_makes_small_moves_flat() -> None:
    ts = np.array([0, 1, 2, 3]) * SECOND
    mid = np.array([10_000.0, 10_001.0, 10_000.4, 10_000.4])  # +1 bps, -0.6 bps, 0
    params = LabelParams(kind="cost_band", band_bps=0.8)
    labels = make_labels(ts, mid, np.zeros(4, np.int32), np.zeros(4), 1_000, params)
    assert labels.direction.tolist() == [2, 1, 1, NO_LABEL]
    assert labels.move_bps[0] == pytest.approx(1.0)


def test_bars_are_labelled_at_their_first_quote_and_collapse_to_three() -> None:
    # three bars of a minute; a bar later the price is 0.6 % up, then 2 % down
    ts = np.array([0, 30, 60, 61, 120, 180]) * SECOND
    mid = np.array([100.0, 90.0, 100.6, 80.0, 98.588, 98.588])
    params = LabelParams(kind="five_class")
    labels = make_labels(ts, mid, np.zeros(6, np.int32), np.zeros(6), 60_000, params)
    assert labels.direction.tolist() == [2, NO_LABEL, 0, NO_LABEL, 1, NO_LABEL]
    known = labels.move_bps[labels.known]
    assert five_classes(known, params.bands_percent).tolist() == [3, 0, 2]


def test_volatility_is_that_of_a_second_and_knows_the_past_only() -> None:
    ts = np.array([0, 500, 1000, 1500]) * NS_PER_MS
    mid = np.array([10_000.0, 10_003.0, 10_003.0, 10_003.0])
    order = np.arange(4)
    sigma = volatility_bps(order, ts, mid, np.zeros(4, np.int32), 1e18)
    # 9 square bps in 0.5 s, then in 1 s, then in 1.5 s
    np.testing.assert_allclose(sigma, [0.0, np.sqrt(18.0), 3.0, np.sqrt(6.0)], rtol=1e-6)
    later = mid.copy()
    later[3] += 5.0
    np.testing.assert_array_equal(
        volatility_bps(order, ts, later, np.zeros(4, np.int32), 1e18)[:3], sigma[:3]
    )


def test_the_first_barrier_touched_decides_and_ends_the_label() -> None:
    ts = np.array([0, 100, 200, 300, 900]) * NS_PER_MS
    mid = np.array([10_000.0, 10_000.4, 9_999.0, 10_002.0, 10_002.0])
    labels = label_barriers(
        ts, mid, np.zeros(5, np.int32), 500, width=0.0, floor_bps=1.0, half_life_ms=1e3
    )
    # row 0: +0.4 is inside, -1 touches below at 200; row 1: -1.4 below at 200; row 2: above at 300
    # row 3: nothing until 800; row 4: the horizon passes the end
    assert labels.direction.tolist() == [0, 0, 2, 1, NO_LABEL]
    assert (labels.end_ns // NS_PER_MS).tolist() == [200, 200, 300, 800, 1400]
    np.testing.assert_allclose(labels.move_bps[:4], [-1.0, -1.39994, 3.0003, 0.0], atol=1e-4)


def test_barriers_widen_with_volatility() -> None:
    ts = np.array([0, 500, 1000, 1500, 2500]) * NS_PER_MS
    mid = np.array([10_000.0, 10_003.0, 10_003.0, 10_004.0, 10_004.0])
    narrow, wide = (
        label_barriers(
            ts, mid, np.zeros(5, np.int32), 500, width=width, floor_bps=0.1, half_life_ms=1e12
        )
        for width in (0.1, 1.0)
    )
    # at 1 s sigma is 3 bps a second, 2.12 over 0.5 s: a move of 1 bps touches a tenth of it only
    assert narrow.direction[2] == 2
    assert wide.direction[2] == 1


def test_barriers_never_look_past_a_segment() -> None:
    ts = np.array([0, 0, 100, 100, 600, 600]) * NS_PER_MS
    mid = np.array([100.0, 50.0, 101.0, 50.0, 101.0, 49.0])
    labels = label_barriers(
        ts,
        mid,
        np.array([3, 7, 3, 7, 3, 7], np.int32),
        400,
        width=0.0,
        floor_bps=1.0,
        half_life_ms=1e3,
    )
    assert labels.direction.tolist() == [2, 1, 1, 1, NO_LABEL, NO_LABEL]


def test_meta_labels_tell_whether_to_act_on_imbalance() -> None:
    ts = np.array([0, 1, 2, 3, 4]) * 100 * NS_PER_MS
    mid = np.array([10_000.0, 10_002.0, 10_002.0, 10_000.0, 10_000.0])
    imbalance = np.array([0.6, 0.6, 0.2, -0.7, 0.9])
    params = LabelParams(kind="meta", width=0.0, floor_bps=1.0)
    labels = make_labels(ts, mid, np.zeros(5, np.int32), imbalance, 200, params)
    # up and right; up but down is touched; no call; the last two have no label in time
    assert labels.direction.tolist() == [2, 1, NO_LABEL, NO_LABEL, NO_LABEL]


def test_labels_that_end_early_are_more_unique() -> None:
    ts = np.array([0, 100, 200, 300, 900]) * NS_PER_MS
    mid = np.array([10_000.0, 10_000.4, 9_999.0, 10_002.0, 10_002.0])
    labels = label_barriers(
        ts, mid, np.zeros(5, np.int32), 500, width=0.0, floor_bps=1.0, half_life_ms=1e3
    )
    weight = uniqueness(ts[:4], labels.end_ns[:4], np.zeros(4, np.int32))
    # 0-100 alone, 100-200 shared by two, 200-300 alone, 300-800 alone
    np.testing.assert_allclose(weight, [0.75, 0.5, 1.0, 1.0])


@pytest.mark.parametrize(
    "wrong", [{"width": -1.0}, {"floor_bps": 0.0}, {"bands_percent": (1.5, 0.5)}, {"bar_ms": 0}]
)
def test_a_label_that_means_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"label.{next(iter(wrong))}"):
        LabelParams(**wrong)
