"""What `soak_live.py` loads into the trader: a stopwatch, and a strategy that answers ticks."""

import json
import time
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

from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import SIGNAL_TYPE


_NS_PER_MS = 1_000_000
_FAR_AWAY = 0.99
# When the adapter hands a quote to the first handler; one node a process, so a module will do.
_entered_ns = 0


class StopwatchConfig(ActorConfig, frozen=True):
    """Whose quotes to clock, and where to write what was seen in every second."""

    instrument_ids: list[InstrumentId]
    path: str


class Stopwatch(Actor):
    """Sees every tick before anybody else, and notes how long it has waited in the node."""

    def __init__(self, config: StopwatchConfig) -> None:
        super().__init__(config)
        self._waits_us: list[float] = []
        self._ticks = 0

    def on_start(self) -> None:
        """Listen, and write once a second."""
        self._file = Path(self.config.path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 (closed at the stop)
        for instrument_id in self.config.instrument_ids:
            self.subscribe_quote_ticks(instrument_id)
            self.subscribe_trade_ticks(instrument_id)
        self.clock.set_timer_ns(
            "second", 1_000_000_000, self.clock.timestamp_ns(), 0, lambda _event: self._write()
        )

    def on_stop(self) -> None:
        """Write the last second."""
        self._write()
        self._file.close()

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Note the time of entry and of waiting."""
        global _entered_ns  # noqa: PLW0603 (see above)
        _entered_ns = time.perf_counter_ns()
        self._note(tick.ts_init)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Note the time of waiting."""
        self._note(tick.ts_init)

    def _note(self, ts_init: int) -> None:
        self._ticks += 1
        self._waits_us.append((self.clock.timestamp_ns() - ts_init) / 1_000)

    def _write(self) -> None:
        waits = self._waits_us or [0.0]
        p50, p99, most = np.percentile(waits, (50, 99, 100)).tolist()
        line = {"ticks": self._ticks, "wait_p50_us": p50, "wait_p99_us": p99, "wait_max_us": most}
        self._file.write(json.dumps(line) + "\n")
        self._waits_us, self._ticks = [], 0


class ReactorConfig(StrategyConfig, frozen=True):
    """What to answer, how rarely (ns), and where to write what an answer took in the node.

    That is from the entry of the quote to the entry of the strategy with its signal, which is our
    share, and from there until Nautilus has made and taken the order.
    """

    instrument_id: InstrumentId
    pause_ns: int
    path: str


class Reactor(Strategy):
    """Answers a signal with an order that names the stamp of its quote, far from the market."""

    def __init__(self, config: ReactorConfig) -> None:
        super().__init__(config)
        self._next_ns = 0
        self._answers = 0
        self._shares_us: list[float] = []
        self._makings_us: list[float] = []

    def on_start(self) -> None:
        """Listen to signals, and to quotes for the price."""
        self.subscribe_data(
            SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self.config.instrument_id
        )

    def on_data(self, signal: Data) -> None:
        """Answer, at most once a pause."""
        share_us = (time.perf_counter_ns() - _entered_ns) / 1_000
        now = self.clock.timestamp_ns()
        if now < self._next_ns:
            return
        self._next_ns = now + self.config.pause_ns
        self._answers += 1
        stamp_ms = round(signal.ts_event / _NS_PER_MS)
        instrument = self.cache.instrument(self.config.instrument_id)
        bid = self.cache.quote_tick(instrument.id).bid_price.as_double()
        order = self.order_factory.limit(
            instrument.id,
            OrderSide.BUY,
            instrument.make_qty(1),
            instrument.make_price(bid * _FAR_AWAY),
            post_only=True,
            client_order_id=ClientOrderId(f"t{stamp_ms}-{self._answers}"),
        )
        self.submit_order(order)
        self._shares_us.append(share_us)
        self._makings_us.append((time.perf_counter_ns() - _entered_ns) / 1_000 - share_us)
        for old in self.cache.orders_open(strategy_id=self.id):
            self.cancel_order(old)

    def on_stop(self) -> None:
        """Leave nothing behind, and write our share."""
        self.cancel_all_orders(self.config.instrument_id)
        text = json.dumps({"ours": self._shares_us, "order": self._makings_us})
        Path(self.config.path).write_text(text, encoding="utf-8")
