"""What every test has: a ledger of trials of its own, and the same examples in every run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings

from nautilus_scalp.runtime.trials import LEDGER_VARIABLE


# A slow machine is no failure, and a run no lottery; `--hypothesis-profile=search` draws anew.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def first_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the runs of fixtures that serve several tests out of the project's ledger."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LEDGER_VARIABLE, str(tmp_path_factory.mktemp("ledger") / "trials.jsonl"))
        yield


@pytest.fixture(autouse=True)
def ledger(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the runs of tests out of the project's ledger, and out of each other's."""
    path = tmp_path_factory.mktemp("ledger") / "trials.jsonl"
    monkeypatch.setenv(LEDGER_VARIABLE, str(path))
    return path
