"""`tune` from the command line: a small study of a training, one of a backtest, both resumed."""

import json
from pathlib import Path
from typing import Any

import pytest

from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.training.config import load_training_config


pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TRAINING = """
name = "tiny"
start = 2024-07-18T23:00:00Z
end = 2024-07-19T00:00:00Z
horizon_ms = 1_000
validation_fraction = 0.4
embargo_ms = 1_000
score_horizons_ms = [1_000]
features = { scale_half_life_ms = 500.0 }
columns = ["imbalance.now", "spread.now", "order_flow.sum.100ms"]
walk_forward = { scheme = "expanding", folds = 2 }
random_forest = { trees = 2, depth = 2 }
lstm = { hidden = 2, head = 2, epochs = 1, batch = 32, sequence = 50 }
xgboost = { trees = 2, depth = 2 }
"""


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["tune", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_training_is_tuned_and_the_result_can_be_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(TRAINING)
    sample, out = str(ROOT / "catalogs" / "sample"), tmp_path / "study"
    common = (str(config), "--catalog", sample, "--out", str(out), "--only", "ensemble")
    first = answer(capsys, *common, "--trials", "1")
    found = answer(capsys, *common, "--trials", "2")
    assert found["study"] == first["study"]
    assert found["baseline"] == first["baseline"]
    assert found["trials"] == 2
    assert found["luck"]["trials_on_data"] == 2
    assert len(found["best"]["folds"]) == 2
    assert found["best"]["score"] >= found["baseline"]["score"] > 0.5
    best = load_training_config(out / "best.toml")
    given = load_training_config(config)
    assert best.columns == given.columns
    assert (best.ensemble == given.ensemble) == (found["best"]["trial"] == 0)
    assert json.loads((out / "answer.json").read_text()) == found
    assert main(["tune", *common, "--trials", "2"]) == 0
    assert "chance alone, of 2 on these data" in capsys.readouterr().out


def test_a_backtest_is_tuned_and_the_result_can_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / "configs" / "backtest" / "mean_reversion.toml"
    out = tmp_path / "study"
    window = ("--set", "run.start=2024-07-18T23:58:00Z", "--set", "run.end=2024-07-18T23:59:00Z")
    found = answer(capsys, str(path), "--trials", "2", "--out", str(out), *window)
    assert found["trials"] == 2
    assert len(found["baseline"]["folds"]) == 3
    assert found["deflated_sharpe"]["reason"] is not None  # a minute has no Sharpe ratio
    best = load_config(out / "best.toml")
    assert best.run.catalog == str(ROOT / "catalogs" / "sample")
    assert len(best.strategies) == 2


@pytest.mark.parametrize(
    "arguments",
    [("nowhere.toml", "--trials", "2"), ("tiny.toml", "--trials", "0")],
)
def test_what_cannot_be_tuned_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(TRAINING)
    assert main(["tune", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")
