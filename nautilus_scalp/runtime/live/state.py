"""What survives a restart: saved component state, the crash marker, and the kill switch."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from typing import Protocol

import msgspec

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError


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

    def mark_running(self, instrument_ids: Iterable[str]) -> None:
        """Leave the mark that only a clean end removes.

        Parameters
        ----------
        instrument_ids : Iterable[str]
            What this run may leave orders and positions in.

        """
        _write(self._marker, {"pid": os.getpid(), "instrument_ids": list(instrument_ids)})

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
        _write(self._states, {name: state for name, state in states.items() if state})

    def load(self, components: Iterable[Component]) -> list[str]:
        """Give every component its state back.

        Parameters
        ----------
        components : Iterable[Component]
            Actors and strategies, before they start.

        Returns
        -------
        list[str]
            Ids of the components that had state.

        Raises
        ------
        InputError
            If the file is damaged.

        """
        if not self._states.exists():
            return []
        try:
            states = msgspec.json.decode(
                self._states.read_bytes(), type=dict[str, dict[str, bytes]]
            )
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            message = f"{self._states}: damaged ({error})"
            raise InputError(message, "move the file away to start without it") from error
        loaded = [component for component in components if str(component.id) in states]
        for component in loaded:
            component.load(states[str(component.id)])
        return [str(component.id) for component in loaded]

    def close(self) -> None:
        """Let another process use the directory."""
        self._lock.close()


def _take(lock: IO[str], path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        message = f"{path}: another process trades with this state directory"
        raise UsageError(
            message, "stop it first, or give this run its own live.state_dir"
        ) from None


def _write(path: Path, value: object) -> None:
    """Replace a file so that a crash leaves the old one or the new one."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(value))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
