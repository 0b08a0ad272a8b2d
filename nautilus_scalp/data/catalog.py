"""Reading a catalog as plain arrays: quotes and trades of several instruments as one tape."""

import json
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from nautilus_scalp.data import store
from nautilus_scalp.data.encode import fixed_values
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import LEVELS
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


_QUOTES, _TRADES = "quote_tick", "trade_tick"
_DEPTHS, _MARKS, _FUNDINGS = "order_book_depths", "mark_price_update", "funding_rate_update"
_KINDS = {_QUOTES: QUOTE, _TRADES: TRADE, _DEPTHS: DEPTH, _MARKS: MARK, _FUNDINGS: FUNDING}
_VALUES = {
    _QUOTES: (("bid_price", 0), ("ask_price", 0), ("bid_size", 1), ("ask_size", 1)),
    _TRADES: (("price", 0), ("size", 1)),
    _MARKS: (("value", 0),),
    _FUNDINGS: (),  # a rate is JSON text, not fixed point
    _DEPTHS: tuple(
        (f"{side}_{what}_{level}", which)
        for level in range(LEVELS)
        for what, which in (("price", 0), ("size", 1))
        for side in ("bid", "ask")
    ),
}
_PIECE_NS = 3_600_000_000_000  # what `side_events` holds in memory at a time: an hour
_PRECISIONS = (b"price_precision", b"size_precision")
_SIDES = np.array([0.0, 1.0, -1.0])  # Nautilus: 0 no aggressor, 1 buyer, 2 seller

type Floats = npt.NDArray[np.float64]


def read_tape(
    catalog: Path,
    instrument_ids: Sequence[str] | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    *,
    extras: bool = False,
) -> Tape:
    """Read quotes and trades straight from Parquet.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_ids : sequence of str, optional
        All instruments with quotes by default.
    start_ns, end_ns : int, optional
        Window of ``ts_init``, ``[start_ns, end_ns)``; unbounded by default.
    extras : bool, optional
        Whether to read depth snapshots, mark prices and funding rates too, where there are any.

    Returns
    -------
    Tape
        Ordered by ``ts_init``. Prices and sizes are the doubles nearest to their decimals.

    Raises
    ------
    UsageError
        If the catalog or one of the instruments is not there, or the window is empty.
    InputError
        If a file is damaged or two events share a ``ts_init``.

    """
    known = _known(catalog, instrument_ids or ())
    names = list(instrument_ids) if instrument_ids is not None else list(known)
    parts = [
        part
        for index, name in enumerate(names)
        for directory in (_KINDS if extras else (_QUOTES, _TRADES))
        for part in _parts(catalog, directory, name, index, (start_ns, end_ns))
    ]
    if not parts:
        message = f"{catalog} holds no quote or trade of {', '.join(names)} in the window"
        raise UsageError(message, "choose a window within `nautilus-scalp data check`'s times")
    return _merge(tuple(known[name] for name in names), parts, catalog)


def _known(catalog: Path, required: Sequence[str]) -> dict[str, InstrumentFacts]:
    """Return the instruments that have quotes by id, all that are required among them."""
    known = {facts.instrument_id: facts for facts in catalog_instruments(catalog)}
    for name in required:
        if name not in known:
            message = f"{catalog} holds no quotes of {name}"
            raise UsageError(message, f"choose from {', '.join(known) or 'another catalog'}")
    return known


def side_events(
    catalog: Path,
    instrument_ids: Sequence[str],
    window: tuple[int, int],
    wanted: frozenset[int],
    needed: frozenset[int],
) -> Iterator[Tape]:
    """Read depth snapshots, mark prices and funding rates piece by piece, an hour in memory.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_ids : sequence of str
        The instruments of the pieces, in order.
    window : tuple of int
        ``[start_ns, end_ns)`` of ``ts_init``.
    wanted : frozenset[int]
        Kinds to read where there are any: ``tape.DEPTH``, ``tape.MARK``, ``tape.FUNDING``.
    needed : frozenset[int]
        Kinds of which every instrument must have some.

    Returns
    -------
    iterator of Tape
        Each ordered by ``ts_init`` and later than the one before.

    Raises
    ------
    UsageError
        If an instrument is not in the catalog or has nothing of a needed kind in the window.

    """
    known = _known(catalog, instrument_ids)
    for name in instrument_ids:
        spans = store.intervals(catalog, name)
        for directory in (each for each, kind in _KINDS.items() if kind in needed):
            inside = (
                start < window[1] and end >= window[0]
                for stored, start, end in spans
                if stored == f"{directory}/{name}"
            )
            if not any(inside):
                message = f"{catalog} holds no {directory} of {name} in the window"
                raise UsageError(message, "import it, or choose features that do not read it")
    directories = [directory for directory, kind in _KINDS.items() if kind in wanted]
    return _pieces(catalog, tuple(known[name] for name in instrument_ids), directories, window)


def _pieces(
    catalog: Path,
    instruments: tuple[InstrumentFacts, ...],
    directories: Sequence[str],
    window: tuple[int, int],
) -> Iterator[Tape]:
    for start_ns in range(*window, _PIECE_NS):
        bounds = (start_ns, min(start_ns + _PIECE_NS, window[1]))
        parts = [
            part
            for index, facts in enumerate(instruments)
            for directory in directories
            for part in _parts(catalog, directory, facts.instrument_id, index, bounds)
        ]
        if parts:
            yield _merge(instruments, parts, catalog)


def catalog_instruments(catalog: Path) -> tuple[InstrumentFacts, ...]:
    """Return the instruments that have quotes, ordered by id.

    Raises
    ------
    UsageError
        If there is no catalog.

    """
    if not (catalog / "data").is_dir():
        message = f"{catalog} is not a catalog"
        raise UsageError(
            message, "make one with `nautilus-scalp data import FILE... --catalog DIR`"
        )
    store.settle(catalog)
    found = []
    for folder in sorted((catalog / "data" / _QUOTES).glob("*")):
        paths = sorted(folder.glob("*.parquet"))
        if paths:
            price, size = _precisions(paths[0], _PRECISIONS)
            found.append(
                InstrumentFacts(
                    instrument_id=folder.name,
                    price_precision=price,
                    size_precision=size,
                    tick_size=_tick_size(catalog, folder.name),
                ),
            )
    return tuple(found)


def catalog_window(catalog: Path, instrument_ids: Sequence[str] | None = None) -> tuple[int, int]:
    """Return the window ``[start_ns, end_ns)`` of ``ts_init`` that holds all quotes and trades.

    Raises
    ------
    UsageError
        If there is none.

    """
    names = _names(catalog, instrument_ids)
    spans = [
        (start, end)
        for name in names
        for directory, start, end in store.intervals(catalog, name)
        if directory.split("/")[0] in {_QUOTES, _TRADES}
    ]
    if not spans:
        message = f"{catalog} holds no quote or trade of {', '.join(names)}"
        raise UsageError(message, "import one with `nautilus-scalp data import`")
    return min(start for start, _ in spans), max(end for _, end in spans) + 1


def catalog_checksums(catalog: Path, instrument_ids: Sequence[str] | None = None) -> dict[str, str]:
    """Return the SHA-256 of every data file of the instruments, by path within the catalog."""
    paths = [
        path
        for name in _names(catalog, instrument_ids)
        for directory, _, _ in store.intervals(catalog, name)
        for path in (catalog / "data" / directory).glob("*.parquet")
    ]
    return {str(path.relative_to(catalog)): sha256(path) for path in sorted(set(paths))}


def _names(catalog: Path, instrument_ids: Sequence[str] | None) -> list[str]:
    known = [facts.instrument_id for facts in catalog_instruments(catalog)]
    return known if instrument_ids is None else list(instrument_ids)


def _precisions(path: Path, keys: Sequence[bytes]) -> tuple[int, ...]:
    metadata = _read(pq.read_schema, path).metadata or {}
    try:
        return tuple(int(metadata[key]) for key in keys)
    except (KeyError, ValueError) as error:
        message = f"{path}: the Parquet schema lacks {error}"
        raise InputError(message, "import the raw data again into a new catalog") from error


def _tick_size(catalog: Path, instrument_id: str) -> float:
    for folder in store.INSTRUMENT_FOLDERS:
        for path in sorted((catalog / "data" / folder / instrument_id).glob("*.parquet")):
            return float(_read(pq.read_table, path)["price_increment"][-1].as_py())
    message = f"{catalog} does not define the instrument {instrument_id}"
    raise InputError(
        message, "import it with `nautilus-scalp data import`, or write the instrument"
    )


def _read[T](reader: Callable[[Path], T], path: Path) -> T:
    try:
        return reader(path)
    except (pa.ArrowInvalid, OSError) as error:
        message = f"{path} cannot be read: {error}"
        raise InputError(message, "restore the file, or import the raw data again") from error


def read_columns(
    folder: Path, columns: Sequence[str], window: tuple[int | None, int | None]
) -> Iterator[tuple[pa.Table, Path]]:
    """Yield the window's rows of a folder's files, in time order; files without any are left out.

    Parameters
    ----------
    folder : Path
        ``data/<type>/<instrument>`` of a catalog.
    columns : sequence of str
    window : tuple of int or None
        ``[start_ns, end_ns)`` of ``ts_init``.

    Raises
    ------
    InputError
        If a file is damaged.

    """
    start_ns, end_ns = window
    bounds = [("ts_init", ">=", start_ns), ("ts_init", "<", end_ns)]
    filters = [bound for bound in bounds if bound[2] is not None] or None
    for path in sorted(folder.glob("*.parquet")):
        span = store.file_span(path)
        before = span is not None and start_ns is not None and span[1] < start_ns
        after = span is not None and end_ns is not None and span[0] >= end_ns
        if before or after:
            continue
        table = _read(
            lambda p: pq.read_table(p, columns=list(columns), filters=filters, partitioning=None),
            path,
        )
        if len(table):
            yield table, path


def fixed_columns(path: Path, directory: str, window: tuple[int | None, int | None]) -> Floats:
    """Return prices and sizes of one file's rows within the window, float64[n, 4 or 2]."""
    names = [name for name, _ in _VALUES[directory]]
    for table, found in read_columns(path.parent, names, window):
        if found == path:
            return _decoded(table, directory, path)
    return np.empty((0, len(names)))


def _decoded(table: pa.Table, directory: str, path: Path) -> Floats:
    keys = _PRECISIONS[: 1 + max(which for _, which in _VALUES[directory])]
    precisions = _precisions(path, keys)
    columns = [
        fixed_values(table[name].combine_chunks(), precisions[which])
        for name, which in _VALUES[directory]
    ]
    return np.stack(columns, axis=1)


class _Part:
    """Events of one file, or of the part of it within the window."""

    def __init__(self, table: pa.Table, directory: str, index: int, path: Path) -> None:
        self.kind = _KINDS[directory]
        self.index = index
        self.ts_event_ns = table["ts_event"].to_numpy().astype(np.int64)
        self.ts_init_ns = table["ts_init"].to_numpy().astype(np.int64)
        self.values = np.zeros((len(table), 4))
        self.books = np.empty((0, LEVELS, 4))
        if self.kind == FUNDING:
            self.values[:, 0] = [float(json.loads(rate)) for rate in table["rate"].to_pylist()]
            return
        decoded = _decoded(table, directory, path)
        if self.kind == DEPTH:
            self.books = decoded.reshape(-1, LEVELS, 4)
            return
        self.values[:, : decoded.shape[1]] = decoded
        if self.kind == TRADE:
            self.values[:, 2] = _SIDES[table["aggressor_side"].to_numpy()]


def _parts(
    catalog: Path,
    directory: str,
    name: str,
    index: int,
    window: tuple[int | None, int | None],
) -> list[_Part]:
    columns = [column for column, _ in _VALUES[directory]] + ["ts_event", "ts_init"]
    if directory == _TRADES:
        columns.append("aggressor_side")
    if directory == _FUNDINGS:
        columns.append("rate")
    folder = catalog / "data" / directory / name
    return [
        _Part(table, directory, index, path)
        for table, path in read_columns(folder, columns, window)
    ]


def _merge(instruments: tuple[InstrumentFacts, ...], parts: list[_Part], catalog: Path) -> Tape:
    ts_init_ns = np.concatenate([part.ts_init_ns for part in parts])
    order = np.argsort(ts_init_ns, kind="stable")
    ts_init_ns = ts_init_ns[order]
    if (np.diff(ts_init_ns) <= 0).any():
        message = f"{catalog}: two quotes or trades share a ts_init, so their order is not defined"
        raise InputError(message, "import the raw data with `nautilus-scalp data import`")
    counts = [len(part.ts_init_ns) for part in parts]
    first_book = 0
    for part in parts:
        if part.kind == DEPTH:
            part.values[:, 0] = first_book + np.arange(len(part.books))
            first_book += len(part.books)
    return Tape(
        instruments=instruments,
        kind=np.repeat(np.array([p.kind for p in parts], np.uint8), counts)[order],
        instrument=np.repeat(np.array([p.index for p in parts], np.int16), counts)[order],
        ts_event_ns=np.concatenate([part.ts_event_ns for part in parts])[order],
        ts_init_ns=ts_init_ns,
        values=np.concatenate([part.values for part in parts])[order],
        books=np.concatenate([part.books for part in parts]),
    )
