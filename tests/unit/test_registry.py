"""Who rules: champions, challengers, succession and what a damaged registry does."""

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
    promote(home, "scalp", "aa", {"forced": False}, WHEN)
    promote(home, "scalp", "bb", {"auc": {"bb": 0.8, "aa": 0.7}}, WHEN)
    assert challengers(home, "scalp") == ["aa", "cc"]
    promote(home, "scalp", "cc", {}, WHEN)
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
    promote(home, "scalp", "aa", {}, WHEN)
    promote(home, "scalp", "bb", {}, WHEN)
    before = (home / REGISTRY_FILE).read_bytes()
    with pytest.raises(UsageError, match="is not cc"):
        rollback(home, "scalp", "cc", {}, WHEN)
    assert (home / REGISTRY_FILE).read_bytes() == before


def test_who_rules_cannot_be_promoted(home: Path) -> None:
    promote(home, "scalp", "aa", {}, WHEN)
    with pytest.raises(UsageError, match="champion of scalp already"):
        promote(home, "scalp", "aa", {}, WHEN)


def test_a_name_stands_for_its_champion(home: Path) -> None:
    with pytest.raises(UsageError, match="3 models and no champion") as caught:
        find_artifact(home / "scalp")
    assert "models promote scalp aa" in caught.value.remedy
    promote(home, "scalp", "bb", {}, WHEN)
    assert find_artifact(home / "scalp") == home / "scalp" / "bb"
    assert find_artifact(home / "scalp" / "cc") == home / "scalp" / "cc"
    assert find_artifact(home / "nowhere") == home / "nowhere"


def test_an_interrupted_change_leaves_the_registry_as_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(home, "scalp", "aa", {}, WHEN)
    before = sorted((path.name, path.stat().st_size) for path in home.iterdir())

    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        promote(home, "scalp", "bb", {}, WHEN)
    assert sorted((path.name, path.stat().st_size) for path in home.iterdir()) == before
    assert read_registry(home).entry("scalp").champion == "aa"


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
