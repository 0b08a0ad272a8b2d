"""The feature engine: one event at a time, or a whole tape through the same compiled kernels."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features import fused
from nautilus_scalp.features import layout as at
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.catalogue import specify
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.program import build_program
from nautilus_scalp.features.schema import FeatureSchema
from nautilus_scalp.features.sources import Ints
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


KERNEL_VERSION = 1  # raise it whenever a kernel change alters values: schemas then differ


class FeatureParams(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=False
):
    """
    What changes the features' values beyond their names.

    Attributes
    ----------
    scale_half_life_ms : float
        Half life of the running means that sizes and price moves are measured in.
    reset_gap_ms : int
        A longer silence begins a new segment: the state is forgotten and warms up again.

    """

    scale_half_life_ms: float = 30_000.0
    reset_gap_ms: int = 60_000

    def __post_init__(self) -> None:
        """Refuse values that no kernel can work with."""
        if not self.scale_half_life_ms > 0.0:
            message = f"scale_half_life_ms = {self.scale_half_life_ms}"
            raise UsageError(message, "give a half life above 0 ms")
        if self.reset_gap_ms <= 0:
            message = f"reset_gap_ms = {self.reset_gap_ms}"
            raise UsageError(message, "give a gap above 0 ms")


DEFAULT_PARAMS = FeatureParams()


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


class FeatureEngine:
    """
    The features of one instrument, updated event by event without allocation.

    Parameters
    ----------
    facts : InstrumentFacts
        The instrument.
    params : FeatureParams, optional
        Scales and gap.
    selection : sequence of str, optional
        Features to compute, in the order of the vector; the 25 by default.

    Attributes
    ----------
    schema : FeatureSchema
        The columns of `value`.
    value : float64[F]
        The feature vector; a reused buffer, overwritten by every accepted quote.
    initialized : bool
        Whether every feature has warmed up; from then on every value is finite.

    """

    def __init__(
        self,
        facts: InstrumentFacts,
        params: FeatureParams = DEFAULT_PARAMS,
        selection: Sequence[str] = SELECTED,
    ) -> None:
        self.facts = facts
        self.schema = build_schema(params, selection)
        program = build_program(
            self.schema.specs, facts, params.scale_half_life_ms, params.reset_gap_ms
        )
        self._floats = program.floats.copy()
        self._ints = program.ints.copy()
        first = int(self._ints[at.VALUE])
        self.value: Floats = self._floats[first : first + len(self.schema.specs)]
        self.initialized = False

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
        """How many quotes and trades were refused, by reason, since the engine was made."""
        counts = self._ints[at.REFUSED : at.REFUSED + len(at.REASONS)]
        return dict(zip(at.REASONS, counts.tolist(), strict=True))

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
        state = fused.on_quote(
            self._floats, self._ints, ts_event_ns, (bid, ask, bid_size, ask_size)
        )
        if state == at.REFUSED_EVENT:
            return False
        self.initialized = state == at.READY
        return self.initialized

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
        fused.on_trade(self._floats, self._ints, ts_event_ns, (price, size, side))

    def reset(self) -> None:
        """Forget all state; the next event begins a new segment. Refusals stay counted."""
        fused.begin_segment(self._floats, self._ints, 0)
        self._ints[at.SEGMENT] -= 1
        self._ints[[at.LAST_NS, at.LAST_QUOTE_NS, at.LAST_TRADE_NS]] = 0
        self.initialized = False


class FeatureMatrix(msgspec.Struct, frozen=True, kw_only=True):
    """
    Features of a tape: one row for every accepted quote.

    Attributes
    ----------
    schema : FeatureSchema
        The columns of `values`.
    instrument : int16[m]
        Index into the tape's instruments.
    ts_event_ns, ts_init_ns : int64[m]
        Times of the quote.
    mid : float64[m]
        Mid price.
    imbalance : float64[m]
        (bid size - ask size) / (bid size + ask size).
    segment : int32[m]
        Stretch without a gap; unique over the instruments.
    ready : bool[m]
        Whether every feature had warmed up. Rows that are not ready are not to be used.
    values : float64[m, F]
        The features.
    refusals : dict[str, int]
        Events of the tape that were refused, by reason.

    """

    schema: FeatureSchema
    instrument: npt.NDArray[np.int16]
    ts_event_ns: npt.NDArray[np.int64]
    ts_init_ns: npt.NDArray[np.int64]
    mid: npt.NDArray[np.float64]
    imbalance: npt.NDArray[np.float64]
    segment: npt.NDArray[np.int32]
    ready: npt.NDArray[np.bool_]
    values: npt.NDArray[np.float64]
    refusals: dict[str, int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.mid)


@njit(cache=True)
def _run(
    kinds: npt.NDArray[np.uint8],
    events: tuple[npt.NDArray[np.int16], Ints, Floats],
    states: Floats,
    ints: Ints,
    rows: tuple[Ints, Ints, Floats, Floats],
) -> int:
    """Feed a tape to the kernels; fill event index, segment, (mid, imbalance) and values a row."""
    instrument, ts_event_ns, values = events
    event_of, marks, prices, features = rows
    count = 0
    for i in range(len(kinds)):
        which = instrument[i]
        state = states[which]
        own = ints[which]
        event = values[i]
        if kinds[i] != QUOTE:
            fused.on_trade(state, own, ts_event_ns[i], (event[0], event[1], event[2]))
            continue
        quote = (event[0], event[1], event[2], event[3])
        code = fused.on_quote(state, own, ts_event_ns[i], quote)
        if code == at.REFUSED_EVENT:
            continue
        event_of[count] = i
        marks[count] = 2 * own[at.SEGMENT] + (code - at.ACCEPTED)
        prices[count, 0] = 0.5 * (state[at.BID] + state[at.ASK])
        bid_size = state[at.BID_SIZE]
        ask_size = state[at.ASK_SIZE]
        prices[count, 1] = (bid_size - ask_size) / (bid_size + ask_size)
        first = own[at.VALUE]
        for j in range(features.shape[1]):
            features[count, j] = state[first + j]
        count += 1
    return count


def compute_matrix(
    tape: Tape, params: FeatureParams = DEFAULT_PARAMS, selection: Sequence[str] = SELECTED
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
        Features to compute; the 25 by default.

    Returns
    -------
    FeatureMatrix
        Bit-equal to what a `FeatureEngine` an instrument shows, event by event.

    Raises
    ------
    InputError
        If the tape names no instrument.

    """
    if not tape.instruments:
        message = "the tape names no instrument"
        raise InputError(message, "read it with at least one instrument id")
    engines = [FeatureEngine(facts, params, selection) for facts in tape.instruments]
    states = np.stack([engine._floats for engine in engines])  # noqa: SLF001
    ints = np.stack([engine._ints for engine in engines])  # noqa: SLF001
    quotes = int(np.count_nonzero(tape.kind == QUOTE))
    width = len(engines[0].schema.specs)
    event_of = np.empty(quotes, np.int64)
    marks = np.empty(quotes, np.int64)
    prices = np.empty((quotes, 2))
    values = np.empty((quotes, width))
    events = (tape.instrument, tape.ts_event_ns, tape.values)
    count = _run(tape.kind, events, states, ints, (event_of, marks, prices, values))
    event_of = event_of[:count]
    marks = marks[:count]
    instrument = tape.instrument[event_of]
    refused = ints[:, at.REFUSED : at.REFUSED + len(at.REASONS)].sum(axis=0)
    return FeatureMatrix(
        schema=engines[0].schema,
        instrument=instrument,
        ts_event_ns=tape.ts_event_ns[event_of],
        ts_init_ns=tape.ts_init_ns[event_of],
        mid=prices[:count, 0],
        imbalance=prices[:count, 1],
        segment=((marks >> 1) * len(engines) + instrument).astype(np.int32),
        ready=(marks & 1).astype(np.bool_),
        values=values[:count],
        refusals=dict(zip(at.REASONS, refused.tolist(), strict=True)),
    )
