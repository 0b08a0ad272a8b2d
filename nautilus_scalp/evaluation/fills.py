"""What a run leaves behind to be judged: fills, mid prices and cash payments, as plain arrays."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError


BPS = 1e4
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def _refuse(bad: npt.ArrayLike, what: str) -> None:
    if np.any(bad):
        message = f"fills, mid prices or payments cannot be judged: {what}"
        raise InputError(message, "check where the run's results were collected")


class Fills(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """The fills of one strategy on one linear instrument, in order of time.

    Parameters
    ----------
    ts_event_ns : int64[n]
        Time of each fill, never decreasing, on the clock of the `MidSeries` it is judged by.
    side : int8[n]
        +1 bought, -1 sold.
    price : float64[n]
        Fill price, in quote currency.
    qty : float64[n]
        Filled quantity in base currency, positive.
    fee : float64[n]
        Fee in quote currency: positive was paid, negative is a rebate.
    is_maker : bool[n]
        True where the resting side of the trade was ours.

    Raises
    ------
    InputError
        Columns of different lengths, times that go back, a side that is not +1 or -1, a price or
        quantity that is not positive, or a value that is not finite.

    """

    ts_event_ns: npt.NDArray[np.int64]
    side: npt.NDArray[np.int8]
    price: npt.NDArray[np.float64]
    qty: npt.NDArray[np.float64]
    fee: npt.NDArray[np.float64]
    is_maker: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Refuse fills that no engine can have produced."""
        columns = [getattr(self, name) for name in self.__struct_fields__]
        _refuse(len({len(column) for column in columns}) > 1, "columns differ in length")
        _refuse(np.diff(self.ts_event_ns) < 0, "times go back")
        _refuse(np.abs(self.side) != 1, "a side is neither +1 nor -1")
        _refuse(~(np.isfinite(self.notional) & (self.price > 0.0)), "a price is not positive")
        _refuse(~(self.qty > 0.0), "a quantity is not positive")
        _refuse(~np.isfinite(self.fee), "a fee is not finite")

    def __len__(self) -> int:
        """Return the number of fills."""
        return len(self.ts_event_ns)

    def taken(self, mask: npt.NDArray[np.bool_]) -> "Fills":
        """Return the fills that a mask chooses."""
        columns = {name: getattr(self, name)[mask] for name in self.__struct_fields__}
        return Fills(**columns)

    @property
    def notional(self) -> npt.NDArray[np.float64]:
        """Traded value of each fill, float64[n], in quote currency."""
        return np.multiply(self.price, self.qty)

    @property
    def signed_qty(self) -> npt.NDArray[np.float64]:
        """Change of position by each fill, float64[n]."""
        return np.multiply(self.side, self.qty)


class MidSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """Mid prices of one instrument, one per quote.

    Parameters
    ----------
    ts_ns : int64[m]
        Time of each quote, never decreasing. In a backtest this is `ts_init`, the engine's clock.
    mid : float64[m]
        (bid + ask) / 2.

    Raises
    ------
    InputError
        Columns of different lengths, times that go back, or a mid that is not finite.

    """

    ts_ns: npt.NDArray[np.int64]
    mid: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse a series that cannot be searched by time."""
        _refuse(len(self.ts_ns) != len(self.mid), "columns differ in length")
        _refuse(np.diff(self.ts_ns) < 0, "times go back")
        _refuse(~np.isfinite(self.mid), "a mid price is not finite")

    def at(self, ts_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the mid of the last quote at or before each time, float64 like `ts_ns`.

        Raises
        ------
        InputError
            A time before the first quote: there is no price to take.

        """
        return self._take(np.searchsorted(self.ts_ns, ts_ns, side="right") - 1)

    def before(self, ts_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the mid of the last quote strictly before each time, float64 like `ts_ns`.

        Raises
        ------
        InputError
            No quote precedes a time.

        """
        return self._take(np.searchsorted(self.ts_ns, ts_ns, side="left") - 1)

    def _take(self, index: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        _refuse(index < 0, "a mid price is needed from before the first quote")
        taken: npt.NDArray[np.float64] = self.mid[index]
        return taken


class Payments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """Cash that changed hands without a trade, such as perpetual funding.

    Parameters
    ----------
    ts_ns : int64[k]
        Time of each payment, never decreasing.
    amount : float64[k]
        Quote currency: positive was received, negative was paid.

    Raises
    ------
    InputError
        Columns of different lengths, times that go back, or an amount that is not finite.

    """

    ts_ns: npt.NDArray[np.int64]
    amount: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse payments that cannot be booked."""
        _refuse(len(self.ts_ns) != len(self.amount), "columns differ in length")
        _refuse(np.diff(self.ts_ns) < 0, "times go back")
        _refuse(~np.isfinite(self.amount), "a payment is not finite")

    @property
    def total(self) -> float:
        """Sum of the payments, in quote currency."""
        return float(np.sum(self.amount))


NO_PAYMENTS = Payments(ts_ns=np.zeros(0, np.int64), amount=np.zeros(0, np.float64))
