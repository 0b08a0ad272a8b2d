"""Whatever was traded: the split adds up, and round trips keep every cent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.evaluation.breakeven import breakeven_fee_bps
from nautilus_scalp.evaluation.fills import NO_PAYMENTS
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.performance import equity_curve
from nautilus_scalp.evaluation.performance import time_grid
from nautilus_scalp.evaluation.pnl import round_trips
from nautilus_scalp.evaluation.pnl import split_pnl


SECOND = 1_000_000_000
type Market = tuple[Fills, MidSeries]

PRICES = st.integers(90_000, 110_000).map(lambda ticks: ticks / 1_000)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Draw mids from second 0 on, and fills from second 1 on that end flat."""
    steps = draw(st.lists(st.integers(0, 20_000), min_size=1, max_size=30))
    ts_ns = np.cumsum([0, *steps]) * 1_000_000
    mid = np.array(draw(st.lists(PRICES, min_size=len(ts_ns), max_size=len(ts_ns))))
    n = draw(st.integers(1, 20))
    times = sorted(draw(st.lists(st.integers(1_000, 60_000), min_size=n, max_size=n)))
    signed = draw(st.lists(st.integers(-5, 5).filter(bool), min_size=n, max_size=n))
    if sum(signed):
        signed, times = [*signed, -sum(signed)], [*times, 60_001]
    price = draw(st.lists(PRICES, min_size=len(signed), max_size=len(signed)))
    fee = draw(st.lists(st.floats(-1, 1), min_size=len(signed), max_size=len(signed)))
    maker = draw(st.lists(st.booleans(), min_size=len(signed), max_size=len(signed)))
    fills = Fills(
        ts_event_ns=np.array(times, np.int64) * 1_000_000,
        side=np.sign(signed).astype(np.int8),
        price=np.array(price),
        qty=np.abs(signed) * 0.1,
        fee=np.array(fee),
        is_maker=np.array(maker),
    )
    return fills, MidSeries(ts_ns=ts_ns.astype(np.int64), mid=mid)


@given(markets(), st.none() | PRICES, st.integers(0, 100_000))
@settings(max_examples=150)
def test_the_parts_add_up_to_gross(
    market: Market, final_mark: float | None, horizon_ms: int
) -> None:
    fills, mids = market
    mark = mids.mid[-1] if final_mark is None else final_mark

    split = split_pnl(fills, mids, final_mark, horizon_ms)

    gross = np.sum(fills.side * fills.qty * (mark - fills.price))
    assert split.gross == pytest.approx(gross, abs=1e-9)


@given(markets())
@settings(max_examples=150)
def test_round_trips_and_equity_end_at_the_same_net(market: Market) -> None:
    fills, mids = market
    cash = -np.sum(fills.side * fills.qty * fills.price) - np.sum(fills.fee)
    end_ns = int(max(mids.ts_ns[-1], fills.ts_event_ns[-1]))

    equity = equity_curve(fills, mids, NO_PAYMENTS, time_grid(0, end_ns, mids.ts_ns))

    assert np.sum(round_trips(fills).net) == pytest.approx(cash, abs=1e-7)
    assert equity[-1] == pytest.approx(cash, abs=1e-7)


@given(markets(), st.floats(-10, 10))
@settings(max_examples=50)
def test_a_constant_fee_shifts_net_and_leaves_break_even_alone(
    market: Market, fee_bps: float
) -> None:
    fills, mids = market
    gross, volume = split_pnl(fills, mids).gross, float(np.sum(fills.notional))

    net = gross - fee_bps / 1e4 * volume

    breakeven = breakeven_fee_bps(gross, 0.0, volume)
    assert net == pytest.approx((breakeven - fee_bps) / 1e4 * volume, abs=1e-9)
