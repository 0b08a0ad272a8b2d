"""Compiled prediction equals the library's, and the stream equals the batch bit for bit."""

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
import torch
import xgboost

from nautilus_scalp.models.boosting import boosting_scores
from nautilus_scalp.models.calibration import HINT_FEATURES
from nautilus_scalp.models.calibration import WIDTH
from nautilus_scalp.models.calibration import hint_rows
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.ensemble import EnsembleStream
from nautilus_scalp.models.forest import forest_probabilities
from nautilus_scalp.models.logistic import linear_scores
from nautilus_scalp.models.logistic import softmax
from nautilus_scalp.models.lstm import lstm_step
from nautilus_scalp.models.lstm import state_size
from nautilus_scalp.models.lstm import tanh_in_place
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.models.predict import ENSEMBLE_ROW
from nautilus_scalp.models.scaler import fit_scaler
from nautilus_scalp.models.scaler import standardise_rows
from nautilus_scalp.models.trees import LANES
from nautilus_scalp.models.trees import TreeTable
from nautilus_scalp.models.trees import pack_nodes
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.config import LogisticParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Rows
from nautilus_scalp.training.fit_boosting import fit_boosting
from nautilus_scalp.training.fit_boosting import flatten_boosting
from nautilus_scalp.training.fit_ensemble import log_scores
from nautilus_scalp.training.fit_forest import fit_forest
from nautilus_scalp.training.fit_forest import flatten_forest
from nautilus_scalp.training.fit_logistic import fit_logistic
from nautilus_scalp.training.fit_lstm import LstmClassifier
from nautilus_scalp.training.fit_lstm import pack_lstm
from nautilus_scalp.training.fit_models import fit_models
from nautilus_scalp.training.fit_models import pack_models
from nautilus_scalp.training.labels import NS_PER_MS


FEATURES = 8
ROWS = 1500


@pytest.fixture(scope="module")
def values() -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(3)
    values = rng.standard_t(3, size=(ROWS, FEATURES))
    values[:, 1] = np.round(values[:, 1], 1)  # ties: thresholds fall exactly between few values
    values[:, 2] *= 1e6
    return values


@pytest.fixture(scope="module")
def label(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    noise = np.random.default_rng(4).normal(size=ROWS)
    score = values[:, 0] + values[:, 1] * values[:, 3] + noise
    return np.digitize(score, (-0.7, 0.7)).astype(np.int8)


def _at_thresholds(values: npt.NDArray[np.float64], table: TreeTable) -> npt.NDArray[np.float64]:
    """Return rows whose every input sits on, or one float beside, a threshold of that input."""
    rows = values.copy()
    rng = np.random.default_rng(5)
    for k in range(values.shape[1]):
        used = table.threshold[(table.feature == k) & np.isfinite(table.threshold)]
        chosen = rng.choice(used, len(rows))
        side = rng.choice(np.array([-np.inf, np.inf], np.float32), len(rows))
        beside = np.where(rng.random(len(rows)) < 0.5, np.nextafter(chosen, side), chosen)
        rows[:, k] = beside
    return rows


def _forest(rows: npt.NDArray[np.float64], table: TreeTable) -> npt.NDArray[np.float64]:
    out = np.empty((len(rows), 3))
    lanes = np.zeros(LANES, np.uint64)
    nodes = pack_nodes(table.feature, table.threshold)
    for row, result in zip(rows.astype(np.float32), out, strict=True):
        forest_probabilities(row, nodes, table.leaf, lanes, result)
    return out


def test_forest_equals_sklearn(
    values: npt.NDArray[np.float64], label: npt.NDArray[np.int8]
) -> None:
    model = fit_forest(values, label, np.ones(len(label)), ForestParams(trees=23), 1)
    table = flatten_forest(model)
    for rows in (values, _at_thresholds(values, table)):
        expected = model.predict_proba(rows.astype(np.float32))
        np.testing.assert_allclose(_forest(rows, table), expected, rtol=0, atol=1e-6)


def test_boosting_equals_xgboost(
    values: npt.NDArray[np.float64], label: npt.NDArray[np.int8]
) -> None:
    model = fit_boosting(values, label, np.ones(len(label)), BoostingParams(trees=23), 1)
    base, table = flatten_boosting(model)
    lanes = np.zeros(LANES, np.uint64)
    nodes = pack_nodes(table.feature, table.threshold)
    for rows in (values, _at_thresholds(values, table)):
        expected = model.predict(xgboost.DMatrix(rows))
        out = np.empty((len(rows), 3))
        for row, result in zip(rows.astype(np.float32), out, strict=True):
            boosting_scores(row, base, nodes, table.leaf, lanes, result)
            softmax(result, result)
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-6)


def test_logistic_equals_sklearn(
    values: npt.NDArray[np.float64], label: npt.NDArray[np.int8]
) -> None:
    z = standardise_rows(values, *fit_scaler(values))
    model = fit_logistic(z, label, np.ones(len(label)), LogisticParams())
    out = np.empty((len(z), 3))
    for row, result in zip(z, out, strict=True):
        linear_scores(row, model.coef_, model.intercept_, result)
        softmax(result, result)
    np.testing.assert_allclose(out, model.predict_proba(z), rtol=0, atol=1e-12)


def test_tanh_is_within_float32_of_the_exact_one() -> None:
    z = np.linspace(-12.0, 12.0, 100_001).astype(np.float32)
    exact = np.tanh(z.astype(np.float64))
    tanh_in_place(z)
    assert np.abs(z - exact).max() < 4e-7


@pytest.mark.parametrize("size", [(64, 32), (5, 3)])
def test_lstm_steps_equal_torch_over_a_long_sequence(size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    params = LstmParams(hidden=size[0], head=size[1])
    model = LstmClassifier(FEATURES, params).eval()
    with torch.no_grad():  # weights as large as training makes them
        for weight in model.parameters():
            weight.mul_(3.0)
    z = np.clip(np.random.default_rng(2).normal(size=(2000, FEATURES)) * 2.0, -5.0, 5.0)
    with torch.no_grad():
        expected = model(torch.from_numpy(z[None].astype(np.float32)))[0][0].softmax(1).numpy()
    arrays = pack_lstm(model)
    state = np.zeros(state_size(FEATURES, params.hidden), np.float32)
    out = np.empty((len(z), 3))
    for row, result in zip(z, out, strict=True):
        lstm_step(
            row,
            arrays["lstm_layer1"],
            arrays["lstm_layer2"],
            arrays["lstm_head1"],
            arrays["lstm_head2"],
            state,
            result,
        )
        softmax(result, result)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def ensemble(
    model_manifest: Manifest, values: npt.NDArray[np.float64], label: npt.NDArray[np.int8]
) -> Ensemble:
    rng = np.random.default_rng(6)
    rows = Rows(
        values=values,
        label=label,
        move_bps=(label - 1.0) * rng.lognormal(size=ROWS),
        weight=np.ones(ROWS),
        segment=np.zeros(ROWS, np.int32),
    )
    config = TrainingConfig(
        name="test",
        random_forest=ForestParams(trees=12),
        xgboost=BoostingParams(trees=12),
        lstm=LstmParams(hidden=8, head=16, epochs=1, batch=2),
    )
    models = fit_models(rows, rows, config, lambda _stage, _fraction: None)
    arrays = pack_models(models) | {"weights": np.array([0.1, 0.3, 0.4, 0.2])}
    imbalance, *others = HINT_FEATURES
    names = (imbalance, "1", "2", *others, "6", "7")
    manifest = msgspec.structs.replace(model_manifest, feature_names=names)
    calibration = rng.uniform(0.5, 1.5, size=(5, WIDTH))
    rate = np.array((50 * NS_PER_MS, 200.0 * NS_PER_MS, 5 * NS_PER_MS, 1.0, 0.5, 0.3, 1.0, 0.2))
    return Ensemble(manifest, arrays | {"calibration": calibration, "move_rate": rate})


def _quotes(
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return times a few milliseconds apart and mids that move now and then."""
    ts_event_ns = np.cumsum(rng.integers(0, 12, ROWS)) * NS_PER_MS
    return ts_event_ns, 100.0 + np.cumsum(rng.integers(-1, 2, ROWS) * (rng.random(ROWS) < 0.2))


def test_batch_equals_streams_bit_for_bit(
    ensemble: Ensemble, values: npt.NDArray[np.float64]
) -> None:
    rng = np.random.default_rng(7)
    instrument = rng.integers(0, 3, ROWS)
    segment = (2 * instrument + 1 * (np.arange(ROWS) > ROWS // 2)).astype(np.int32)
    ready = rng.random(ROWS) > 0.1
    rows = values.copy()
    rows[17, 3] = np.nan  # a ready row that is not finite: NaN out, no state touched
    ready[17] = True
    ts_event_ns, mid = _quotes(rng)
    batch = ensemble.predict_batch(rows, segment, ready, ts_event_ns, mid)
    streams = [ensemble.stream() for _ in range(3)]
    for i in range(ROWS):
        if not ready[i]:
            assert np.isnan(batch.probabilities[i]).all()
            continue
        stream = streams[instrument[i]]
        single = stream.predict(rows[i], int(segment[i]), int(ts_event_ns[i]), float(mid[i]))
        np.testing.assert_array_equal(batch.probabilities[i], single)
        np.testing.assert_array_equal(batch.per_model[:, i], stream.per_model)
        np.testing.assert_array_equal(batch.move_bps[i], stream.move_bps)
        np.testing.assert_array_equal(batch.disagreement[i], stream.disagreement)
    assert np.isnan(batch.probabilities[17]).all()
    predicted = ready & (np.arange(ROWS) != 17)
    assert np.isfinite(batch.probabilities[predicted]).all()
    # what is published of another batch: the correction of what the models say, row by row
    rate = ensemble.arrays["move_rate"].astype(np.float64)
    calibration = ensemble.arrays["calibration"][ENSEMBLE_ROW].astype(np.float64)
    hint = hint_rows(rows, ensemble.columns)
    assert (hint[:, 1] == 1.0).any()
    assert (hint[:, 1] == 0.0).any()
    quotes = (segment, ts_event_ns, mid)
    again = follow_rows(log_scores(batch.pooled), hint, calibration, *quotes, rate)
    np.testing.assert_allclose(again, batch.probabilities, rtol=1e-12)
    still = rate * [1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    alone = follow_rows(log_scores(batch.pooled), hint, calibration, *quotes, still)
    assert (alone[predicted] != again[predicted]).mean() > 0.9


def _play(
    stream: EnsembleStream, values: npt.NDArray[np.float64], segment: int
) -> list[npt.NDArray[np.float64]]:
    """Return the predictions of five quotes whose mids jump to and fro."""
    return [
        stream.predict(values[k], segment, 40 * k * NS_PER_MS, 100.0 + k % 2).copy()
        for k in range(5)
    ]


def test_a_new_segment_and_reset_forget_what_was_seen(
    ensemble: Ensemble, values: npt.NDArray[np.float64]
) -> None:
    stream = ensemble.stream()
    first = _play(stream, values, 0)
    carried = stream.predict(values[0], 0, 160 * NS_PER_MS, 100.0).copy()
    assert not np.array_equal(carried, first[0])
    again = _play(stream, values, 1)
    np.testing.assert_array_equal(again, first)
    stream.reset()
    assert np.isnan(stream.probabilities).all()
    np.testing.assert_array_equal(
        _play(stream, values, 1),
        first,
    )


def test_probabilities_sum_to_one_and_pool_with_the_weights(
    ensemble: Ensemble, values: npt.NDArray[np.float64]
) -> None:
    segment = np.zeros(ROWS, np.int32)
    quotes = _quotes(np.random.default_rng(9))
    batch = ensemble.predict_batch(values, segment, np.ones(ROWS, np.bool_), *quotes)
    np.testing.assert_allclose(batch.probabilities.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(batch.per_model.sum(axis=2), 1.0, rtol=0, atol=1e-12)
    weights = np.array([0.1, 0.3, 0.4, 0.2])
    lean = batch.per_model[:, :, 2] - batch.per_model[:, :, 0]
    spread = np.sqrt(weights @ (lean - weights @ lean) ** 2)
    np.testing.assert_allclose(batch.disagreement, spread, rtol=1e-9, atol=1e-12)
