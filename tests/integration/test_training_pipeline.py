"""Training on the sample catalog, small: same bytes twice, judged on unseen data only."""

from collections import Counter
from datetime import UTC
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training.candidates import category
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import SelectionParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.config import load_training_config
from nautilus_scalp.training.evaluate import evaluate
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.identity import model_id_for
from nautilus_scalp.training.label_kinds import LabelParams
from nautilus_scalp.training.mirror import mirror
from nautilus_scalp.training.pipeline import TrainingResult
from nautilus_scalp.training.pipeline import train
from nautilus_scalp.training.selection import choose_features
from nautilus_scalp.training.stages import Stages
from nautilus_scalp.training.walk_forward import FoldScore
from nautilus_scalp.training.walk_forward import walk_forward_scores


ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "catalogs" / "sample"
END = datetime(2024, 7, 18, 23, 59, 40, tzinfo=UTC)
CONFIG = TrainingConfig(
    name="small",
    instruments=("ETHUSDT-PERP.BINANCE",),
    start=datetime(2024, 7, 18, tzinfo=UTC),
    end=END,
    score_horizons_ms=(100, 500),
    random_forest=ForestParams(trees=5, depth=4),
    lstm=LstmParams(hidden=8, head=4, epochs=1, batch=16),
    xgboost=BoostingParams(trees=5, depth=3),
    ensemble=EnsembleParams(folds=2),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train(CONFIG, CATALOG, tmp_path_factory.mktemp("models") / "first")


def test_the_same_configuration_gives_the_same_bytes(
    trained: TrainingResult, tmp_path: Path
) -> None:
    stages = []
    again = train(CONFIG, CATALOG, tmp_path / "again", lambda *step: stages.append(step))
    assert again.model_id == trained.model_id == model_id_for(CONFIG, CATALOG)
    for file in ("manifest.json", "arrays.safetensors"):
        assert (again.path / file).read_bytes() == (trained.path / file).read_bytes()
    assert stages[-1] == ("save", 1.0)
    assert all(0.0 <= fraction <= 1.0 for _, fraction in stages)


def test_the_id_follows_the_configuration() -> None:
    other = msgspec.structs.replace(CONFIG, seed=8)
    assert model_id_for(other, CATALOG) != model_id_for(CONFIG, CATALOG)


def test_the_manifest_tells_what_was_trained(trained: TrainingResult) -> None:
    manifest = load_artifact(trained.path).manifest
    assert manifest.train_end_ns == to_ns(END)
    assert manifest.instruments == CONFIG.instruments
    assert manifest.sizes["random_forest"] == {"trees": 5, "depth": 4}
    assert manifest.sizes["lstm"] == {"layers": 2, "hidden": 8, "head": 4}
    assert set(manifest.importances) == set(manifest.feature_names)
    for model in ("logistic", "random_forest", "xgboost"):
        total = sum(by_model[model] for by_model in manifest.importances.values())
        assert total == pytest.approx(1.0)
    assert all("trade_tick" in name or "quote_tick" in name for name in manifest.data_checksums)
    assert set(manifest.importances["imbalance.now"]) == {
        *("logistic", "random_forest", "random_forest_shap", "xgboost", "xgboost_shap"),
    }
    assert manifest.label["kind"] == "horizon"
    assert 0.5 < manifest.label_audit["queue_imbalance"]["auc"] <= 1.0
    assert manifest.selection == {"method": "fixed25"}
    assert manifest.metrics["rows"]["train"] > manifest.metrics["rows"]["holdout"] > 0


def test_the_manifest_tells_how_good_each_part_was_by_models_of_the_others(
    trained: TrainingResult,
) -> None:
    manifest = load_artifact(trained.path).manifest
    (fold,) = manifest.folds  # the tail of the first part is still: nothing foretells the second
    assert fold["name"] == "part 1 of 2"
    assert "2024-07-18T23:57" < fold["start"] < fold["end"] < "2024-07-18T23:59"
    assert fold["train_rows"] > fold["test_rows"] > 0
    assert set(fold["horizons"]) == {"100", "500"}
    assert 0.5 < fold["horizons"]["500"]["auc_imbalance"] <= 1.0
    assert set(manifest.call_thresholds) == {"100", "500"}
    assert manifest.signal_threshold == manifest.call_thresholds["500"]
    assert "part 1 of 2" in (trained.path / "README.md").read_text()


def test_unseen_data_is_scored(trained: TrainingResult) -> None:
    answer = evaluate(trained.path, CATALOG, to_ns(END), to_ns(END) + 120 * 1_000_000_000)
    assert answer["model"] == trained.model_id
    assert answer["window"] == ["2024-07-18T23:59:40.000Z", "2024-07-19T00:01:40.000Z"]
    assert set(answer["horizons"]) == {"100", "500"}
    assert set(answer["per_model"]) == {"logistic", "random_forest", "lstm", "xgboost"}
    assert set(answer["per_instrument"]) == {"BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"}
    figures = answer["horizons"]["500"]
    assert 0.9 < figures["auc"] < 1.0
    assert 0.0 < figures["ece"] < 0.2
    assert answer["per_model"]["lstm"]["100"]["ece"] is None
    low, high = figures["intervals"]["auc"]
    assert low <= figures["auc"] <= high
    assert 0.0 < figures["ece_floor"] < 0.2
    assert figures["threshold"] == load_artifact(trained.path).manifest.call_thresholds["500"]
    assert answer["label_audit"]["n"] >= answer["n"]
    assert set(answer["label_audit"]["rules"]) == {
        *("majority", "persistence", "mid_minus_mean", "queue_imbalance"),
    }
    assert sum(one["count"] for one in answer["reliability"]["up"]) == answer["n"]


def test_by_default_the_window_begins_where_training_ended(trained: TrainingResult) -> None:
    answer = evaluate(trained.path, CATALOG, end_ns=to_ns(END) + 90 * 1_000_000_000)
    assert answer["window"][0] == "2024-07-18T23:59:40.000Z"


def test_a_window_that_was_trained_on_is_refused(trained: TrainingResult) -> None:
    with pytest.raises(UsageError, match="overlaps the training window"):
        evaluate(trained.path, CATALOG, to_ns(END) - 1)


def test_an_interrupted_training_goes_on_and_ends_with_the_same_bytes(
    trained: TrainingResult, tmp_path: Path
) -> None:
    def interrupt(stage: str, _fraction: float) -> None:
        if stage == "lstm":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, CATALOG, tmp_path / "model", interrupt)
    (kept,) = tmp_path.iterdir()  # no artifact, but the finished stages
    assert Stages(kept).finished == ("linear", "random_forest", "xgboost")
    (kept / "xgboost.safetensors").write_bytes(b"cut off")  # is fitted again
    before = (kept / "random_forest.safetensors").stat().st_mtime_ns
    seen = []

    def watch(stage: str, _fraction: float) -> None:
        if stage == "lstm" and not seen:
            seen.append((kept / "random_forest.safetensors").stat().st_mtime_ns)

    again = train(CONFIG, CATALOG, tmp_path / "model", watch)
    assert seen == [before]
    for file in ("manifest.json", "arrays.safetensors"):
        assert (again.path / file).read_bytes() == (trained.path / file).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_features_and_weights_are_learned_inside_the_training_rows(tmp_path: Path) -> None:
    config = msgspec.structs.replace(
        CONFIG,
        instruments=("BTCUSDT-PERP.BINANCE",),
        start=datetime(2023, 4, 4, tzinfo=UTC),
        end=datetime(2023, 4, 5, 0, 2, tzinfo=UTC),
        lstm=LstmParams(hidden=4, head=4, epochs=1, batch=16),
        selection=SelectionParams(method="learned", sample_rows=1_000, blocks=2),
        ensemble=EnsembleParams(weighting="learned", folds=2),
    )
    manifest = load_artifact(train(config, CATALOG, tmp_path / "model").path).manifest
    groups = Counter(str(category(name, config.features)) for name in manifest.feature_names)
    assert groups == {"price": 5, "volume": 5, "book": 6, "technical": 9}
    assert "imbalance.now" in manifest.feature_names
    assert manifest.selection["candidates"] > manifest.selection["after_redundancy_filter"] > 100
    assert -1.0 < manifest.selection["stability_nogueira"] <= 1.0
    assert sum(manifest.weights.values()) == pytest.approx(1.0)
    assert manifest.weights != EnsembleParams()
    later = to_ns(config.end)
    answer = evaluate(tmp_path / "model", CATALOG, later, later + 90 * 1_000_000_000)
    assert answer["horizons"]["500"]["auc"] > 0.8


def test_held_out_rows_cannot_change_the_choice() -> None:
    config = msgspec.structs.replace(
        CONFIG, selection=SelectionParams(method="learned", sample_rows=500, blocks=2)
    )
    end = to_ns(END)
    tape = read_tape(CATALOG, CONFIG.instruments, end - 100 * 1_000_000_000, end)
    frame = build_frame(tape, config)
    early = frame.usable & (frame.ts_event_ns < end - 40 * 1_000_000_000)
    late = (tape.ts_event_ns > end - 30 * 1_000_000_000) & (tape.kind == QUOTE)
    changed = tape.values.copy()
    changed[late] += [50.0, 50.0, 0.0, 7.0]
    other = build_frame(msgspec.structs.replace(tape, values=changed), config)
    choices = [choose_features(each, early, config) for each in (frame, other)]
    assert choices[0] == choices[1]


def test_every_kind_of_label_trains(tmp_path: Path) -> None:
    for kind in ("cost_band", "triple_barrier", "meta"):
        config = msgspec.structs.replace(CONFIG, label=LabelParams(kind=kind, band_bps=0.05))
        result = train(config, CATALOG, tmp_path / kind)
        assert load_artifact(result.path).arrays["move_rate"][1] == 0.0
        answer = evaluate(result.path, CATALOG, to_ns(END), to_ns(END) + 60 * 1_000_000_000)
        assert answer["label_audit"]["label"]["kind"] == kind
        assert answer["horizons"]["500"]["auc"] > 0.8


def test_walk_forward_scores_every_fold_and_can_be_cut_off() -> None:
    tape = read_tape(CATALOG, None, None, to_ns(datetime(2023, 4, 5, 0, 2, tzinfo=UTC)))
    config = msgspec.structs.replace(
        CONFIG,
        start=None,
        end=None,
        lstm=LstmParams(hidden=4, head=4, epochs=1, batch=16),
        walk_forward=WalkForwardParams(folds=2, stride=2),
    )
    seen: list[str] = []
    walk = walk_forward_scores(tape, config, on_fold=lambda _, fold: seen.append(fold.name))
    assert seen == [fold.name for fold in walk.folds] == ["part 2 of 3", "part 3 of 3"]
    assert walk.folds[0].window[1] < walk.folds[1].window[0]
    assert 0.5 < (walk.mean("auc") or 0.0) <= 1.0
    assert walk.stability == 1.0  # the features are fixed

    class Cut(Exception):  # noqa: N818 - as a pruner would
        pass

    def cut(_index: int, _fold: FoldScore) -> None:
        raise Cut

    with pytest.raises(Cut):
        walk_forward_scores(tape, config, on_fold=cut)


def test_too_little_data_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    short = msgspec.structs.replace(CONFIG, end=datetime(2024, 7, 18, 23, 57, 20, tzinfo=UTC))
    with pytest.raises(InputError):
        train(short, CATALOG, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_the_mirror_swaps_up_and_down() -> None:
    end = to_ns(END)
    tape = read_tape(CATALOG, CONFIG.instruments, end - 60 * 1_000_000_000, end)
    real, upside_down = compute_matrix(tape), compute_matrix(mirror(tape))
    imbalance = real.schema.index("imbalance.now")
    np.testing.assert_array_equal(real.values[:, imbalance], -upside_down.values[:, imbalance])
    np.testing.assert_allclose(np.diff(real.mid), -np.diff(upside_down.mid), atol=1e-6)
    np.testing.assert_allclose(mirror(mirror(tape)).values, tape.values, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["default", "sample"])
def test_the_shipped_configurations_have_the_documented_sizes(name: str) -> None:
    config = load_training_config(ROOT / "configs" / "training" / f"{name}.toml")
    assert (config.random_forest.trees, config.random_forest.depth) == (100, 10)
    assert (config.xgboost.trees, config.xgboost.depth) == (100, 6)
    assert (config.lstm.hidden, config.lstm.sequence) == (64, 100)
    assert config.horizon_ms == 500


def test_a_misspelt_key_names_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('name = "x"\n[lstm]\nhiden = 3\n')
    with pytest.raises(UsageError, match=r"x\.toml:3: unknown key 'lstm\.hiden'") as caught:
        load_training_config(file)
    assert "hidden" in caught.value.remedy


def test_a_value_out_of_range_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('name = "x"\nvalidation_fraction = 1.5\n')
    with pytest.raises(UsageError, match="validation_fraction"):
        load_training_config(file)


def test_the_commands_tell_the_audit_before_any_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.toml"
    file.write_text(
        'name = "small"\ninstruments = ["ETHUSDT-PERP.BINANCE"]\nstart = 2024-07-18T00:00:00Z\n'
        "end = 2024-07-18T23:59:40Z\nscore_horizons_ms = [100, 500]\n"
        "[random_forest]\ntrees = 5\ndepth = 4\n[xgboost]\ntrees = 5\ndepth = 3\n"
        "[lstm]\nhidden = 8\nhead = 4\nepochs = 1\nbatch = 16\n"
    )
    train_command = ["train", str(file), "--catalog", str(CATALOG), "--out", str(tmp_path / "m")]
    assert main([*train_command, "--json"]) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert answer["path"] == str(tmp_path / "m")
    assert answer["label_audit"]["rules"]["queue_imbalance"]["auc"] > 0.5
    assert len(answer["importances"]) == 25
    assert main(train_command) == 0
    told = capsys.readouterr().out
    assert told.index("label audit: horizon") < told.index("importance of features")
    assert told.index("label audit: horizon") < told.index("held-out tail")
    window = ["--start", "2024-07-18T23:59:40Z", "--end", "2024-07-19T00:00:40Z"]
    assert main(["evaluate", str(tmp_path / "m"), "--catalog", str(CATALOG), *window]) == 0
    told = capsys.readouterr().out
    assert told.index("label audit: horizon") < told.index("ensemble")
