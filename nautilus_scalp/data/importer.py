"""Raw files of any kind into a catalog, in one change that happens completely or not at all."""

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data import store
from nautilus_scalp.data.gate import LATE_NS
from nautilus_scalp.data.gate import LaneClock
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import find_spec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.data.instruments import nautilus_instrument
from nautilus_scalp.data.ledger import Ledger
from nautilus_scalp.data.pipeline import KINDS
from nautilus_scalp.data.pipeline import Batch
from nautilus_scalp.data.pipeline import InstrumentState
from nautilus_scalp.data.pipeline import Pipeline
from nautilus_scalp.data.raw_files import Block
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.data.sink import IntervalSink
from nautilus_scalp.data.sources import Source
from nautilus_scalp.data.sources import identify
from nautilus_scalp.data.store import Manifest
from nautilus_scalp.data.store import SourceRecord
from nautilus_scalp.errors import UsageError


_ONE_WINDOW = (
    "import everything of one window of an instrument with one command, into a new catalog"
)
_NEVER = np.iinfo(np.int64).max

type Progress = Callable[[int, int, str], None]


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An unbroken stretch of one type of data that was written, ``ts_init`` at both ends."""

    directory: str
    start_ns: int
    end_ns: int


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
        meter = _Meter(progress, sum(source.size_bytes for source in sources))
        report = ImportReport(catalog=str(catalog), skipped=skipped)
        for name in sorted({source.instrument_id for source in sources}):
            mine = [source for source in sources if source.instrument_id == name]
            task = _InstrumentImport(find_spec(specs, name), mine, sources, catalog, staging, meter)
            task.run()
            report.files += task.records
            report.intervals += task.intervals
            report.rows_out = dict(Counter(report.rows_out) + task.rows_out)
        if sources:
            _write_manifest(staging, manifest, report.files)
    return _with_totals(report)


class _Meter:
    """Adds up how far the files have been read."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done: dict[Path, int] = {}

    def update(self, path: Path, read_bytes: int) -> None:
        self._done[path] = read_bytes
        if self._progress is not None:
            self._progress(sum(self._done.values()), self._total, path.name)


class _Lane:
    """Files of one kind, one after the other; keeps how far their event time has come."""

    def __init__(self, sources: list[Source], spec: InstrumentSpec) -> None:
        self._sources = sources
        self._spec = spec
        self.clock = LaneClock()
        self.hold_ns = LATE_NS if sources[0].format == "log" else 0

    def batches(self) -> Iterator[tuple[Source, Block, Batch]]:
        for source in self._sources:
            for block, batch in source.read(self._spec):
                yield source, block, batch


class _InstrumentImport:
    """Imports all files of one instrument into the staging directory."""

    def __init__(
        self,
        spec: InstrumentSpec,
        sources: list[Source],
        all_sources: list[Source],
        catalog: Path,
        staging: Path,
        meter: _Meter,
    ) -> None:
        self._spec = spec
        self._catalog = catalog
        self._staging = staging
        self._meter = meter
        self._sources = sources
        self.records: list[SourceRecord] = []
        self.intervals: list[Interval] = []
        self.rows_out: Counter[str] = Counter()
        self._sink = IntervalSink(staging)
        symbols = Counter(source.path for source in all_sources)
        self._ledgers = {
            source: Ledger(source, staging, several=symbols[source.path] > 1) for source in sources
        }

    def run(self) -> None:
        """Read, judge, order and write; then check against what the catalog holds already."""
        state_path = Path("state") / f"{self._spec.instrument_id}.json"
        state = self._earlier_state(state_path)
        bar_types = {s.bar_type for s in self._sources if s.bar_type}
        pipeline = Pipeline(self._spec, self._sink, state, next(iter(bar_types), ""))
        try:
            self._run(pipeline)
            self._sink.end_interval()
        finally:
            self._sink.abandon()
        self.intervals = [
            Interval(directory=d, start_ns=a, end_ns=b) for d, a, b in sorted(self._sink.intervals)
        ]
        self._check_disjoint()
        trade_stream = next((s.trade_stream for s in self._sources if s.trade_stream), "")
        store.write_json(self._staging / state_path, pipeline.state(trade_stream))
        self._write_instrument()
        self.records = [ledger.close() for ledger in self._ledgers.values()]
        self.rows_out = pipeline.rows_out

    def _run(self, pipeline: Pipeline) -> None:
        lanes = [
            _Lane([s for s in self._sources if s.format == name], self._spec)
            for name in sorted({s.format for s in self._sources})
        ]
        running = {lane: lane.batches() for lane in lanes}
        while running:
            lane = min(running, key=lambda item: item.clock.t_ns)
            step = next(running[lane], None)
            if step is None:
                del running[lane]
            else:
                source, block, batch = step
                found = {kind: len(getattr(batch, kind)) for kind in KINDS}
                judged = pipeline.judge(
                    batch, lane.clock, trades_consecutive=source.trade_stream == "trade"
                )
                self._ledgers[source].count(block, found, judged)
                pipeline.add(judged.accepted, batch.levels)
                self._meter.update(source.path, block.read_bytes)
            pipeline.drain(min((x.clock.t_ns - x.hold_ns for x in running), default=_NEVER))

    def _earlier_state(self, path: Path) -> InstrumentState:
        """Return where the newest interval ends, if the files go on from there."""
        fresh = InstrumentState(instrument_id=self._spec.instrument_id)
        if not (self._catalog / path).exists():
            return fresh
        state = store.read_json(self._catalog / path, InstrumentState)
        first_ns = min(source.first_ns for source in self._sources)
        if first_ns < state.start_ns:
            return fresh
        for source in self._sources:
            if source.trade_stream and state.trade_stream not in ("", source.trade_stream):
                message = f"{source.path}: {self._spec.instrument_id} has {state.trade_stream}s"
                raise UsageError(message, "import the same kind of trades, or use another catalog")
        return state

    def _check_disjoint(self) -> None:
        """Refuse to write into a time that the catalog holds already."""
        present = store.intervals(self._catalog, self._spec.instrument_id)
        for mine in self.intervals:
            for directory, start_ns, end_ns in present:
                if mine.start_ns <= end_ns and start_ns <= mine.end_ns:
                    message = (
                        f"{self._spec.instrument_id}: the catalog holds {directory} from "
                        f"{_iso(start_ns)} to {_iso(end_ns)}, the files have {mine.directory} from "
                        f"{_iso(mine.start_ns)}"
                    )
                    raise UsageError(message, _ONE_WINDOW)

    def _write_instrument(self) -> None:
        instrument = nautilus_instrument(self._spec)
        folder = "crypto_perpetual" if self._spec.kind == "perpetual" else "currency_pair"
        if not (self._catalog / "data" / folder / self._spec.instrument_id).exists():
            ParquetDataCatalog(str(self._staging)).write_data([instrument])


def _iso(ns: int) -> str:
    return str(np.datetime64(ns, "ms" if ns == 0 else "ns"))[:23]


def _write_manifest(staging: Path, manifest: Manifest, records: list[SourceRecord]) -> None:
    written = sorted(path for path in staging.rglob("*") if path.is_file())
    digests = {str(path.relative_to(staging)): sha256(path) for path in written}
    combined = Manifest(sources=[*manifest.sources, *records], files={**manifest.files, **digests})
    store.write_json(staging / store.MANIFEST, combined, indent=1)


def _with_totals(report: ImportReport) -> ImportReport:
    for record in report.files:
        for name in ("rows_in", "rejected"):
            total = Counter(getattr(report, name))
            total.update(getattr(record, name))
            setattr(report, name, dict(total))
    return report
