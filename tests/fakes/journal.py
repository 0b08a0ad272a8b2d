"""An actor that writes down every order event of the run, one JSON object a line, as it happens."""

import json
import os
from pathlib import Path

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled


class JournalConfig(ActorConfig, frozen=True):
    """Where the journal goes; a restarted run writes on."""

    path: str


class Journal(Actor):
    """Every line reaches the file system at once, so that a kill loses none."""

    def on_start(self) -> None:
        """Open the file and listen."""
        self._file = os.open(Path(self.config.path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._write({"event": "Start"})
        self.msgbus.subscribe("events.order.*", self._on_event)

    def on_stop(self) -> None:
        """Mark a clean end."""
        self.msgbus.unsubscribe("events.order.*", self._on_event)
        self._write({"event": "Stop"})
        os.close(self._file)

    def _on_event(self, event: OrderEvent) -> None:
        line = {"event": type(event).__name__, "order": event.client_order_id.value}
        if isinstance(event, OrderFilled):
            line |= {
                "qty": str(event.last_qty),
                "price": str(event.last_px),
                "side": 1 if event.is_buy else -1,
                "fee": str(event.commission.as_decimal()),
            }
        self._write(line)

    def _write(self, line: dict[str, object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
