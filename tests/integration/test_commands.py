import json
import tomllib
from pathlib import Path

import pytest

from nautilus_scalp.runtime.cli import live
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.live.clients import KEY_NAMES


ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "catalogs" / "sample")


def test_features_list_has_every_indicator_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "list", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    names = [feature["name"] for feature in answer["features"]]
    assert answer["indicators"] == len(names) == len(set(names)) > 1_000
    assert len(answer["selected"]) == 25
    assert set(answer["selected"]) <= set(names)
    assert all(feature["unit"] and feature["source"] for feature in answer["features"])


def test_data_check_of_the_sample_says_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", SAMPLE, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    assert {row["instrument_id"] for row in answer["instruments"]} == {
        "BTCUSDT-PERP.BINANCE",
        "ETHUSDT-PERP.BINANCE",
    }


def test_garch_prints_what_a_configuration_takes(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["garch", "--catalog", SAMPLE, "--start", "2024-07-18T23:00:00Z", "--bar-ms", "250"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    lines = printed[printed.index("[actors.config.garch]") :]
    fits = tomllib.loads(lines)["actors"]["config"]["garch"]
    assert "BTCUSDT-PERP.BINANCE" in fits
    assert all(fit["alpha"] + fit["beta"] < 1.0 < fit["bar_ms"] for fit in fits.values())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["data", "check", "nowhere"], 2),
        (["data", "import", "nowhere.gz", "--catalog", "new"], 3),
        (["evaluate", "nowhere", "--catalog", SAMPLE], 2),
        (["evaluate", "nowhere", "--catalog", SAMPLE, "--start", "yesterday"], 2),
        (["train", "nowhere.toml", "--catalog", SAMPLE, "--out", "model"], 2),
        (["tape", "nowhere", "--catalog", SAMPLE], 2),
        (["garch", "--catalog", SAMPLE, "--bar-ms", "60000"], 3),
        (["nonsense"], 2),
        ([], 2),
    ],
)
def test_an_error_is_two_lines_and_an_exit_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    assert first.startswith("error: ")
    assert second.startswith("remedy: ")
    assert list(tmp_path.iterdir()) == []  # nothing was left behind


def test_live_without_a_configuration_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert live([]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_live_check_names_the_missing_keys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in KEY_NAMES["BINANCE", "testnet"]:
        monkeypatch.delenv(name, raising=False)
    config = str(ROOT / "configs" / "live" / "binance_testnet.toml")
    assert live([config, "--set", f"live.state_dir={tmp_path}", "--check", "--json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ok"] is False
    assert "remedy: " in printed.err
