"""Who may trade an instrument that several strategies want: one at a time, the best case first."""

from collections.abc import Callable
from collections.abc import Hashable
from enum import IntEnum

from msgspec import Struct

from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Verdict


TAKEN = Refused("instrument_taken")
RESERVED = Refused("instrument_reserved")
HAND_OVER = Refused("waits_for_hand_over")

_NS_PER_MS = 1_000_000


class Priority(IntEnum):
    """
    How good a case for trading is.

    A breakout that the model agrees with comes before a reversion, and a reversion before market
    making. A breakout without the model's agreement is as good as a reversion: the first one stays.
    """

    QUOTES = 1
    CASE = 2
    CONFIRMED_BREAKOUT = 3


class _Member(Struct):
    """One strategy; its state is the live one."""

    state: RiskState
    priority: Priority
    leaves: Callable[[], bool]

    @property
    def rank(self) -> int:
        """How good a case has to be to take its place; any will do when it leaves anyway."""
        return 0 if self.leaves() else self.priority

    @property
    def busy(self) -> bool:
        """Whether it holds something or an order of it may still fill."""
        return self.state.position_qty != 0.0 or self.state.working_orders > 0


class _Claim(Struct, frozen=True):
    """A better case that waits for others to leave."""

    key: Hashable
    priority: Priority
    until_ns: int


class Floor:
    """
    Lets one strategy at a time trade an instrument.

    A strategy holds the floor while it has a position or an order that may still fill, so two
    never fight and their positions never add up. One with a better case claims the floor: the
    others go flat, nobody else opens anything, and once they are flat the claimant may open. A
    claim that was not used in time lapses.

    Parameters
    ----------
    wait_ms : float
        How long a claim lasts.

    Attributes
    ----------
    hand_overs : int
        Claims that made another strategy leave and were used.
    shared : bool
        Whether there is more than one strategy; one alone is never turned away.

    """

    def __init__(self, wait_ms: float) -> None:
        self._wait_ns = round(wait_ms * _NS_PER_MS)
        self._members: dict[Hashable, _Member] = {}
        self._claim: _Claim | None = None
        self.hand_overs = 0
        self.shared = False

    def join(
        self, key: Hashable, state: RiskState, priority: Priority, leaves: Callable[[], bool]
    ) -> None:
        """
        Count a strategy from now on.

        Parameters
        ----------
        key : Hashable
            Of the strategy; joining again replaces its state.
        state : RiskState
            The live one, which the strategy keeps up to date.
        priority : Priority
            Of what it may hold already, after a restart.
        leaves : Callable[[], bool]
            Tells whether it has to go flat anyway, such as when its regime ended.

        """
        self._members[key] = _Member(state, priority, leaves)
        self.shared = len(self._members) > 1

    def review(self, key: Hashable, priority: Priority) -> Verdict:
        """
        Judge whether a strategy may open something now; where only lesser cases stand, claim.

        Parameters
        ----------
        key : Hashable
            Of the strategy.
        priority : Priority
            Of its case.

        Returns
        -------
        Verdict
            ``APPROVED``; or ``Refused``: another case is as good, another one has claimed the
            floor, or others are about to leave it.

        """
        me = self._members[key]
        if not self.shared:
            me.priority = priority
            return APPROVED
        claim = self._claim_at(me.state.now_ns)
        mine = claim is not None and claim.key == key
        if claim is not None and not mine and claim.priority >= priority:
            return RESERVED
        others = [other for name, other in self._members.items() if name != key and other.busy]
        if not others:
            self.hand_overs += mine
            self._claim = None
            me.priority = priority
            return APPROVED
        if any(other.rank >= priority for other in others):
            return TAKEN
        if not mine:
            self._claim = _Claim(key, priority, me.state.now_ns + self._wait_ns)
        return HAND_OVER

    def waits(self, key: Hashable) -> bool:
        """Return whether a strategy's claim is still good."""
        claim = self._claim_at(self._members[key].state.now_ns)
        return claim is not None and claim.key == key

    def must_leave(self, key: Hashable) -> bool:
        """Return whether a strategy has to make room for a better case."""
        me = self._members[key]
        claim = self._claim_at(me.state.now_ns)
        return claim is not None and claim.key != key and me.busy and claim.priority > me.rank

    def _claim_at(self, now_ns: int) -> _Claim | None:
        claim = self._claim
        return claim if claim is not None and now_ns < claim.until_ns else None
