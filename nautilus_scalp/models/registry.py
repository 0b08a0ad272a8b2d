"""Who trades: the champion of every model name, and how it came to be.

``models/registry.json`` holds what cannot be seen from the folders: for each name the line of
champions, the last of which rules, and a history of every change. Challengers are the other
artifacts in ``models/<name>/``. The file changes by one rename, under a lock; whoever decided on
what has changed since is refused.
"""

import fcntl
import os
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import Literal

import msgspec

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError


REGISTRY_FILE = "registry.json"
VERSION = 1
_LOCK_FILE = ".registry.lock"
_DRAFT_FILE = ".registry.draft"
_MEANWHILE = "somebody changed the registry meanwhile; look and try again"


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One line of a history.

    Attributes
    ----------
    at : str
        When, ISO 8601 in UTC.
    action : {"promote", "rollback"}
        What was done.
    model_id : str
        The champion from then on.
    previous : str, optional
        The champion before.
    evidence : dict[str, Any]
        What the decision rests on: scores, window, or that it was forced.

    """

    at: str
    action: Literal["promote", "rollback"]
    model_id: str
    previous: str | None
    evidence: dict[str, Any]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One model name.

    Attributes
    ----------
    champions : tuple[str, ...]
        Ids in order of succession; the last rules, a roll-back takes it away.
    history : tuple[Change, ...]
        Every change, oldest first.

    """

    champions: tuple[str, ...] = ()
    history: tuple[Change, ...] = ()

    @property
    def champion(self) -> str | None:
        """The id that rules."""
        return self.champions[-1] if self.champions else None


class Registry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registry of one models folder: entries by name."""

    version: int = VERSION
    names: dict[str, Entry] = {}

    def entry(self, name: str) -> Entry:
        """Return the entry of a name, an empty one if there is none."""
        return self.names.get(name, Entry())


def read_registry(home: Path) -> Registry:
    """Return the registry of a models folder, an empty one if it has none.

    Raises
    ------
    InputError
        If the file is damaged or of another version.

    """
    file = home / REGISTRY_FILE
    if not file.is_file():
        return Registry()
    try:
        registry = msgspec.json.decode(file.read_bytes(), type=Registry)
    except msgspec.DecodeError as error:
        message = f"{file}: not a readable registry: {error}"
        raise InputError(message, "restore the file, or delete it and promote again") from error
    if registry.version != VERSION:
        message = f"{file}: registry version {registry.version}, expected {VERSION}"
        raise InputError(message, "use the version of nautilus-scalp that wrote it")
    return registry


def find_artifact(path: Path) -> Path:
    """Return the champion's directory for ``models/<name>``, and any other path as it is.

    Parameters
    ----------
    path : Path
        Directory of an artifact, or of a name whose champion is meant.

    Raises
    ------
    UsageError
        If the directory is that of a name without a champion.
    InputError
        If the registry is damaged.

    """
    if (path / "manifest.json").is_file() or not path.is_dir():
        return path
    champion = read_registry(path.parent).entry(path.name).champion
    if champion is not None:
        return path / champion
    found = challengers(path.parent, path.name)
    if found:
        message = f"{path}: {len(found)} models and no champion among them"
        raise UsageError(message, f"`nautilus-scalp models promote {path.name} {found[0]}`")
    return path


def challengers(home: Path, name: str) -> list[str]:
    """Return the ids of a name's artifacts that do not rule, in order of their ids."""
    champion = read_registry(home).entry(name).champion
    found = sorted(manifest.parent.name for manifest in (home / name).glob("*/manifest.json"))
    return [model_id for model_id in found if model_id != champion]


def promote(
    home: Path,
    name: str,
    model_id: str,
    expected: str | None,
    evidence: dict[str, Any],
    at: str,
) -> Registry:
    """Make a model the champion of its name.

    Parameters
    ----------
    home : Path
        Folder of all models.
    name, model_id : str
        Which; the caller has loaded, and so verified, the artifact.
    expected : str, optional
        The champion that the decision was made against; None for the first one.
    evidence : dict[str, Any]
        Why, for the history.
    at : str
        Now, ISO 8601 in UTC.

    Raises
    ------
    UsageError
        If it rules already, or another champion does than expected.

    """

    def change(entry: Entry) -> Entry:
        if entry.champion == model_id:
            message = f"{model_id} is the champion of {name} already"
            raise UsageError(message, "name another model")
        if entry.champion != expected:
            message = f"the champion of {name} is {entry.champion}, not {expected}"
            raise UsageError(message, _MEANWHILE)
        return _changed(entry, (*entry.champions, model_id), "promote", evidence, at)

    return _update(home, name, change)


def rollback(home: Path, name: str, expected: str, evidence: dict[str, Any], at: str) -> Registry:
    """Give the rule back to the champion before.

    Parameters
    ----------
    home : Path
        Folder of all models.
    name : str
        Which.
    expected : str
        Who will rule; the caller has loaded, and so verified, the artifact.
    evidence : dict[str, Any]
        Why, for the history.
    at : str
        Now, ISO 8601 in UTC.

    Raises
    ------
    UsageError
        If there is no earlier champion, or another one than expected.

    """

    def change(entry: Entry) -> Entry:
        if previous_champion(entry, name) != expected:
            message = f"the champion before the present one of {name} is not {expected}"
            raise UsageError(message, _MEANWHILE)
        return _changed(entry, entry.champions[:-1], "rollback", evidence, at)

    return _update(home, name, change)


def previous_champion(entry: Entry, name: str) -> str:
    """Return who ruled before the present champion.

    Raises
    ------
    UsageError
        If nobody did.

    """
    if len(entry.champions) < 2:  # noqa: PLR2004 (the present one and the one before)
        message = f"{name} has no earlier champion"
        raise UsageError(message, "`nautilus-scalp models list` shows the history")
    return entry.champions[-2]


def _changed(
    entry: Entry,
    champions: tuple[str, ...],
    action: Literal["promote", "rollback"],
    evidence: dict[str, Any],
    at: str,
) -> Entry:
    line = Change(
        at=at,
        action=action,
        model_id=champions[-1],
        previous=entry.champion,
        evidence=evidence,
    )
    return Entry(champions=champions, history=(*entry.history, line))


def _update(home: Path, name: str, change: Callable[[Entry], Entry]) -> Registry:
    """Read, change and write the registry as one step that no other process interrupts."""
    with _locked(home):
        registry = read_registry(home)
        names = registry.names | {name: change(registry.entry(name))}
        registry = msgspec.structs.replace(registry, names=names)
        text = msgspec.json.format(msgspec.json.encode(registry, order="sorted"), indent=2)
        draft = home / _DRAFT_FILE  # one name: what a killed process leaves is written over
        try:
            with draft.open("wb") as file:
                file.write(text + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(home / REGISTRY_FILE)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    return registry


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
