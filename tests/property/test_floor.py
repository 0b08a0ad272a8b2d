"""Whatever the order of events, two strategies never hold or work an instrument at once."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.risk.floor import Floor
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState


NAMES = ("maker", "reversion", "breakout")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(("open", "fill", "close")),
        st.sampled_from(tuple(Priority)),
        st.integers(0, 60),
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(STEPS)
def test_one_at_a_time(steps: list[tuple[str, str, Priority, int]]) -> None:
    floor, now_ms = Floor(100.0), 0
    states = {name: RiskState() for name in NAMES}
    for name, state in states.items():
        floor.join(name, state, Priority.CASE, lambda: False)
    for name, deed, priority, passed_ms in steps:
        now_ms += passed_ms
        for state in states.values():
            state.now_ns = now_ms * 1_000_000
        state = states[name]
        if deed == "open" and floor.review(name, priority) is APPROVED:
            state.working_orders += 1
        elif deed == "fill" and state.working_orders:
            state.working_orders -= 1
            state.position_qty += 1.0
        elif deed == "close":
            state.working_orders, state.position_qty = 0, 0.0
        busy = [s for s in states.values() if s.working_orders or s.position_qty]
        assert len(busy) <= 1
        assert not (floor.must_leave(name) and floor.waits(name))
