"""The catalog directory as one thing that changes all at once or not at all.

A change is prepared under ``.staging``; renaming that to ``.commit`` is the moment at which it
happens. Whoever opens the catalog next finishes the moves of a ``.commit`` and throws a
``.staging`` away, so a process killed at any instant leaves the catalog as it was or as it should
be.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from nautilus_trader.persistence.catalog.parquet import _parse_filename_timestamps

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError


STAGING = ".staging"
COMMIT = ".commit"
MANIFEST = "imports.json"
INSTRUMENT_FOLDERS = ("crypto_perpetual", "currency_pair")


class SourceRecord(msgspec.Struct, kw_only=True):
    """What became of one raw file.

    Attributes
    ----------
    name, sha256, size_bytes
        The raw file.
    instrument_id : str
    lines : int
        Lines read.
    rows_in, rows_out : dict of str to int
        Rows found and rows stored, by kind.
    rejected : dict of str to int
        Rows in the quarantine file, by reason.
    depth_gaps, missing_trades, price_jumps, crossed_books : int
        Losses and oddities of the accepted rows.
    start_ns, end_ns : int
        Exchange time of the first and the last accepted row; 0 if there is none.
    skew_ms : dict of str to float
        Recorder's clock minus the exchange's send time: min, median, p99.

    """

    name: str
    sha256: str
    size_bytes: int
    instrument_id: str
    lines: int = 0
    rows_in: dict[str, int] = {}
    rows_out: dict[str, int] = {}
    rejected: dict[str, int] = {}
    depth_gaps: int = 0
    missing_trades: int = 0
    price_jumps: int = 0
    crossed_books: int = 0
    start_ns: int = 0
    end_ns: int = 0
    skew_ms: dict[str, float] = {}


class Manifest(msgspec.Struct, kw_only=True):
    """The catalog's own record of what was imported: sources, and the SHA-256 of every file."""

    version: int = 1
    sources: list[SourceRecord] = []
    files: dict[str, str] = {}


def read_manifest(catalog: Path) -> Manifest:
    """Return the manifest, an empty one for a catalog without imports.

    Raises
    ------
    InputError
        If the manifest is damaged.

    """
    path = catalog / MANIFEST
    return read_json(path, Manifest) if path.exists() else Manifest()


def read_json[T: msgspec.Struct](path: Path, kind: type[T]) -> T:
    """Return the struct that a JSON file of the catalog holds.

    Raises
    ------
    InputError
        If the file is damaged.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        message = f"{path}: {error}"
        raise InputError(message, "restore the file, or import into a new catalog") from error


def intervals(catalog: Path, instrument_id: str) -> list[tuple[str, int, int]]:
    """Return directory, first and last ``ts_init`` of every data file of an instrument."""
    found = []
    for path in sorted((catalog / "data").glob(f"*/{instrument_id}*/*.parquet")):
        exact = path.parent.name == instrument_id or path.parent.name.startswith(
            f"{instrument_id}-"
        )
        span = file_span(path)
        if exact and span is not None and path.parent.parent.name not in INSTRUMENT_FOLDERS:
            found.append((str(path.parent.relative_to(catalog / "data")), *span))
    return found


def data_instruments(catalog: Path) -> list[str]:
    """Return the ids of all instruments with market data."""
    found = set()
    for folder in (catalog / "data").glob("*/*"):
        if folder.parent.name not in INSTRUMENT_FOLDERS and any(folder.glob("*.parquet")):
            symbol, _, venue = folder.name.partition(".")
            found.add(f"{symbol}.{venue.split('-')[0]}")
    return sorted(found)


def file_span(path: Path) -> tuple[int, int] | None:
    """Return first and last ``ts_init`` as a data file's name gives them."""
    return _parse_filename_timestamps(path.name)


def write_json(path: Path, value: msgspec.Struct, *, indent: int = 0) -> None:
    """Write a struct as JSON with sorted keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=indent)
    path.write_bytes(text + b"\n")


@contextmanager
def change(catalog: Path) -> Iterator[Path]:
    """Yield an empty directory whose files replace the catalog's when the block ends.

    Parameters
    ----------
    catalog : Path
        Created if it is missing.

    Raises
    ------
    UsageError
        If another process is changing the catalog, or the disk is full or not writable. The
        catalog is then as it was.

    """
    try:
        created = not catalog.exists()
        catalog.mkdir(parents=True, exist_ok=True)
        with _locked(catalog):
            finish(catalog)
            staging = catalog / STAGING
            staging.mkdir()
            try:
                yield staging
                if any(staging.iterdir()):
                    _sync_tree(staging)
                    staging.rename(catalog / COMMIT)
                    _sync(catalog)
                    finish(catalog)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
                if created and not any(catalog.iterdir()):
                    catalog.rmdir()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"the disk of {catalog} is full; the catalog is as it was"
            raise UsageError(message, "free space or choose another --catalog directory") from error
        message = f"{catalog} cannot be changed: {error.strerror or error}"
        raise UsageError(message, "check the directory and its permissions") from error


def settle(catalog: Path) -> None:
    """Finish what a killed import had committed, unless an import is running right now."""
    if (catalog / COMMIT).exists():
        with _locked(catalog):
            finish(catalog)


def finish(catalog: Path) -> None:
    """Finish a change that a killed process had committed, and drop one that it had not."""
    commit = catalog / COMMIT
    if commit.exists():
        files = sorted(path for path in commit.rglob("*") if path.is_file())
        files.sort(key=lambda path: path.name == MANIFEST)  # the manifest goes last
        for path in files:
            target = catalog / path.relative_to(commit)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        shutil.rmtree(commit)
        _sync(catalog)
    shutil.rmtree(catalog / STAGING, ignore_errors=True)


@contextmanager
def _locked(catalog: Path) -> Iterator[None]:
    descriptor = os.open(catalog, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = f"another import is changing {catalog}"
        raise UsageError(message, "wait for it, then run the command again") from error
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(root: Path) -> None:
    for path in sorted(root.rglob("*")):
        _sync(path)
    _sync(root)
