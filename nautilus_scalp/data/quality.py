"""Quality of a catalog: what its imports lost, and whether what it stores keeps its promises."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data import store
from nautilus_scalp.data.catalog import fixed_columns
from nautilus_scalp.data.catalog import read_columns
from nautilus_scalp.data.ledger import count_jumps
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.data.store import SourceRecord
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError


_WINDOW_NS = 3_600_000_000_000
_QUOTES = "quote_tick"
_MALFORMED_SHARE = 0.001
HEADER = (
    "file or instrument",
    "rows in",
    "rows out",
    "rejected",
    "depth gaps",
    "missing trades",
    "jumps",
    "skew ms",
    "from",
    "to",
)

type Ints = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]


class InstrumentQuality(msgspec.Struct, kw_only=True):
    """What the catalog stores of one instrument.

    Attributes
    ----------
    rows : dict of str to int
        By data type.
    start_ns, end_ns : int
        First and last ``ts_init``.
    intervals : dict of str to int
        Unbroken stretches, by data type.
    shared_ts_init : int
        Rows whose ``ts_init`` is not greater than that of the row before, over all types.
    crossed_quotes, zero_quotes : int
        Must be 0: the importer rejects them.
    price_jumps : int
        Mid prices that move more than 50 bps from one quote to the next.
    max_delay_ms : float
        Greatest ``ts_init - ts_event``: how far the tie rule had to push a row.

    """

    instrument_id: str
    rows: dict[str, int] = {}
    start_ns: int = 0
    end_ns: int = 0
    intervals: dict[str, int] = {}
    shared_ts_init: int = 0
    crossed_quotes: int = 0
    zero_quotes: int = 0
    price_jumps: int = 0
    max_delay_ms: float = 0.0


class QualityReport(msgspec.Struct, kw_only=True):
    """Answer of ``data check``.

    Attributes
    ----------
    ok : bool
        Whether there is no entry in ``problems``.
    files : list of SourceRecord
        What became of each imported file.
    instruments : list of InstrumentQuality
    problems : list of str
        Broken promises: damaged files, an order that is not one, impossible quotes.
    warnings : list of str
        Losses of the raw data that a user of the catalog should know.

    """

    catalog: str
    ok: bool = True
    files: list[SourceRecord] = []
    instruments: list[InstrumentQuality] = []
    problems: list[str] = []
    warnings: list[str] = []

    def table(self) -> list[tuple[str, ...]]:
        """Return one row a file and one an instrument, under ``HEADER``."""
        return [_file_row(record) for record in self.files] + [
            _instrument_row(quality) for quality in self.instruments
        ]


def check_catalog(catalog: Path) -> QualityReport:
    """Check a catalog from its raw files' records to its stored rows.

    Raises
    ------
    UsageError
        If there is no catalog, or nothing in it.

    """
    if not (catalog / "data").is_dir():
        message = f"{catalog} is not a catalog"
        remedy = "make one with `nautilus-scalp data import FILE... --catalog DIR`"
        raise UsageError(message, remedy)
    store.settle(catalog)
    manifest = store.read_manifest(catalog)
    report = QualityReport(catalog=str(catalog), files=manifest.sources)
    damaged = _damaged(catalog, manifest.files)
    report.problems += [f"{name}: {fault}" for name, fault in damaged.items()]
    for record in manifest.sources:
        report.warnings += _losses(record)
    for name in store.data_instruments(catalog):
        try:
            quality = _check_instrument(catalog, name)
        except InputError as error:
            report.problems.append(error.message)
        else:
            report.instruments.append(quality)
            report.problems += _broken_promises(quality)
    if not report.instruments and not report.problems:
        message = f"{catalog} holds no market data"
        raise UsageError(message, "import some with `nautilus-scalp data import`")
    report.ok = not report.problems
    return report


def _damaged(catalog: Path, files: dict[str, str]) -> dict[str, str]:
    faults = {}
    for name, digest in sorted(files.items()):
        path = catalog / name
        if not path.exists():
            faults[name] = "missing"
        elif name.startswith("data/") and sha256(path) != digest:
            faults[name] = "its content is not what was imported (SHA-256 differs)"
    return faults


def _losses(record: SourceRecord) -> list[str]:
    found = []
    unreadable = record.rejected.get("malformed", 0)
    if record.lines and unreadable / record.lines > _MALFORMED_SHARE:
        found.append(f"{record.name}: {unreadable} of {record.lines} lines cannot be read")
    if record.depth_gaps:
        found.append(f"{record.name}: {record.depth_gaps} gaps in the depth sequence")
    if record.missing_trades:
        found.append(f"{record.name}: {record.missing_trades} trades are missing")
    if record.crossed_books:
        found.append(f"{record.name}: the rebuilt book was crossed {record.crossed_books} times")
    if record.rows_in.get("depths") and not record.rows_out.get("depths"):
        found.append(f"{record.name}: no depth stored, there is no snapshot to start from")
    return found


def _broken_promises(quality: InstrumentQuality) -> list[str]:
    promises = {
        "rows share a ts_init or go back in time": quality.shared_ts_init,
        "crossed quotes": quality.crossed_quotes,
        "quotes with a zero price or size": quality.zero_quotes,
    }
    return [f"{quality.instrument_id}: {n} {what}" for what, n in promises.items() if n]


def _check_instrument(catalog: Path, name: str) -> InstrumentQuality:
    spans = store.intervals(catalog, name)
    quality = InstrumentQuality(
        instrument_id=name,
        start_ns=min(start for _, start, _ in spans),
        end_ns=max(end for _, _, end in spans),
        intervals=dict(Counter(directory.split("/")[0] for directory, _, _ in spans)),
    )
    last_ts_init, last_quote = -1, (0, 0.0)
    directories = sorted({directory for directory, _, _ in spans})
    rows: Counter[str] = Counter()
    for window in _windows(spans):
        times = []
        for directory in directories:
            names = ["ts_event", "ts_init"]
            for table, path in read_columns(catalog / "data" / directory, names, window):
                ts_init = table["ts_init"].to_numpy().astype(np.int64)
                delay = ts_init - table["ts_event"].to_numpy().astype(np.int64)
                quality.max_delay_ms = max(quality.max_delay_ms, float(delay.max()) / 1e6)
                rows[directory.split("/")[0]] += len(ts_init)
                # each file must be sorted by itself, the files together must share nothing
                quality.shared_ts_init += int((np.diff(ts_init) <= 0).sum())
                times.append(ts_init)
                if directory.startswith(_QUOTES):
                    values = fixed_columns(path, _QUOTES, window)
                    last_quote = _check_quotes(ts_init, values, quality, last_quote)
        together = np.sort(np.concatenate(times)) if times else np.empty(0, np.int64)
        quality.shared_ts_init += int((np.diff(together, prepend=last_ts_init) <= 0).sum())
        last_ts_init = int(together[-1]) if len(together) else last_ts_init
    quality.rows = dict(rows)
    return quality


def _check_quotes(
    ts_init: Ints, values: Floats, quality: InstrumentQuality, last_quote: tuple[int, float]
) -> tuple[int, float]:
    bid, ask = values[:, 0], values[:, 1]
    quality.crossed_quotes += int((bid >= ask).sum())
    quality.zero_quotes += int((values.min(axis=1) <= 0).sum())
    jumps, last_quote = count_jumps(ts_init, (bid + ask) / 2, last_quote)
    quality.price_jumps += jumps
    return last_quote


def _windows(spans: list[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
    """Yield hours that cover every interval once, so that memory does not grow with the days."""
    covered = -1
    for _, start_ns, end_ns in sorted(spans, key=lambda span: span[1]):
        start = max(start_ns, covered)
        while start <= end_ns:
            stop = min(start + _WINDOW_NS, max(end_ns + 1, start + 1))
            yield start, stop
            start = covered = stop


def _file_row(record: SourceRecord) -> tuple[str, ...]:
    return (
        record.name,
        f"{sum(record.rows_in.values()):,}",
        f"{sum(record.rows_out.values()):,}",
        f"{sum(record.rejected.values()):,}",
        str(record.depth_gaps),
        str(record.missing_trades),
        str(record.price_jumps),
        f"{record.skew_ms['median']:.1f}" if record.skew_ms else "-",
        _utc(record.start_ns),
        _utc(record.end_ns),
    )


def _instrument_row(quality: InstrumentQuality) -> tuple[str, ...]:
    return (
        quality.instrument_id,
        "-",
        f"{sum(quality.rows.values()):,}",
        "-",
        "-",
        "-",
        str(quality.price_jumps),
        "-",
        _utc(quality.start_ns),
        _utc(quality.end_ns),
    )


def _utc(ns: int) -> str:
    return str(np.datetime64(ns, "ns"))[:19].replace("T", " ") if ns else "-"
