"""The ledger, fill by fill."""

import pytest

from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.strategies.ledger import Ledger


def test_entries_average_and_exits_keep_the_entry() -> None:
    ledger = Ledger(3)
    ledger.book(1.0, 100.0, 10)
    ledger.book(3.0, 104.0, 20)
    assert ledger.position == OpenPosition(BUY, 103.0, 10)
    ledger.book(-2.0, 110.0, 30)
    assert ledger.position == OpenPosition(BUY, 103.0, 10)
    assert ledger.state.position_qty == 2.0


def test_a_fill_through_nought_opens_the_other_side() -> None:
    ledger = Ledger(3)
    ledger.book(1.0, 100.0, 10)
    ledger.book(-1.5, 101.0, 20)
    assert ledger.position == OpenPosition(SELL, 101.0, 20)


def test_tenths_add_up_to_nought() -> None:
    ledger = Ledger(1)
    for _ in range(3):
        ledger.book(0.1, 100.0, 10)
    ledger.book(-0.3, 100.0, 20)
    assert ledger.idle
    assert ledger.position is None


def test_working_quantity_counts_what_can_open() -> None:
    ledger = Ledger(3)
    ledger.add(WorkingOrder("a", BUY, 100.0, 1.0))
    ledger.add(WorkingOrder("b", SELL, 101.0, 2.0))
    ledger.add(WorkingOrder("c", SELL, 101.0, 4.0, reduce_only=True))
    state = ledger.state
    assert (state.working_buy_qty, state.working_sell_qty, state.working_orders) == (1.0, 2.0, 3)
    ledger.drop("b")
    assert (state.working_buy_qty, state.working_sell_qty, state.working_orders) == (1.0, 0.0, 2)
    assert not ledger.idle


def test_a_round_trip_is_worth_its_gain_less_all_its_fees() -> None:
    ledger = Ledger(3)
    assert ledger.book(1.0, 100.0, 10, fee=0.1) is None
    assert ledger.book(1.0, 102.0, 20, fee=0.1) is None
    assert ledger.book(-1.5, 103.0, 30, fee=0.2) is None
    assert ledger.book(-0.5, 104.0, 40, fee=0.1) == pytest.approx(1.5 * 2.0 + 0.5 * 3.0 - 0.5)
    assert ledger.book(-1.0, 100.0, 50) is None
    assert ledger.book(1.0, 101.0, 60) == pytest.approx(-1.0)


def test_a_turn_closes_one_round_trip_and_begins_another() -> None:
    ledger = Ledger(3)
    ledger.book(1.0, 100.0, 10)
    assert ledger.book(-3.0, 101.0, 20, fee=0.3) == pytest.approx(1.0 - 0.1)
    assert ledger.book(2.0, 100.0, 30, fee=0.1) == pytest.approx(2.0 - 0.2 - 0.1)
