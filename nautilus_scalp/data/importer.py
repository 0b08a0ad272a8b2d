"""Raw files of any kind into a catalog, in one change that happens completely or not at all."""

from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nautilus_scalp.data import store
from nautilus_scalp.data.instrument_import import InstrumentImport
from nautilus_scalp.data.instrument_import import Interval
from nautilus_scalp.data.instruments import find_spec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.data.sources import identify
from nautilus_scalp.data.store import Manifest
from nautilus_scalp.data.store import SourceRecord
from nautilus_scalp.errors import UsageError


type Progress = Callable[[int, int, str], None]


class ImportReport(msgspec.Struct, kw_only=True):
    """What an import did; also the answer of ``data import --json``.

    Attributes
    ----------
    catalog : str
    files : list of SourceRecord
        The files that were imported.
    skipped : list of str
        Files that the catalog had already, byte for byte.
    rows_in, rows_out : dict of str to int
        Rows found by stream, rows stored by data type.
    rejected : dict of str to int
        Rows in quarantine, by reason.
    intervals : list of Interval
    notes : list of str
        What a reader of these figures has to know.

    """

    catalog: str
    files: list[SourceRecord] = []
    skipped: list[str] = []
    rows_in: dict[str, int] = {}
    rows_out: dict[str, int] = {}
    rejected: dict[str, int] = {}
    intervals: list[Interval] = []
    notes: list[str] = []


def import_files(
    files: Sequence[Path],
    catalog: Path,
    instrument_id: str | None = None,
    *,
    instruments: Path | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import recordings and archive files into a catalog.

    Files are grouped by instrument and ordered by their time, so several instruments and several
    consecutive files go into one call.

    Parameters
    ----------
    files : sequence of Path
    catalog : Path
        Created if it does not exist.
    instrument_id : str, optional
        Overrides what the files say; see docs/data.md.
    instruments : Path, optional
        TOML of exchange facts, the package's own by default.
    progress : callable, optional
        Called with bytes done, bytes in all and the name of the file.

    Returns
    -------
    ImportReport

    Raises
    ------
    UsageError
        No files, an unknown instrument, files that contradict each other or the catalog, a disk
        that is full. The catalog is then as it was.
    InputError
        A file that is missing, truncated or of no known kind. The catalog is then as it was.

    """
    if not files:
        message = "no files to import"
        raise UsageError(message, "name at least one recording or archive file")
    specs = load_specs(instruments)
    with store.change(catalog) as staging:
        manifest = store.read_manifest(catalog)
        sources, skipped = identify(files, manifest, instrument_id)
        meter = _Meter(progress, {s.path: s.size_bytes for s in sources})
        report = ImportReport(catalog=str(catalog), skipped=skipped)
        for name in sorted({source.instrument_id for source in sources}):
            mine = [source for source in sources if source.instrument_id == name]
            task = InstrumentImport(find_spec(specs, name), mine, catalog, staging)
            task.run(meter.update)
            report.files += task.records
            report.intervals += task.intervals
            report.rows_out = dict(Counter(report.rows_out) + task.rows_out)
        if sources:
            _write_manifest(staging, manifest, report.files)
    return _with_totals(report)


class _Meter:
    """Adds up how far the files have been read."""

    def __init__(self, progress: Progress | None, sizes: dict[Path, int]) -> None:
        self._progress = progress
        self._total = sum(sizes.values())
        self._done: dict[Path, int] = {}

    def update(self, path: Path, read_bytes: int) -> None:
        self._done[path] = read_bytes
        if self._progress is not None:
            self._progress(sum(self._done.values()), self._total, path.name)


def _write_manifest(staging: Path, manifest: Manifest, records: list[SourceRecord]) -> None:
    written = sorted(path for path in staging.rglob("*") if path.is_file())
    digests = {str(path.relative_to(staging)): sha256(path) for path in written}
    combined = Manifest(sources=[*manifest.sources, *records], files={**manifest.files, **digests})
    store.write_json(staging / store.MANIFEST, combined, indent=1)


def _notes(report: ImportReport) -> list[str]:
    """Return what the figures alone do not say."""
    notes = []
    if report.rejected:
        notes.append(f"every rejected row is in {report.catalog}/quarantine, with its reason")
    notes += [
        f"{record.name}: no depth stored, there is no snapshot in it and the catalog has no book "
        "that ends where it begins"
        for record in report.files
        if record.rows_in.get("depths") and not record.rows_out.get("depths")
    ]
    if report.rows_in.get("marks"):
        notes.append("index prices are not stored: Nautilus 1.231 cannot read them back")
    if any("PERP" not in record.instrument_id for record in report.files):
        notes.append("spot top-of-book messages carry no time; theirs is estimated (docs/data.md)")
    return notes


def _with_totals(report: ImportReport) -> ImportReport:
    for record in report.files:
        for name in ("rows_in", "rejected"):
            total = Counter(getattr(report, name))
            total.update(getattr(record, name))
            setattr(report, name, dict(total))
    report.notes = _notes(report)
    return report
