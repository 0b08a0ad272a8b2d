"""The recording of a live run: what a replay needs to know, and where it all goes."""

import sys
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.execution.messages import TradingCommand
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.system.kernel import NautilusKernel

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.recorder import Recorder
from nautilus_scalp.actors.recorder import RecorderConfig
from nautilus_scalp.actors.warm_up import History
from nautilus_scalp.bridge import instrument_facts
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.live.config import RecorderSection
from nautilus_scalp.runtime.recording.components import Blocks
from nautilus_scalp.runtime.recording.components import add_actor
from nautilus_scalp.runtime.recording.history import history_path
from nautilus_scalp.runtime.recording.history import save_history
from nautilus_scalp.runtime.recording.history import venue_history_path
from nautilus_scalp.runtime.recording.run import RUN_FILE
from nautilus_scalp.runtime.recording.run import RecordedRun
from nautilus_scalp.runtime.recording.run import States
from nautilus_scalp.runtime.recording.taps import tap_commands
from nautilus_scalp.runtime.recording.writer import CATALOG
from nautilus_scalp.runtime.recording.writer import RecordingWriter
from nautilus_scalp.runtime.replacing import replace_file


# The writer's thread hands the interpreter back to the event loop after this, not after Python's
# five milliseconds.
_SWITCH_S = 0.0005


class LiveRecording:
    """Records one run of a live node.

    Parameters
    ----------
    kernel : NautilusKernel
        Of a node that is built and not running.
    blocks : Blocks
        What is on record: these components and no others.
    section : RecorderSection
        How often, and how much.
    directory : Path
        Where; it must be new.

    """

    def __init__(
        self, kernel: NautilusKernel, blocks: Blocks, section: RecorderSection, directory: Path
    ) -> None:
        sys.setswitchinterval(_SWITCH_S)
        self.directory = directory
        self._kernel = kernel
        self._blocks = blocks
        self._section = section
        self._writer = RecordingWriter(directory, self._facts, self._write_instruments)
        self._recorder = Recorder(
            RecorderConfig(flush_interval_s=section.flush_interval_s),
            self._writer.take,
            self._features if section.features else None,
        )
        self._strategy_ids: set[str] = set()

    def note(self, kind: str, thing: object) -> None:
        """Put something on record that is no message on the bus."""
        self._recorder.note(kind, thing)

    def begin(self, clock: Any, states: States) -> None:  # noqa: ANN401 (any clock)
        """Attach to the kernel, whose components are all there.

        Parameters
        ----------
        clock : Clock
            The recorder's own.
        states : dict
            What components were given back from an earlier run.

        """
        kernel = self._kernel
        self._strategy_ids = {str(strategy.id) for strategy in kernel.trader.strategies()}
        run = RecordedRun(
            trader_id=str(kernel.trader_id),
            started_ns=kernel.clock.timestamp_ns(),
            features=self._section.features,
            blocks=self._blocks,
            states=states,
        )
        content = msgspec.json.format(msgspec.json.encode(run), indent=1)
        replace_file(self.directory / RUN_FILE, content)
        for actor in kernel.trader.actors():
            if isinstance(actor, EnsembleActor):
                actor.book_listener = self._recorder.note_book
        add_actor(kernel, self._recorder, clock)
        tap_commands(kernel, self._note_command, forward=True)

    def kept(self, source: History, actor: str) -> History:
        """Return a source of history that keeps beside the recording what it gives.

        Parameters
        ----------
        source : History
            Asked by an actor.
        actor : str
            The actor's id.

        Returns
        -------
        History
            The same history.

        """

        def keep(names: list[InstrumentId]) -> Tape:
            tape = source(names)
            save_history(history_path(self.directory, actor), tape)
            return tape

        return keep

    def keep_venue_history(self, tape: Tape, actor: str) -> None:
        """Keep what the venue told of the past, and note that an actor gets it now.

        Parameters
        ----------
        tape : Tape
            Past trades, and what was heard live meanwhile.
        actor : str
            The actor's id.

        """
        save_history(venue_history_path(self.directory, actor), tape)
        self._recorder.note("history", actor)

    def close(self) -> None:
        """Write what waits to be written."""
        self._writer.close()

    def remark(self) -> str:
        """Return a word about the recording for the status line."""
        if self._writer.failed is not None:
            return f"recording ended: {self._writer.failed}"
        return f"recorded {self._writer.written}"

    def _write_instruments(self) -> None:
        """Keep the venue's definitions of the instruments, known once it has answered."""
        instruments = self._kernel.cache.instruments()
        ParquetDataCatalog(str(self.directory / CATALOG)).write_data(instruments)

    def _note_command(self, command: TradingCommand) -> None:
        if str(command.strategy_id) not in self._strategy_ids:
            return
        if isinstance(command, SubmitOrder):
            self._recorder.note_own(command.order.client_order_id)
        elif isinstance(command, SubmitOrderList):
            for order in command.order_list.orders:
                self._recorder.note_own(order.client_order_id)
        self._recorder.note("intent", command)

    def _features(self, instrument_id: InstrumentId) -> Floats:
        for actor in self._kernel.trader.actors():
            if isinstance(actor, EnsembleActor) and instrument_id in actor.config.instrument_ids:
                return actor.features(instrument_id)
        message = f"no ensemble actor predicts {instrument_id}"
        raise RuntimeError(message)

    def _facts(self, name: str) -> InstrumentFacts:
        return instrument_facts(self._kernel.cache.instrument(InstrumentId.from_str(name)))
