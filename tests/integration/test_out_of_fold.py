"""Calibration rests on forecasts by models that saw nothing of what they foretell."""

from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.models.calibration import WIDTH
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training import out_of_fold
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import Rows
from nautilus_scalp.training.dataset import build_dataset
from nautilus_scalp.training.join import join_models
from nautilus_scalp.training.out_of_fold import predict_out_of_fold
from nautilus_scalp.training.stages import NO_STAGES
from tests.fakes.small_model import random_arrays
from tests.fakes.small_model import small_manifest


CATALOG = Path(__file__).parents[2] / "catalogs" / "sample"
SECOND = 1_000_000_000
END = to_ns(datetime(2023, 4, 5, 0, 2, tzinfo=UTC))
CONFIG = TrainingConfig(name="x", embargo_ms=2_000, ensemble=EnsembleParams(folds=3))

type Fit = tuple[Rows, Rows, TrainingConfig]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Return minutes of BTC whose first feature is the time in seconds."""
    tape = read_tape(CATALOG, ("BTCUSDT-PERP.BINANCE",), END - 180 * SECOND, END)
    found = build_dataset(tape, CONFIG)
    values = found.values.copy()
    values[:, 0] = found.ts_event_ns / SECOND
    return msgspec.structs.replace(found, values=values)


@pytest.fixture
def raw(dataset: Dataset) -> Ensemble:
    names = dataset.schema.names
    return Ensemble(small_manifest(names), random_arrays(np.random.default_rng(1), len(names)))


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Fit]:
    """Replace the fitting of models by one that remembers what it was given."""
    seen: list[Fit] = []

    def fit(train: Rows, holdout: Rows, config: TrainingConfig, **_kept: object) -> dict[str, Any]:
        seen.append((train, holdout, config))
        return random_arrays(np.random.default_rng(len(seen)), train.values.shape[1])

    monkeypatch.setattr(out_of_fold, "fit_packed", fit)
    return seen


def _say(dataset: Dataset, raw: Ensemble, **changed: int) -> out_of_fold.OutOfFold:
    ensemble = msgspec.structs.replace(CONFIG.ensemble, **changed)
    config = msgspec.structs.replace(CONFIG, ensemble=ensemble)
    return predict_out_of_fold(dataset, raw, config, lambda _stage, _share: None, NO_STAGES)


def test_no_model_sees_the_part_that_it_predicts(
    dataset: Dataset, raw: Ensemble, fits: list[Fit]
) -> None:
    said = _say(dataset, raw)
    assert len(fits) == len(said.names) == 3
    apart = (CONFIG.horizon_ms + CONFIG.embargo_ms) / 1_000
    for part, (train, holdout, config) in enumerate(fits):
        times = dataset.ts_event_ns[said.rows[said.part == part]] / SECOND
        for side in (train, holdout):
            seen = side.values[:, 0]
            outside = (seen < times.min() - apart) | (seen > times.max() + apart)
            assert outside.all()
        assert config.lstm.epochs == CONFIG.ensemble.fold_epochs
        assert said.train_rows[part] == len(train.values)
    usable = dataset.usable & dataset.ready & ~dataset.reflected
    np.testing.assert_array_equal(said.rows, np.flatnonzero(usable))
    np.testing.assert_allclose(said.per_model.sum(axis=2), 1.0)


def test_folds_see_no_more_rows_than_allowed(
    dataset: Dataset, raw: Ensemble, fits: list[Fit]
) -> None:
    _say(dataset, raw, fold_rows=3_000)
    assert all(
        1_000 < len(train.values) + len(holdout.values) <= 3_500 for train, holdout, _ in fits
    )


def test_without_folds_the_held_out_rows_serve(
    dataset: Dataset, raw: Ensemble, fits: list[Fit]
) -> None:
    said = _say(dataset, raw, folds=0)
    assert not fits
    assert said.names == ("held out",)
    np.testing.assert_array_equal(
        said.rows, np.flatnonzero(dataset.split.holdout & ~dataset.reflected)
    )


def test_a_market_without_moves_outside_a_part_leaves_that_part_out(
    dataset: Dataset, raw: Ensemble, fits: list[Fit]
) -> None:
    whole = _say(dataset, raw)
    fits.clear()
    first = dataset.ts_event_ns <= dataset.ts_event_ns[whole.rows[whole.part == 0]].max()
    still = np.where(first | (dataset.target.direction < 0), dataset.target.direction, 1)
    target = msgspec.structs.replace(dataset.target, direction=still.astype(np.int8))
    said = _say(msgspec.structs.replace(dataset, target=target), raw)
    assert "part 1 of 3" not in said.names
    assert len(fits) == len([name for name in said.names if name.startswith("part")])


def test_what_was_said_is_joined_and_judged_by_part(dataset: Dataset) -> None:
    said = out_of_fold.OutOfFold(
        rows=np.flatnonzero(dataset.usable & dataset.ready & ~dataset.reflected),
        per_model=np.zeros((4, 0, 3)),
        part=np.zeros(0, np.int64),
        names=("early", "late"),
        train_rows=(10, 20),
    )
    rng = np.random.default_rng(2)
    count = len(said.rows)
    per_model: npt.NDArray[np.float64] = rng.dirichlet([1.0, 3.0, 1.0], (4, count))
    part = (np.arange(count) > count // 2).astype(np.int64)
    said = msgspec.structs.replace(said, per_model=per_model, part=part)
    joined = join_models(said, np.full(4, 0.25), dataset, CONFIG)
    assert joined.calibration.shape == (5, WIDTH)
    assert set(joined.horizons) == set(joined.thresholds) == {"100", "500", "1000"}
    assert joined.horizons["500"] == tuple(joined.calibration[4])
    assert joined.signal_threshold == joined.thresholds["500"]
    early, late = joined.folds
    assert (early["name"], late["name"]) == ("early", "late")
    assert (early["train_rows"], early["test_rows"] + late["test_rows"]) == (10, count)
    assert early["start"] < early["end"] <= late["start"]
    figures = late["horizons"]["1000"]
    # models that know nothing lean on the queues alone
    assert figures["auc"] == pytest.approx(figures["auc_imbalance"], abs=0.02)
    assert figures["threshold"] == joined.thresholds["1000"]
