"""An actor that notes the latest book, mark price and funding rate of an instrument in a file."""

import json
from pathlib import Path

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.actors.side_feed import subscribe_side
from nautilus_scalp.bridge import book_values
from nautilus_scalp.bridge import funding_rate_value
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import LEVELS
from nautilus_scalp.features.tape import MARK


class ListenerConfig(ActorConfig, frozen=True):
    """What to listen to, and where to write."""

    instrument_id: InstrumentId
    path: str


class Listener(Actor):
    """Subscribes as the ensemble does, through the venue's own client."""

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__(config)
        self._heard: dict[str, object] = {}

    def on_start(self) -> None:
        """Subscribe."""
        subscribe_side(self, self.config.instrument_id, frozenset({DEPTH, MARK, FUNDING}))

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """Note the ten best levels."""
        levels = book_values(self.cache.order_book(deltas.instrument_id), LEVELS)
        if levels is not None:
            self._note("book", levels.tolist())

    def on_mark_price(self, mark_price: MarkPriceUpdate) -> None:
        """Note the mark price."""
        self._note("mark", str(mark_price.value))

    def on_funding_rate(self, funding_rate: FundingRateUpdate) -> None:
        """Note the rate."""
        self._note("funding", funding_rate_value(funding_rate))

    def on_data(self, data: Data) -> None:
        """Note the rate in Binance's own message."""
        self._note("funding", funding_rate_value(data))

    def _note(self, name: str, value: object) -> None:
        self._heard[name] = value
        file = Path(self.config.path)
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._heard), encoding="utf-8")
        temporary.replace(file)
