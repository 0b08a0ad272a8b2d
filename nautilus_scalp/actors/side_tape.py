"""Depth, mark prices and funding rates of a replay, given to the features as their time comes.

In a backtest they do not go through the engine: a venue that matches on the top of the book would
take a depth snapshot for a new book, and forget who stood where in its queues.
"""

import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import Tape


# Called with the kinds of event that are wanted and, of those, the ones that must be there; the
# pieces follow one another in time, and only one of them is in memory.
type SideSource = Callable[[frozenset[int], frozenset[int]], Iterator[Tape]]

_NEVER_NS = sys.maxsize
_NOTHING = Tape(
    instruments=(),
    kind=np.empty(0, np.uint8),
    instrument=np.empty(0, np.int16),
    ts_event_ns=np.empty(0, np.int64),
    ts_init_ns=np.empty(0, np.int64),
    values=np.empty((0, 4)),
)


class SideTape:
    """
    A cursor over side events.

    Parameters
    ----------
    pieces : iterator of Tape
        Events in order of ``ts_init``, no quotes and no trades among them.
    engines : sequence of FeatureEngine
        One for every instrument of the pieces, in their order.

    Attributes
    ----------
    next_ns : int
        ``ts_init`` of the first event that has not been given yet.

    """

    def __init__(self, pieces: Iterator[Tape], engines: Sequence[FeatureEngine]) -> None:
        self._pieces = pieces
        self._engines = engines
        self._piece = _NOTHING
        self._times: list[int] = []
        self._next = 0
        self.next_ns = _NEVER_NS
        self._load()

    def play_until(self, ts_init: int) -> None:
        """
        Give the features every event from before a moment.

        Parameters
        ----------
        ts_init : int
            The moment, nanoseconds since 1970; an event of that very time waits.

        """
        while self.next_ns < ts_init:
            self._play_one()
            self._next += 1
            if self._next == len(self._times):
                self._load()
            else:
                self.next_ns = self._times[self._next]

    def _play_one(self) -> None:
        tape, i = self._piece, self._next
        engine = self._engines[tape.instrument[i]]
        kind, ts_event_ns, value = tape.kind[i], int(tape.ts_event_ns[i]), tape.values[i, 0]
        if kind == DEPTH:
            engine.on_depth(ts_event_ns, tape.books[int(value)])
        elif kind == MARK:
            engine.on_mark(ts_event_ns, value)
        elif kind == FUNDING:
            engine.on_funding(ts_event_ns, value)

    def _load(self) -> None:
        """Go on to the next piece that holds events."""
        self._piece = next((piece for piece in self._pieces if len(piece)), _NOTHING)
        self._times = self._piece.ts_init_ns.tolist()
        self._next = 0
        self.next_ns = self._times[0] if self._times else _NEVER_NS
