"""The market upside down: a second set of training events in which down is up."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.training.splits import recordings


def mirror(tape: Tape) -> Tape:
    """Reflect every price of a tape and swap its sides.

    Nothing in a book's mechanics tells up from down, but a recording of some minutes trends one
    way. Trained on the tape and its reflection, no model can learn the trend. In every recording
    an instrument is reflected about its first mid, ``p' = 2 m - p``: prices stay on the tick grid
    and moves in bps almost unchanged. Bids and asks of quotes and books, their sizes, buyers and
    sellers change places; mark prices are reflected, and whoever paid funding receives it.

    Parameters
    ----------
    tape : Tape
        Events of every kind.

    Returns
    -------
    Tape
        The same events at the same times, reflected.

    """
    upside_down = msgspec.structs.replace(tape, values=tape.values.copy(), books=tape.books.copy())
    for start, stop in recordings(tape.ts_event_ns):
        inside = (tape.ts_event_ns >= start) & (tape.ts_event_ns <= stop)
        for index in range(len(tape.instruments)):
            _reflect(tape, upside_down, inside & (tape.instrument == index))
    return upside_down


def _reflect(tape: Tape, into: Tape, here: npt.NDArray[np.bool_]) -> None:
    """Reflect the events of one instrument in one recording; without a quote no row reads them."""
    rows = {
        kind: np.flatnonzero(here & (tape.kind == kind))
        for kind in (QUOTE, TRADE, DEPTH, MARK, FUNDING)
    }
    if not len(rows[QUOTE]):
        return
    first = tape.values[rows[QUOTE][0]]
    pivot = first[0] + first[1]
    into.values[rows[QUOTE]] = _swap(tape.values[rows[QUOTE]], pivot)
    for kind in (TRADE, MARK):
        into.values[rows[kind], 0] = pivot - tape.values[rows[kind], 0]
    into.values[rows[TRADE], 2] = -tape.values[rows[TRADE], 2]
    into.values[rows[FUNDING], 0] = -tape.values[rows[FUNDING], 0]
    books = tape.values[rows[DEPTH], 0].astype(np.int64)
    into.books[books] = _swap(tape.books[books], pivot)


def _swap(levels: npt.NDArray[np.float64], pivot: float) -> npt.NDArray[np.float64]:
    """Reflect (bid, ask, bid size, ask size) along the last axis, and exchange the sides."""
    swapped = levels[..., [1, 0, 3, 2]]
    swapped[..., :2] = pivot - swapped[..., :2]
    return swapped
