"""One order for all events of an instrument, and replay times that nothing can shuffle.

Events are ordered by the exchange's event time; within one instant book messages come first, by
update id (a depth message after the top-of-book message of the same id), then trades by trade id,
then mark prices, then bars. So a quote never sees a trade stamped with its own millisecond.

``ts_init`` is strictly increasing over all types and instruments: it lies on a grid of 1,000 ns
whose residue is the instrument's ``tie_rank``.
"""

import numpy as np
import numpy.typing as npt


GRID_NS = 1_000

type Ints = npt.NDArray[np.int64]


def event_order(t_ns: Ints, rank: Ints, sequence: Ints, after: Ints) -> Ints:
    """Return the permutation that puts events in the one order.

    Parameters
    ----------
    t_ns : int64[n]
        Exchange event time.
    rank : int64[n]
        0 book message, 1 trade, 2 mark price, 3 bar.
    sequence : int64[n]
        Update id or trade id.
    after : int64[n]
        0 top of book, 1 depth: which comes second at the same update id.

    """
    return np.lexsort((after, sequence, rank, t_ns))


def replay_times(t_ns: Ints, slots: Ints, previous: int, tie_rank: int) -> tuple[Ints, int]:
    """Give every ordered event its first ``ts_init``.

    Parameters
    ----------
    t_ns : int64[n]
        Event times in order (non-decreasing).
    slots : int64[n]
        How many consecutive grid points the event takes; a depth message takes one per level.
    previous : int
        The last ``ts_init`` given to this instrument, 0 for none.
    tie_rank : int
        The instrument's residue, 0 to 999.

    Returns
    -------
    first : int64[n]
        ``ts_init`` of the event's first row; its k-th row has ``first + k * GRID_NS``.
    last : int
        The last ``ts_init`` taken.

    """
    if len(t_ns) == 0:
        return np.empty(0, np.int64), previous
    # first[i] = max(earliest[i], first[i-1] + slots[i-1]) on the grid, as one running maximum
    earliest = -((tie_rank - t_ns) // GRID_NS)
    if previous:
        earliest[0] = max(earliest[0], (previous - tie_rank) // GRID_NS + 1)
    taken = np.cumsum(slots) - slots
    first = taken + np.maximum.accumulate(earliest - taken)
    last = int(first[-1] + slots[-1] - 1) * GRID_NS + tie_rank
    return first * GRID_NS + tie_rank, last
