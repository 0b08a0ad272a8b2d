"""Signals that were computed before, published as if they were inferred now.

A tape lies in the catalog as ``AlphaSignal`` data, one row for every quote that the ensemble had
an opinion on, stamped like the quote itself. Fed to the engine as data, each signal would be an
event of its own: orders on their way would reach the venue on it, before the quote that they wait
for. So this actor reads the tape and publishes a row while its quote is being handled, exactly when
the ensemble actor would.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.models.artifact import read_manifest


FIELDS = tuple(AlphaSignal.__annotations__)[1:]  # the instrument is the same for a whole tape
_BATCH_ROWS = 8_192


def tape_directory(model_id: str, instrument_id: str) -> str:
    """Return where a tape lies below a catalog's ``data``.

    Nautilus finds it there as ``AlphaSignal`` of the instrument; several models do not mix.

    Parameters
    ----------
    model_id : str
        Whose predictions.
    instrument_id : str
        For what.

    Returns
    -------
    str
        A relative path.

    """
    return f"custom_alpha_signal/{model_id}/{instrument_id}"


class SignalTapeConfig(ActorConfig, frozen=True):
    """
    Which tape.

    Parameters
    ----------
    instrument_ids : list[InstrumentId]
        Instruments whose signals are published.
    model_path : str
        Directory of the artifact whose tape it is; only its manifest is read.
    catalog_path : str
        Catalog that `nautilus-scalp tape` wrote to.

    """

    instrument_ids: list[InstrumentId]
    model_path: str
    catalog_path: str


class SignalTape(Actor):
    """Publishes what the ensemble actor would, from a tape instead of a model.

    The orders are the same, to the last one, if the tape begins where the backtest does: an actor
    that infers starts cold, with features that warm up.

    Parameters
    ----------
    config : SignalTapeConfig
        Which tape.

    Attributes
    ----------
    signals_published : int
        Signals so far.
    refusals : Counter[str]
        Quotes that the tape has no signal for: warm-up, or outside of its window.

    """

    def __init__(self, config: SignalTapeConfig) -> None:
        super().__init__(config)
        self.signals_published = 0
        self.refusals: Counter[str] = Counter()
        self._channels: dict[InstrumentId, _Channel] = {}

    def on_start(self) -> None:
        """Open the tapes, all of which must be there, and subscribe."""
        model_id = read_manifest(Path(self.config.model_path)).model_id
        data = Path(self.config.catalog_path) / "data"
        for instrument_id in self.config.instrument_ids:
            folder = data / tape_directory(model_id, instrument_id.value)
            paths = sorted(folder.glob("*.parquet"))
            if not paths:
                message = f"{folder} holds no tape of model {model_id} for {instrument_id}"
                raise UsageError(message, "write it with `nautilus-scalp tape MODEL --catalog DIR`")
            self._channels[instrument_id] = _Channel(paths, signal_topic(instrument_id))
        for instrument_id in self._channels:
            self.subscribe_quote_ticks(instrument_id)
            self.msgbus.subscribe(regime_topic(instrument_id), self._on_regime)

    def on_stop(self) -> None:
        """Leave the data streams."""
        for instrument_id in self._channels:
            self.unsubscribe_quote_ticks(instrument_id)
            self.msgbus.unsubscribe(regime_topic(instrument_id), self._on_regime)

    def on_reset(self) -> None:
        """Begin anew."""
        self._channels.clear()
        self.signals_published = 0
        self.refusals.clear()

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Publish the signal that was made on this quote, if there is one.

        Parameters
        ----------
        tick : QuoteTick
            A quote of one of the instruments.

        """
        channel = self._channels[tick.instrument_id]
        row = channel.reader.take(tick.ts_init)
        if row is None:
            self.refusals["not_on_tape"] += 1
            return
        ts_event, *fields, _, model_id = row  # the regime is the one that rules in this run
        fields += [channel.regime, model_id]
        self.signals_published += 1
        signal = AlphaSignal(ts_event, tick.ts_init, tick.instrument_id, *fields)
        self.msgbus.publish(channel.topic, signal)

    def _on_regime(self, signal: RegimeSignal) -> None:
        self._channels[signal.instrument_id].regime = signal.regime


class _Channel:
    """What belongs to one instrument."""

    __slots__ = ("reader", "regime", "topic")

    def __init__(self, paths: Sequence[Path], topic: str) -> None:
        self.reader = _Reader(paths)
        self.topic = topic
        self.regime = UNCLASSIFIED


class _Reader:
    """Rows of one instrument's tape by ``ts_init``, forwards, a batch in memory at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._batches = _batches(paths)
        self._times: list[int] = []
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0

    def take(self, ts_init: int) -> tuple[Any, ...] | None:
        """Return ``ts_event`` and the fields of the row stamped so, or None; go on behind it."""
        while not self._times or self._times[-1] < ts_init:
            batch = next(self._batches, None)
            if batch is None:
                return None
            self._load(batch, ts_init)
        self._next = bisect_left(self._times, ts_init, self._next)
        return self._rows[self._next] if self._times[self._next] == ts_init else None

    def _load(self, batch: pa.RecordBatch, ts_init: int) -> None:
        self._times = batch.column("ts_init").to_pylist()
        self._next = 0
        if self._times[-1] < ts_init:
            self._rows = []  # all of it lies before the replay
            return
        columns = [batch.column(name).to_pylist() for name in ("ts_event", *FIELDS)]
        self._rows = list(zip(*columns, strict=True))


def _batches(paths: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                columns = ["ts_event", "ts_init", *FIELDS]
                yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=columns)
        except (pa.ArrowInvalid, OSError) as error:
            message = f"{path} cannot be read: {error}"
            raise InputError(message, "write the tape again with `nautilus-scalp tape`") from error
