"""What the market's regime allows a strategy: whether it trades, how large, with which stops."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.risk.profile import PROFILES
from nautilus_scalp.risk.profile import RiskProfile
from nautilus_scalp.signals.regime import Regime


UNKNOWN_REGIME = "regime_unknown"


class ArbiterParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    In which regimes a strategy trades.

    Parameters
    ----------
    trade_in : tuple[Regime, ...]
        In any other it opens nothing, see `on_leave`. A crash liquidates whether it is listed or
        not, and while the regime is not known nothing is opened.
    apply_profile : bool
        Whether the regime's profile scales sizes and stops.
    on_leave : {"flatten", "run_off"}
        What becomes of a position when such a regime ends: it is closed at once, or it waits for
        its own exits and nothing is added. A crash closes it either way.

    """

    trade_in: tuple[Regime, ...] = tuple(Regime)
    apply_profile: bool = True
    on_leave: Literal["flatten", "run_off"] = "flatten"


class RegimeWatch:
    """
    Follows the regime of an instrument on behalf of a strategy.

    Parameters
    ----------
    strategy : Strategy
        Who listens.
    instrument_id : InstrumentId
        Whose regime.
    params : ArbiterParams, optional
        In which regimes it trades; without them every regime is alike and nobody listens.
    on_blocked : Callable[[], None]
        Called when `blocked` has changed.

    Attributes
    ----------
    blocked : str or None
        Why nothing may be opened now.
    profile : RiskProfile
        What sizes and stops are scaled with.

    """

    def __init__(
        self,
        strategy: Strategy,
        instrument_id: InstrumentId,
        params: ArbiterParams | None,
        on_blocked: Callable[[], None],
    ) -> None:
        self._strategy = strategy
        self._on_blocked = on_blocked
        self._topic = regime_topic(instrument_id)
        self._params = params
        self._listens = False
        self.blocked: str | None = None
        self.profile: RiskProfile = PROFILES[Regime.NORMAL]
        self._forget()

    @property
    def active(self) -> bool:
        """Whether regimes matter to the strategy at all."""
        return self._params is not None

    @property
    def must_leave(self) -> bool:
        """Whether what is held is to be closed: a known regime in which the strategy has no say."""
        if self._params is None or self.blocked is None or self.blocked == UNKNOWN_REGIME:
            return False
        return self._crash or self._params.on_leave == "flatten"

    def open(self) -> None:
        """Listen from now on, through pauses too: only changes are told, and none may be missed."""
        if self.active and not self._listens:
            self._strategy.msgbus.subscribe(self._topic, self.take)
            self._listens = True

    def reset(self) -> None:
        """Forget the regime and listen no longer."""
        if self._listens:
            self._strategy.msgbus.unsubscribe(self._topic, self.take)
            self._listens = False
        self._forget()

    def _forget(self) -> None:
        self.blocked = UNKNOWN_REGIME if self.active else None
        self.profile = PROFILES[Regime.NORMAL]
        self._crash = False

    def take(self, signal: RegimeSignal) -> None:
        """
        Take in that a regime began.

        Parameters
        ----------
        signal : RegimeSignal
            Of the strategy's instrument.

        """
        before = self.blocked
        if self._params is None or signal.regime == UNCLASSIFIED:
            self._forget()
        else:
            self._enter(Regime(signal.regime), self._params)
        if self.blocked != before:
            self._on_blocked()

    def _enter(self, regime: Regime, params: ArbiterParams) -> None:
        if params.apply_profile:
            self.profile = PROFILES[regime]
        self._crash = PROFILES[regime].liquidate
        allowed = regime in params.trade_in and not self._crash
        self.blocked = None if allowed else f"regime_{regime.lower()}"
