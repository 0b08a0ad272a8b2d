"""Who rules: champions, challengers, succession and what a damaged registry does."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.models import registry
from nautilus_scalp.models.registry import REGISTRY_FILE
from nautilus_scalp.models.registry import challengers
from nautilus_scalp.models.registry import find_artifact
from nautilus_scalp.models.registry import promote
from nautilus_scalp.models.registry import read_registry
from nautilus_scalp.models.registry import rollback


WHEN = "2026-11-21T12:00:00.000Z"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with three models of one name."""
    for model_id in ("aa", "bb", "cc"):
        (tmp_path / "scalp" / model_id).mkdir(parents=True)
        (tmp_path / "scalp" / model_id / "manifest.json").write_text("{}")
    return tmp_path


def test_succession_and_its_history(home: Path) -> None:
    promote(home, "scalp", "aa", None, {"forced": False}, WHEN)
    promote(home, "scalp", "bb", "aa", {"auc": {"bb": 0.8, "aa": 0.7}}, WHEN)
    assert challengers(home, "scalp") == ["aa", "cc"]
    promote(home, "scalp", "cc", "bb", {}, WHEN)
    rollback(home, "scalp", "bb", {}, WHEN)
    found = rollback(home, "scalp", "aa", {}, WHEN)
    assert found == read_registry(home)
    entry = found.names["scalp"]
    assert entry.champion == "aa"
    assert [(line.action, line.model_id, line.previous) for line in entry.history] == [
        ("promote", "aa", None),
        ("promote", "bb", "aa"),
        ("promote", "cc", "bb"),
        ("rollback", "bb", "cc"),
        ("rollback", "aa", "bb"),
    ]
    assert entry.history[1].evidence == {"auc": {"bb": 0.8, "aa": 0.7}}
    with pytest.raises(UsageError, match="has no earlier champion"):
        rollback(home, "scalp", "aa", {}, WHEN)


def test_a_rollback_to_somebody_unexpected_changes_nothing(home: Path) -> None:
    promote(home, "scalp", "aa", None, {}, WHEN)
    promote(home, "scalp", "bb", "aa", {}, WHEN)
    before = (home / REGISTRY_FILE).read_bytes()
    with pytest.raises(UsageError, match="is not cc"):
        rollback(home, "scalp", "cc", {}, WHEN)
    assert (home / REGISTRY_FILE).read_bytes() == before


def test_who_rules_cannot_be_promoted(home: Path) -> None:
    promote(home, "scalp", "aa", None, {}, WHEN)
    with pytest.raises(UsageError, match="champion of scalp already"):
        promote(home, "scalp", "aa", None, {}, WHEN)


def test_a_promotion_over_somebody_unexpected_changes_nothing(home: Path) -> None:
    promote(home, "scalp", "aa", None, {}, WHEN)  # cc was compared with nobody, then aa came
    before = (home / REGISTRY_FILE).read_bytes()
    with pytest.raises(UsageError, match="champion of scalp is aa, not None"):
        promote(home, "scalp", "cc", None, {}, WHEN)
    assert (home / REGISTRY_FILE).read_bytes() == before


def test_a_name_stands_for_its_champion(home: Path) -> None:
    with pytest.raises(UsageError, match="3 models and no champion") as caught:
        find_artifact(home / "scalp")
    assert "models promote scalp aa" in caught.value.remedy
    promote(home, "scalp", "bb", None, {}, WHEN)
    assert find_artifact(home / "scalp") == home / "scalp" / "bb"
    assert find_artifact(home / "scalp" / "cc") == home / "scalp" / "cc"
    assert find_artifact(home / "nowhere") == home / "nowhere"


def test_an_interrupted_change_leaves_the_registry_as_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(home, "scalp", "aa", None, {}, WHEN)
    before = sorted((path.name, path.stat().st_size) for path in home.iterdir())

    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        promote(home, "scalp", "bb", "aa", {}, WHEN)
    assert sorted((path.name, path.stat().st_size) for path in home.iterdir()) == before
    assert read_registry(home).entry("scalp").champion == "aa"


PROMOTE_MANY = """
import sys
from pathlib import Path
from nautilus_scalp.models.registry import promote
home, model_id = Path(sys.argv[1]), sys.argv[2]
for number in range(60):
    promote(home, f"{model_id}{number}", "cc", None, {}, "2026-11-21T12:00:00.000Z")
promote(home, "scalp", model_id, None, {}, "2026-11-21T12:00:00.000Z")
"""

KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from nautilus_scalp.models import registry
Path.replace = lambda _draft, _target: os.kill(os.getpid(), signal.SIGKILL)
registry.promote(Path(sys.argv[1]), "scalp", "bb", "aa", {}, "2026-11-21T12:00:00.000Z")
"""


def start(code: str, home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, str(home), *arguments]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 (code of this file)


def test_two_processes_lose_no_change_of_each_other_and_one_wins_a_race(home: Path) -> None:
    running = [start(PROMOTE_MANY, home, model_id) for model_id in ("aa", "bb")]
    assert sorted(process.wait(timeout=120) for process in running) == [0, 1]
    names = read_registry(home).names
    own = {f"{model_id}{number}" for model_id in ("aa", "bb") for number in range(60)}
    assert set(names) == {"scalp", *own}
    assert all(len(entry.history) == 1 for entry in names.values())


def test_a_kill_between_writing_and_rename_changes_nothing(home: Path) -> None:
    promote(home, "scalp", "aa", None, {}, WHEN)
    before = (home / REGISTRY_FILE).read_bytes()
    assert start(KILLED_BEFORE_THE_RENAME, home).wait(timeout=120) == -signal.SIGKILL
    assert (home / REGISTRY_FILE).read_bytes() == before
    promote(home, "scalp", "cc", "aa", {}, WHEN)  # the lock went with the process
    assert read_registry(home).entry("scalp").champions == ("aa", "cc")
    assert sorted(path.name for path in home.iterdir()) == [
        ".registry.lock",
        REGISTRY_FILE,
        "scalp",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"version": 1, "names": {"scalp": {"champ', "not a readable registry"),
        ('{"version": 1, "names": {"scalp": {"king": "aa"}}}', "unknown field `king`"),
        ('{"version": 2, "names": {}}', "registry version 2, expected 1"),
    ],
)
def test_a_damaged_registry_is_refused(home: Path, text: str, reason: str) -> None:
    (home / REGISTRY_FILE).write_text(text)
    with pytest.raises(InputError, match=reason):
        find_artifact(home / "scalp")
