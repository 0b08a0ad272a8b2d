"""What survives a restart: saved component state, the crash marker, and the kill switch."""

import fcntl
import os
import warnings
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from typing import Protocol

import msgspec

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.recording.run import States
from nautilus_scalp.runtime.replacing import replace_file


_WITHOUT = "move the file away to start without it"

type Owners = dict[str, str]


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What a run leaves behind unless it ends cleanly: who it was, and which strategy had what."""

    pid: int
    owners: Owners


class Component(Protocol):
    """The part of a Nautilus actor or strategy that state needs."""

    @property
    def id(self) -> object:
        """Its id, the same after a restart."""

    def save(self) -> dict[str, bytes]:
        """Return its state."""

    def load(self, state: dict[str, bytes]) -> None:
        """Take state back."""


class StateDirectory:
    """One directory a trader: at most one process uses it at a time.

    Parameters
    ----------
    path : Path
        Made if it does not exist.

    Raises
    ------
    UsageError
        If it cannot be written, or another process holds it.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / "lock").open("w")
        except OSError as error:
            message = f"{path}: cannot be used as live.state_dir ({error.strerror})"
            raise UsageError(message, "name a directory that can be written") from error
        _take(self._lock, path)

    @property
    def kill_file(self) -> Path:
        """While this file exists, nothing trades; a running trader stops when it appears."""
        return self.path / "KILL"

    @property
    def logs(self) -> Path:
        """Directory of the log files."""
        return self.path / "logs"

    @property
    def crashed(self) -> bool:
        """Whether the last run did not come to a clean end."""
        return self._marker.exists()

    @property
    def _marker(self) -> Path:
        return self.path / "running.json"

    @property
    def _states(self) -> Path:
        return self.path / "state.json"

    @property
    def owners(self) -> Owners:
        """What traded what in the run that did not end cleanly: class of strategy by instrument.

        Raises
        ------
        InputError
            If the mark is damaged.

        """
        if not self.crashed:
            return {}
        try:
            return msgspec.json.decode(self._marker.read_bytes(), type=Marker).owners
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            message = f"{self._marker}: damaged ({error})"
            remedy = 'set live.after_crash = "flatten", which does not read it'
            raise InputError(message, remedy) from error

    def mark_running(self, owners: Owners) -> None:
        """Leave the mark that only a clean end removes.

        Parameters
        ----------
        owners : dict[str, str]
            Class of strategy by instrument: what this run may leave orders and positions in.

        """
        marker = Marker(pid=os.getpid(), owners=owners)
        replace_file(self._marker, msgspec.json.encode(marker))

    def mark_clean(self) -> None:
        """Take the mark away: no order and no position is left."""
        self._marker.unlink(missing_ok=True)

    def save(self, components: Iterable[Component]) -> None:
        """Write the state of every component that has any, all at once or not at all.

        Parameters
        ----------
        components : Iterable[Component]
            Actors and strategies.

        """
        states = {str(component.id): component.save() for component in components}
        content = {name: state for name, state in states.items() if state}
        replace_file(self._states, msgspec.json.encode(content))

    def save_or_say(self, components: Iterable[Component], say: Callable[[str], None]) -> None:
        """Save, or tell the person who watches why not: a full disk is no reason to stop trading.

        Parameters
        ----------
        components : Iterable[Component]
            Actors and strategies.
        say : Callable[[str], None]
            Takes a line.

        """
        try:
            self.save(components)
        except OSError as error:
            say(f"state not saved ({error.strerror}), the last one stays: {self._states}")

    def load(self, components: Iterable[Component], say: Callable[[str], None]) -> States:
        """Give every component its state back.

        Parameters
        ----------
        components : Iterable[Component]
            Actors and strategies, before they start.
        say : Callable[[str], None]
            Takes a line about what they do not take because another version saved it.

        Returns
        -------
        dict[str, dict[str, bytes]]
            What was given back, by component id.

        Raises
        ------
        InputError
            If the file is damaged, or of a version with other exits or limits.

        """
        if not self._states.exists():
            return {}
        try:
            states = msgspec.json.decode(self._states.read_bytes(), type=States)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            message = f"{self._states}: damaged ({error})"
            raise InputError(message, _WITHOUT) from error
        try:
            with warnings_said(say, str(self._states)):
                return give_back(components, states)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            message = f"{self._states}: saved by another version ({error!r})"
            raise InputError(message, _WITHOUT) from error

    def close(self) -> None:
        """Let another process use the directory."""
        self._lock.close()


def give_back(components: Iterable[Component], states: States) -> States:
    """Give components their state.

    Parameters
    ----------
    components : Iterable[Component]
        Before they start.
    states : dict[str, dict[str, bytes]]
        By component id.

    Returns
    -------
    dict[str, dict[str, bytes]]
        The part that found its component.

    """
    found = {str(component.id): component for component in components}
    given = {name: state for name, state in states.items() if name in found}
    for name, state in given.items():
        found[name].load(state)
    return given


@contextmanager
def warnings_said(say: Callable[[str], None], where: str) -> Iterator[None]:
    """Say what is warned of inside the block.

    Parameters
    ----------
    say : Callable[[str], None]
        Takes a line.
    where : str
        What it is about: begins the line.

    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        say(f"{where}: {warning.message}")


def _take(lock: IO[str], path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        message = f"{path}: another process trades with this state directory"
        raise UsageError(
            message, "stop it first, or give this run its own live.state_dir"
        ) from None
