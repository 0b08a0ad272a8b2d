"""The ledger of everything that was tried: one line a run, never changed, never removed.

It belongs to no configuration, so that none can bring a fresh one along. It lies beside the runs,
``runs/trials.jsonl`` of the working directory, or where ``NAUTILUS_SCALP_TRIALS`` says.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any
from typing import Literal

import msgspec

from nautilus_scalp.data import store
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.report.results import Trials
from nautilus_scalp.settings import to_iso


LEDGER_VARIABLE = "NAUTILUS_SCALP_TRIALS"
_DEFAULT = Path("runs") / "trials.jsonl"
_ID_LENGTH = 16

Kind = Literal["backtest", "stress", "tune"]


class DataWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data that something was tried on.

    Parameters
    ----------
    files : tuple[str, ...]
        Short SHA-256 of every file of quotes that reaches into the window, sorted: the data are
        known by their content, wherever the catalog lies.
    start_ns, end_ns : int
        ``[start_ns, end_ns)`` by ``ts_init``.

    """

    files: tuple[str, ...]
    start_ns: int
    end_ns: int

    def overlaps(self, other: "DataWindow") -> bool:
        """Return whether two windows have quotes in common."""
        same_time = self.start_ns < other.end_ns and other.start_ns < self.end_ns
        return same_time and not set(self.files).isdisjoint(other.files)


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the ledger.

    Parameters
    ----------
    kind : str
        Which command tried it.
    name : str
        What it is called there.
    identity : str
        Of the configuration, see `identity`: the same one twice is one trial.
    window : DataWindow
        What it was tried on.
    sharpe : float, optional
        Sharpe ratio of one minute, not annualised; None where the window is too short for one.
    recorded_at : str
        When, ISO 8601 in UTC.

    """

    kind: Kind
    name: str
    identity: str
    window: DataWindow
    sharpe: float | None = None
    recorded_at: str = ""


def ledger_path() -> Path:
    """Return where the ledger lies."""
    return Path(os.environ.get(LEDGER_VARIABLE) or _DEFAULT)


def identity(*parts: Any) -> str:  # noqa: ANN401 (whatever msgspec encodes)
    """Return the id of a configuration: a hash of everything in it that decides an order.

    Parameters
    ----------
    *parts : Any
        Structs, mappings and values; assumptions of the venue are left out by the caller, because
        a configuration that is judged again under other ones is no other configuration.

    Returns
    -------
    str
        16 hexadecimal digits.

    """
    text = msgspec.json.encode(parts, order="sorted", enc_hook=str)
    return hashlib.sha256(text).hexdigest()[:_ID_LENGTH]


def data_window(
    catalog: Path, instrument_ids: Sequence[str], start_ns: int, end_ns: int
) -> DataWindow:
    """Return the identity of a catalog's data in a window.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_ids : Sequence[str]
        The instruments.
    start_ns, end_ns : int
        ``[start_ns, end_ns)`` by ``ts_init``.

    Returns
    -------
    DataWindow
        Reads every file of quotes that reaches into the window once.

    """
    files = set()
    for name in instrument_ids:
        for path in sorted((catalog / "data" / "quote_tick" / name).glob("*.parquet")):
            span = store.file_span(path)
            if span is None or (span[0] < end_ns and span[1] >= start_ns):
                files.add(sha256(path)[:_ID_LENGTH])
    return DataWindow(files=tuple(sorted(files)), start_ns=start_ns, end_ns=end_ns)


def check_ledger() -> None:
    """Make sure that the ledger can be written, before a long run wants to.

    Raises
    ------
    UsageError
        If it cannot.

    """
    with _opened(ledger_path()):
        pass


def record_trial(trial: Trial, ledger: Path | None = None) -> None:
    """Append one line; any number of processes may do so at once.

    Parameters
    ----------
    trial : Trial
        What was tried; its time is filled in.
    ledger : Path, optional
        By default `ledger_path`.

    Raises
    ------
    UsageError
        If the ledger cannot be written.

    """
    path = ledger or ledger_path()
    written = msgspec.structs.replace(trial, recorded_at=to_iso(time.time_ns()))  # noqa: TID251 (a ledger keeps real time)
    line = msgspec.json.encode(written) + b"\n"
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed
        file.write(line)


def count_trials(window: DataWindow, ledger: Path | None = None) -> Trials:
    """Return what was tried on data that overlap with a window's.

    Parameters
    ----------
    window : DataWindow
        The window in question.
    ledger : Path, optional
        By default `ledger_path`; one that is not there holds no trial.

    Returns
    -------
    Trials
        Each configuration once, however often and by whichever command it was run.

    Raises
    ------
    InputError
        If a line is damaged.

    """
    path = ledger or ledger_path()
    best: dict[str, float | None] = {}
    for trial in _read(path):
        if trial.window.overlaps(window):
            known = best.get(trial.identity)
            both = [ratio for ratio in (known, trial.sharpe) if ratio is not None]
            best[trial.identity] = max(both, default=None)
    return Trials(count=len(best), sharpes=tuple(v for v in best.values() if v is not None))


@contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            yield file
    except OSError as error:
        message = f"cannot write the ledger of trials {path}: {error.strerror or error}"
        raise UsageError(message, f"name another file in {LEDGER_VARIABLE}") from error


def _read(path: Path) -> list[Trial]:
    if not path.exists():
        return []
    trials = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            trials.append(msgspec.json.decode(line, type=Trial))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            message = f"{path}:{number}: {error}"
            raise InputError(message, "restore the line, or move the ledger away") from error
    return trials
