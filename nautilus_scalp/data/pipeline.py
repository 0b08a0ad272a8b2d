"""One instrument's accepted rows to Parquet: wait, order, stamp, write."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nautilus_scalp.data import tables
from nautilus_scalp.data.gate import SILENCE_NS
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.judge import KINDS
from nautilus_scalp.data.judge import InstrumentState
from nautilus_scalp.data.judge import Judged
from nautilus_scalp.data.ordering import GRID_NS
from nautilus_scalp.data.ordering import event_order
from nautilus_scalp.data.ordering import replay_times
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import TOP_LEVELS
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.sink import IntervalSink


_RANK = {"quotes": 0, "depths": 0, "trades": 1, "marks": 2, "bars": 3}

type Ints = npt.NDArray[np.int64]


class Pipeline:
    """Turns accepted rows of one instrument into Parquet files.

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
        self._waiting = {kind: np.empty(0, dtype) for kind, dtype in KINDS.items()}
        self._levels = np.empty(0, LEVEL_DTYPE)
        self._tops = np.empty((0, 4, TOP_LEVELS), np.int64)
        self.rows_out: Counter[str] = Counter()

    def note(self, state: InstrumentState) -> None:
        """Fill in where the written rows end."""
        state.start_ns = self._start_ns
        state.last_ts_init = self._last_ts_init

    def add(self, judged: Judged, levels: Rows) -> None:
        """Let accepted rows wait for their turn."""
        depths = judged.accepted["depths"]
        depths["start"] += len(self._levels)
        depths["stop"] += len(self._levels)
        depths["top"][depths["top"] >= 0] += len(self._tops)
        self._levels = np.concatenate([self._levels, levels])
        self._tops = np.concatenate([self._tops, judged.tops])
        for kind, rows in judged.accepted.items():
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
