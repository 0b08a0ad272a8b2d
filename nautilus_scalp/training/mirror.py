"""The market upside down: a second set of training events in which down is up."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.training.splits import recordings


def mirror(tape: Tape) -> Tape:
    """Reflect every price of a tape and swap its sides.

    Nothing in a book's mechanics tells up from down, but a recording of some minutes trends one
    way. Trained on the tape and its reflection, no model can learn the trend. In every recording
    an instrument is reflected about its first mid, ``p' = 2 m - p``: prices stay on the tick grid
    and moves in bps almost unchanged. Bid and ask, their sizes, buyers and sellers change places.

    Parameters
    ----------
    tape : Tape
        Quotes and trades.

    Returns
    -------
    Tape
        The same events at the same times, reflected.

    """
    values = tape.values.copy()
    for start, stop in recordings(tape.ts_event_ns):
        inside = (tape.ts_event_ns >= start) & (tape.ts_event_ns <= stop)
        for index in range(len(tape.instruments)):
            here = inside & (tape.instrument == index)
            _reflect(tape.values, values, here & (tape.kind == QUOTE), here & (tape.kind != QUOTE))
    return msgspec.structs.replace(tape, values=values)


def _reflect(
    old: npt.NDArray[np.float64],
    new: npt.NDArray[np.float64],
    quotes: npt.NDArray[np.bool_],
    trades: npt.NDArray[np.bool_],
) -> None:
    if not quotes.any():
        return
    bid, ask, bid_size, ask_size = old[quotes].T
    pivot = bid[0] + ask[0]
    new[quotes] = np.column_stack((pivot - ask, pivot - bid, ask_size, bid_size))
    new[trades, 0] = pivot - old[trades, 0]
    new[trades, 2] = -old[trades, 2]
