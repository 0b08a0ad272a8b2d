"""Markouts against sums done on paper."""

import pytest

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.markouts import measure_markouts


def test_markouts_are_weighted_by_notional_and_leave_out_what_ends_too_late(
    paper_fills: Fills, paper_mids: MidSeries
) -> None:
    markouts = measure_markouts(paper_fills, paper_mids, [1_000, 10_000, 60_000, 99_000])

    # after 1 s: 2 * (101 - 100.5) - (103 - 102.9) - (102 - 102.2)
    assert markouts[1_000].pnl == pytest.approx(1.0 - 0.1 + 0.2)
    assert markouts[1_000].fills == 3
    # after 10 s: the third fill's horizon ends after the last quote
    assert markouts[10_000].bps == pytest.approx((1.0 - 0.1) / (201.0 + 102.9) * 1e4)
    assert markouts[10_000].fills == 2
    # after 60 s: 2 * (102 - 100.5) - (102 - 102.9)
    assert markouts[60_000].bps == pytest.approx((3.0 + 0.9) / (201.0 + 102.9) * 1e4)


def test_a_horizon_that_no_fill_reaches_has_no_value(
    paper_fills: Fills, paper_mids: MidSeries
) -> None:
    late = measure_markouts(paper_fills, paper_mids, [99_000])[99_000]

    assert late.fills == 0
    assert late.bps is None


def test_a_horizon_that_ends_with_the_data_still_counts(
    paper_fills: Fills, paper_mids: MidSeries
) -> None:
    assert measure_markouts(paper_fills, paper_mids, [5_000])[5_000].fills == 3
    assert measure_markouts(paper_fills, paper_mids, [5_001])[5_001].fills == 2


def test_pooling_is_the_same_as_measuring_together(
    paper_fills: Fills, paper_mids: MidSeries
) -> None:
    one = measure_markouts(paper_fills, paper_mids, [1_000])[1_000]

    both = one + one

    assert both.bps == pytest.approx(one.bps)
    assert both.fills == 2 * one.fills
