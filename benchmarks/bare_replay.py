"""
A strategy with everything that surrounds it, and the bare strategy that sends the same orders.

Both play the sample's recordings of one instrument in an engine with the shipped venue. The first
is a block of a shipped configuration with the configuration's actors; every command that it sends
is written down. The second subscribes to the same quotes and trades and looks at nothing: at the
moment of each command it sends the same one.
"""

import gc
import time
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorFactory
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ImportableActorConfig
from nautilus_trader.config import ImportableStrategyConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import RiskEngineConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.config import StrategyFactory
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.runtime.blocks import ActorBlock
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.bus import quiet_bus
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import VenueSection
from nautilus_scalp.runtime.config import load_config


ROOT = Path(__file__).parents[1]
INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
# All that the sample catalog holds of the instrument: eight and a half minutes, and eight.
RECORDINGS = (
    ("2023-04-04T23:58:20Z", "2023-04-05T00:06:55Z"),
    ("2024-07-18T23:57:02Z", "2024-07-19T00:05:03Z"),
)
_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000

type Tick = QuoteTick | TradeTick


class Command(NamedTuple):
    """What a strategy told the venue about one of its orders."""

    verb: str
    order_id: ClientOrderId
    price: Price | None = None
    qty: Quantity | None = None
    side: OrderSide = OrderSide.NO_ORDER_SIDE
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False


type Script = dict[int, list[Command]]


class Recording(NamedTuple):
    """The instrument and its ticks, by time."""

    instrument: Instrument
    ticks: list[Tick]


class Played(NamedTuple):
    """What a run took and what came of it."""

    seconds: float
    events: list[str]


class Bare(Strategy):
    """
    Sends what another strategy has sent, at the same moments, and looks at nothing.

    Parameters
    ----------
    script : Script
        What to send, by the time at which it was sent.
    ticks : list[Tick]
        What it will see: what was not sent on one of these is sent by the clock.

    """

    def __init__(self, script: Script, ticks: Iterable[Tick]) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self._script = dict(script)
        self._by_clock = sorted(self._script.keys() - {tick.ts_init for tick in ticks})
        self._orders: dict[ClientOrderId, Order] = {}

    def on_start(self) -> None:
        """Subscribe to what the other listens to."""
        self.subscribe_quote_ticks(INSTRUMENT)
        self.subscribe_trade_ticks(INSTRUMENT)
        # The simulated venue works off what is on its way with every event, timers included.
        self.clock.set_timer_ns("second", _NS_PER_S, 0, 0, lambda _event: None)
        for ts_ns in self._by_clock:
            self.clock.set_time_alert_ns(f"send-{ts_ns}", ts_ns, self._on_alert)

    def on_stop(self) -> None:
        """Unsubscribe."""
        self.unsubscribe_quote_ticks(INSTRUMENT)
        self.unsubscribe_trade_ticks(INSTRUMENT)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Send what is written down for this moment."""
        commands = self._script.pop(tick.ts_init, None)
        if commands is not None:
            self._send(commands)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Send what is written down for this moment."""
        commands = self._script.pop(tick.ts_init, None)
        if commands is not None:
            self._send(commands)

    def _on_alert(self, event: TimeEvent) -> None:
        self._send(self._script.pop(event.ts_event))

    def _send(self, commands: list[Command]) -> None:
        for command in commands:
            if command.verb == "submit":
                self._submit(command)
            elif command.verb == "modify":
                self.modify_order(self._orders[command.order_id], price=command.price)
            else:
                self.cancel_order(self._orders[command.order_id])

    def _submit(self, command: Command) -> None:
        if command.price is None:
            order = self.order_factory.market(
                INSTRUMENT, command.side, command.qty, reduce_only=command.reduce_only
            )
        else:
            order = self.order_factory.limit(
                INSTRUMENT,
                command.side,
                command.qty,
                command.price,
                time_in_force=command.time_in_force,
                post_only=command.post_only,
                reduce_only=command.reduce_only,
            )
        self._orders[command.order_id] = order
        self.submit_order(order)


def write_down(strategy: Strategy) -> Script:
    """Return what will hold everything that a strategy sends, by time."""
    script: Script = {}
    submit, modify, cancel = strategy.submit_order, strategy.modify_order, strategy.cancel_order

    def note(command: Command) -> None:
        script.setdefault(strategy.clock.timestamp_ns(), []).append(command)

    def on_submit(order: Order) -> None:
        limit = order.has_price
        note(
            Command(
                "submit",
                order.client_order_id,
                order.price if limit else None,
                order.quantity,
                order.side,
                order.time_in_force,
                limit and order.is_post_only,
                order.is_reduce_only,
            )
        )
        submit(order)

    def on_modify(order: Order, price: Price) -> None:
        note(Command("modify", order.client_order_id, price))
        modify(order, price=price)

    def on_cancel(order: Order) -> None:
        note(Command("cancel", order.client_order_id))
        cancel(order)

    strategy.submit_order = on_submit
    strategy.modify_order = on_modify
    strategy.cancel_order = on_cancel
    return script


def shipped(name: str) -> BacktestConfig:
    """Return a configuration from ``configs/backtest``."""
    return load_config(ROOT / "configs" / "backtest" / f"{name}.toml", [])


def record(catalog: str, start: str, end: str) -> Recording:
    """Return the instrument's ticks of a window of a catalog."""
    found = ParquetDataCatalog(catalog)
    window = {"instrument_ids": [INSTRUMENT.value], "start": start, "end": end}
    ticks = found.quote_ticks(**window) + found.trade_ticks(**window)
    instrument = found.instruments(instrument_ids=[INSTRUMENT.value])[0]
    return Recording(instrument, sorted(ticks, key=lambda tick: tick.ts_init))


def make_actors(blocks: Iterable[ActorBlock]) -> list[Actor]:
    """Return the actors of some blocks."""
    return [
        ActorFactory.create(
            ImportableActorConfig(
                actor_path=block.actor_path, config_path=block.config_path, config=block.config
            )
        )
        for block in blocks
    ]


def make_strategy(block: StrategyBlock, settings: Mapping[str, object]) -> Strategy:
    """Return the strategy of a block, some settings of which are replaced."""
    return StrategyFactory.create(
        ImportableStrategyConfig(
            strategy_path=block.strategy_path,
            config_path=block.config_path,
            config={**block.config, **settings, "order_id_tag": "001"},
        )
    )


def play(
    venue: VenueSection, recording: Recording, players: Iterable[Actor], *, quiet: bool = True
) -> Played:
    """
    Run a recording through players.

    Parameters
    ----------
    venue : VenueSection
        Of the configuration: money, latencies, queues.
    recording : Recording
        What is played.
    players : Iterable[Actor]
        Actors and strategies, in the order in which they see an event.
    quiet : bool
        Whether the message bus is that of our backtests, which is faster than Nautilus's own.

    Returns
    -------
    Played
        Processor time of the engine's run, and what became of every order before the end, in words.

    """
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            message_bus=quiet_bus() if quiet else None,
            risk_engine=RiskEngineConfig(
                max_order_submit_rate="10000/00:00:01", max_order_modify_rate="10000/00:00:01"
            ),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=Venue(venue.name),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money.from_str(balance) for balance in venue.starting_balances],
        latency_model=LatencyModel(
            base_latency_nanos=0,
            insert_latency_nanos=round(venue.insert_latency_ms * _NS_PER_MS),
            update_latency_nanos=round(venue.update_latency_ms * _NS_PER_MS),
            cancel_latency_nanos=round(venue.cancel_latency_ms * _NS_PER_MS),
        ),
        queue_position=venue.queue_position,
        liquidity_consumption=venue.liquidity_consumption,
    )
    engine.add_instrument(recording.instrument)
    engine.add_data(recording.ticks)
    for player in players:
        if isinstance(player, Strategy):
            engine.add_strategy(player)
        else:
            engine.add_actor(player)
    gc.collect()
    started = time.process_time()
    engine.run()
    seconds = time.process_time() - started
    events = _in_words(engine, recording.ticks[-1].ts_init)
    engine.dispose()
    return Played(seconds, events)


def _in_words(engine: BacktestEngine, end_ns: int) -> list[str]:
    """Return every order event before the end; what is sent when the tape has ended is no part."""
    return sorted(
        f"{event.ts_event} {event.client_order_id} {type(event).__name__} "
        f"{getattr(event, 'price', '')} {getattr(event, 'last_px', '')} "
        f"{getattr(event, 'last_qty', '')}"
        for order in engine.cache.orders()
        for event in order.events
        if event.ts_event < end_ns
    )
