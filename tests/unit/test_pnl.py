"""The P&L split and round trips, against sums done on paper."""

import numpy as np
import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments
from nautilus_scalp.evaluation.pnl import is_flat
from nautilus_scalp.evaluation.pnl import reference_mids
from nautilus_scalp.evaluation.pnl import round_trips
from nautilus_scalp.evaluation.pnl import split_pnl


type Fill = tuple[float, int, float, float, float, bool]


def make_fills(rows: list[Fill]) -> Fills:
    """Rows of (second, side, price, qty, fee, is_maker)."""
    seconds, side, price, qty, fee, is_maker = zip(*rows, strict=True)
    return Fills(
        ts_event_ns=np.array(seconds, np.int64) * 1_000_000_000,
        side=np.array(side, np.int8),
        price=np.array(price, np.float64),
        qty=np.array(qty, np.float64),
        fee=np.array(fee, np.float64),
        is_maker=np.array(is_maker, np.bool_),
    )


def test_split_of_three_fills(paper_fills: Fills, paper_mids: MidSeries) -> None:
    # buy 2 at 100.5: mid 101 before, 101 after 10 s, 104 at the end: spread 1, adverse 0, inv. 6
    # sell 1 at 102.9 as taker on the quote of 103: spread -0.1, adverse 0, inventory -1
    # sell 1 at 102.2: mid 102, the horizon is cut at the end's 104: spread 0.2, adverse -2
    split = split_pnl(paper_fills, paper_mids)

    assert split.spread == pytest.approx(1.1)
    assert split.adverse_selection == pytest.approx(-2.0)
    assert split.inventory == pytest.approx(5.0)
    assert split.gross == pytest.approx(102.9 + 102.2 - 2 * 100.5)


def test_final_mark_moves_inventory_by_the_open_position(paper_mids: MidSeries) -> None:
    still_long = make_fills([(12, 1, 103.0, 2.0, 0.0, False)])

    at_mid = split_pnl(still_long, paper_mids)
    at_bid = split_pnl(still_long, paper_mids, final_mark=103.5)

    assert at_mid.inventory - at_bid.inventory == pytest.approx(2.0 * 0.5)
    assert at_mid.spread == at_bid.spread


def test_a_resting_order_is_judged_by_the_mid_before_the_quote_that_crossed_it(
    paper_mids: MidSeries,
) -> None:
    crossed = make_fills([(12, -1, 101.5, 1.0, 0.0, True)])
    aggressive = make_fills([(12, -1, 101.5, 1.0, 0.0, False)])

    assert reference_mids(crossed, paper_mids).tolist() == [101.0]
    assert reference_mids(aggressive, paper_mids).tolist() == [103.0]


def test_a_fill_before_the_first_quote_is_refused(paper_mids: MidSeries) -> None:
    early = make_fills([(0, 1, 100.0, 1.0, 0.0, True)])

    with pytest.raises(InputError, match="before the first quote"):
        split_pnl(early, paper_mids)


def test_one_round_trip_nets_all_its_fills(paper_fills: Fills) -> None:
    trips = round_trips(paper_fills)

    assert trips.net.tolist() == pytest.approx([4.1 - 0.8])
    assert trips.duration_ns.tolist() == [93_500_000_000]
    assert trips.win_rate == 1.0
    assert trips.profit_factor is None


def test_a_fill_that_turns_the_position_is_cut_at_zero() -> None:
    # long 1 at 100, sell 3 at 101 (fee 0.3: a third closes), buy 2 at 102
    trips = round_trips(
        make_fills(
            [
                (1, 1, 100.0, 1.0, 0.0, True),
                (4, -1, 101.0, 3.0, 0.3, True),
                (9, 1, 102.0, 2.0, 0.2, True),
            ]
        )
    )

    assert trips.net.tolist() == pytest.approx([1.0 - 0.1, -2.0 - 0.2 - 0.2])
    assert trips.duration_ns.tolist() == [3_000_000_000, 5_000_000_000]
    assert trips.win_rate == 0.5
    assert trips.profit_factor == pytest.approx(0.9 / 2.4)


def test_binary_fractions_close_a_position() -> None:
    rows = [
        (1, 1, 100.0, 0.1, 0.0, True),
        (2, 1, 100.0, 0.2, 0.0, True),
        (3, -1, 100.0, 0.3, 0.0, True),
    ]

    assert len(round_trips(make_fills(rows))) == 1
    assert is_flat(make_fills(rows))
    assert not is_flat(make_fills(rows[:2]))


def test_an_open_position_is_no_round_trip() -> None:
    assert len(round_trips(make_fills([(1, 1, 100.0, 1.0, 0.0, True)]))) == 0


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([(2, 1, 1.0, 1.0, 0.0, True), (1, 1, 1.0, 1.0, 0.0, True)], "times go back"),
        ([(1, 0, 1.0, 1.0, 0.0, True)], "side"),
        ([(1, 1, np.nan, 1.0, 0.0, True)], "price"),
        ([(1, 1, 1.0, 0.0, 0.0, True)], "quantity"),
        ([(1, 1, 1.0, 1.0, np.inf, True)], "fee"),
    ],
)
def test_impossible_fills_are_refused(rows: list[Fill], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make_fills(rows)


def test_impossible_mids_and_payments_are_refused() -> None:
    with pytest.raises(InputError, match="length"):
        MidSeries(ts_ns=np.zeros(2, np.int64), mid=np.zeros(1))
    with pytest.raises(InputError, match="mid price"):
        MidSeries(ts_ns=np.zeros(1, np.int64), mid=np.array([np.nan]))
    with pytest.raises(InputError, match="payment"):
        Payments(ts_ns=np.zeros(1, np.int64), amount=np.array([np.inf]))
