"""What a raw file is: format, instrument, and whether the catalog has it already."""

from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nautilus_scalp.data import binance_archive
from nautilus_scalp.data.binance_ws import PROBE_LINES
from nautilus_scalp.data.binance_ws import read_log
from nautilus_scalp.data.binance_ws import streams_of
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.judge import Batch
from nautilus_scalp.data.raw_files import Block
from nautilus_scalp.data.raw_files import first_lines
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.data.store import Manifest
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError


LOG = "log"


class Source(msgspec.Struct, kw_only=True, frozen=True):
    """One instrument's share of one raw file.

    Attributes
    ----------
    format : str
        ``log``, or the archive's kind: ``trades``, ``aggTrades``, ``bookTicker``, ``klines``.
    first_ns : int
        Exchange time near the file's start; files are read in its order.
    trade_stream : str
        ``trade`` or ``aggTrade`` if the file holds trades.
    bar_type : str
        Nautilus bar type if the file holds bars.
    shared : bool
        Whether the file holds other symbols too; it is then read once for each.

    """

    path: Path
    sha256: str
    size_bytes: int
    format: str
    symbol: str
    instrument_id: str
    first_ns: int
    trade_stream: str = ""
    bar_type: str = ""
    shared: bool = False

    def read(self, spec: InstrumentSpec) -> Iterator[tuple[Block, Batch]]:
        """Yield the file's blocks and what they hold for the instrument."""
        if spec.symbol != self.symbol:
            message = f"{self.path} holds {self.symbol}, {spec.instrument_id} trades {spec.symbol}"
            raise UsageError(message, "leave --instrument out, or correct it")
        precisions = (spec.price_precision, spec.size_precision)
        if self.format == LOG:
            return read_log(self.path, self.symbol, precisions, futures=spec.kind == "perpetual")
        return binance_archive.read_csv(self.path, self.format, precisions)


def identify(
    files: Sequence[Path], manifest: Manifest, instrument_id: str | None
) -> tuple[list[Source], list[str]]:
    """Find out what the files are, in the order in which they will be read.

    Parameters
    ----------
    files : sequence of Path
    manifest : Manifest
        What the catalog has.
    instrument_id : str, optional
        Overrides what a file says.

    Returns
    -------
    sources : list of Source
        Ordered by time.
    skipped : list of str
        Names of files that were imported before, or are given twice.

    Raises
    ------
    InputError
        If a file is missing or of no known kind.
    UsageError
        If ``instrument_id`` is given for a file of several symbols, or files of one instrument
        would store the same thing twice.

    """
    done = {record.sha256 for record in manifest.sources}
    sources: list[Source] = []
    skipped: list[str] = []
    for path in files:
        if not path.is_file():
            message = f"{path} is not a file"
            raise InputError(message, "check the path; directories are not searched")
        digest = sha256(path)
        if digest in done:
            skipped.append(path.name)
            continue
        done.add(digest)
        sources += _sources_of(path, digest, instrument_id)
    sources.sort(key=lambda source: (source.instrument_id, source.first_ns, source.path.name))
    _refuse_doubles(sources)
    return sources, skipped


def _sources_of(path: Path, digest: str, instrument_id: str | None) -> list[Source]:
    lines = first_lines(path, PROBE_LINES)
    size = path.stat().st_size
    streams = streams_of(lines)
    if len(streams) > 1 and instrument_id:
        message = f"{path} holds {', '.join(sorted(streams))}, --instrument names one"
        raise UsageError(message, "leave --instrument out")
    if streams:
        return [
            Source(
                path=path,
                sha256=digest,
                size_bytes=size,
                format=LOG,
                symbol=stream.symbol,
                instrument_id=instrument_id or _instrument_id(stream.symbol, stream.futures),
                first_ns=stream.first_ns,
                trade_stream=stream.trade_stream,
                shared=len(streams) > 1,
            )
            for stream in streams.values()
        ]
    archive = binance_archive.recognise(path, lines)
    if archive is None:
        start = lines[0][:60].decode(errors="backslashreplace")
        message = f"{path}, line 1: neither a websocket recording nor a Binance archive: {start!r}"
        raise InputError(message, "see docs/data.md for the formats that can be imported")
    name = instrument_id or _instrument_id(archive.symbol, archive.futures)
    return [
        Source(
            path=path,
            sha256=digest,
            size_bytes=size,
            format=archive.kind,
            symbol=archive.symbol,
            instrument_id=name,
            first_ns=archive.first_ns,
            trade_stream={"trades": "trade", "aggTrades": "aggTrade"}.get(archive.kind, ""),
            bar_type=f"{name}-{archive.bar_step}-LAST-EXTERNAL" if archive.bar_step else "",
        ),
    ]


def _instrument_id(symbol: str, futures: bool) -> str:  # noqa: FBT001 - a fact, not a mode
    return f"{symbol}{'-PERP' if futures else ''}.BINANCE"


def _refuse_doubles(sources: list[Source]) -> None:
    """Refuse files that describe the same events of an instrument twice."""
    for name in {source.instrument_id for source in sources}:
        mine = [source for source in sources if source.instrument_id == name]
        formats = {source.format for source in mine}
        if LOG in formats and len(formats) > 1:
            message = f"{name}: recordings and archive files in one import"
            raise UsageError(message, "import them with separate commands")
        if len({source.trade_stream for source in mine if source.trade_stream}) > 1:
            message = f"{name}: trades and aggTrades describe the same trades"
            raise UsageError(message, "import one of them")
        if len({source.bar_type for source in mine if source.bar_type}) > 1:
            message = f"{name}: bars of several lengths in one import"
            raise UsageError(message, "import one length at a time, each into its own catalog")
