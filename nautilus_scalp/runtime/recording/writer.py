"""Writes the batches of a recorder to disk, on a thread of its own."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.persistence.catalog.parquet import _timestamps_to_filename

from nautilus_scalp.actors.recorder import Batch
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.runtime.recording.intents import IntentLog
from nautilus_scalp.runtime.recording.journal import SUFFIX
from nautilus_scalp.runtime.recording.journal import Entry
from nautilus_scalp.runtime.recording.journal import Segment
from nautilus_scalp.runtime.recording.tables import Columns
from nautilus_scalp.runtime.recording.tables import FactsOf
from nautilus_scalp.runtime.recording.tables import batch_tables
from nautilus_scalp.runtime.recording.tables import unique_times
from nautilus_scalp.runtime.replacing import replace_file
from nautilus_scalp.runtime.replacing import replacing


CATALOG = "catalog"
JOURNAL = "journal"
# What may wait to be written; a disk that is further behind ends the recording, not the trading.
_MOST_WAITING = 8


class RecordingWriter:
    """Keeps a recording on disk, complete up to the last batch whatever happens.

    A segment of the journal is written after the files that it names, so what a crash cut short is
    named nowhere and nobody reads it.

    Parameters
    ----------
    directory : Path
        The recording's own.
    facts_of : Callable[[str], InstrumentFacts]
        Precisions by instrument id.
    prepare : Callable[[], None]
        Writes what the first batch needs beside it.

    Attributes
    ----------
    written : int
        Market events on disk.
    failed : str or None
        Why it no longer writes.

    """

    def __init__(self, directory: Path, facts_of: FactsOf, prepare: Callable[[], None]) -> None:
        self.written = 0
        self.failed: str | None = None
        self._directory = directory
        self._facts_of = facts_of
        self._prepare = prepare
        self._intents = IntentLog()
        self._last_ns = 0
        self._segments = 0
        self._queue: queue.Queue[Batch | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def take(self, batch: Batch) -> bool:
        """Take a batch without waiting.

        Parameters
        ----------
        batch : Batch
            Nobody may change it any more.

        Returns
        -------
        bool
            False if writing has failed, or is too far behind.

        """
        if self.failed is None:
            try:
                self._queue.put_nowait(batch)
            except queue.Full:
                self.failed = "the disk is too slow"
        return self.failed is None

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self.failed is not None:
                continue
            try:
                self.write(batch)
            except (OSError, pa.ArrowException, ValueError) as error:
                self.failed = f"{type(error).__name__}: {error}"

    def write(self, batch: Batch) -> None:
        """Write one batch; the segment that names its files comes last.

        Parameters
        ----------
        batch : Batch
            The next one.

        """
        if not self._segments:
            self._prepare()
        true_times = np.frombuffer(batch.rows, np.int64)[3::4]
        times = unique_times(true_times, self._last_ns)
        moved = np.flatnonzero(times != true_times)
        files = [self._write_table(each) for each in batch_tables(batch, times, self._facts_of)]
        entries = [
            Entry(after=after, kind=kind, body=body)
            for after, kind, thing in batch.notes
            for body in self._bodies(kind, thing)
        ]
        segment = Segment(
            rows=batch.n_rows,
            files=files,
            entries=entries,
            moved=list(zip(moved.tolist(), true_times[moved].tolist(), strict=True)),
        )
        name = f"{self._segments:08d}{SUFFIX}"
        replace_file(self._directory / JOURNAL / name, msgspec.json.encode(segment))
        self._segments += 1
        self.written += batch.n_rows
        if batch.n_rows:
            self._last_ns = int(times[-1])

    def _write_table(self, columns: Columns) -> str:
        root = CATALOG if columns.folder.startswith("data/") else "."
        folder = self._directory / root / columns.folder
        times: npt.NDArray[np.uint64] = columns.table["ts_init"].to_numpy()
        path = folder / _timestamps_to_filename(int(times[0]), int(times[-1]))
        with replacing(path) as temporary:
            pq.write_table(columns.table, temporary, compression="zstd")
        return str(path.relative_to(self._directory))

    def _bodies(self, kind: str, thing: Any) -> list[Any]:  # noqa: ANN401 (whatever was noted)
        if kind == "intent":
            return list(self._intents.describe(thing))
        if kind == "order":
            return [[type(event).to_dict(event) for event in thing]]
        if kind in {"event", "account"}:
            return [type(thing).to_dict(thing)]
        if kind == "message":
            path = f"{type(thing).__module__}:{type(thing).__qualname__}"
            return [{"class": path, "fields": type(thing).to_dict(thing)}]
        if isinstance(thing, RegimeSignal):
            return [regime_body(thing)]
        return [thing]


def regime_body(signal: RegimeSignal) -> dict[str, Any]:
    """Return what a regime signal says, without the wall clock's part of it.

    Parameters
    ----------
    signal : RegimeSignal
        Live or replayed.

    Returns
    -------
    dict
        NaN becomes None, as in JSON.

    """
    fields = ("volatility", "ratio", "shift", "trend", "noise")
    numbers = {key: getattr(signal, key) for key in fields}
    return {
        "instrument": str(signal.instrument_id),
        "regime": signal.regime,
        "ts_event": signal.ts_event,
        **{key: value if value == value else None for key, value in numbers.items()},  # noqa: PLR0124
    }
