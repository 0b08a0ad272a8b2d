"""The kill switch: once on, it stays on through a restart, until a person deletes its file."""

from pathlib import Path

import msgspec


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    ts_ns: int


class KillSwitch:
    """
    Says whether trading was switched off, and why.

    The file's presence is the switch, whatever is in it: ``touch`` works, and a file that a crash
    left half written is on.

    Parameters
    ----------
    path : Path, optional
        The file; without one the switch lasts as long as the process.

    Attributes
    ----------
    reason : str or None
        Why it is on; None while it is off.

    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.reason: str | None = None
        self.look()

    @property
    def engaged(self) -> bool:
        """Whether nothing may be opened."""
        return self.reason is not None

    def look(self) -> None:
        """Look at the file, which somebody else may have made."""
        if self.reason is None and self._path is not None and self._path.exists():
            try:
                self.reason = msgspec.json.decode(self._path.read_bytes(), type=_Record).reason
            except msgspec.DecodeError:
                self.reason = f"found {self._path}"

    def engage(self, reason: str, ts_ns: int) -> None:
        """
        Switch trading off; the first reason stays.

        Parameters
        ----------
        reason : str
            Why.
        ts_ns : int
            When, nanoseconds since 1970.

        """
        if self.reason is not None:
            return
        self.reason = reason
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_name(f"{self._path.name}.new")
            draft.write_bytes(msgspec.json.encode(_Record(reason=reason, ts_ns=ts_ns)))
            draft.replace(self._path)  # atomic: the file is never half there
