"""How long a trader takes from a tick to an order, measured at the venue's own sockets."""

import time
from collections import OrderedDict
from collections import deque

import msgspec
import numpy as np


_MOST_REACTIONS = 200_000
_MOST_TICKS = 20_000
_TAG = "t"


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """An order that names its quote, and when both passed the sockets by the monotonic clock."""

    client_id: str
    sent_ns: int
    arrived_ns: int


class Reactions:
    """Clocks orders against the quotes that they answer.

    An order whose client id begins with ``t<number>-`` names its quote by the venue's sequence
    number, and is measured from the sending of that quote. Any other order is measured from the
    sending of the symbol's latest quote, which is a lower bound when quotes come fast.

    Attributes
    ----------
    named : deque[Reaction]
        The latest orders that named their quote.

    """

    def __init__(self) -> None:
        self.named: deque[Reaction] = deque(maxlen=_MOST_REACTIONS)
        self._latest_ns: dict[str, int] = {}
        self._sent_ns: OrderedDict[int, int] = OrderedDict()
        self._bounds_us: deque[float] = deque(maxlen=_MOST_REACTIONS)

    def quote(self, symbol: str, number: int) -> None:
        """Note that a quote is handed to the sockets now.

        Parameters
        ----------
        symbol : str
            The symbol.
        number : int
            The venue's sequence number, which the quote carries.

        """
        now = time.perf_counter_ns()
        self._latest_ns[symbol] = self._sent_ns[number] = now
        while len(self._sent_ns) > _MOST_TICKS:
            self._sent_ns.popitem(last=False)

    def order(self, symbol: str, client_id: str, arrived_ns: int) -> None:
        """Note when a new order has been read from a socket.

        Parameters
        ----------
        symbol : str
            The symbol.
        client_id : str
            The trader's id of the order.
        arrived_ns : int
            By the monotonic clock.

        """
        number = client_id.partition("-")[0].removeprefix(_TAG)
        if not (client_id.startswith(_TAG) and number.isdigit()):
            if symbol in self._latest_ns:
                self._bounds_us.append((arrived_ns - self._latest_ns[symbol]) / 1_000)
        elif (sent_ns := self._sent_ns.get(int(number))) is not None:
            self.named.append(Reaction(client_id=client_id, sent_ns=sent_ns, arrived_ns=arrived_ns))

    def percentiles_us(self) -> dict[str, dict[str, float]]:
        """Return what was measured, in microseconds.

        Returns
        -------
        dict
            `named` and `bound`, each with `n`, and p50, p90 and p99 once there is a value.

        """
        named = [(one.arrived_ns - one.sent_ns) / 1_000 for one in self.named]
        return {"named": _percentiles(named), "bound": _percentiles(list(self._bounds_us))}


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {"n": 0}
    p50, p90, p99 = np.percentile(values, (50, 90, 99))
    return {"n": len(values), "p50": float(p50), "p90": float(p90), "p99": float(p99)}
