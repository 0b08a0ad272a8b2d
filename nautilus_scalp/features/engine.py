"""The feature engine: the features of one instrument, or of several that see each other."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features import fused
from nautilus_scalp.features import layout as at
from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.catalogue import from_trades_alone
from nautilus_scalp.features.catalogue import specify
from nautilus_scalp.features.grammar import CLOCKS_NS
from nautilus_scalp.features.grammar import TECHNICAL
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.features.matrix import run_tape
from nautilus_scalp.features.params import DEFAULT_PARAMS
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.program import build_program
from nautilus_scalp.features.schema import FeatureSchema
from nautilus_scalp.features.schema import WarmUp
from nautilus_scalp.features.sources import Ints
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


__all__ = [
    "ALL",
    "SELECTED_ALONE",
    "FeatureEngine",
    "FeatureMatrix",
    "FeatureParams",
    "build_engines",
    "build_schema",
    "compute_matrix",
    "share_board",
]

KERNEL_VERSION = 4  # raise it whenever a kernel change alters values: schemas then differ
ALL, SELECTED_ALONE = "all", "selected"


def build_schema(
    params: FeatureParams = DEFAULT_PARAMS, selection: Sequence[str] = SELECTED
) -> FeatureSchema:
    """
    Return the schema of a selection of features.

    Raises
    ------
    UsageError
        If the selection is empty, repeats a name or has one that is not a feature.

    """
    if not selection or len(set(selection)) != len(selection):
        message = "the selection of features is empty or repeats a name"
        raise UsageError(message, "name each feature once")
    settings = msgspec.json.encode({"kernel": KERNEL_VERSION, "params": params}).decode()
    specs = tuple(specify(name, params.scale_half_life_ms) for name in selection)
    return FeatureSchema(specs=specs, settings=settings)


class _TradesFirst(msgspec.Struct, frozen=True):
    """When trades and when quotes began, in a segment that trades alone had to itself at first."""

    segment: int = -1
    trades_ns: int = 0
    quotes_ns: int = 0


class FeatureEngine:
    """
    The features of one instrument, updated event by event without allocation.

    Features that read other instruments stay cold in an engine made alone: `build_engines` makes
    several that see each other's last quote.

    Parameters
    ----------
    facts : InstrumentFacts
        The instrument.
    params : FeatureParams, optional
        Scales and gap.
    selection : sequence of str, optional
        Features to show, in the order of the vector; the 25 by default.
    mode : str, optional
        `SELECTED_ALONE` computes no more than the selection; `ALL` updates the whole catalogue
        with every event.

    Attributes
    ----------
    schema : FeatureSchema
        The columns of `value`.
    mode : str
        What is computed: `SELECTED_ALONE` or `ALL`.
    names : tuple[str, ...]
        Everything that is computed.
    value : float64[F]
        The feature vector; a reused buffer, overwritten by every accepted quote.
    initialized : bool
        Whether every selected feature has warmed up; from then on every value is finite.

    Raises
    ------
    UsageError
        If a name is not a feature or the mode is not one of the two.

    """

    def __init__(
        self,
        facts: InstrumentFacts,
        params: FeatureParams = DEFAULT_PARAMS,
        selection: Sequence[str] = SELECTED,
        mode: str = SELECTED_ALONE,
    ) -> None:
        if mode not in {ALL, SELECTED_ALONE}:
            message = f"mode = {mode!r}"
            raise UsageError(message, f"choose {ALL!r} or {SELECTED_ALONE!r}")
        self.facts = facts
        self.mode = mode
        self.schema = build_schema(params, selection)
        names = tuple(selection)
        self.names = tuple(dict.fromkeys((*names, *CATALOGUE))) if mode == ALL else names
        self._params = params
        program = build_program(self.names, self.schema.specs)
        self._floats = program.floats
        self._ints = program.ints
        self._outputs = np.array([program.outputs[name] for name in self.names])
        self._ints[at.GAP_NS] = params.reset_gap_ms * 1_000_000
        self._floats[at.PRICE_SCALE] = 10.0**facts.price_precision
        self._floats[at.SIZE_SCALE] = 10.0**facts.size_precision
        self._floats[at.TICK] = facts.tick_size
        self._floats[at.SCALE_HALF_LIFE_MS] = params.scale_half_life_ms
        self._book = np.empty((at.LEVELS, at.BOOK_WIDTH))
        first = int(self._ints[at.VALUE])
        self.value: Floats = self._floats[first : first + len(names)]
        self.initialized = False
        self._from_trades = from_trades_alone(self.names)
        self._trades_first = _TradesFirst()
        self._board: Floats = np.zeros((0, at.BOARD_WIDTH))
        self.join(np.zeros((1, at.BOARD_WIDTH)), 0, -1)

    def join(self, board: Floats, row: int, spot_row: int) -> None:
        """
        Share a board with other engines.

        Parameters
        ----------
        board : float64[n, 7]
            One row an instrument, as `layout` describes it.
        row : int
            This instrument's row.
        spot_row : int
            Row of the same asset's spot market, or -1.

        """
        self._board = board
        self._ints[at.BOARD_ROW] = row
        self._ints[at.SPOT_ROW] = spot_row

    @property
    def segment(self) -> int:
        """Number of the present segment, from 0; -1 before the first event."""
        return int(self._ints[at.SEGMENT])

    @property
    def mid(self) -> float:
        """Mid price of the last accepted quote; 0 before the segment's first."""
        return 0.5 * (float(self._floats[at.BID]) + float(self._floats[at.ASK]))

    @property
    def refusals(self) -> dict[str, int]:
        """How many events were refused, by reason, since the engine was made."""
        counts = self._ints[at.REFUSED : at.REFUSED + len(at.REASONS)]
        return dict(zip(at.REASONS, counts.tolist(), strict=True))

    @property
    def state(self) -> tuple[Floats, Ints, Floats]:
        """The arrays that the kernels work on: floats, integers, board."""
        return self._floats, self._ints, self._board

    def all_values(self) -> Floats:
        """Return a copy of everything that is computed, in the order of `names`."""
        first = int(self._ints[at.RAW])
        values: Floats = self._floats[first + self._outputs]
        return values

    def warm(self) -> npt.NDArray[np.bool_]:
        """Tell of every name in `names` whether it has warmed up."""
        scale = self._params.scale_half_life_ms
        return np.array([self._is_warm(specify(name, scale).warm_up, name) for name in self.names])

    def _is_warm(self, need: WarmUp, name: str) -> bool:
        ints = self._ints
        events = ints[at.EVENTS : at.EVENTS + at.KINDS]
        elapsed_ms = (ints[at.LAST_NS] - self._origin_ns(name)) * 1e-6
        seen = all(events >= (need.quotes, need.trades, need.depths, need.marks, need.fundings))
        peers = not need.peers or self._floats[at.PEERS_SEEN] > 0.0
        spot = not need.spot or self._floats[at.SPOT_SEEN] > 0.0
        fresh = all(
            ints[at.LAST_NS] - ints[at.LAST_EVENT_NS + kind] <= ints[at.GAP_NS]
            for kind, count in ((DEPTH, need.depths), (MARK, need.marks))
            if count
        )
        enough = seen and fresh and elapsed_ms >= need.elapsed_ms and peers and spot
        if parse(name).operation != TECHNICAL or not enough:
            return bool(enough)
        return self._bars(name) >= need.bars

    def _origin_ns(self, name: str) -> int:
        """Return since when a feature has seen what it is made of."""
        first = self._trades_first
        if first.segment != self.segment:
            return int(self._ints[at.ORIGIN_NS])
        return first.trades_ns if name in self._from_trades else first.quotes_ns

    def _bars(self, name: str) -> int:
        """Return how many bars of a technical indicator's clock have closed."""
        clocks = dict.fromkeys(parse(n).clock for n in self.names)
        order = [clock for clock in CLOCKS_NS if clock in clocks]
        row = int(self._ints[at.CLOCKS]) + order.index(parse(name).clock) * at.CLOCK_WIDTH
        return int(self._ints[row + at.CLOCK_CLOSED])

    def on_quote(
        self, ts_event_ns: int, bid: float, ask: float, bid_size: float, ask_size: float
    ) -> bool:
        """
        Take a quote.

        Returns
        -------
        bool
            True when `value` is ready for use. False while it warms up, and for a quote that was
            refused (NaN, infinite, zero, negative, crossed or locked, older than the one before):
            that is counted in `refusals` and changes nothing else.

        """
        quote = (float(bid), float(ask), float(bid_size), float(ask_size))
        state = fused.on_quote(self._floats, self._ints, self._board, ts_event_ns, quote)
        if state == at.REFUSED_EVENT:
            return False
        self.initialized = state == at.READY
        return self.initialized

    def catch_up(self) -> None:
        """Do what an engine may put off until a quote has been acted on: here, nothing."""

    def on_trade(self, ts_event_ns: int, price: float, size: float, side: float) -> None:
        """
        Take a trade; the next quote's vector shows it.

        Parameters
        ----------
        ts_event_ns : int
            Exchange time. A trade older than the last quote counts as if it came with that quote.
        price, size : float
            Price and base quantity.
        side : float
            Aggressor: +1 buyer, -1 seller, 0 unknown.

        """
        trade = (float(price), float(size), float(side))
        fused.on_trade(self._floats, self._ints, ts_event_ns, trade)

    def on_depth(self, ts_event_ns: int, book: npt.NDArray[np.float64]) -> None:
        """
        Take a depth snapshot; the next quote's vector shows it.

        Parameters
        ----------
        ts_event_ns : int
            Exchange time.
        book : float64[10, 4]
            Bid, ask, bid size, ask size, best level first. It is not changed.

        """
        self._book[:] = book
        fused.on_depth(self._floats, self._ints, ts_event_ns, self._book)

    def on_mark(self, ts_event_ns: int, price: float) -> None:
        """Take a mark price; the next quote's vector shows it."""
        fused.on_mark(self._floats, self._ints, ts_event_ns, float(price))

    def on_funding(self, ts_event_ns: int, rate: float) -> None:
        """Take the funding rate of the current interval; the next quote's vector shows it."""
        fused.on_funding(self._floats, self._ints, ts_event_ns, float(rate))

    def begin_quotes(self) -> None:
        """
        Let everything but what trades determine begin now, after trades without quotes.

        Whatever reads quotes warms up from here, as if its segment began here. A feature
        `from_trades_alone` goes on as if there had been quotes between the trades.
        """
        floats, ints = self._floats, self._ints
        if not ints[at.EVENTS + TRADE]:
            return
        for age in (at.SQUARED_MOVES, at.MOVE_MS, at.MOVE_AGE_MS, at.QUOTE_AGE_MS):
            floats[age] = 0.0
        floats[at.EATEN_BID] = floats[at.EATEN_ASK] = 0.0
        first, clocks = int(ints[at.BARS]), int(ints[at.CLOCKS + 1])
        floats[first + at.BAR_VOLUME : first + clocks * at.BAR_WIDTH : at.BAR_WIDTH] = 0.0
        now_ns = int(ints[at.LAST_NS])
        self._trades_first = _TradesFirst(self.segment, int(ints[at.ORIGIN_NS]), now_ns)
        # The kernel knows one origin: it is moved so that what is left to wait for is the same.
        ints[at.ORIGIN_NS] = now_ns - int(ints[at.NEED_NS]) + self._wait_ns()

    def _wait_ns(self) -> int:
        """Return how long it takes from `begin_quotes` until the slowest selected one is warm."""
        first = self._trades_first
        past_ms = (first.quotes_ns - first.trades_ns) * 1e-6
        waits_ms = (
            spec.warm_up.elapsed_ms - past_ms * (spec.name in self._from_trades)
            for spec in self.schema.specs
        )
        return max(0, int(max(waits_ms) * 1e6))

    def reset(self) -> None:
        """Forget all state; the next event begins a new segment. Refusals stay counted."""
        fused.begin_segment(self._floats, self._ints, 0)
        self._ints[at.SEGMENT] -= 1
        self._ints[at.LAST_NS] = 0
        self._ints[at.LAST_EVENT_NS : at.LAST_EVENT_NS + at.KINDS] = 0
        self._board[self._ints[at.BOARD_ROW]] = 0.0
        self.initialized = False


def _spot_row(instruments: Sequence[InstrumentFacts], facts: InstrumentFacts) -> int:
    """Return the row of ``X.VENUE`` for ``X-PERP.VENUE``, or -1."""
    ids = [each.instrument_id for each in instruments]
    spot = facts.instrument_id.replace("-PERP", "")
    return ids.index(spot) if spot != facts.instrument_id and spot in ids else -1


def build_engines(
    instruments: Sequence[InstrumentFacts],
    params: FeatureParams = DEFAULT_PARAMS,
    selection: Sequence[str] = SELECTED,
    mode: str = SELECTED_ALONE,
) -> tuple[FeatureEngine, ...]:
    """
    Make one engine an instrument; each sees the others' last quote, never a later one.

    Give every engine its events in one common order of time, as a `Tape` has them.
    """
    engines = tuple(FeatureEngine(facts, params, selection, mode) for facts in instruments)
    share_board(engines)
    return engines


def share_board(engines: Sequence[FeatureEngine]) -> None:
    """Let engines of different instruments see each other's last quote, on a board of their own."""
    board = np.zeros((len(engines), at.BOARD_WIDTH))
    instruments = [engine.facts for engine in engines]
    for row, engine in enumerate(engines):
        engine.join(board, row, _spot_row(instruments, engine.facts))


def compute_matrix(
    tape: Tape,
    params: FeatureParams = DEFAULT_PARAMS,
    selection: Sequence[str] = SELECTED,
    mode: str = SELECTED_ALONE,
) -> FeatureMatrix:
    """
    Compute the features of every accepted quote of a tape.

    Parameters
    ----------
    tape : Tape
        Events in replay order.
    params : FeatureParams, optional
        Scales and gap.
    selection : sequence of str, optional
        Features of the matrix; the 25 by default.
    mode : str, optional
        As for `FeatureEngine`; the values are the same in both.

    Returns
    -------
    FeatureMatrix
        Bit-equal to what `build_engines` shows, event by event.

    Raises
    ------
    InputError
        If the tape names no instrument.

    """
    engines = build_engines(tape.instruments, params, selection, mode)
    return run_tape(tape, build_schema(params, selection), [engine.state for engine in engines])
