"""What `soak_live.py` loads into the trader: a stopwatch, and a strategy that answers ticks."""

import json
from pathlib import Path

import numpy as np
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from benchmarks import soak_marks as marks
from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import SIGNAL_TYPE


_NS_PER_S = 1_000_000_000
_FAR_AWAY = 0.99
_NO_FRAMES = [(0, 0, 0)]


class Clocked:
    """The quote in hand: its frame, when it was decoded, when the first handler got it."""

    frame: marks.Frame = (b"", 0, 0)
    decoded_ns = 0
    entered_ns = 0


class StopwatchConfig(ActorConfig, frozen=True):
    """Whose quotes to clock, and where to write what was seen in every second."""

    instrument_ids: list[InstrumentId]
    path: str


class Stopwatch(Actor):
    """Sees every tick before anybody else, and writes how long frames wait and take."""

    def __init__(self, config: StopwatchConfig) -> None:
        super().__init__(config)
        self._ticks = 0

    def on_start(self) -> None:
        """Listen, and write once a second."""
        self._file = Path(self.config.path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 (closed at the stop)
        for instrument_id in self.config.instrument_ids:
            self.subscribe_quote_ticks(instrument_id)
            self.subscribe_trade_ticks(instrument_id)
        self.clock.set_timer_ns(
            "second", _NS_PER_S, self.clock.timestamp_ns(), 0, lambda _event: self._write()
        )

    def on_stop(self) -> None:
        """Write the last second."""
        self._write()
        self._file.close()

    def on_quote_tick(self, _tick: QuoteTick) -> None:
        """Note the time of entry."""
        Clocked.entered_ns = marks.now()
        Clocked.frame, Clocked.decoded_ns = marks.next_quote()
        self._ticks += 1

    def on_trade_tick(self, _tick: TradeTick) -> None:
        """Count."""
        self._ticks += 1

    def _write(self) -> None:
        came, begun, done = np.array(marks.take_handled() or _NO_FRAMES).T
        wait = np.percentile((begun - came) / 1e3, (50, 99, 100)).tolist()
        service = np.percentile((done - begun) / 1e3, (50, 99)).tolist()
        line = {
            "ticks": self._ticks,
            "frames": len(came),
            "busy": float((done - begun).sum()) / _NS_PER_S,
            **dict(zip(("wait_p50_us", "wait_p99_us", "wait_max_us"), wait, strict=True)),
            **dict(zip(("service_p50_us", "service_p99_us"), service, strict=True)),
        }
        self._file.write(json.dumps(line) + "\n")
        self._ticks = 0


class ReactorConfig(StrategyConfig, frozen=True):
    """What to answer, how rarely (ns), and where to write when an answer passed what."""

    instrument_id: InstrumentId
    pause_ns: int
    path: str


class Reactor(Strategy):
    """Answers a signal with an order that names its quote, far from the market."""

    def __init__(self, config: ReactorConfig) -> None:
        super().__init__(config)
        self._next_ns = 0
        self._stamps: dict[str, marks.Stamps] = {}

    def on_start(self) -> None:
        """Listen to signals."""
        self.subscribe_data(
            SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self.config.instrument_id
        )

    def on_data(self, _signal: Data) -> None:
        """Answer, at most once a pause, and cancel what was answered before."""
        signalled = marks.now()
        if signalled < self._next_ns:
            return
        self._next_ns = signalled + self.config.pause_ns
        client_id = f"t{marks.number_of(Clocked.frame)}-{len(self._stamps)}"
        instrument = self.cache.instrument(self.config.instrument_id)
        bid = self.cache.quote_tick(instrument.id).bid_price.as_double()
        order = self.order_factory.limit(
            instrument.id,
            OrderSide.BUY,
            instrument.make_qty(1),
            instrument.make_price(bid * _FAR_AWAY),
            post_only=True,
            client_order_id=ClientOrderId(client_id),
        )
        made = marks.now()
        self.submit_order(order)
        _raw, came, begun = Clocked.frame
        self._stamps[client_id] = {
            "thread": came,
            "loop": begun,
            "decoded": Clocked.decoded_ns,
            "entered": Clocked.entered_ns,
            "signal": signalled,
            "made": made,
        }
        for old in self.cache.orders_open(strategy_id=self.id):
            self.cancel_order(old)

    def on_stop(self) -> None:
        """Leave nothing behind, and write the stamps of every answer."""
        self.cancel_all_orders(self.config.instrument_id)
        stamps = {name: own | marks.stamps_of(name) for name, own in self._stamps.items()}
        Path(self.config.path).write_text(json.dumps(stamps), encoding="utf-8")
