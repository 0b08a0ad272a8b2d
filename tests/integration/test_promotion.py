"""The commands of the registry: only a verified and better model comes to rule."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.models.artifact import ARRAYS_FILE
from nautilus_scalp.models.artifact import CARD_FILE
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.model_cache import find_model
from tests.fakes.small_model import write_artifact


ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "catalogs" / "sample"
START_NS = 1_721_347_200_000_000_000  # 2024-07-19T00:00:00Z
BTC = "BTCUSDT-PERP.BINANCE"


def with_gain(ensemble: Ensemble, gain: float) -> dict[str, Any]:
    """Return arrays that call every direction as the ensemble does, or the other way round."""
    calibration = ensemble.arrays["calibration"].copy()
    calibration[-1, 2] = gain
    return ensemble.arrays | {"calibration": calibration}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return models/scalp with a model, its opposite, and a model without a certificate."""
    home = tmp_path_factory.mktemp("registry") / "models"
    plain = load_artifact(write_artifact(home / "scalp" / "plain"))
    tape = read_tape(SAMPLE, [BTC], START_NS, START_NS + 5_000_000_000)
    for model_id, gain in (("first", 1.0), ("second", -1.0)):
        manifest = msgspec.structs.replace(plain.manifest, model_id=model_id)
        save_artifact(manifest, with_gain(plain, gain), home / "scalp" / model_id, tape)
    return home


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    """Return a copy, to be changed."""
    return Path(shutil.copytree(trained, tmp_path / "models"))


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:  # noqa: ANN401
    assert main(["models", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def promote(home: Path, model_id: str, *options: str) -> int:
    return main(["models", "promote", "scalp", model_id, "--home", str(home), *options])


WINDOW = ("--catalog", str(SAMPLE), "--start", "2024-07-19T00:00:00Z")
SHORT = (*WINDOW, "--end", "2024-07-19T00:00:30Z")


def test_the_better_of_two_rules(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert promote(home, "first") == 0  # nobody to compare with
    assert promote(home, "second") == 2
    assert "nothing to compare both on" in capsys.readouterr().err
    codes = {promote(home, "second", *SHORT)}
    codes.add(promote(home, "first", *SHORT))
    assert codes in ({0, 4}, {4, 2})  # one of the two is better; who rules cannot rise
    capsys.readouterr()
    (row,) = answer(capsys, "list", "--home", str(home))["names"].values()
    scores = [line["evidence"]["auc"] for line in row["history"] if "auc" in line["evidence"]]
    assert all(auc[row["champion"]] == max(auc.values()) for auc in scores)
    assert [model["role"] for model in row["models"]].count("champion") == 1
    assert row["models"][0]["id"] == row["champion"]


def test_a_worse_model_needs_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twin = load_artifact(home / "scalp" / "first")
    manifest = msgspec.structs.replace(twin.manifest, model_id="twin")
    tape = read_tape(SAMPLE, [BTC], START_NS, START_NS + 1_000_000_000)
    save_artifact(manifest, twin.arrays, home / "scalp" / "twin", tape)
    assert promote(home, "first") == 0
    assert promote(home, "twin", *SHORT) == 4  # as good is not better
    assert "twin scores AUC" in capsys.readouterr().err
    found = answer(capsys, "promote", "scalp", "twin", "--home", str(home), "--force")
    assert found == {
        "name": "scalp",
        "champion": "twin",
        "previous": "first",
        "evidence": {"forced": True},
    }
    np.testing.assert_array_equal(
        load_artifact(home / "scalp").arrays["weights"], twin.arrays["weights"]
    )
    assert load_artifact(home / "scalp").manifest.model_id == "twin"
    back = answer(capsys, "rollback", "scalp", "--home", str(home))
    assert (back["champion"], back["previous"]) == ("first", "twin")
    assert load_artifact(home / "scalp").manifest.model_id == "first"
    assert main(["models", "rollback", "scalp", "--home", str(home)]) == 2


def test_a_configuration_may_name_the_champion(home: Path) -> None:
    overrides = [f"model.path={home / 'scalp'}"]
    config = load_config(ROOT / "configs" / "backtest" / "default.toml", overrides)
    assert promote(home, "second") == 0
    assert find_model(config, lambda _stage, _fraction: None) == home / "scalp" / "second"


def test_what_cannot_be_verified_does_not_rule(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote(home, "plain") == 3
    assert "no parity certificate" in capsys.readouterr().err
    assert promote(home, "../scalp") == 2
    assert promote(home, "nobody") == 2
    (home / "scalp" / "first" / CARD_FILE).write_text("the best there is")
    assert promote(home, "first", "--force") == 3
    assert not (home / "registry.json").exists()


def test_a_former_champion_that_was_tampered_with_does_not_return(home: Path) -> None:
    assert promote(home, "first") == 0
    assert promote(home, "second", "--force") == 0
    arrays = home / "scalp" / "first" / ARRAYS_FILE
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"?")
    before = (home / "registry.json").read_bytes()
    assert main(["models", "rollback", "scalp", "--home", str(home)]) == 3
    assert (home / "registry.json").read_bytes() == before
    assert load_artifact(home / "scalp").manifest.model_id == "second"


def test_the_list_names_what_is_damaged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "scalp" / "second" / "manifest.json").write_text("{}")
    found = answer(capsys, "list", "--home", str(home))["names"]["scalp"]
    assert found["champion"] is None
    problems = {model["id"]: model["problem"] for model in found["models"]}
    assert problems["first"] is None
    assert "artifact format None" in problems["second"]
    assert main(["models", "list", "--home", str(home)]) == 0
    assert "challenger" in capsys.readouterr().out
