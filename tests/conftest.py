"""What every test has: a ledger of trials of its own."""

from pathlib import Path

import pytest

from nautilus_scalp.runtime.trials import LEDGER_VARIABLE


@pytest.fixture(autouse=True)
def ledger(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the runs of tests out of the project's ledger, and out of each other's."""
    path = tmp_path_factory.mktemp("ledger") / "trials.jsonl"
    monkeypatch.setenv(LEDGER_VARIABLE, str(path))
    return path
