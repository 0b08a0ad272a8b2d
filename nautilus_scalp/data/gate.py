"""Which rows of a stream may enter the catalog, judged in the order in which they arrived."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.rows import rejects


REMEMBERED_IDS = 1_000_000
LATE_NS = 10_000_000_000
SILENCE_NS = 60_000_000_000
_IMPLAUSIBLE_NS = 60_000_000_000
_CLOCK_WINDOW = 101
_MS = 1_000_000

type Ints = npt.NDArray[np.int64]
type Mask = npt.NDArray[np.bool_]


class StreamState(msgspec.Struct, kw_only=True):
    """Where a stream stands: last accepted number and event time, and numbers never seen."""

    last_u: int = -1
    last_t_ns: int = 0


class StreamGate:
    """Accepts the rows of one stream whose number and time both go on.

    A row is a ``duplicate`` if its number has been accepted before, ``out_of_order`` if its
    number or its event time goes back, ``implausible_time`` if its event time is more than a
    minute from the exchange's own send time.

    Parameters
    ----------
    state : StreamState
        Where an earlier import ended; every number up to its last one counts as a duplicate.

    """

    def __init__(self, state: StreamState) -> None:
        self._state = state
        self._imported_u = state.last_u
        self._seen = np.empty(0, np.int64)
        self.missing = 0

    @property
    def state(self) -> StreamState:
        """Where the stream stands now."""
        return self._state

    def admit(self, rows: Rows, *, consecutive: bool = False) -> tuple[Mask, list[Rows]]:
        """Judge rows in arrival order.

        Parameters
        ----------
        rows : structured array
            With the columns ``line``, ``u``, ``t_ns`` and ``sent_ns``.
        consecutive : bool
            Whether numbers are consecutive, so that a step of more than one is a loss.

        Returns
        -------
        accepted : bool[n]
        rejected : list of REJECT_DTYPE arrays

        """
        u, t_ns, line = rows["u"], rows["t_ns"], rows["line"]
        strange = (rows["sent_ns"] > 0) & (np.abs(t_ns - rows["sent_ns"]) > _IMPLAUSIBLE_NS)
        new = (u > _running_max(np.where(strange, -1, u), self._state.last_u)) & ~strange
        onward = t_ns >= _running_max(np.where(new, t_ns, 0), self._state.last_t_ns)
        accepted = new & onward
        kept = u[accepted]
        known = np.concatenate([self._seen, kept])
        again = ~strange & ~new & (_contains(known, u) | (u <= self._imported_u))
        if len(kept):
            if consecutive:
                self.missing += self._steps_missed(kept, t_ns[accepted])
            self._state = StreamState(last_u=int(kept[-1]), last_t_ns=int(t_ns[accepted][-1]))
            self._seen = known[-REMEMBERED_IDS:]
        return accepted, [
            rejects(line[strange], "implausible_time"),
            rejects(line[again], "duplicate"),
            rejects(line[~accepted & ~again & ~strange], "out_of_order"),
        ]

    def _steps_missed(self, u: Ints, t_ns: Ints) -> int:
        """Count the numbers left out, except where the recording itself was silent."""
        before = self._state if self._state.last_u >= 0 else StreamState(last_u=int(u[0]) - 1)
        skipped = np.diff(u, prepend=before.last_u) - 1
        silent = np.diff(t_ns, prepend=before.last_t_ns or t_ns[0]) > SILENCE_NS
        return int(skipped[~silent].sum())


def _running_max(values: Ints, start: int) -> Ints:
    """Return for each row the greatest value before it, ``start`` before the first."""
    return np.maximum.accumulate(np.concatenate([[start], values]))[:-1]


def _contains(ascending: Ints, values: Ints) -> Mask:
    if len(ascending) == 0:
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    found: Mask = ascending[at] == values
    return found


class ExchangeClock:
    """Event time for messages that carry none (Binance spot top of book and REST snapshots).

    The recorder's clock minus the running median delay, over the last 101 messages that did carry
    the exchange's time and arrived no later. Nothing that arrived afterwards is used.

    Parameters
    ----------
    delays_ns : sequence of int
        The last delays of an earlier import.

    """

    def __init__(self, delays_ns: Sequence[int] = ()) -> None:
        self._delays = np.array(delays_ns, np.int64)
        self._carried = 0
        self._lines = self._medians = np.empty(0, np.int64)

    @property
    def delays_ns(self) -> list[int]:
        """The delays to keep for the next import."""
        return [int(delay) for delay in self._delays]

    def observe(self, timed: list[Rows]) -> None:
        """Take note of a block's messages that carry the exchange's send time.

        Parameters
        ----------
        timed : list of structured arrays
            With the columns ``line``, ``recv_ns`` and ``sent_ns``.

        """
        lines = np.concatenate([rows["line"] for rows in timed])
        delays = np.concatenate([rows["recv_ns"] - rows["sent_ns"] for rows in timed])
        order = np.argsort(lines, kind="stable")
        history = np.concatenate([self._delays, delays[order]])
        self._carried, self._lines = len(self._delays), lines[order]
        medians = pd.Series(history).rolling(_CLOCK_WINDOW, min_periods=1).median()
        self._medians = medians.to_numpy().astype(np.int64)
        self._delays = history[-_CLOCK_WINDOW:]

    def stamp(self, untimed: Rows, last_t_ns: int) -> Mask:
        """Fill ``untimed["t_ns"]``, whole milliseconds, never going back.

        Parameters
        ----------
        untimed : structured array
            Messages of the observed block that carry no time.
        last_t_ns : int
            Event time of the last message of their stream.

        Returns
        -------
        bool[n]
            False where no timed message has arrived yet.

        """
        before = np.searchsorted(self._lines, untimed["line"]) + self._carried
        known = before > 0
        delay = self._medians[before[known] - 1]
        stamped = (untimed["recv_ns"][known] - delay) // _MS * _MS
        if len(stamped):
            untimed["t_ns"][known] = np.maximum(np.maximum.accumulate(stamped), last_t_ns)
        return known


class LaneClock:
    """The furthest event time of a file's streams, and which rows come too late behind it."""

    def __init__(self, t_ns: int = 0) -> None:
        self.t_ns = t_ns

    def late(self, line: Ints, t_ns: Ints) -> Mask:
        """Judge rows of all streams together; ``line`` need not be sorted."""
        order = np.argsort(line, kind="stable")
        ahead = _running_max(t_ns[order], self.t_ns)
        late = np.empty(len(line), np.bool_)
        late[order] = t_ns[order] < ahead - LATE_NS
        if len(t_ns):
            self.t_ns = max(self.t_ns, int(t_ns.max()))
        return late
