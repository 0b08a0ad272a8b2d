"""Verification: an honest model passes, and each planted leak is found."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nautilus_scalp.evaluation.leak import peek
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.verify import options as options_module
from nautilus_scalp.runtime.verify import run
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import Verification
from nautilus_scalp.runtime.verify.check import at_most
from nautilus_scalp.runtime.verify.features import check_features
from nautilus_scalp.runtime.verify.markets import latent_signals
from nautilus_scalp.runtime.verify.markets import market_tape
from nautilus_scalp.runtime.verify.markets import markets_for
from nautilus_scalp.runtime.verify.markets import try_market
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.parity import check_parity
from nautilus_scalp.runtime.verify.planted import check_planted_edge
from nautilus_scalp.runtime.verify.strategies import check_strategies
from nautilus_scalp.runtime.verify.subject import find_subject
from nautilus_scalp.runtime.verify.windows import check_overlap
from nautilus_scalp.training import dataset
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.label_kinds import LabelParams
from tests.fakes.small_model import write_artifact


pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DURING_THE_BACKTEST_NS = 1_721_347_260_000_000_000  # a minute after its start
KINDS = (  # a feature of every kind of event, the last one of another instrument
    *("imbalance.now", "volume.sum.250ms", "imbalance_1.now", "mark_gap.now", "funding_rate.now"),
    "peer_mid.deviation.100ms",
)
SMALL = VerifyOptions(
    edge_hours=0.06,
    placebo_hours=0.06,
    test_hours=0.15,
    strategy_hours=0.02,
    invariance_events=5_000,
    cuts=4,
    parity_hours=0.02,
    min_recovered=0.2,
    random_forest=ForestParams(trees=3, depth=4, min_split=80, min_leaf=40),
    lstm=LstmParams(hidden=3, head=3, dropout=0.0, batch=16, learning_rate=1e-2, epochs=1),
    xgboost=BoostingParams(trees=8, depth=3, eta=0.3, min_child_weight=3.0),
)


def nothing(_stage: str, _fraction: float) -> None:
    """Report no progress."""


def peeking(tape: Tape, params: FeatureParams, names: Sequence[str] = ()) -> FeatureMatrix:
    """Compute features that show the next quote's values."""
    honest = compute_matrix(tape, params, names) if names else compute_matrix(tape, params)
    return msgspec.structs.replace(honest, values=peek(honest.values))


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a training configuration; its sizes are those of the verification."""
    path = tmp_path_factory.mktemp("verify") / "training.toml"
    path.write_text('name = "verified"\nhorizon_ms = 500\n')
    return path


def by_name(found: Sequence[Check]) -> dict[str, Check]:
    return {check.name: check for check in found}


def test_an_honest_pipeline_passes_every_check(training: Path) -> None:
    found = run.verify(training, SMALL)
    checks = by_name(found.checks)
    assert found.failed == []
    assert found.verdict == "yes"
    for name in ("prefix_invariance", "parity_features", "parity_probabilities", "parity_tape"):
        assert checks[name].value == 0
    assert checks["split_distance_ms"].limit == 5_000.0
    assert checks["prefix_invariance_control"].value == SMALL.cuts
    assert checks["planted_edge_auc_ensemble"].passed
    assert checks["train_test_overlap"].passed is None


def test_features_that_peek_one_quote_ahead_fail() -> None:
    options = msgspec.structs.replace(SMALL, compute=peeking)
    tape = market_tape(markets_for(KINDS, FeatureParams(), 1, 0.02, 0.0))
    assert set(tape.kind) == {QUOTE, TRADE, DEPTH, MARK, FUNDING}
    assert len(tape.instruments) == 2
    found = by_name(check_features(FeatureParams(), KINDS, options, tape))
    assert found["prefix_invariance"].passed is False
    found = by_name(check_features(FeatureParams(), KINDS, SMALL, tape))
    assert found["prefix_invariance"].passed is True


def test_a_planted_leak_makes_the_command_say_no(
    training: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"edge_hours": 0.05, "placebo_hours": 0.25, "test_hours": 0.25, "compute": peeking}
    leaking = partial(VerifyOptions, **msgspec.structs.asdict(SMALL) | sizes)
    monkeypatch.setattr(dataset, "compute_matrix", peeking)
    monkeypatch.setattr(options_module, "VerifyOptions", leaking)
    assert main(["verify", str(training), "--json"]) == 4
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    failed = {check["name"] for check in found["checks"] if check["passed"] is False}
    assert {"prefix_invariance", "parity_features"} <= failed
    # what peeks foretells a random walk to every model but an LSTM of three units and one epoch
    told = {f"random_walk_{name}" for name in ("logistic", "random_forest", "xgboost", "ensemble")}
    assert told <= failed
    assert found["verdict"] == "no"
    assert printed.err.startswith(f"error: {training}: prefix_invariance")


def test_a_model_is_retrained_on_its_own_columns_and_label(tmp_path: Path) -> None:
    plain = load_artifact(write_artifact(tmp_path / "plain"))
    label = {"kind": "cost_band", "band_bps": 0.1}
    names = (*plain.manifest.feature_names[:2], KINDS[-1])
    manifest = msgspec.structs.replace(
        plain.manifest,
        label=label,
        feature_names=names,
        schema_hash=build_schema(plain.manifest.features, names).hash,
    )
    save_artifact(manifest, plain.arrays, tmp_path / "banded")
    subject = find_subject(tmp_path / "banded", SMALL, nothing)
    assert subject.training is not None
    assert subject.training.label == LabelParams(kind="cost_band", band_bps=0.1)
    trial = try_market(subject.training, SMALL, 0.9, SMALL.edge_hours)
    assert trial.ensemble.manifest.feature_names == names
    assert trial.instruments == ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE")
    signals = latent_signals(trial)
    assert len(signals) == len(trial.matrix)
    assert abs(np.corrcoef(signals.T)[0, 1]) > 0.5  # each instrument beside its own forecast
    (features, *_) = check_parity(trial.ensemble, SMALL)
    assert features.passed
    for least, passes in ((0.0, True), (3.0, False)):  # nobody recovers three times what there is
        options = msgspec.structs.replace(SMALL, min_recovered=least)
        judged = check_planted_edge(trial, options)[-2:]
        assert [check.passed for check in judged] == [passes, passes]
        assert [check.limit for check in judged] == [least, least]
        assert all(check.detail.startswith("standard error 0.") for check in judged)


def backtest_of(model: Path, path: Path) -> Path:
    text = (ROOT / "configs" / "backtest" / "default.toml").read_text()
    text = text.replace("../..", str(ROOT))
    path.write_text(text.replace('training = "../training/sample.toml"', f'path = "{model}"'))
    return path


def test_a_backtest_of_the_training_window_fails(tmp_path: Path) -> None:
    ensemble = load_artifact(write_artifact(tmp_path / "unseen"))
    manifest = msgspec.structs.replace(ensemble.manifest, train_end_ns=DURING_THE_BACKTEST_NS)
    save_artifact(manifest, ensemble.arrays, tmp_path / "seen")
    for name, seconds in (("unseen", 0.0), ("seen", 60.0)):
        config = backtest_of(tmp_path / name, tmp_path / f"{name}.toml")
        found = check_overlap(find_subject(config, SMALL, nothing))
        assert found.value == seconds
        assert found.passed is (name == "unseen")


def test_strategies_on_a_random_walk_lose_their_costs(tmp_path: Path) -> None:
    config = backtest_of(write_artifact(tmp_path / "model"), tmp_path / "run.toml")
    found = check_strategies(find_subject(config, SMALL, nothing), SMALL)
    assert len(found) == 6
    assert all(check.passed is not False for check in found)
    assert any(check.passed for check in found)


def test_strategies_without_a_model_are_verified_for_what_they_are() -> None:
    found = run.verify(ROOT / "configs" / "backtest" / "mean_reversion.toml", SMALL)
    checks = by_name(found.checks)
    assert found.model == "none"
    assert found.verdict == "yes"
    assert checks["prefix_invariance"].passed is None
    assert "rules alone" in checks["planted_edge"].detail
    judged = [check for name, check in checks.items() if name.startswith("strategies")]
    assert any(check.passed for check in judged)


def test_the_verdict_is_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def failing(target: Path, options: VerifyOptions, _progress: object) -> Verification:
        seen.append(options)
        checks = [at_most("prefix_invariance", 3, 0, "values changed")]
        return Verification(
            checks=checks, verdict="no", target=str(target), model="m", seed=options.seed
        )

    monkeypatch.setattr(run, "verify", failing)
    assert main(["verify", "somewhere", "--json", "--seed", "9", "--hours", "2"]) == 4
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert answer["verdict"] == "no"
    assert answer["checks"][0] == {
        "name": "prefix_invariance",
        "passed": False,
        "value": 3,
        "limit": 0,
        "detail": "values changed",
    }
    assert printed.err.startswith("error: somewhere: prefix_invariance\nremedy: ")
    assert (seen[0].seed, seen[0].edge_hours) == (9, 2.0)
    assert main(["verify", "somewhere"]) == 4
    assert "NO" in capsys.readouterr().out
