import json
from pathlib import Path

import pytest

from nautilus_scalp.runtime.cli import backtest
from nautilus_scalp.runtime.cli import main


CONFIG = Path(__file__).parents[2] / "configs" / "backtest" / "market_making.toml"
SHORT = ("--set", "run.end=2024-07-19T00:00:50Z", "--set", "stress.surface=false")


@pytest.mark.slow
def test_a_broken_limit_is_a_verdict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ledger: Path
) -> None:
    limits = ("--set", "stress.min_net=-1e9", "--set", "stress.min_breakeven_bps=100.0")
    assert main(["stress", str(CONFIG), "--json", *SHORT, *limits, "--out", str(tmp_path)]) == 4

    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    cases = {case["case"]: case for case in answer["cases"]}
    assert len(cases) == 8
    assert cases["as configured"]["broken"] == ["break-even fee below 100 bps"]
    assert cases["as configured"]["fees"] > 0  # the guard's first half minute is over
    assert cases["fees x2"]["fees"] == pytest.approx(2 * cases["as configured"]["fees"])
    assert cases["fees x2"]["gross"] == cases["as configured"]["gross"]
    assert answer["surface"] is None
    assert printed.err.startswith("error: ")
    assert "8 of 8 cases break a limit" in (tmp_path / "stress.html").read_text()
    assert json.loads((tmp_path / "stress.json").read_text()) == answer
    # Every run has its line; other parameters are other trials, other assumptions are not.
    assert ledger.read_text().count('"kind":"stress"') == 8
    assert answer["run"]["trials"] == 3


@pytest.mark.slow
def test_the_same_configuration_with_less_money(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = ("--set", "run.capitals=[100, 100000]", "--out", str(tmp_path), "--json")
    assert backtest(CONFIG, [*SHORT[:2], *settings]) == 0

    small, large = json.loads(capsys.readouterr().out)["comparison"]
    assert (small["capital"], large["capital"]) == (100.0, 100_000.0)
    assert small["fills"] == 0  # an order of 1 USDT is less than the smallest step
    assert small["refusals"]["order_below_step"] > 0
    assert large["orders"] > 0
