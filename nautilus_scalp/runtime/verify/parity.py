"""Parity: one prediction, whether it is computed in batch, event by event, or read from a tape."""

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from nautilus_scalp.actors.signal_tape import tape_directory
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.evaluation.leak import differing
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.certificate import feed
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.tape import write_tape
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import at_most
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.markets import markets_for
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.signals.policy import decide


type Floats = npt.NDArray[np.float64]

_TAPE_COLUMNS = (
    *("ts_event", "ts_init", "p_down", "p_flat", "p_up"),
    *("disagreement", "expected_move_bps", "confidence", "strength"),
)


class _Streamed(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream shows: features and per-model probabilities, and the signals' columns."""

    features: Floats
    models: Floats
    signals: Floats


def check_parity(ensemble: Ensemble, options: VerifyOptions) -> list[Check]:
    """Predict a synthetic market in batch, as a stream and through a tape on disk.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    options : VerifyOptions
        Size of the market.

    Returns
    -------
    list[Check]
        Differing values: none may differ in any bit.

    """
    manifest = ensemble.manifest
    length = (options.seed, options.parity_hours, options.edge)
    markets = markets_for(manifest.feature_names, manifest.features, *length)
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        catalog, model = Path(folder) / "catalog", Path(folder) / "model"
        for params in markets:
            write_synthetic(catalog, params, compare=False)
        save_artifact(manifest, ensemble.arrays, model)
        tape = read_tape(catalog, extras=True)
        write_tape(model, catalog)
        folders = [tape_directory(manifest.model_id, params.instrument_id) for params in markets]
        files = [f for folder in folders for f in (catalog / "data" / folder).glob("*.parquet")]
        taped = _columns(pa.concat_tables([pq.read_table(f, partitioning=None) for f in files]))
    streamed = _stream(ensemble, tape)
    matrix = options.compute(tape, manifest.features, manifest.feature_names)
    prediction = ensemble.predict_matrix(matrix)
    batch = prediction.per_model.transpose(1, 0, 2)[matrix.ready].reshape(-1, 12)
    ready = matrix.values[matrix.ready]
    if not len(ready):
        return [not_applicable("parity", "no quote of the synthetic market had warm features")]
    return [
        at_most("parity_features", differing(ready, streamed.features), 0.0, _told(ready)),
        at_most("parity_probabilities", differing(batch, streamed.models), 0.0, _told(batch)),
        at_most(
            "parity_tape",
            differing(taped, streamed.signals),
            0.0,
            f"of {taped.size:,} values in {len(taped):,} signals differ between tape and stream",
        ),
    ]


def _told(values: Floats) -> str:
    return f"of {values.size:,} values differ between batch and stream"


def _columns(table: pa.Table) -> Floats:
    table = table.sort_by("ts_init")
    return np.column_stack([table[name].to_numpy().astype(np.float64) for name in _TAPE_COLUMNS])


def _stream(ensemble: Ensemble, tape: Tape) -> _Streamed:
    """Take the tape's events one by one, as the actor does."""
    manifest = ensemble.manifest
    engines = build_engines(tape.instruments, manifest.features, manifest.feature_names)
    streams = [ensemble.stream() for _ in engines]
    features, models, signals = [], [], []
    for event in range(len(tape)):
        if not feed(engines, tape, event):
            continue
        engine, stream = (each[tape.instrument[event]] for each in (engines, streams))
        ts_event_ns = int(tape.ts_event_ns[event])
        probabilities = stream.predict(engine.value, engine.segment, ts_event_ns, engine.mid)
        decided = decide(probabilities, stream.move_bps)
        features.append(engine.value.copy())
        models.append(stream.per_model.ravel().copy())
        times = (ts_event_ns, tape.ts_init_ns[event])
        signals.append((*times, *probabilities, stream.disagreement, *decided))
    return _Streamed(
        features=np.array(features), models=np.array(models), signals=np.array(signals)
    )
