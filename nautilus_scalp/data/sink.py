"""Parquet files of one instrument, written as the rows come, one file an unbroken interval."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.persistence.catalog.parquet import _timestamps_to_filename


ROW_GROUP = 50_000
_LEVEL = 3
# Columns that count upwards shrink by their differences; the rest repeat and share a dictionary.
_RISING = ("ts_event", "ts_init", "sequence", "next_funding_ns")


class _Part:
    """One open Parquet file; only whole row groups leave the memory before the end."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rising = [name for name in schema.names if name in _RISING]
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=[name for name in schema.names if name not in (*rising, "trade_id")],
            column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
        )
        self._path = path
        self._pending: list[pa.Table] = []
        self._rows = 0
        self.first_ns = 0
        self.last_ns = 0

    def write(self, table: pa.Table) -> None:
        """Append rows in ``ts_init`` order."""
        if not self.first_ns:
            self.first_ns = table["ts_init"][0].as_py()
        self.last_ns = table["ts_init"][-1].as_py()
        self._pending.append(table)
        self._rows += len(table)
        if self._rows >= ROW_GROUP:
            whole = self._rows - self._rows % ROW_GROUP
            joined = pa.concat_tables(self._pending)
            self._writer.write_table(joined.slice(0, whole), row_group_size=ROW_GROUP)
            self._pending = [joined.slice(whole)]
            self._rows -= whole

    def close(self) -> Path:
        """Write what is left and give the file its interval's name; return its path."""
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._pending), row_group_size=ROW_GROUP)
        self._writer.close()
        return self._path.rename(
            self._path.with_name(_timestamps_to_filename(self.first_ns, self.last_ns))
        )

    def abandon(self) -> None:
        """Close the file without a name."""
        self._writer.close()


class IntervalSink:
    """Writes the tables of one instrument below a staging directory.

    Parameters
    ----------
    root : Path
        Directory that will become the catalog's root.

    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parts: dict[str, _Part] = {}
        self.intervals: list[tuple[str, int, int]] = []

    def write(self, directory: str, table: pa.Table) -> None:
        """Append a table to ``data/<directory>``; an empty one is ignored."""
        if len(table) == 0:
            return
        if directory not in self._parts:
            path = self._root / "data" / directory / "open"
            self._parts[directory] = _Part(path, table.schema)
        self._parts[directory].write(table)

    def end_interval(self) -> None:
        """Close all files: what comes next is not contiguous with them."""
        while self._parts:
            directory, part = self._parts.popitem()
            part.close()
            self.intervals.append((directory, part.first_ns, part.last_ns))

    def abandon(self) -> None:
        """Close all files of an import that failed."""
        while self._parts:
            self._parts.popitem()[1].abandon()
