"""Which rows of one instrument are good, decided in the order in which they arrived."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.book import ACCEPTED
from nautilus_scalp.data.book import Book
from nautilus_scalp.data.book import BookState
from nautilus_scalp.data.gate import SILENCE_NS
from nautilus_scalp.data.gate import ExchangeClock
from nautilus_scalp.data.gate import LaneClock
from nautilus_scalp.data.gate import StreamGate
from nautilus_scalp.data.gate import StreamState
from nautilus_scalp.data.rows import BAR_DTYPE
from nautilus_scalp.data.rows import CODE
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import MARK_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REJECT_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.rows import rejects


SAMPLE_NS = 100_000_000
KINDS = {
    "quotes": QUOTE_DTYPE,
    "trades": TRADE_DTYPE,
    "depths": DEPTH_DTYPE,
    "marks": MARK_DTYPE,
    "bars": BAR_DTYPE,
}
NO_FAULT = ACCEPTED

type Ints = npt.NDArray[np.int64]


class Batch(msgspec.Struct, kw_only=True):
    """Rows of a block of one raw file, by kind, and the lines that could not be read."""

    quotes: Rows = np.empty(0, QUOTE_DTYPE)
    trades: Rows = np.empty(0, TRADE_DTYPE)
    depths: Rows = np.empty(0, DEPTH_DTYPE)
    levels: Rows = np.empty(0, LEVEL_DTYPE)
    marks: Rows = np.empty(0, MARK_DTYPE)
    bars: Rows = np.empty(0, BAR_DTYPE)
    bad: Rows = np.empty(0, REJECT_DTYPE)


class InstrumentState(msgspec.Struct, kw_only=True):
    """Where an instrument's newest interval ends, so that the next file can go on from there.

    Attributes
    ----------
    instrument_id : str
    start_ns : int
        Event time of the interval's first row.
    last_ts_init : int
    trade_stream : str
        ``trade`` or ``aggTrade``, empty if there were no trades.
    streams : dict of str to StreamState
        By kind.
    delays_ns : list of int
        What the exchange clock of a spot recording goes by.
    book : BookState

    """

    instrument_id: str
    start_ns: int = 0
    last_ts_init: int = 0
    trade_stream: str = ""
    streams: dict[str, StreamState] = {}
    delays_ns: list[int] = []
    book: BookState = msgspec.field(default_factory=BookState)

    @property
    def last_t_ns(self) -> int:
        """Event time of the interval's last row, 0 if there is none."""
        return max((stream.last_t_ns for stream in self.streams.values()), default=0)


class Judged(msgspec.Struct, kw_only=True):
    """What a batch came to: accepted rows by kind, sampled books, and all rejected rows."""

    accepted: dict[str, Rows]
    tops: npt.NDArray[np.int64]
    rejected: Rows
    depth_gaps: int
    missing_trades: int
    crossed_books: int


class Judge:
    """Decides row by row what enters the catalog, and keeps the book while it does.

    Parameters
    ----------
    state : InstrumentState
        Where an earlier import ended.
    untimed : bool
        Whether the top of the book carries no exchange time, as on spot.

    """

    def __init__(self, state: InstrumentState, *, untimed: bool) -> None:
        self._untimed = untimed
        self._gates = {kind: StreamGate(state.streams.get(kind) or StreamState()) for kind in KINDS}
        self._book = Book(SAMPLE_NS, SILENCE_NS, state.book)
        self._clock = ExchangeClock(state.delays_ns)

    def note(self, state: InstrumentState) -> None:
        """Fill in what the judge of the next import needs."""
        gates = self._gates.items()
        state.streams = {kind: gate.state for kind, gate in gates if gate.state.last_u >= 0}
        state.delays_ns = self._clock.delays_ns
        state.book = self._book.state()

    def judge(self, batch: Batch, clock: LaneClock, *, trades_consecutive: bool) -> Judged:
        """Decide which rows of a batch are good, in the order in which they arrived.

        Parameters
        ----------
        batch : Batch
            The next block of a file; its rows are changed in place.
        clock : LaneClock
            How far the file's streams have come.
        trades_consecutive : bool
            Whether trade ids are consecutive.

        """
        missing, crossed = self._gates["trades"].missing, self._book.crossed
        rejected = [batch.bad]
        self._stamp_untimed(batch, rejected)
        admitted = {}
        for kind in KINDS:
            rows = getattr(batch, kind)
            consecutive = kind == "trades" and trades_consecutive
            good = rows["snapshot"].copy() if kind == "depths" else np.zeros(len(rows), np.bool_)
            good[~good], bad = self._gates[kind].admit(rows[~good], consecutive=consecutive)
            rejected += bad
            admitted[kind] = rows[good]
        _drop_late(admitted, clock, rejected)
        accepted = {}
        for kind, rows in admitted.items():
            faults = _faults(kind, rows)
            rejected.append(_refused(rows["line"], faults))
            accepted[kind] = rows[faults == NO_FAULT]
        depths, tops = self._replay_depth(admitted["depths"], batch.levels, rejected)
        accepted["depths"] = depths
        return Judged(
            accepted=accepted,
            tops=tops,
            rejected=np.concatenate(rejected),
            depth_gaps=int(depths["gap"].sum()),
            missing_trades=self._gates["trades"].missing - missing,
            crossed_books=self._book.crossed - crossed,
        )

    def _stamp_untimed(self, batch: Batch, rejected: list[Rows]) -> None:
        """Give spot quotes and snapshots, which carry no exchange time, an event time."""
        last_depth_ns = self._gates["depths"].state.last_t_ns
        if self._untimed:
            snapshot = batch.depths["snapshot"]
            self._clock.observe([batch.depths[~snapshot], batch.trades])
            untimed = batch.quotes[batch.quotes["t_ns"] == 0]
            known = self._clock.stamp(untimed, self._gates["quotes"].state.last_t_ns)
            rejected.append(rejects(untimed["line"][~known], "no_exchange_clock"))
            timed = batch.quotes[batch.quotes["t_ns"] > 0]
            batch.quotes = untimed[known] if len(untimed) else timed
            books = batch.depths[snapshot]
            self._clock.stamp(books, last_depth_ns)
            batch.depths[snapshot] = books
        batch.depths = _in_book_order(batch.depths, last_depth_ns)
        unknown = batch.depths["t_ns"] == 0
        rejected.append(rejects(batch.depths["line"][unknown], "no_exchange_clock"))
        batch.depths = batch.depths[~unknown]

    def _replay_depth(self, rows: Rows, levels: Rows, rejected: list[Rows]) -> tuple[Rows, Ints]:
        verdict, tops = self._book.replay(rows, levels)
        rejected.append(_refused(rows["line"], verdict))
        ends_book = rows["clear"] & ~rows["snapshot"]
        return rows[(verdict == ACCEPTED) | ends_book], tops


def _in_book_order(depths: Rows, last_t_ns: int) -> Rows:
    """Put each snapshot behind the diffs that it contains, and give it a time among theirs.

    A REST snapshot arrives late: diffs newer than it may already be there. Its update id says
    where it belongs, and no event of a book may go back in time.
    """
    snapshots = np.flatnonzero(depths["snapshot"])
    if len(snapshots) == 0:
        return depths
    diffs = depths[~depths["snapshot"]]
    ahead = np.searchsorted(np.maximum.accumulate(diffs["u"]), depths["u"][snapshots], side="right")
    ordered = np.insert(diffs, ahead, depths[snapshots])
    for k in np.flatnonzero(ordered["snapshot"]):
        earliest = max(ordered["t_ns"][k - 1], last_t_ns) if k > 0 else last_t_ns
        latest = ordered["t_ns"][k + 1] if k + 1 < len(ordered) else 0
        t_ns = ordered["t_ns"][k] or latest
        ordered["t_ns"][k] = max(earliest, min(t_ns, latest) if latest else t_ns)
    return ordered


def _drop_late(admitted: dict[str, Rows], clock: LaneClock, rejected: list[Rows]) -> None:
    lines = np.concatenate([rows["line"] for rows in admitted.values()])
    late = clock.late(lines, np.concatenate([rows["t_ns"] for rows in admitted.values()]))
    rejected.append(rejects(lines[late], "late"))
    start = 0
    for kind, rows in admitted.items():
        admitted[kind] = rows[~late[start : start + len(rows)]]
        start += len(rows)


def _faults(kind: str, rows: Rows) -> npt.NDArray[np.uint8]:
    """Return for each row the code of what is wrong with its values, or ``NO_FAULT``."""
    faults: dict[str, npt.NDArray[np.bool_]] = {}
    if kind == "quotes":
        least = np.minimum.reduce([rows[n] for n in ("bid", "ask", "bid_size", "ask_size")])
        faults = {"zero_quote": least <= 0, "crossed_quote": rows["bid"] >= rows["ask"]}
    elif kind == "trades":
        zero = (rows["price"] <= 0) | (rows["size"] <= 0)
        faults = {"non_market_print": ~rows["market"], "zero_trade": zero}
    elif kind == "bars":
        low, high = rows["low"], rows["high"]
        outside = [(rows[n] < low) | (rows[n] > high) for n in ("open", "close")]
        faults = {"invalid_bar": outside[0] | outside[1] | (low <= 0) | (rows["volume"] < 0)}
    elif kind == "marks":
        faults = {"zero_quote": rows["mark"] <= 0}
    code = np.full(len(rows), NO_FAULT, np.uint8)
    for reason, wrong in reversed(faults.items()):
        code[wrong] = CODE[reason]
    return code


def _refused(lines: Ints, code: npt.NDArray[np.uint8]) -> Rows:
    refused = np.empty(int((code != NO_FAULT).sum()), REJECT_DTYPE)
    refused["line"] = lines[code != NO_FAULT]
    refused["reason"] = code[code != NO_FAULT]
    return refused
