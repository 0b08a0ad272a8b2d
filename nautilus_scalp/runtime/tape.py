"""Every prediction of a model over a window, written into the catalog as ``AlphaSignal`` data."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nautilus_scalp.actors.signal_tape import tape_directory
from nautilus_scalp.data import store
from nautilus_scalp.data.catalog import catalog_window
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
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.settings import to_iso
from nautilus_scalp.signals.policy import CONFIDENCE
from nautilus_scalp.signals.policy import EXPECTED_MOVE
from nautilus_scalp.signals.policy import STRENGTH
from nautilus_scalp.signals.policy import decide_rows


_NS_PER_MS = 1_000_000
_ROWS_PER_WRITE = 200_000


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


def write_tape(
    model: Path,
    catalog: Path,
    start_ns: int | None = None,
    end_ns: int | None = None,
    instrument_ids: Sequence[str] | None = None,
    progress: Report = lambda _stage, _fraction: None,
) -> TapeResult:
    """Predict every quote of a window and write the signals beside the quotes.

    A signal carries the ``ts_event`` and ``ts_init`` of its quote, as the ensemble actor's does.
    Features and LSTM start cold at the window's start, as they do in a backtest that starts there.
    The same model, data and window give the same bytes. A tape of the same model that covers a
    part of the window is replaced.

    Parameters
    ----------
    model : Path
        Directory of an artifact.
    catalog : Path
        A Nautilus catalog.
    start_ns, end_ns : int, optional
        Window [start, end) of ``ts_init``; by default all of the catalog.
    instrument_ids : Sequence[str], optional
        All with quotes by default. Instruments may see each other's last quote, so name those
        that the actor would be configured with.
    progress : Report, optional
        Told which stage runs.

    Returns
    -------
    TapeResult
        What was written. Everything is, or nothing.

    Raises
    ------
    UsageError
        If the catalog holds no quotes in the window, or none that the model can predict.
    InputError
        If the artifact or the catalog is damaged.

    """
    progress("read", 0.0)
    ensemble = load_artifact(model)
    manifest = ensemble.manifest
    first, last = catalog_window(catalog, instrument_ids)
    start = first if start_ns is None else start_ns
    end = last if end_ns is None else end_ns
    extras = bool(side_kinds(manifest.feature_names))
    tape = read_tape(catalog, instrument_ids, start, end, extras=extras)
    progress("features", 0.2)
    matrix = compute_matrix(tape, manifest.features, manifest.feature_names)
    names = [facts.instrument_id for facts in tape.instruments]
    progress("predict", 0.3)
    tables = signal_tables(ensemble, matrix, names)
    if not any(len(table) for table in tables.values()):
        message = f"no quote between {to_iso(start)} and {to_iso(end)} has warm features"
        raise UsageError(message, "widen --start .. --end: features need about a minute")
    progress("write", 0.9)
    files = _write(catalog, manifest.model_id, tables)
    return TapeResult(
        model=manifest.model_id,
        window=(to_iso(start), to_iso(end)),
        quotes=len(matrix),
        signals={name: len(table) for name, table in tables.items()},
        files=files,
        notes=_notes(manifest, start, end),
    )


def signal_tables(
    ensemble: Ensemble, matrix: FeatureMatrix, instrument_ids: Sequence[str]
) -> dict[str, pa.Table]:
    """Predict every ready row of a matrix in batch, and return the signals as columns.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    matrix : FeatureMatrix
        Its features.
    instrument_ids : Sequence[str]
        Names behind ``matrix.instrument``.

    Returns
    -------
    dict[str, pyarrow.Table]
        By instrument, in Nautilus's schema of ``AlphaSignal``, in order of ``ts_init``.

    """
    prediction = ensemble.predict_batch(matrix.values, matrix.segment, matrix.ready)
    decided = decide_rows(prediction.probabilities, prediction.move_bps)
    published = np.isfinite(decided[:, STRENGTH])
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
    manifest = ensemble.manifest
    tables = {}
    for index, name in enumerate(instrument_ids):
        rows = np.flatnonzero(published & (matrix.instrument == index))
        constants = {
            "instrument_id": name,
            "horizon_ms": manifest.horizon_ms,
            "regime": UNCLASSIFIED,
            "model_id": manifest.model_id,
            "type": AlphaSignal.__name__,
        }
        arrays = {key: pa.array(values[rows]) for key, values in columns.items()}
        arrays |= {key: pa.repeat(value, len(rows)) for key, value in constants.items()}
        schema: pa.Schema = AlphaSignal._schema  # noqa: SLF001 (Nautilus's place for it)
        tables[name] = pa.table({key: arrays[key] for key in schema.names}, schema=schema)
    return tables


def _write(catalog: Path, model_id: str, tables: dict[str, pa.Table]) -> list[str]:
    with store.change(catalog) as staging:
        sink = IntervalSink(staging)
        try:
            for name, table in tables.items():
                directory = tape_directory(model_id, name)
                for first in range(0, len(table), _ROWS_PER_WRITE):
                    sink.write(directory, table.slice(first, _ROWS_PER_WRITE))
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
