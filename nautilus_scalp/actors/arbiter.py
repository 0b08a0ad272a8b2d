"""One arbiter a run: it says which of several strategies may trade an instrument."""

from collections.abc import Callable
from collections.abc import Mapping

from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.messages import FLOOR_ENDPOINT
from nautilus_scalp.risk.floor import Floor
from nautilus_scalp.signals.units import Positive


class ArbiterConfig(ActorConfig, frozen=True):
    """
    Which instruments have one strategy at a time.

    Parameters
    ----------
    instrument_ids : list[InstrumentId]
        The instruments.
    wait_ms : float
        How long a strategy with a better case waits for the others to go flat; then its moment is
        over.

    """

    instrument_ids: list[InstrumentId]
    wait_ms: Positive = 500.0


class Arbiter(Actor):
    """
    Owns the `Floor` of each instrument and hands it to every strategy that asks for it.

    Strategies ask at their start, through an endpoint of the message bus; from then on they call
    the floor itself. Without an arbiter in the configuration strategies do not know of each other.

    Parameters
    ----------
    config : ArbiterConfig
        Which instruments.

    Attributes
    ----------
    floors : dict[InstrumentId, Floor]
        Who trades what.

    """

    def __init__(self, config: ArbiterConfig) -> None:
        super().__init__(config)
        self.floors = {name: Floor(config.wait_ms) for name in config.instrument_ids}

    def on_start(self) -> None:
        """Offer the floors."""
        self.msgbus.register(FLOOR_ENDPOINT, self._hand_over)

    def on_stop(self) -> None:
        """Withdraw the offer; strategies that stop after this keep what they have."""
        self.msgbus.deregister(FLOOR_ENDPOINT, self._hand_over)

    def on_resume(self) -> None:
        """Offer the floors again."""
        self.on_start()

    def on_reset(self) -> None:
        """Forget who was there."""
        self.floors = {name: Floor(self.config.wait_ms) for name in self.floors}

    def _hand_over(self, accept: Callable[[Mapping[InstrumentId, Floor]], None]) -> None:
        accept(self.floors)
