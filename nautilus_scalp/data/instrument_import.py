"""All files of one instrument into a staging directory, continuing what the catalog has."""

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data import store
from nautilus_scalp.data.gate import LATE_NS
from nautilus_scalp.data.gate import LaneClock
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import nautilus_instrument
from nautilus_scalp.data.judge import KINDS
from nautilus_scalp.data.judge import Batch
from nautilus_scalp.data.judge import InstrumentState
from nautilus_scalp.data.judge import Judge
from nautilus_scalp.data.ledger import Ledger
from nautilus_scalp.data.pipeline import Pipeline
from nautilus_scalp.data.raw_files import Block
from nautilus_scalp.data.sink import IntervalSink
from nautilus_scalp.data.sources import LOG
from nautilus_scalp.data.sources import Source
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError


_ONE_WINDOW = (
    "import everything of one window of an instrument with one command, into a new catalog"
)
_NEVER = np.iinfo(np.int64).max
_KIND_OF = {"bookTicker": "quotes", "trades": "trades", "aggTrades": "trades", "klines": "bars"}


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An unbroken stretch of one type of data that was written, ``ts_init`` at both ends."""

    directory: str
    start_ns: int
    end_ns: int


class _Lane:
    """Files of one format, one after the other; keeps how far their event time has come."""

    def __init__(self, sources: list[Source], spec: InstrumentSpec, t_ns: int) -> None:
        self._sources = sources
        self._spec = spec
        self.clock = LaneClock(t_ns)
        # the streams of a recording run beside each other, an archive file holds only one
        self.hold_ns = LATE_NS if sources[0].format == LOG else 0

    def batches(self) -> Iterator[tuple[Source, Block, Batch]]:
        for source in self._sources:
            for block, batch in source.read(self._spec):
                yield source, block, batch


class InstrumentImport:
    """Imports all files of one instrument.

    Parameters
    ----------
    spec : InstrumentSpec
    sources : list of Source
        In the order of their time.
    catalog : Path
        What is there already; only read.
    staging : Path
        Where everything is written.

    """

    def __init__(
        self, spec: InstrumentSpec, sources: list[Source], catalog: Path, staging: Path
    ) -> None:
        self._spec = spec
        self._sources = sources
        self._catalog = catalog
        self._staging = staging
        self._sink = IntervalSink(staging)
        self._ledgers = {source: Ledger(source, staging) for source in sources}
        self.records: list[store.SourceRecord] = []
        self.intervals: list[Interval] = []
        self.rows_out: Counter[str] = Counter()

    def run(self, on_read: Callable[[Path, int], None]) -> None:
        """Read, judge, order and write; then check against what the catalog holds already.

        Parameters
        ----------
        on_read : callable
            Called with a file and how many of its bytes have been read.

        Raises
        ------
        InputError
            A file is damaged, or nothing in it can be used.
        UsageError
            The files do not fit each other, the instrument or the catalog.

        """
        newest, state = self._earlier_state()
        bar_types = [source.bar_type for source in self._sources if source.bar_type]
        judge = Judge(state, untimed=self._spec.kind == "spot")
        pipeline = Pipeline(self._spec, self._sink, state, bar_types[0] if bar_types else "")
        try:
            self._run(judge, pipeline, state.last_t_ns, on_read)
            self._sink.end_interval()
        finally:
            self._sink.abandon()
        self.records = [ledger.close() for ledger in self._ledgers.values()]
        self.rows_out = pipeline.rows_out
        self.intervals = [
            Interval(directory=d, start_ns=a, end_ns=b) for d, a, b in sorted(self._sink.intervals)
        ]
        self._refuse_empty()
        self._refuse_overlap()
        trade_streams = [source.trade_stream for source in self._sources if source.trade_stream]
        reached = InstrumentState(
            instrument_id=self._spec.instrument_id,
            trade_stream=trade_streams[0] if trade_streams else state.trade_stream,
        )
        judge.note(reached)
        pipeline.note(reached)
        if reached.last_ts_init > newest.last_ts_init:
            store.write_json(self._staging / self._state_path, reached)
        self._write_instrument()

    @property
    def _state_path(self) -> Path:
        return Path("state") / f"{self._spec.instrument_id}.json"

    def _run(
        self,
        judge: Judge,
        pipeline: Pipeline,
        start_ns: int,
        on_read: Callable[[Path, int], None],
    ) -> None:
        formats = sorted({source.format for source in self._sources})
        lanes = [
            _Lane([s for s in self._sources if s.format == name], self._spec, start_ns)
            for name in formats
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
                consecutive = source.trade_stream == "trade"
                judged = judge.judge(batch, lane.clock, trades_consecutive=consecutive)
                self._ledgers[source].count(block, found, judged)
                pipeline.add(judged, batch.levels)
                on_read(source.path, block.read_bytes)
            pipeline.drain(min((x.clock.t_ns - x.hold_ns for x in running), default=_NEVER))

    def _earlier_state(self) -> tuple[InstrumentState, InstrumentState]:
        """Return where the catalog's newest interval ends, and where these files begin."""
        fresh = InstrumentState(instrument_id=self._spec.instrument_id)
        path = self._catalog / self._state_path
        newest = store.read_json(path, InstrumentState) if path.exists() else fresh
        first_ns = min(source.first_ns for source in self._sources)
        if first_ns < newest.start_ns:
            return newest, fresh
        for source in self._sources:
            if source.trade_stream and newest.trade_stream not in ("", source.trade_stream):
                message = (
                    f"{source.path} holds {source.trade_stream} messages, the catalog has "
                    f"{newest.trade_stream} messages of {self._spec.instrument_id}"
                )
                raise UsageError(message, "import the same kind, or into another catalog")
            kind = _KIND_OF.get(source.format)
            if kind and kind not in newest.streams and source.first_ns <= newest.last_t_ns:
                message = (
                    f"{source.path}: the catalog holds other data of {self._spec.instrument_id} "
                    f"until {utc(newest.last_t_ns)}, and {kind} cannot be put between it"
                )
                raise UsageError(message, _ONE_WINDOW)
        return newest, newest

    def _refuse_empty(self) -> None:
        """Refuse a file in which nothing at all could be used, unless the catalog has it all."""
        for source, record in zip(self._sources, self.records, strict=True):
            useless = {k: v for k, v in record.rejected.items() if k != "duplicate"}
            if useless and not record.rows_out and "duplicate" not in record.rejected:
                reason = max(useless, key=lambda name: useless[name])
                message = (
                    f"{source.path}: none of its {record.lines} lines can be imported as "
                    f"{self._spec.instrument_id}; {useless[reason]} of them are {reason}"
                )
                raise InputError(message, "check the file and --instrument; see docs/data.md")

    def _refuse_overlap(self) -> None:
        """Refuse to write into a time that the catalog holds already."""
        present = store.intervals(self._catalog, self._spec.instrument_id)
        for mine in self.intervals:
            for directory, start_ns, end_ns in present:
                if mine.start_ns <= end_ns and start_ns <= mine.end_ns:
                    message = (
                        f"the catalog holds {directory} from {utc(start_ns)} to {utc(end_ns)}, "
                        f"the files have {mine.directory} from {utc(mine.start_ns)} to "
                        f"{utc(mine.end_ns)}"
                    )
                    raise UsageError(message, _ONE_WINDOW)

    def _write_instrument(self) -> None:
        instrument = nautilus_instrument(self._spec)
        folder = "crypto_perpetual" if self._spec.kind == "perpetual" else "currency_pair"
        if not (self._catalog / "data" / folder / self._spec.instrument_id).exists():
            ParquetDataCatalog(str(self._staging)).write_data([instrument])


def utc(ns: int) -> str:
    """Return a time to the millisecond, for people."""
    return f"{np.datetime64(ns, 'ns')}"[:23].replace("T", " ")
