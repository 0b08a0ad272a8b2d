"""The break-even fee."""

import pytest

from nautilus_scalp.evaluation.breakeven import breakeven_fee_bps
from nautilus_scalp.evaluation.breakeven import effective_fee_bps


def test_paying_the_break_even_fee_leaves_nothing() -> None:
    gross, funding, volume = 37.5, -4.25, 812_345.6

    fee_bps = breakeven_fee_bps(gross, funding, volume)

    assert gross + funding - fee_bps / 1e4 * volume == pytest.approx(0.0, abs=1e-9)


def test_a_loss_before_fees_needs_a_rebate() -> None:
    assert breakeven_fee_bps(gross=-10.0, funding=0.0, volume=100_000.0) == pytest.approx(-1.0)


def test_without_volume_there_is_no_fee() -> None:
    assert breakeven_fee_bps(gross=0.0, funding=0.0, volume=0.0) is None
    assert effective_fee_bps(fees=0.0, volume=0.0) is None
