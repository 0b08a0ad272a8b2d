"""One instrument's way from scanned rows to Parquet: judge, wait, order, stamp, write."""

from collections import Counter

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nautilus_scalp.data import tables
from nautilus_scalp.data.book import ACCEPTED
from nautilus_scalp.data.book import Book
from nautilus_scalp.data.book import BookState
from nautilus_scalp.data.gate import SILENCE_NS
from nautilus_scalp.data.gate import ExchangeClock
from nautilus_scalp.data.gate import LaneClock
from nautilus_scalp.data.gate import StreamGate
from nautilus_scalp.data.gate import StreamState
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.ordering import GRID_NS
from nautilus_scalp.data.ordering import event_order
from nautilus_scalp.data.ordering import replay_times
from nautilus_scalp.data.rows import BAR_DTYPE
from nautilus_scalp.data.rows import CODE
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import MARK_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REJECT_DTYPE
from nautilus_scalp.data.rows import TOP_LEVELS
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.rows import rejects
from nautilus_scalp.data.sink import IntervalSink


SAMPLE_NS = 100_000_000
KINDS = {
    "quotes": QUOTE_DTYPE,
    "trades": TRADE_DTYPE,
    "depths": DEPTH_DTYPE,
    "marks": MARK_DTYPE,
    "bars": BAR_DTYPE,
}
NO_FAULT = ACCEPTED
_RANK = {"quotes": 0, "depths": 0, "trades": 1, "marks": 2, "bars": 3}

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
    """What a batch came to: accepted rows by kind, and all rejected ones."""

    accepted: dict[str, Rows]
    rejected: Rows
    depth_gaps: int
    missing_trades: int
    crossed_books: int


class Pipeline:
    """Turns batches of one instrument into Parquet files.

    Parameters
    ----------
    spec : InstrumentSpec
    sink : IntervalSink
    state : InstrumentState
        Where an earlier import ended.
    bar_type : str
        Nautilus bar type of the instrument's bars, if there are any.

    """

    def __init__(
        self, spec: InstrumentSpec, sink: IntervalSink, state: InstrumentState, bar_type: str = ""
    ) -> None:
        self._spec = spec
        self._sink = sink
        self._bar_type = bar_type
        self._start_ns = state.start_ns
        self._last_ts_init = state.last_ts_init
        self._last_t_ns = state.last_t_ns
        self._gates = {kind: StreamGate(state.streams.get(kind) or StreamState()) for kind in KINDS}
        self._book = Book(SAMPLE_NS, SILENCE_NS, state.book)
        self._clock = ExchangeClock(state.delays_ns)
        self._waiting = {kind: np.empty(0, dtype) for kind, dtype in KINDS.items()}
        self._levels = np.empty(0, LEVEL_DTYPE)
        self._tops = np.empty((0, 4, TOP_LEVELS), np.int64)
        self.rows_out: Counter[str] = Counter()

    def state(self, trade_stream: str) -> InstrumentState:
        """Return what the next import needs to go on from here."""
        return InstrumentState(
            instrument_id=self._spec.instrument_id,
            start_ns=self._start_ns,
            last_ts_init=self._last_ts_init,
            trade_stream=trade_stream,
            streams={k: gate.state for k, gate in self._gates.items() if gate.state.last_u >= 0},
            delays_ns=self._clock.delays_ns,
            book=self._book.state(),
        )

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
        accepted["depths"], gaps = self._replay_depth(admitted["depths"], batch.levels, rejected)
        return Judged(
            accepted=accepted,
            rejected=np.concatenate(rejected),
            depth_gaps=gaps,
            missing_trades=self._gates["trades"].missing - missing,
            crossed_books=self._book.crossed - crossed,
        )

    def _stamp_untimed(self, batch: Batch, rejected: list[Rows]) -> None:
        """Give spot quotes and snapshots, which carry no exchange time, an event time."""
        last_depth_ns = self._gates["depths"].state.last_t_ns
        if self._spec.kind == "spot":
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

    def _replay_depth(self, rows: Rows, levels: Rows, rejected: list[Rows]) -> tuple[Rows, int]:
        verdict, tops = self._book.replay(rows, levels)
        rejected.append(_refused(rows["line"], verdict))
        gaps = int(rows["gap"].sum())
        ends_book = rows["clear"] & ~rows["snapshot"]
        rows = rows[(verdict == ACCEPTED) | ends_book]
        rows["top"][rows["top"] >= 0] += len(self._tops)
        self._tops = np.concatenate([self._tops, tops])
        return rows, gaps

    def add(self, accepted: dict[str, Rows], levels: Rows) -> None:
        """Let accepted rows wait for their turn."""
        depths = accepted["depths"]
        depths["start"] += len(self._levels)
        depths["stop"] += len(self._levels)
        self._levels = np.concatenate([self._levels, levels])
        for kind, rows in accepted.items():
            self._waiting[kind] = np.concatenate([self._waiting[kind], rows])

    def drain(self, before_ns: int) -> None:
        """Order, stamp and write every waiting row with an event time before ``before_ns``."""
        ready = {}
        for kind, rows in self._waiting.items():
            count = int(np.searchsorted(rows["t_ns"], before_ns))
            ready[kind], self._waiting[kind] = rows[:count], rows[count:]
        if any(len(rows) for rows in ready.values()):
            self._write(ready)
            self._forget_written_depth()

    def _write(self, ready: dict[str, Rows]) -> None:
        slots, breaks, events = _events(ready)
        t_ns = events["t_ns"]
        if not self._start_ns:
            self._start_ns = int(t_ns[0])
        previous = np.concatenate([[self._last_t_ns or t_ns[0]], t_ns[:-1]])
        interval = np.cumsum(breaks | (t_ns - previous > SILENCE_NS))
        if interval[-1] > 0:
            self._start_ns = int(t_ns[np.flatnonzero(interval == interval[-1])[0]])
        first, self._last_ts_init = replay_times(
            t_ns, slots, self._last_ts_init, self._spec.tie_rank
        )
        self._last_t_ns = int(t_ns[-1])
        for number in range(int(interval[-1]) + 1):
            if number > 0:
                self._sink.end_interval()
            mine = interval == number
            for kind in ready:
                chosen = mine & (events["kind"] == list(KINDS).index(kind))
                rows = ready[kind][events["row"][chosen]]
                self._write_kind(kind, rows, first[chosen])

    def _write_kind(self, kind: str, rows: Rows, ts_init: Ints) -> None:
        spec = self._spec
        name = spec.instrument_id
        if kind == "quotes":
            self._put(f"quote_tick/{name}", tables.quote_table(spec, rows, ts_init))
        elif kind == "trades":
            self._put(f"trade_tick/{name}", tables.trade_table(spec, rows, ts_init))
        elif kind == "depths":
            deltas = tables.delta_table(spec, rows, self._levels, ts_init)
            self._put(f"order_book_deltas/{name}", deltas)
            sampled = rows["top"] >= 0
            after = ts_init + (rows["stop"] - rows["start"] + rows["clear"]) * GRID_NS
            tops = self._tops[rows["top"][sampled]]
            depth10 = tables.depth10_table(spec, rows[sampled], tops, after[sampled])
            self._put(f"order_book_depths/{name}", depth10)
        elif kind == "marks":
            self._put(f"mark_price_update/{name}", tables.mark_table(spec, rows, ts_init))
            after = ts_init + GRID_NS
            self._put(f"funding_rate_update/{name}", tables.funding_table(spec, rows, after))
        else:
            table = tables.bar_table(spec, self._bar_type, rows, ts_init)
            self._put(f"bar/{self._bar_type}", table)

    def _put(self, directory: str, table: pa.Table) -> None:
        self._sink.write(directory, table)
        self.rows_out[directory.partition("/")[0]] += len(table)

    def _forget_written_depth(self) -> None:
        waiting = self._waiting["depths"]
        kept = int(waiting["start"][0]) if len(waiting) else len(self._levels)
        self._levels = self._levels[kept:].copy()
        waiting["start"] -= kept
        waiting["stop"] -= kept
        sampled = waiting["top"][waiting["top"] >= 0]
        kept = int(sampled[0]) if len(sampled) else len(self._tops)
        self._tops = self._tops[kept:].copy()
        waiting["top"][waiting["top"] >= 0] -= kept


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


def _events(ready: dict[str, Rows]) -> tuple[Ints, npt.NDArray[np.bool_], dict[str, Ints]]:
    """Return slots, interval breaks, and time, kind and row of all events in the one order."""
    t_ns = np.concatenate([rows["t_ns"] for rows in ready.values()])
    u = np.concatenate([rows["u"] for rows in ready.values()])
    counts = [len(rows) for rows in ready.values()]
    rank = np.repeat([_RANK[kind] for kind in ready], counts)
    kind = np.repeat([list(KINDS).index(kind) for kind in ready], counts)
    after = (kind == list(KINDS).index("depths")).astype(np.int64)
    row = np.concatenate([np.arange(count) for count in counts])
    order = event_order(t_ns, rank, u, after)
    depths = ready["depths"]
    taken = {
        "depths": depths["stop"] - depths["start"] + depths["clear"] + (depths["top"] >= 0),
        "marks": np.full(len(ready["marks"]), 2),
    }
    slots = np.concatenate([taken.get(k, np.ones(len(v), np.int64)) for k, v in ready.items()])
    gaps = np.concatenate(
        [v["gap"] if k == "depths" else np.zeros(len(v), np.bool_) for k, v in ready.items()]
    )
    events = {"t_ns": t_ns[order], "kind": kind[order], "row": row[order]}
    return slots[order], gaps[order], events
