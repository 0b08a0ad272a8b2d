"""Counts what becomes of every row of a raw file, and keeps the rejected ones."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.gate import SILENCE_NS
from nautilus_scalp.data.judge import Judged
from nautilus_scalp.data.raw_files import Block
from nautilus_scalp.data.rows import CODE
from nautilus_scalp.data.rows import REASONS
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.sources import Source
from nautilus_scalp.data.store import SourceRecord


JUMP_BPS = 50.0
_SKEW_SAMPLE = 97  # every so-manieth delay is kept for the quantiles
_OTHER_SYMBOL = CODE["other_symbol"]

type Ints = npt.NDArray[np.int64]


def count_jumps(
    t_ns: Ints, mids: npt.NDArray[np.float64], before: tuple[int, float]
) -> tuple[int, tuple[int, float]]:
    """Count mid prices that move more than 50 bps from one quote to the next.

    Parameters
    ----------
    t_ns : int64[n]
        Event times, at least one.
    mids : float64[n]
        Mid prices in any unit.
    before : tuple of int and float
        Time and mid price of the quote before, ``(0, 0.0)`` for none.

    Returns
    -------
    count : int
        A step over a silence of the recording is no jump.
    last : tuple of int and float
        The last quote's time and mid price.

    """
    steps = np.abs(np.diff(mids, prepend=before[1] or mids[0])) / mids
    near = np.diff(t_ns, prepend=before[0] or t_ns[0]) <= SILENCE_NS
    count = int((near & (steps > JUMP_BPS / 10_000)).sum())
    return count, (int(t_ns[-1]), float(mids[-1]))


class Ledger:
    """One source's counts and quarantine file.

    Parameters
    ----------
    source : Source
    root : Path
        Directory that will become the catalog's root.

    """

    def __init__(self, source: Source, root: Path) -> None:
        self._source = source
        folder = root / "quarantine" / source.instrument_id
        self._path = folder / f"{source.path.name}.{source.sha256[:8]}.csv"
        self._record = SourceRecord(
            name=source.path.name,
            sha256=source.sha256,
            size_bytes=source.size_bytes,
            instrument_id=source.instrument_id,
        )
        self._rows_in: Counter[str] = Counter()
        self._rows_out: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._last_quote = (0, 0.0)
        self._skews: list[np.ndarray] = []

    def count(self, block: Block, found: dict[str, int], judged: Judged) -> None:
        """Enter one block's rows."""
        self._record.lines += len(block.starts)
        self._rows_in.update(found)
        for kind, rows in judged.accepted.items():
            # a message that only ends the book is in quarantine, its CLEAR is not a row of the file
            kept = rows[~rows["clear"] | rows["snapshot"]] if kind == "depths" else rows
            self._rows_out[kind] += len(kept)
            self._note_times(kept)
        self._record.depth_gaps += judged.depth_gaps
        self._record.missing_trades += judged.missing_trades
        self._record.crossed_books += judged.crossed_books
        self._note_jumps(judged.accepted["quotes"])
        self._quarantine(block, judged.rejected)

    def close(self) -> SourceRecord:
        """Return the finished record."""
        record = self._record
        record.rows_in = {k: v for k, v in self._rows_in.items() if v}
        record.rows_out = {k: v for k, v in self._rows_out.items() if v}
        record.rejected = dict(sorted(self._rejected.items()))
        if self._skews:
            skews = np.concatenate(self._skews) / 1e6
            record.skew_ms = {
                "min": round(float(skews.min()), 3),
                "median": round(float(np.median(skews)), 3),
                "p99": round(float(np.quantile(skews, 0.99)), 3),
            }
        return record

    def _note_times(self, rows: Rows) -> None:
        if len(rows) == 0:
            return
        first, last = int(rows["t_ns"][0]), int(rows["t_ns"][-1])
        record = self._record
        record.start_ns = min(record.start_ns or first, first)
        record.end_ns = max(record.end_ns, last)
        timed = rows[(rows["recv_ns"] > 0) & (rows["sent_ns"] > 0)]
        if len(timed):
            self._skews.append((timed["recv_ns"] - timed["sent_ns"])[::_SKEW_SAMPLE].copy())

    def _note_jumps(self, quotes: Rows) -> None:
        if len(quotes) == 0:
            return
        mids = (quotes["bid"] + quotes["ask"]).astype(np.float64)
        jumps, self._last_quote = count_jumps(quotes["t_ns"], mids, self._last_quote)
        self._record.price_jumps += jumps

    def _quarantine(self, block: Block, rejected: Rows) -> None:
        if self._source.shared:  # other symbols' lines are read again, as theirs
            foreign = rejected["reason"] == _OTHER_SYMBOL
            self._record.lines -= int(foreign.sum())
            rejected = rejected[~foreign]
        if len(rejected) == 0:
            return
        rejected = rejected[np.argsort(rejected["line"], kind="stable")]
        is_new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(["file", "line", "reason", "raw"])
            for line, reason in zip(
                rejected["line"].tolist(), rejected["reason"].tolist(), strict=True
            ):
                name = REASONS[reason]
                self._rejected[name] += 1
                writer.writerow([self._source.path.name, line, name, block.line(line)])
