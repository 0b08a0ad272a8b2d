"""Market events of several instruments as plain arrays, in the one order that everybody uses."""

import msgspec
import numpy as np
import numpy.typing as npt


QUOTE = 0
TRADE = 1
DEPTH = 2
MARK = 3
FUNDING = 4
LEVELS = 10


class InstrumentFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What the feature kernels need to know about an instrument.

    Attributes
    ----------
    instrument_id : str
        Nautilus instrument id, for example ``BTCUSDT-PERP.BINANCE``.
    price_precision : int
        Decimals of a price; prices are rounded to them before they are used.
    size_precision : int
        Decimals of a quantity.
    tick_size : float
        Smallest price step, in quote currency.

    """

    instrument_id: str
    price_precision: int
    size_precision: int
    tick_size: float


class Tape(msgspec.Struct, frozen=True, kw_only=True):
    """
    Market events of several instruments, ordered by ``ts_init_ns``.

    Attributes
    ----------
    instruments : tuple[InstrumentFacts, ...]
        The instruments; ``instrument`` holds indices into this tuple.
    kind : uint8[n]
        ``QUOTE``, ``TRADE``, ``DEPTH``, ``MARK`` or ``FUNDING``.
    instrument : int16[n]
        Index into ``instruments``.
    ts_event_ns : int64[n]
        Exchange time, nanoseconds since the epoch; many events may share one millisecond.
    ts_init_ns : int64[n]
        Strictly increasing replay time, nanoseconds since the epoch.
    values : float64[n, 4]
        Quote: bid, ask, bid size, ask size. Trade: price, size, aggressor side (+1 buyer,
        -1 seller, 0 unknown), 0. Depth: row in `books`, 0, 0, 0. Mark: mark
        price, 0, 0, 0. Funding: rate of the current interval, 0, 0, 0.
    books : float64[d, 10, 4]
        Depth snapshots, best level first: bid, ask, bid size, ask size.

    """

    instruments: tuple[InstrumentFacts, ...]
    kind: npt.NDArray[np.uint8]
    instrument: npt.NDArray[np.int16]
    ts_event_ns: npt.NDArray[np.int64]
    ts_init_ns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    books: npt.NDArray[np.float64] = msgspec.field(default_factory=lambda: np.empty((0, LEVELS, 4)))

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.kind)
