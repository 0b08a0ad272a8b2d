"""What every test has: a ledger of trials, the same examples in every run, a place in the line."""

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

# Each worker starts with a quarter of the tests, and takes from the others when it is done. So what
# takes long comes first, and each begins with kernels of its own: one that another worker is
# compiling has to be waited for. Two of them have the traders, which mostly wait for a market.
_LANES = (
    (
        *("tests/unit/test_mirror", "tests/parity", "tests/integration/test_actor"),
        *("tests/integration/test_verify", "tests/integration/test_training", "tests/property"),
    ),
    ("tests/unit/test_synthetic", "tests/golden", "tests/unit/test_move_rate", "tests/integration"),
    tuple(f"tests/live/test_{name}" for name in ("adoption", "by_hand", "faults", "leverage")),
    ("tests/live/test_restart", "tests/live"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put at the head of each part what its lane names, in that order, and fill up with others."""
    prefixes = [prefix for lane in _LANES for prefix in lane]
    found: dict[str, list[pytest.Item]] = {prefix: [] for prefix in (*prefixes, "")}
    for item in items:
        found[next(filter(item.nodeid.startswith, prefixes), "")].append(item)
    count, others = len(items), found[""]
    items.clear()
    for number, lane in enumerate(_LANES, start=1):
        line = [item for prefix in lane for item in found[prefix]] + others
        room = count * number // len(_LANES) - len(items)
        items += line[:room]
        others = line[room:]


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
