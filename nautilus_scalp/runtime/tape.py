"""Every prediction of a model over a window, written into the catalog as ``AlphaSignal`` data."""

import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nautilus_scalp.actors.signal_tape import tape_directory
from nautilus_scalp.data import store
from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_columns
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.sink import IntervalSink
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.catalogue import side_kinds
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.models.registry import find_artifact
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.settings import to_iso
from nautilus_scalp.signals.policy import CONFIDENCE
from nautilus_scalp.signals.policy import EXPECTED_MOVE
from nautilus_scalp.signals.policy import STRENGTH
from nautilus_scalp.signals.policy import decide_rows


_NS_PER_MS = 1_000_000
_ROWS_PER_WRITE = 200_000
_EVENTS_PER_PROCESS = 500_000  # a process takes seconds to start, and as long to predict these
_KINDS = (
    *("quote_tick", "trade_tick"),
    *("order_book_depths", "mark_price_update", "funding_rate_update"),
)


class TapeResult(msgspec.Struct, frozen=True, kw_only=True):
    """
    What `write_tape` wrote; the answer of ``tape --json``.

    Attributes
    ----------
    model : str
        Id of the model.
    window : tuple[str, str]
        [start, end) by ``ts_init``.
    quotes : int
        Quotes in the window that the features accepted.
    signals : dict[str, int]
        Signals by instrument.
    files : list[str]
        What was written, relative to the catalog.
    notes : list[str]
        What a user of the tape must know.

    """

    model: str
    window: tuple[str, str]
    quotes: int
    signals: dict[str, int]
    files: list[str]
    notes: list[str]


class _Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a tape that depends on no other: an instrument between two silences of all."""

    model: str
    catalog: str
    instrument_ids: tuple[str, ...]
    instrument_id: str
    start_ns: int
    end_ns: int


def write_tape(  # noqa: PLR0913, PLR0917 (the options of the command)
    model: Path,
    catalog: Path,
    start_ns: int | None = None,
    end_ns: int | None = None,
    instrument_ids: Sequence[str] | None = None,
    progress: Report = lambda _stage, _fraction: None,
    jobs: int = 1,
) -> TapeResult:
    """Predict every quote of a window and write the signals beside the quotes.

    A signal carries the ``ts_event`` and ``ts_init`` of its quote, as the ensemble actor's does.
    Features and LSTM start cold at the window's start, as they do in a backtest that starts there.
    The same model, data and window give the same bytes, with any number of processes. A tape of
    the same model that covers a part of the window is replaced.

    Parameters
    ----------
    model : Path
        Directory of an artifact, or ``models/<name>`` for a champion.
    catalog : Path
        Read from and written to.
    start_ns, end_ns : int, optional
        Window [start, end) by ``ts_init``; all of the catalog by default.
    instrument_ids : Sequence[str], optional
        As the actor will be configured: instruments may see each other. All by default.
    progress : Callable[[str, float], None], optional
        Called with the stage and the share of it that is done.
    jobs : int
        Processes at most. Instruments, and days with a pause between them, are predicted side by
        side where that takes longer than starting a process.

    Returns
    -------
    TapeResult
        What was written.

    Raises
    ------
    UsageError
        If the model, the catalog or an instrument is not there, or nothing can be predicted.
    InputError
        If the artifact or the catalog is damaged.

    """
    progress("read", 0.0)
    model = find_artifact(model)
    manifest = load_artifact(model).manifest
    first, last = catalog_window(catalog, instrument_ids)
    start = first if start_ns is None else start_ns
    end = last if end_ns is None else end_ns
    known = [facts.instrument_id for facts in catalog_instruments(catalog)]
    names = known if instrument_ids is None else list(instrument_ids)
    stretches, events = _stretches(catalog, names, (start, end), manifest)
    units = [
        _Unit(
            model=str(model),
            catalog=str(catalog),
            instrument_ids=tuple(names),
            instrument_id=name,
            start_ns=stretch[0],
            end_ns=stretch[1],
        )
        for stretch in stretches
        for name in names
    ]
    jobs = min(jobs, len(units), 1 + events // _EVENTS_PER_PROCESS)
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        quotes, tables = _predict_all(units, Path(folder), jobs, progress)
        if not any(len(table) for table in tables.values()):
            message = f"no quote between {to_iso(start)} and {to_iso(end)} has warm features"
            raise UsageError(message, "widen --start .. --end: features need about a minute")
        progress("write", 0.9)
        return TapeResult(
            model=manifest.model_id,
            window=(to_iso(start), to_iso(end)),
            quotes=quotes,
            signals={name: len(table) for name, table in tables.items()},
            files=_write(catalog, manifest.model_id, tables),
            notes=_notes(manifest, start, end),
        )


def _stretches(
    catalog: Path, names: Sequence[str], window: tuple[int, int], manifest: Manifest
) -> tuple[list[tuple[int, int]], int]:
    """Cut a window where every instrument is silent for so long that all state is forgotten.

    Returns the parts, and the number of events in all of them.
    """
    columns = ("ts_event", "ts_init")
    kinds = _KINDS if side_kinds(manifest.feature_names) else _KINDS[:2]
    parts = [
        [table[column].to_numpy().astype(np.int64) for column in columns]
        for name in names
        for kind in kinds
        for table, _ in read_columns(catalog / "data" / kind / name, columns, window)
    ]
    if not parts:
        return [window], 0
    events, inits = (np.concatenate(times) for times in zip(*parts, strict=True))
    order = np.argsort(inits)
    events, inits = np.maximum.accumulate(events[order]), inits[order]
    gap_ns = manifest.features.reset_gap_ms * _NS_PER_MS
    cuts = inits[np.flatnonzero(np.diff(events) > gap_ns) + 1].tolist()
    return list(zip([window[0], *cuts], [*cuts, window[1]], strict=True)), len(inits)


def _predict_all(
    units: Sequence[_Unit], folder: Path, jobs: int, progress: Report
) -> tuple[int, dict[str, pa.Table]]:
    """Predict every unit, and return how many quotes there were and the signals by instrument."""
    paths = [folder / f"{number}.arrow" for number in range(len(units))]
    tables: dict[str, list[pa.Table]] = {}
    quotes = 0
    with ExitStack() as stack:
        run: Callable[..., Iterator[int]] = map
        if jobs > 1:  # fresh interpreters: a process with threads, as Arrow's, must not be forked
            run = stack.enter_context(ProcessPoolExecutor(jobs, get_context("spawn"))).map
        for number, count in enumerate(run(_predict_unit, units, paths)):
            progress("predict", 0.1 + 0.8 * (number + 1) / len(units))
            quotes += count
            stored = pa.ipc.open_file(pa.memory_map(str(paths[number]))).read_all()
            tables.setdefault(units[number].instrument_id, []).append(stored)
    return quotes, {name: pa.concat_tables(parts) for name, parts in tables.items()}


def _predict_unit(unit: _Unit, path: Path) -> int:
    """Predict one unit into an Arrow file, and return how many quotes its features accepted."""
    ensemble = load_artifact(Path(unit.model))
    manifest = ensemble.manifest
    extras = bool(side_kinds(manifest.feature_names))
    window = (unit.start_ns, unit.end_ns)
    tape = read_tape(Path(unit.catalog), unit.instrument_ids, *window, extras=extras)
    matrix = compute_matrix(tape, manifest.features, manifest.feature_names)
    own = matrix.instrument == unit.instrument_ids.index(unit.instrument_id)
    table = signal_table(ensemble, matrix, own, unit.instrument_id)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return int(own.sum())


def signal_table(
    ensemble: Ensemble, matrix: FeatureMatrix, rows: npt.NDArray[np.bool_], instrument_id: str
) -> pa.Table:
    """Predict the ready rows of one instrument in batch, and return the signals as columns.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    matrix : FeatureMatrix
        Its features.
    rows : bool[m]
        Rows of the instrument.
    instrument_id : str
        Its name.

    Returns
    -------
    pyarrow.Table
        In Nautilus's schema of ``AlphaSignal``, in order of ``ts_init``.

    """
    prediction = ensemble.predict_batch(
        matrix.values, matrix.segment, matrix.ready & rows, matrix.ts_event_ns, matrix.mid
    )
    decided = decide_rows(prediction.probabilities, prediction.move_bps)
    published = np.flatnonzero(np.isfinite(decided[:, STRENGTH]) & rows)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "p_down": prediction.probabilities[:, 0],
        "p_flat": prediction.probabilities[:, 1],
        "p_up": prediction.probabilities[:, 2],
        "expected_move_bps": decided[:, EXPECTED_MOVE],
        "confidence": decided[:, CONFIDENCE],
        "disagreement": prediction.disagreement,
        "strength": decided[:, STRENGTH],
        "ts_event": matrix.ts_event_ns,
        "ts_init": matrix.ts_init_ns,
    }
    constants = {
        "instrument_id": instrument_id,
        "horizon_ms": ensemble.manifest.horizon_ms,
        "regime": UNCLASSIFIED,
        "model_id": ensemble.manifest.model_id,
        "type": AlphaSignal.__name__,
    }
    arrays = {key: pa.array(values[published]) for key, values in columns.items()}
    arrays |= {key: pa.repeat(value, len(published)) for key, value in constants.items()}
    schema: pa.Schema = AlphaSignal._schema  # noqa: SLF001 (Nautilus's place for it)
    return pa.table({key: arrays[key] for key in schema.names}, schema=schema)


def _write(catalog: Path, model_id: str, tables: dict[str, pa.Table]) -> list[str]:
    with store.change(catalog) as staging:
        sink = IntervalSink(staging)
        try:
            for name, table in tables.items():
                directory = tape_directory(model_id, name)
                for first in range(0, len(table), _ROWS_PER_WRITE):
                    sink.write(directory, table.slice(first, _ROWS_PER_WRITE).combine_chunks())
            sink.end_interval()
        finally:
            sink.abandon()
        for directory, start, end in sink.intervals:
            _remove_overlapped(catalog / "data" / directory, start, end)
        return sorted(str(path.relative_to(staging)) for path in staging.rglob("*.parquet"))


def _remove_overlapped(folder: Path, start_ns: int, end_ns: int) -> None:
    """Remove what the new tape replaces; rows of both would be read as one tape."""
    for path in folder.glob("*.parquet"):
        span = store.file_span(path)
        if span is not None and span[0] <= end_ns and span[1] >= start_ns:
            path.unlink()


def _notes(manifest: Manifest, start_ns: int, end_ns: int) -> list[str]:
    known_from = manifest.train_start_ns - manifest.embargo_ms * _NS_PER_MS
    if start_ns >= manifest.train_end_ns or end_ns <= known_from:
        return []
    trained = f"{to_iso(manifest.train_start_ns)} .. {to_iso(manifest.train_end_ns)}"
    return [f"IN SAMPLE: the model was trained on {trained}, that part of the tape proves nothing"]
