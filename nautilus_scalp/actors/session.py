"""The end of a trading session: every strategy is stopped while the market still trades."""

from typing import Protocol

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.trading.strategy import Strategy


class HasStrategies(Protocol):
    """The part of Nautilus's ``Trader`` that the session needs."""

    def strategies(self) -> list[Strategy]:
        """Return the strategies of the run."""


class SessionCloseConfig(ActorConfig, frozen=True):
    """When the session ends.

    Parameters
    ----------
    close_at_ns : int
        Nanoseconds since 1970.

    """

    close_at_ns: int


class SessionClose(Actor):
    """Stops every strategy at one moment.

    An engine that runs out of data stops its strategies too, but then no event is left on which
    their closing orders could be filled, and the last position would never be paid for.

    Parameters
    ----------
    config : SessionCloseConfig
        When.
    trader : HasStrategies
        Whose strategies.

    """

    def __init__(self, config: SessionCloseConfig, trader: HasStrategies) -> None:
        super().__init__(config)
        self._trader = trader

    def on_start(self) -> None:
        """Set the alarm."""
        self.clock.set_time_alert_ns("session-close", self.config.close_at_ns, self._close)

    def _close(self, _event: TimeEvent) -> None:
        for strategy in self._trader.strategies():
            if strategy.is_running:
                strategy.stop()
