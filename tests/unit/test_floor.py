"""One strategy at a time: who may open, who has to leave, and for how long a claim lasts."""

import pytest

from nautilus_scalp.risk.floor import HAND_OVER
from nautilus_scalp.risk.floor import RESERVED
from nautilus_scalp.risk.floor import TAKEN
from nautilus_scalp.risk.floor import Floor
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState


MS = 1_000_000
QUOTES, CASE, CONFIRMED = Priority.QUOTES, Priority.CASE, Priority.CONFIRMED_BREAKOUT


class Room:
    """A floor with a maker, a reversion and a breakout, and one clock for the three."""

    def __init__(self) -> None:
        self.floor = Floor(wait_ms=100.0)
        self.leave: set[str] = set()
        self.states = {name: RiskState() for name in ("maker", "reversion", "breakout")}
        for name, priority in zip(self.states, (QUOTES, CASE, CASE), strict=True):
            self.floor.join(name, self.states[name], priority, lambda name=name: name in self.leave)

    def at(self, ms: int) -> Floor:
        """Set everybody's clock."""
        for state in self.states.values():
            state.now_ns = ms * MS
        return self.floor


def test_an_empty_floor_is_for_anybody_and_then_taken() -> None:
    room = Room()
    floor = room.at(0)
    assert floor.review("reversion", CASE) is APPROVED
    room.states["reversion"].working_orders = 1
    assert floor.review("breakout", CASE) is TAKEN  # no better: who came first stays
    assert floor.review("maker", QUOTES) is TAKEN
    assert floor.review("reversion", CASE) is APPROVED  # it may add to its own
    assert not floor.must_leave("reversion")


@pytest.mark.parametrize(("held", "orders"), [(0.5, 0), (-0.5, 0), (0.0, 2)])
def test_a_better_case_waits_until_the_floor_is_empty(held: float, orders: int) -> None:
    room = Room()
    floor, maker = room.at(0), room.states["maker"]
    assert floor.review("maker", QUOTES) is APPROVED
    maker.position_qty, maker.working_orders = held, orders
    assert floor.review("reversion", CASE) is HAND_OVER
    assert floor.must_leave("maker")
    assert floor.review("maker", QUOTES) is RESERVED  # nothing more from those who leave
    room.at(50)
    assert floor.waits("reversion")
    assert floor.review("reversion", CASE) is HAND_OVER
    maker.position_qty, maker.working_orders = 0.0, 0
    assert floor.review("maker", QUOTES) is RESERVED
    assert floor.review("reversion", CASE) is APPROVED
    assert floor.hand_overs == 1
    assert not floor.waits("reversion")


def test_the_best_case_wins_a_claim() -> None:
    room = Room()
    floor = room.at(0)
    room.states["maker"].position_qty = 1.0
    assert floor.review("reversion", CASE) is HAND_OVER
    assert floor.review("breakout", CASE) is RESERVED
    assert floor.review("breakout", CONFIRMED) is HAND_OVER
    assert not floor.waits("reversion")
    room.states["maker"].position_qty = 0.0
    assert floor.review("reversion", CASE) is RESERVED
    assert floor.review("breakout", CONFIRMED) is APPROVED


def test_a_confirmed_breakout_takes_over_from_a_reversion_and_nobody_from_it() -> None:
    room = Room()
    floor = room.at(0)
    assert floor.review("reversion", CASE) is APPROVED
    room.states["reversion"].position_qty = 1.0
    assert floor.review("breakout", CONFIRMED) is HAND_OVER
    assert floor.must_leave("reversion")
    room.states["reversion"].position_qty = 0.0
    assert floor.review("breakout", CONFIRMED) is APPROVED
    room.states["breakout"].position_qty = -1.0
    assert floor.review("reversion", CASE) is TAKEN
    assert not floor.must_leave("breakout")


def test_a_claim_lapses() -> None:
    room = Room()
    floor = room.at(0)
    room.states["maker"].position_qty = 1.0
    floor.review("reversion", CASE)
    room.at(60)
    floor.review("reversion", CASE)  # asking again does not prolong it
    room.at(100)
    assert not floor.waits("reversion")
    assert not floor.must_leave("maker")
    assert floor.review("maker", QUOTES) is APPROVED
    assert floor.hand_overs == 0


def test_one_that_leaves_by_itself_makes_room_for_any_case() -> None:
    room = Room()
    floor = room.at(0)
    assert floor.review("reversion", CASE) is APPROVED
    room.states["reversion"].position_qty = 1.0
    assert floor.review("maker", QUOTES) is TAKEN
    room.leave = {"reversion"}
    assert floor.review("maker", QUOTES) is HAND_OVER
    room.states["reversion"].position_qty = 0.0
    assert floor.review("maker", QUOTES) is APPROVED


def test_what_is_held_after_a_restart_counts() -> None:
    floor = Floor(100.0)

    def stays() -> bool:
        return False

    held = RiskState(position_qty=2.0)
    floor.join("reversion", held, CASE, stays)
    floor.join("maker", RiskState(), QUOTES, stays)
    assert floor.review("maker", QUOTES) is TAKEN
    floor.join("reversion", RiskState(), CASE, stays)  # it paused, and came back flat
    assert floor.review("maker", QUOTES) is APPROVED
