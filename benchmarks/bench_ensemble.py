"""
Cost of one prediction by all four models, compiled and by the libraries that trained them.

Run with ``pytest -n 0 benchmarks/bench_ensemble.py -s``; the last test prints both and their ratio,
measured in turns in one run. The models have the documented sizes and are fitted on a synthetic
market: their cost depends on the sizes of the trees, not on what they learned.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Rows
from nautilus_scalp.training.fit_models import FittedModels
from nautilus_scalp.training.fit_models import fit_models
from nautilus_scalp.training.fit_models import pack_models
from nautilus_scalp.training.library import LibraryEnsemble


FEATURES = 25
FITTED_ROWS = 40_000
COMPILED_EVENTS = 20_000
LIBRARY_EVENTS = 200
WEIGHTS = np.array([0.1, 0.3, 0.4, 0.2])
MID = 60_000.0
type Benchmark = Callable[..., Any]
type Predict = Callable[[npt.NDArray[np.float64]], object]


@pytest.fixture(scope="module")
def values() -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).standard_t(4, size=(FITTED_ROWS, FEATURES))


@pytest.fixture(scope="module")
def models(values: npt.NDArray[np.float64]) -> FittedModels:
    rng = np.random.default_rng(2)
    drift = values[:, :5].sum(axis=1) + values[:, 5] * values[:, 6] + rng.normal(size=FITTED_ROWS)
    rows = Rows(
        values=values,
        label=np.digitize(drift, (-1.0, 1.0)).astype(np.int8),
        move_bps=drift,
        weight=np.ones(FITTED_ROWS),
        segment=np.zeros(FITTED_ROWS, np.int32),
    )
    config = TrainingConfig(name="benchmark", lstm=LstmParams(epochs=1))
    return fit_models(rows, rows, config, lambda _stage, _fraction: None)


@pytest.fixture(scope="module")
def ensemble(models: FittedModels) -> Ensemble:
    manifest = Manifest(
        model_id="benchmark",
        name="benchmark",
        horizon_ms=500,
        horizons_ms=(500,),
        features=FeatureParams(),
        feature_names=(),
        schema_hash="",
        instruments=(),
        train_start_ns=0,
        train_end_ns=1,
        embargo_ms=0,
        data_checksums={},
        versions={},
        seed=1,
        sizes={},
        weights={},
        signal_threshold=0.5,
        horizon_calibration={},
        metrics={},
        importances={},
    )
    return Ensemble(manifest, pack_models(models) | {"weights": WEIGHTS})


def _microseconds(predict: Predict, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    taken = np.empty(len(rows))
    for i, row in enumerate(rows):
        started = time.perf_counter_ns()
        predict(row)
        taken[i] = time.perf_counter_ns() - started
    return taken / 1e3


def test_stream(benchmark: Benchmark, ensemble: Ensemble, values: npt.NDArray[np.float64]) -> None:
    """One event through Python into the kernel."""
    stream = ensemble.stream()
    stream.predict(values[0], 0, 0, MID)
    rows = iter(values)
    benchmark.pedantic(
        stream.predict,
        setup=lambda: ((next(rows), 0, 0, MID), {}),
        rounds=COMPILED_EVENTS,
        iterations=1,
    )


def test_batch(benchmark: Benchmark, ensemble: Ensemble, values: npt.NDArray[np.float64]) -> None:
    """Forty thousand events in one call."""
    segment = np.zeros(FITTED_ROWS, np.int32)
    ready = np.ones(FITTED_ROWS, np.bool_)
    quotes = (np.arange(FITTED_ROWS), np.full(FITTED_ROWS, MID))
    ensemble.predict_batch(values, segment, ready, *quotes)
    benchmark.pedantic(
        ensemble.predict_batch, args=(values, segment, ready, *quotes), rounds=3, iterations=1
    )


def test_compiled_against_libraries(
    models: FittedModels, ensemble: Ensemble, values: npt.NDArray[np.float64]
) -> None:
    """Same models, same rows, one at a time; both are checked to say the same."""
    stream = ensemble.stream()
    stream.predict(values[0], 0, 0, MID)
    compiled_us = _microseconds(
        lambda row: stream.predict(row, 0, 0, MID), values[:COMPILED_EVENTS]
    )
    with LibraryEnsemble(models, WEIGHTS) as library:
        library.predict(values[0])
        library_us = _microseconds(library.predict, values[:LIBRARY_EVENTS])
    compiled, slow = np.percentile(compiled_us, 50), np.percentile(library_us, 50)
    print(  # noqa: T201
        f"\ncompiled p50 {compiled:.1f} us, p99 {np.percentile(compiled_us, 99):.1f} us; "
        f"libraries p50 {slow:.0f} us; ratio {slow / compiled:.0f}"
    )
    np.testing.assert_allclose(
        _pooled(ensemble, values[:50]), _from_scratch(models, values[:50]), rtol=0, atol=1e-5
    )


def _pooled(ensemble: Ensemble, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    segment = np.zeros(len(rows), np.int32)
    quotes = (np.arange(len(rows)), np.full(len(rows), MID))
    batch = ensemble.predict_batch(rows, segment, np.ones(len(rows), np.bool_), *quotes)
    return np.einsum("k,kmc->mc", WEIGHTS, batch.per_model)


def _from_scratch(models: FittedModels, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with LibraryEnsemble(models, WEIGHTS) as library:
        return np.stack([library.predict(row) for row in rows])
