import json
from pathlib import Path
from typing import Any

import pytest

from nautilus_scalp.runtime.cli import backtest


ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "configs" / "backtest" / "default.toml"
# Ninety seconds by rules alone: nothing to train, and all three strategies run.
SHORT = (
    *("--set", "run.end=2024-07-19T00:01:30Z"),
    *("--set", "strategies.*.config.signal.mode=rules"),
    *("--set", "actors=[]"),
)


def answer(
    capsys: pytest.CaptureFixture[str], out: Path, *arguments: str, code: int = 0
) -> dict[str, Any]:
    assert backtest(DEFAULT, [*arguments, "--json", "--out", str(out)]) == code
    printed = capsys.readouterr()
    assert printed.err == ""
    parsed: dict[str, Any] = json.loads(printed.out)
    return parsed


def error(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> list[str]:
    assert backtest(DEFAULT, [*arguments, "--json"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "remedy"]
    return lines


@pytest.mark.slow
def test_report_has_the_contract_and_explains_every_cent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = answer(capsys, tmp_path, *SHORT)
    assert report["run"]["events"] > 20_000
    assert report["run"]["engine"] == "nautilus_trader 1.231.0"
    assert len(report["strategies"]) == 6
    for row in [*report["strategies"], report["total"]]:
        assert abs(row["unexplained"]) < 0.01
        assert row["net"] == pytest.approx(row["gross"] - row["fees"] + row["funding"], abs=1e-5)
        assert sum(row["split"].values()) == pytest.approx(row["gross"], abs=0.01)
        assert row["sharpe"] is None  # ninety seconds carry no ratio
    assert report["total"]["orders"] == sum(row["orders"] for row in report["strategies"]) > 0
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert (tmp_path / "fills.csv").read_text().count("\n") == report["total"]["fills"] + 1
    assert "<html" in (tmp_path / "tearsheet.html").read_text()


@pytest.mark.slow
def test_chunked_and_whole_are_the_same_byte_for_byte(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = answer(capsys, tmp_path, *SHORT)
    fills = (tmp_path / "fills.csv").read_bytes()
    chunked = answer(capsys, tmp_path, *SHORT, "--set", "run.chunk_size=5000")
    assert (tmp_path / "fills.csv").read_bytes() == fills
    for report in (whole, chunked):
        del report["run"]["seconds"]
    assert chunked == whole


@pytest.mark.slow
def test_two_configurations_are_compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = DEFAULT.read_text().replace("../..", str(ROOT)).replace("250.0", "1_000.0")
    slow = tmp_path / "slow.toml"
    slow.write_text(text)
    report = answer(capsys, tmp_path, str(DEFAULT), str(slow), *SHORT)
    assert report["run"]["configs"] == ["default", "slow"]
    assert [row["config"] for row in report["comparison"]] == ["default", "slow"]
    assert report["comparison"][0]["orders"] > report["comparison"][1]["orders"]


def test_misspelt_key_is_named_with_the_nearest_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "misspelt.toml"
    config.write_text(DEFAULT.read_text().replace("quote_depth", "quote_dept", 1))
    first, second = error(capsys, str(config), code=2)
    assert "strategies[0].config.ladder.quote_dept" in first
    assert f"{config}:" in first
    assert second == "remedy: did you mean 'quote_depth'?"


def test_empty_catalog_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, _ = error(capsys, *SHORT, "--set", f"run.catalog={tmp_path}", code=2)
    assert str(tmp_path) in first


def test_window_without_data_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    window = ("--set", "run.start=2031-01-01T00:00:00Z", "--set", "run.end=2031-01-02T00:00:00Z")
    first, _ = error(capsys, *window, "--set", "actors=[]", code=3)
    assert "2031-01-01" in first


def test_window_that_ends_before_it_begins_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    first, _ = error(capsys, "--set", "run.end=2024-07-18T00:00:00Z", code=2)
    assert "is not after" in first


def test_wrong_option_is_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    error(capsys, "--bogus", code=2)
