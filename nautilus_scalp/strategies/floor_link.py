"""A strategy's place among those that trade the same instrument."""

from collections.abc import Callable
from collections.abc import Mapping

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.messages import FLOOR_ENDPOINT
from nautilus_scalp.risk.floor import Floor
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Verdict


HAND_OVER = "hand_over"


class FloorLink:
    """
    Asks the run's arbiter, if an ``Arbiter`` runs; else the strategy is alone.

    Parameters
    ----------
    strategy : Strategy
        Who asks.
    instrument_id : InstrumentId
        What it trades.
    priority : Priority
        Of its cases, unless one says otherwise.

    Attributes
    ----------
    priority : Priority
        Of the case that is to be reviewed next.

    """

    def __init__(self, strategy: Strategy, instrument_id: InstrumentId, priority: Priority) -> None:
        self._strategy = strategy
        self._instrument_id = instrument_id
        self._key = ""
        self._floor: Floor | None = None
        self._usual = priority
        self.priority = priority

    def join(self, state: RiskState, leaves: Callable[[], bool]) -> None:
        """Let a live state count, in place of an earlier one, and tell who asks if one leaves."""
        bus = self._strategy.msgbus
        if FLOOR_ENDPOINT in bus.endpoints():
            bus.send(FLOOR_ENDPOINT, self._accept)
        if self._floor is not None:
            self._key = self._strategy.id.value
            self._floor.join(self._key, state, self._usual, leaves)

    def _accept(self, floors: Mapping[InstrumentId, Floor]) -> None:
        self._floor = floors.get(self._instrument_id)

    @property
    def waits(self) -> bool:
        """Whether others are leaving to make room for this strategy."""
        return self._floor is not None and self._floor.waits(self._key)

    @property
    def must_leave(self) -> str | None:
        """Why what is held is to be closed; None when it may stay."""
        leaves = self._floor is not None and self._floor.must_leave(self._key)
        return HAND_OVER if leaves else None

    @property
    def closed(self) -> str | None:
        """Why a strategy that quotes all the time may not now; None when it may."""
        if self._floor is None or not self._floor.shared:
            return None
        verdict = self._floor.review(self._key, self.priority)
        return verdict.reason if isinstance(verdict, Refused) else None

    def review(self) -> Verdict:
        """Judge whether something may be opened on a case of the present `priority`."""
        if self._floor is None:
            return APPROVED
        return self._floor.review(self._key, self.priority)
