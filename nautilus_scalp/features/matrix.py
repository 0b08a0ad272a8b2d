"""A whole tape through the compiled kernels."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.errors import InputError
from nautilus_scalp.features import fused
from nautilus_scalp.features import layout as at
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.schema import FeatureSchema
from nautilus_scalp.features.sources import Ints
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape


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
def _feed(
    events: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int16], Ints, Floats, Floats],
    states: Floats,
    ints: Ints,
    board: Floats,
    rows: tuple[Ints, Ints, Floats, Floats],
) -> int:
    """Feed a tape to the kernels; fill event index, mark, (mid, imbalance) and values a row."""
    kinds, instrument, ts_event_ns, values, books = events
    event_of, marks, prices, features = rows
    book = np.empty((at.LEVELS, at.BOOK_WIDTH))
    count = 0
    for i in range(len(kinds)):
        state = states[instrument[i]]
        own = ints[instrument[i]]
        event = values[i]
        if kinds[i] == TRADE:
            fused.on_trade(state, own, ts_event_ns[i], (event[0], event[1], event[2]))
            continue
        if kinds[i] == DEPTH:
            which = int(event[0])
            for level in range(at.LEVELS):
                for column in range(at.BOOK_WIDTH):
                    book[level, column] = books[which, level, column]
            fused.on_depth(state, own, ts_event_ns[i], book)
            continue
        if kinds[i] == MARK:
            fused.on_mark(state, own, ts_event_ns[i], event[0])
            continue
        if kinds[i] == FUNDING:
            fused.on_funding(state, own, ts_event_ns[i], event[0])
            continue
        quote = (event[0], event[1], event[2], event[3])
        code = fused.on_quote(state, own, board, ts_event_ns[i], quote)
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


def run_tape(
    tape: Tape, schema: FeatureSchema, states: Sequence[tuple[Floats, Ints, Floats]]
) -> FeatureMatrix:
    """
    Feed a tape to the kernels in one compiled loop.

    Parameters
    ----------
    tape : Tape
        Events in replay order.
    schema : FeatureSchema
        The columns that the states show.
    states : sequence of (float64[n], int64[m], float64[k, 7])
        One fresh engine's arrays an instrument, with one board; copied, not changed.

    Raises
    ------
    InputError
        If the tape names no instrument.

    """
    if not tape.instruments:
        message = "the tape names no instrument"
        raise InputError(message, "read it with at least one instrument id")
    floats = np.stack([each[0] for each in states])
    ints = np.stack([each[1] for each in states])
    quotes = int(np.count_nonzero(tape.kind == QUOTE))
    event_of = np.empty(quotes, np.int64)
    marks = np.empty(quotes, np.int64)
    prices = np.empty((quotes, 2))
    values = np.empty((quotes, len(schema.specs)))
    events = (tape.kind, tape.instrument, tape.ts_event_ns, tape.values, tape.books)
    rows = (event_of, marks, prices, values)
    count = _feed(events, floats, ints, states[0][2].copy(), rows)
    event_of = event_of[:count]
    marks = marks[:count]
    instrument = tape.instrument[event_of]
    refused = ints[:, at.REFUSED : at.REFUSED + len(at.REASONS)].sum(axis=0)
    return FeatureMatrix(
        schema=schema,
        instrument=instrument,
        ts_event_ns=tape.ts_event_ns[event_of],
        ts_init_ns=tape.ts_init_ns[event_of],
        mid=prices[:count, 0],
        imbalance=prices[:count, 1],
        segment=((marks >> 1) * len(states) + instrument).astype(np.int32),
        ready=(marks & 1).astype(np.bool_),
        values=values[:count],
        refusals=dict(zip(at.REASONS, refused.tolist(), strict=True)),
    )
