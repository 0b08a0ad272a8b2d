"""The components of a recorded run once more, in an engine that tells them what they were told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.data_client import BacktestMarketDataClient
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import resolve_path
from nautilus_trader.config import DataEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.core.data import Data
from nautilus_trader.execution.messages import TradingCommand
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import DataType
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import OrderUnpacker

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.regime import RegimeActor
from nautilus_scalp.actors.warm_up import History
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.runtime.live.actions import Action
from nautilus_scalp.runtime.live.actions import perform
from nautilus_scalp.runtime.live.state import give_back
from nautilus_scalp.runtime.recording.clocks import Firing
from nautilus_scalp.runtime.recording.clocks import ReplayClock
from nautilus_scalp.runtime.recording.components import Blocks
from nautilus_scalp.runtime.recording.components import add_components
from nautilus_scalp.runtime.recording.history import history_path
from nautilus_scalp.runtime.recording.history import load_history
from nautilus_scalp.runtime.recording.history import venue_history_path
from nautilus_scalp.runtime.recording.intents import ORDER_ID
from nautilus_scalp.runtime.recording.intents import Intent
from nautilus_scalp.runtime.recording.intents import IntentLog
from nautilus_scalp.runtime.recording.journal import Entry
from nautilus_scalp.runtime.recording.journal import event_from_dict
from nautilus_scalp.runtime.recording.run import RecordedRun
from nautilus_scalp.runtime.recording.taps import tap_commands
from nautilus_scalp.runtime.recording.writer import regime_body


class Answers(msgspec.Struct):
    """What the components made of the last thing that they were told.

    Parameters
    ----------
    outputs : list[tuple[str, dict]]
        Intents and regimes.
    signals : list[tuple[AlphaSignal, float64[F] or None]]
        Predictions, and the vectors that they were made on.

    """

    outputs: list[tuple[str, Any]] = []
    signals: list[tuple[AlphaSignal, Floats | None]] = []

    def clear(self) -> None:
        """Forget them."""
        self.outputs.clear()
        self.signals.clear()


class Replay:
    """One engine without a venue: orders go nowhere, and what became of them is on record.

    Parameters
    ----------
    run : RecordedRun
        The components, and where they started from.
    instruments : Sequence[Instrument]
        As the venue defined them.
    directory : Path
        The recording, with the histories that actors lived through first.

    Attributes
    ----------
    answers : Answers
        What the components made of the last thing that they were told.

    """

    def __init__(
        self, run: RecordedRun, instruments: Sequence[Instrument], directory: Path
    ) -> None:
        self.answers = Answers()
        self._directory = directory
        self._intents = IntentLog()
        self._ids: dict[str, str] = {}
        self._recorded_names: dict[str, str] = {}
        self._clocks: dict[str, ReplayClock] = {}
        self._engine = BacktestEngine(
            BacktestEngineConfig(
                trader_id=TraderId(run.trader_id),
                logging=LoggingConfig(bypass_logging=True),
                data_engine=DataEngineConfig(external_clients=[SIGNAL_CLIENT]),
                run_analysis=False,
            )
        )
        kernel = self._kernel = self._engine.kernel
        for instrument in instruments:
            kernel.cache.add_instrument(instrument)
        for venue in {instrument.id.venue for instrument in instruments}:
            client_id = ClientId(venue.value)
            client = BacktestMarketDataClient(client_id, kernel.msgbus, kernel.cache, kernel.clock)
            kernel.data_engine.register_client(client)
        add_components(kernel, _without_switches(run.blocks), self._clock)
        for actor in kernel.trader.actors():
            history = history_path(directory, str(actor.id))
            if isinstance(actor, EnsembleActor | RegimeActor) and history.exists():
                actor.live_through(_kept(history))
        give_back((*kernel.trader.actors(), *kernel.trader.strategies()), run.states)
        tap_commands(kernel, self._on_command, forward=False)
        kernel.msgbus.subscribe("data.AlphaSignal.*", self._on_signal)
        kernel.msgbus.subscribe("data.RegimeSignal.*", self._on_regime)

    def close(self) -> None:
        """Dispose of the engine."""
        self._engine.dispose()

    def market(self, event: Data) -> None:
        """Tell a market event."""
        self._set_time(event.ts_init)
        self._kernel.data_engine.process(event)

    def entry(self, entry: Entry) -> str | None:
        """Tell an entry of the journal.

        Parameters
        ----------
        entry : Entry
            No answer.

        Returns
        -------
        str or None
            What is wrong with it, if it cannot be told.

        """
        body = entry.body
        if entry.kind == "timer":
            return self._fire(msgspec.convert(body, Firing))
        if entry.kind == "start":
            self._start()
        elif entry.kind == "action":
            self._act(msgspec.convert(body, Action))
        elif entry.kind == "account":
            event = event_from_dict(body)
            self._set_time(event.ts_init)
            self._kernel.msgbus.send("Portfolio.update_account", event)
        elif entry.kind == "order":
            order = OrderUnpacker.from_init(event_from_dict(body[0]))
            self._kernel.cache.add_order(order)
            for fields in body[1:]:
                self._kernel.exec_engine.process(event_from_dict(fields))
        elif entry.kind == "message":
            self._publish(body)
        elif entry.kind == "history":
            self._relive(body)
        elif entry.kind == "event":
            return self._tell(body)
        return None

    def know(self, recorded: Intent) -> None:
        """Learn the id that an order of the recording had, so that its events find ours.

        Parameters
        ----------
        recorded : dict
            A recorded intent.

        """
        if ORDER_ID in recorded:
            self._recorded_names[recorded[ORDER_ID]] = recorded["order"]

    # --- what is told ---

    def _start(self) -> None:
        kernel = self._kernel
        kernel.data_engine.start()
        kernel.risk_engine.start()
        kernel.exec_engine.start()
        kernel.trader.start()

    def _fire(self, firing: Firing) -> str | None:
        self._set_time(firing.ts_init)
        clock = self._clocks.get(firing.component)
        if clock is None or not clock.fire(firing):
            return f"{firing.component} has no timer {firing.name!r}"
        return None

    def _act(self, action: Action) -> None:
        strategy = self._kernel.trader._strategies[StrategyId(action.strategy)]  # noqa: SLF001
        where = None if action.instrument is None else InstrumentId.from_str(action.instrument)
        perform(action.name, strategy, where)

    def _relive(self, actor_id: str) -> None:
        for actor in self._kernel.trader.actors():
            if isinstance(actor, EnsembleActor) and str(actor.id) == actor_id:
                actor.relive(load_history(venue_history_path(self._directory, actor_id)))

    def _publish(self, body: dict[str, Any]) -> None:
        kind: Any = resolve_path(body["class"])
        message = kind.from_dict(body["fields"])
        self._set_time(message.ts_init)
        data_type = DataType(kind, metadata={"instrument_id": message.instrument_id})
        self._kernel.data_engine.process(CustomData(data_type, message))

    def _tell(self, fields: dict[str, Any]) -> str | None:
        name = self._recorded_names.get(fields[ORDER_ID])
        own_id = self._ids.get(name) if name is not None else fields[ORDER_ID]
        if own_id is None:
            return f"there is no order {name}"
        event = event_from_dict({**fields, ORDER_ID: own_id})
        self._set_time(event.ts_init)
        self._kernel.exec_engine.process(event)
        return None

    # --- what is answered ---

    def _on_command(self, command: TradingCommand) -> None:
        for intent in self._intents.describe(command):
            if ORDER_ID in intent:
                self._ids[intent["order"]] = intent[ORDER_ID]
            self.answers.outputs.append(("intent", intent))

    def _on_signal(self, signal: AlphaSignal) -> None:
        vector = None
        for actor in self._kernel.trader.actors():
            if isinstance(actor, EnsembleActor) and (
                signal.instrument_id in actor.config.instrument_ids
            ):
                vector = actor.features(signal.instrument_id).copy()
                break
        self.answers.signals.append((signal, vector))

    def _on_regime(self, signal: RegimeSignal) -> None:
        self.answers.outputs.append(("regime", regime_body(signal)))

    # --- time ---

    def _clock(self, component: str) -> ReplayClock:
        clock = self._clocks[component] = ReplayClock()
        return clock

    def _set_time(self, now_ns: int) -> None:
        self._kernel.clock.set_time(now_ns)
        for clock in self._clocks.values():
            clock.set_time(now_ns)


def _kept(path: Path) -> History:
    def history(_names: list[InstrumentId]) -> Tape:
        return load_history(path)

    return history


def _without_switches(blocks: Blocks) -> Blocks:
    """Return blocks whose guards keep the kill switch to themselves: no replay may trip it."""
    return msgspec.structs.replace(
        blocks,
        actors=[
            msgspec.structs.replace(block, config={**block.config, "kill_file": None})
            if "kill_file" in block.config
            else block
            for block in blocks.actors
        ],
    )
