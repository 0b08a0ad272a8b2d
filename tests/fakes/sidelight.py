"""An actor that listens to everything a venue says beside quotes and trades."""

from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.actors.side_feed import subscribe_side
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK


class SidelightConfig(ActorConfig, frozen=True):
    """Whose sidelights."""

    instrument_id: InstrumentId


class Sidelight(Actor):
    """Subscribes, so that a recorder has something to hear."""

    def on_start(self) -> None:
        """Listen."""
        subscribe_side(self, self.config.instrument_id, frozenset({DEPTH, MARK, FUNDING}))
