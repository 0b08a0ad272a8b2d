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
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.evaluation.leak import differing
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.tape import write_tape
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import at_most
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
    params = SyntheticParams(seed=options.seed, hours=options.parity_hours, edge=options.edge)
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        catalog, model = Path(folder) / "catalog", Path(folder) / "model"
        write_synthetic(catalog, params)
        save_artifact(ensemble.manifest, ensemble.arrays, model)
        tape = read_tape(catalog)
        write_tape(model, catalog)
        directory = tape_directory(ensemble.manifest.model_id, params.instrument_id)
        files = sorted((catalog / "data" / directory).glob("*.parquet"))
        taped = _columns(pa.concat_tables([pq.read_table(f, partitioning=None) for f in files]))
    streamed = _stream(ensemble, tape)
    manifest = ensemble.manifest
    matrix = options.compute(tape, manifest.features, manifest.feature_names)
    prediction = ensemble.predict_batch(matrix.values, matrix.segment, matrix.ready)
    batch = prediction.per_model.transpose(1, 0, 2)[matrix.ready].reshape(-1, 12)
    ready = matrix.values[matrix.ready]
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
    return np.column_stack([table[name].to_numpy().astype(np.float64) for name in _TAPE_COLUMNS])


def _stream(ensemble: Ensemble, tape: Tape) -> _Streamed:
    """Feed a tape of one instrument event by event, as the actor does."""
    manifest = ensemble.manifest
    (engine,) = build_engines(tape.instruments, manifest.features, manifest.feature_names)
    stream = ensemble.stream()
    features, models, signals = [], [], []
    events = zip(
        tape.kind.tolist(),
        tape.ts_event_ns.tolist(),
        tape.ts_init_ns.tolist(),
        tape.values.tolist(),
        strict=True,
    )
    for kind, ts_event, ts_init, values in events:
        if kind == TRADE:
            engine.on_trade(ts_event, *values[:3])
        elif engine.on_quote(ts_event, *values):
            probabilities = stream.predict(engine.value, engine.segment)
            decided = decide(probabilities, stream.move_bps)
            features.append(engine.value.copy())
            models.append(stream.per_model.ravel().copy())
            signals.append((ts_event, ts_init, *probabilities, stream.disagreement, *decided))
    return _Streamed(
        features=np.array(features), models=np.array(models), signals=np.array(signals)
    )
