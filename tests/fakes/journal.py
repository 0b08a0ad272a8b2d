"""An actor that writes down every order event of the run, one JSON object a line, as it happens."""

import json
import os
from pathlib import Path

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.events import OrderUpdated


class JournalConfig(ActorConfig, frozen=True):
    """Where the journal goes, and whether it may wait until the end; a restarted run writes on."""

    path: str
    at_the_end: bool = False


class Journal(Actor):
    """Every line reaches the file system at once, so that a kill loses none, or all at the end."""

    def on_start(self) -> None:
        """Open the file and listen."""
        self._file = os.open(Path(self.config.path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._kept: list[OrderEvent] = []
        self._write({"event": "Start"})
        self.msgbus.subscribe("events.order.*", self._on_event)

    def on_stop(self) -> None:
        """Mark a clean end."""
        self.msgbus.unsubscribe("events.order.*", self._on_event)
        for event in self._kept:
            self._note(event)
        self._write({"event": "Stop"})
        os.close(self._file)

    def _on_event(self, event: OrderEvent) -> None:
        if self.config.at_the_end:
            self._kept.append(event)
        else:
            self._note(event)

    def _note(self, event: OrderEvent) -> None:
        line = {"event": type(event).__name__, "order": event.client_order_id.value}
        if event.venue_order_id is not None:
            line["venue_order"] = event.venue_order_id.value
        if isinstance(event, OrderInitialized | OrderUpdated):
            line["of"] = str(event.quantity)
        if isinstance(event, OrderFilled):
            line |= {
                "trade": f"{event.instrument_id} {event.trade_id}",
                "instrument": event.instrument_id.value,
                "qty": str(event.last_qty),
                "price": str(event.last_px),
                "side": 1 if event.is_buy else -1,
                "fee": str(event.commission.as_decimal()),
            }
        self._write(line)

    def _write(self, line: dict[str, object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
