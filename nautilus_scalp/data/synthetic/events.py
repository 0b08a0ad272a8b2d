"""A chunk of the synthetic market in the units and the one order of recorded events."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import facts
from nautilus_scalp.data.ordering import event_order
from nautilus_scalp.data.ordering import replay_times
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import MARK_DTYPE
from nautilus_scalp.data.rows import MARK_PRECISION
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.synthetic.market import Chunk
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.market import instrument_spec
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import LEVELS
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape


type Ints = npt.NDArray[np.int64]

_NS_PER_MS = 1_000_000
_BUYER, _SELLER = 1, 2
_FUNDING_RATE = 10_000  # 0.01 % with eight decimals, the exchange's base rate
_FUNDING_INTERVAL_NS = 8 * 3_600 * 1_000_000_000


class Events(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rows as the importer makes them, each kind with its replay times.

    Attributes
    ----------
    quotes, trades, depths : structured arrays
        ``QUOTE_DTYPE``, ``TRADE_DTYPE``, ``DEPTH_DTYPE``.
    marks : MARK_DTYPE[n]
        Mark price and funding rate at every whole second: the mid of the moment, a constant rate.
    tops : int64[k, 4, 10]
        Bid prices, ask prices, bid sizes, ask sizes of ``depths``.
    quote_ts_init, trade_ts_init, depth_ts_init, mark_ts_init : int64
        Replay time of each row; a funding rate comes one step of the grid after its mark.
    last_ts_init : int
        The last replay time given; the next chunk goes on from it.

    """

    quotes: Rows
    trades: Rows
    depths: Rows
    marks: Rows
    tops: Ints
    quote_ts_init: Ints
    trade_ts_init: Ints
    depth_ts_init: Ints
    mark_ts_init: Ints
    last_ts_init: int


def events_of(chunk: Chunk, spec: InstrumentSpec, previous_ts_init: int) -> Events:
    """Turn a chunk into rows with replay times.

    Parameters
    ----------
    chunk : Chunk
    spec : InstrumentSpec
        Of the market's instrument.
    previous_ts_init : int
        Last replay time of the chunk before, 0 for none.

    """
    tick = int(Decimal(spec.tick_size).scaleb(spec.price_precision))
    step = int(Decimal(spec.step_size).scaleb(spec.size_precision))
    quotes, trades = _quotes(chunk, tick, step), _trades(chunk, tick, step)
    depths, tops = _depths(chunk, tick, step)
    marks = _marks(chunk, quotes, spec)
    parts = (quotes, depths, trades, marks)
    counts = [len(rows) for rows in parts]
    order = event_order(
        np.concatenate([rows["t_ns"] for rows in parts]),
        np.repeat([0, 0, 1, 2], counts),
        np.concatenate([rows["u"] for rows in parts]),
        np.repeat([0, 1, 0, 0], counts),
    )
    t_ns = np.concatenate([rows["t_ns"] for rows in parts])[order]
    slots = np.repeat([1, 1, 1, 2], counts)[order]
    first, last = replay_times(t_ns, slots, previous_ts_init, spec.tie_rank)
    ts_init = np.empty(len(t_ns), np.int64)
    ts_init[order] = first
    quote_ts, depth_ts, trade_ts, mark_ts = np.split(ts_init, np.cumsum(counts)[:-1])
    return Events(
        quotes=quotes,
        trades=trades,
        depths=depths,
        marks=marks,
        tops=tops,
        quote_ts_init=quote_ts,
        trade_ts_init=trade_ts,
        depth_ts_init=depth_ts,
        mark_ts_init=mark_ts,
        last_ts_init=last,
    )


def synthetic_tape(params: SyntheticParams) -> Tape:
    """Generate quotes and trades of a market in memory, equal to its catalog read back.

    Parameters
    ----------
    params : SyntheticParams
        About 16 MB an hour at the default rates.

    Returns
    -------
    Tape

    Raises
    ------
    UsageError
        If the instrument is unknown, or the price so low that it could reach zero.

    """
    spec, previous = instrument_spec(params), 0
    parts = []
    for chunk in generate(params):
        parts.append(events_of(chunk, spec, previous))
        previous = parts[-1].last_ts_init or previous
    return tape_of(parts, spec)


def tape_of(parts: Sequence[Events], spec: InstrumentSpec, *, depth: bool = False) -> Tape:
    """Return the quotes and trades of consecutive chunks as one tape.

    Parameters
    ----------
    parts : sequence of Events
        At least one.
    spec : InstrumentSpec
        Of the market's instrument.
    depth : bool
        Whether its snapshots are on the tape too.

    """
    kinds, times, starts, values, books = [], [], [], [], [np.empty((0, LEVELS, 4))]
    for events in parts:
        rows = [events.quotes, events.trades, *([events.depths] if depth else [])]
        inits = [events.quote_ts_init, events.trade_ts_init, events.depth_ts_init][: len(rows)]
        order = np.argsort(np.concatenate(inits))
        kind = np.repeat(np.array([QUOTE, TRADE, DEPTH], np.uint8)[: len(rows)], [*map(len, rows)])
        kinds.append(kind[order])
        times.append(np.concatenate([one["t_ns"] for one in rows])[order])
        starts.append(np.concatenate(inits)[order])
        written = sum(map(len, books))
        values.append(np.concatenate(_values(events, spec, written)[: len(rows)])[order])
        if depth:
            books.append(_books(events, spec))
    kind = np.concatenate(kinds)
    return Tape(
        instruments=(facts(spec),),
        kind=kind,
        instrument=np.zeros(len(kind), np.int16),
        ts_event_ns=np.concatenate(times),
        ts_init_ns=np.concatenate(starts),
        values=np.concatenate(values),
        books=np.concatenate(books),
    )


def _values(events: Events, spec: InstrumentSpec, first_book: int) -> list[npt.NDArray[np.float64]]:
    price, size = 10.0**spec.price_precision, 10.0**spec.size_precision
    quotes, trades = events.quotes, events.trades
    quote = [quotes["bid"] / price, quotes["ask"] / price]
    quote += [quotes["bid_size"] / size, quotes["ask_size"] / size]
    side = np.where(trades["side"] == _BUYER, 1.0, -1.0)
    trade = [trades["price"] / price, trades["size"] / size, side, np.zeros(len(trades))]
    snapshot = np.zeros((len(events.depths), 4))
    snapshot[:, 0] = first_book + np.arange(len(snapshot))
    return [np.column_stack(quote), np.column_stack(trade), snapshot]


def _books(events: Events, spec: InstrumentSpec) -> npt.NDArray[np.float64]:
    unit = 10.0 ** np.repeat([spec.price_precision, spec.size_precision], 2)
    return np.ascontiguousarray((events.tops / unit[:, None]).transpose(0, 2, 1))


def _quotes(chunk: Chunk, tick: int, step: int) -> Rows:
    rows = np.zeros(len(chunk.quotes), QUOTE_DTYPE)
    ms, rows["u"], bid, ask, bid_size, ask_size = chunk.quotes.T
    _stamp(rows, ms)
    rows["bid"], rows["ask"] = bid * tick, ask * tick
    rows["bid_size"], rows["ask_size"] = bid_size * step, ask_size * step
    return rows


def _trades(chunk: Chunk, tick: int, step: int) -> Rows:
    rows = np.zeros(len(chunk.trades), TRADE_DTYPE)
    ms, rows["u"], price, size, side = chunk.trades.T
    _stamp(rows, ms)
    rows["price"], rows["size"] = price * tick, size * step
    rows["side"] = np.where(side > 0, _BUYER, _SELLER)
    rows["market"] = True
    return rows


def _depths(chunk: Chunk, tick: int, step: int) -> tuple[Rows, Ints]:
    rows = np.zeros(len(chunk.depths), DEPTH_DTYPE)
    ms, rows["u"] = chunk.depth_times.T
    _stamp(rows, ms)
    rows["top"] = np.arange(len(rows))
    return rows, chunk.depths * np.array([tick, tick, step, step])[:, None]


def _marks(chunk: Chunk, quotes: Rows, spec: InstrumentSpec) -> Rows:
    ms = np.arange(-(-chunk.start_ms // 1_000) * 1_000, chunk.end_ms, 1_000)
    last = np.searchsorted(chunk.quotes[:, 0], ms, side="right") - 1
    ms, last = ms[last >= 0], last[last >= 0]  # before the first quote there is no mid
    rows = np.zeros(len(ms), MARK_DTYPE)
    _stamp(rows, ms)
    doubled_mid = quotes["bid"][last] + quotes["ask"][last]
    rows["mark"] = doubled_mid * 10 ** (MARK_PRECISION - spec.price_precision) // 2
    rows["rate"] = _FUNDING_RATE
    rows["next_funding_ns"] = (rows["t_ns"] // _FUNDING_INTERVAL_NS + 1) * _FUNDING_INTERVAL_NS
    return rows


def _stamp(rows: Rows, ms: Ints) -> None:
    rows["t_ns"] = ms * _NS_PER_MS
    rows["sent_ns"] = rows["t_ns"]
