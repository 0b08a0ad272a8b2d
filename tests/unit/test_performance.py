"""Equity, drawdown and ratios."""

import math

import msgspec
import numpy as np
import pytest

from nautilus_scalp.evaluation.fills import NO_PAYMENTS
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments
from nautilus_scalp.evaluation.performance import PerformanceParams
from nautilus_scalp.evaluation.performance import calmar
from nautilus_scalp.evaluation.performance import drawdown
from nautilus_scalp.evaluation.performance import equity_curve
from nautilus_scalp.evaluation.performance import minute_returns
from nautilus_scalp.evaluation.performance import sharpe
from nautilus_scalp.evaluation.performance import sortino
from nautilus_scalp.evaluation.performance import time_grid
from nautilus_scalp.evaluation.resampling import Resampling


SECOND = 1_000_000_000
DAY = PerformanceParams(resampling=Resampling(resamples=200))


def test_equity_is_cash_plus_position_at_mid(paper_fills: Fills, paper_mids: MidSeries) -> None:
    grid = time_grid(0, 100 * SECOND, paper_mids.ts_ns)

    equity = equity_curve(paper_fills, paper_mids, NO_PAYMENTS, grid)

    assert len(grid) == 101
    assert equity[1] == 0.0
    assert equity[2] == pytest.approx(2 * (101.0 - 100.5) - 0.4)
    assert equity[12] == pytest.approx(2 * 103.0 - 201.0 + 102.9 - 103.0 - 0.6)
    assert equity[-1] == pytest.approx(4.1 - 0.8)


def test_funding_enters_equity_when_it_is_paid(paper_fills: Fills, paper_mids: MidSeries) -> None:
    grid = time_grid(0, 100 * SECOND, paper_mids.ts_ns)
    paid = Payments(ts_ns=np.array([50 * SECOND]), amount=np.array([-0.5]))

    difference = equity_curve(paper_fills, paper_mids, paid, grid) - equity_curve(
        paper_fills, paper_mids, NO_PAYMENTS, grid
    )

    assert not difference[:50].any()
    assert difference[50:] == pytest.approx(-0.5)


def test_the_last_point_uses_the_final_mark(paper_fills: Fills, paper_mids: MidSeries) -> None:
    grid = time_grid(0, 50 * SECOND, paper_mids.ts_ns)
    open_long = msgspec.structs.replace(
        paper_fills,
        **{name: getattr(paper_fills, name)[:1] for name in paper_fills.__struct_fields__},
    )

    equity = equity_curve(open_long, paper_mids, NO_PAYMENTS, grid, final_mark=90.0)

    assert equity[-1] == pytest.approx(2 * (90.0 - 100.5) - 0.4)
    assert equity[-2] == pytest.approx(2 * (102.0 - 100.5) - 0.4)


def test_a_window_that_ends_between_seconds_keeps_its_end() -> None:
    quotes = np.array([0])

    assert time_grid(0, 2_500_000_000, quotes).tolist() == [0, SECOND, 2 * SECOND, 2_500_000_000]


def test_months_between_two_recordings_have_no_seconds() -> None:
    year = 365 * 86_400 * SECOND
    quotes = np.array([5 * SECOND + 1, 6 * SECOND, year + SECOND])

    grid = time_grid(0, year + 2 * SECOND, quotes)

    # from the second after the first quote to ten minutes after the last one of the recording
    assert grid[:2].tolist() == [0, 6 * SECOND]
    assert grid[1:-2].tolist() == [second * SECOND for second in range(6, 607)]
    assert grid[-2:].tolist() == [year + SECOND, year + 2 * SECOND]


def test_a_window_without_quotes_has_only_its_ends() -> None:
    assert time_grid(3, 9, np.zeros(0, np.int64)).tolist() == [3, 9]


def test_drawdown_counts_from_zero_and_from_every_peak() -> None:
    assert drawdown(np.array([0.0, 2.0, 1.0, 3.0, -1.0])).tolist() == [0.0, 0.0, 1.0, 0.0, 4.0]
    assert drawdown(np.array([-1.0, 1.0])).tolist() == [1.0, 0.0]


def test_minute_returns_take_full_minutes_only() -> None:
    quotes = np.array([0])
    grid = time_grid(0, 150 * SECOND, quotes)
    equity = np.arange(151.0)

    assert minute_returns(equity, grid, capital=600.0).tolist() == [0.1, 0.1]
    assert len(minute_returns(np.arange(121.0), time_grid(0, 120 * SECOND, quotes), 1.0)) == 2


def test_sharpe_of_two_alternating_returns() -> None:
    returns = np.tile([2e-4, -1e-4], 720)

    ratio = sharpe(returns, DAY)

    assert ratio.value == pytest.approx(0.5 / 1.5 * math.sqrt(1_439 / 1_440 * 525_600))
    assert ratio.reason is None


def test_sortino_divides_by_the_downside_only() -> None:
    returns = np.tile([2e-4, -1e-4], 720)

    downside = math.sqrt(0.5) * 1e-4
    expected = 0.5e-4 / downside * math.sqrt(525_600)
    assert sortino(returns, DAY).value == pytest.approx(expected)


def test_calmar_needs_a_month() -> None:
    returns = np.tile([2e-4, -1e-4], 720)

    assert calmar(returns, DAY).value is None
    month = calmar(
        np.tile(returns, 30), msgspec.structs.replace(DAY, resampling=Resampling(resamples=20))
    )
    assert month.value == pytest.approx(0.5e-4 * 525_600 / 1e-4)


def test_minutes_are_never_annualised() -> None:
    ratio = sharpe(np.full(8, 1e-4), PerformanceParams())

    assert ratio.value is None
    assert ratio.interval is None
    assert "8 minute returns" in ratio.reason


def test_without_risk_there_is_no_ratio() -> None:
    assert sharpe(np.zeros(1_440), DAY).value is None
    assert "no risk" in sharpe(np.zeros(1_440), DAY).reason


def test_no_interval_where_resamples_have_no_risk() -> None:
    returns = np.zeros(1_440)
    returns[700] = -1e-4

    ratio = sharpe(returns, DAY)

    assert ratio.value < 0.0
    assert ratio.interval is None
    assert "no interval" in ratio.reason


def test_the_interval_depends_on_the_seed_only_and_covers_the_truth() -> None:
    returns = np.random.default_rng(3).normal(1e-5, 1e-4, 2_880)

    ratio = sharpe(returns, DAY)

    assert ratio == sharpe(returns.copy(), DAY)
    assert ratio != sharpe(
        returns, msgspec.structs.replace(DAY, resampling=Resampling(resamples=200, seed=1))
    )
    low, high = ratio.interval
    assert low < ratio.value < high
    assert low < 0.1 * math.sqrt(525_600) < high
