"""The directional desk on a position that it did not open itself."""

import math
from collections import Counter

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.risk.limits import RiskState
from nautilus_scalp.strategies.directional import DirectionalDesk
from nautilus_scalp.strategies.directional import EntryParams


class FakeExecution:
    """A position of 1 BTC long from 100, found in the cache after a restart."""

    def __init__(self) -> None:
        self.state = RiskState(bid=100.0, ask=100.1, position_qty=1.0)
        self.position = OpenPosition(BUY, 100.0, 0)
        self.leaving = False
        self.idle = False

    def leave(self) -> None:
        """Note that the position is to be closed."""
        self.leaving = True

    def cancel_all(self) -> None:
        """Have no orders."""


def test_a_position_taken_over_is_watched_as_soon_as_volatility_is_known() -> None:
    execution, refusals = FakeExecution(), Counter()
    exits = ExitParams(stop_loss=2.0, threshold_unit="volatility")
    desk = DirectionalDesk(execution, EntryParams(), exits, refusals)  # type: ignore[arg-type]
    desk.manage(math.nan)
    assert refusals == {"volatility_unknown": 1}
    desk.manage(0.005)
    execution.state.bid = 99.1
    desk.manage(0.1)  # the distance stays what it was: 2 x 0.5 %
    assert not execution.leaving
    execution.state.bid = 99.0
    desk.manage(0.1)
    assert execution.leaving
    assert desk.exit_reasons == {"stop_loss": 1}
    assert not desk.free
