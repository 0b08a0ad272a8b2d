"""How long a trader takes from a tick to an order, measured at the venue's own sockets."""

import time
from collections import OrderedDict
from collections import deque

import numpy as np


_MOST_REACTIONS = 200_000
_MOST_TICKS = 20_000
_TAG = "t"


class Reactions:
    """Clocks orders against the quotes that they answer.

    An order whose client id begins with ``t<ms>-`` names the stamp of its quote, and is measured
    from the sending of the first quote with that stamp. Any other order is measured from the
    sending of the symbol's latest quote, which is a lower bound when quotes come fast.
    """

    def __init__(self) -> None:
        self._latest_ns: dict[str, int] = {}
        self._sent_ns: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._named_us: deque[float] = deque(maxlen=_MOST_REACTIONS)
        self._bounds_us: deque[float] = deque(maxlen=_MOST_REACTIONS)

    def quote(self, symbol: str, stamp_ms: int) -> None:
        """Note that a quote is handed to the sockets now.

        Parameters
        ----------
        symbol : str
            The symbol.
        stamp_ms : int
            The quote's time by the venue's clock, which it carries.

        """
        now = time.perf_counter_ns()
        self._latest_ns[symbol] = now
        if self._sent_ns.setdefault((symbol, stamp_ms), now) == now:
            while len(self._sent_ns) > _MOST_TICKS:
                self._sent_ns.popitem(last=False)

    def order(self, symbol: str, client_id: str) -> None:
        """Note that a new order has been read from a socket now.

        Parameters
        ----------
        symbol : str
            The symbol.
        client_id : str
            The trader's id of the order.

        """
        now = time.perf_counter_ns()
        stamp = client_id.partition("-")[0].removeprefix(_TAG)
        named = client_id.startswith(_TAG) and stamp.isdigit()
        sent = self._sent_ns.get((symbol, int(stamp))) if named else self._latest_ns.get(symbol)
        if sent is not None:
            (self._named_us if named else self._bounds_us).append((now - sent) / 1_000)

    def percentiles_us(self) -> dict[str, dict[str, float]]:
        """Return what was measured, in microseconds.

        Returns
        -------
        dict
            `named` and `bound`, each with `n`, and p50, p90 and p99 once there is a value.

        """
        return {"named": _percentiles(self._named_us), "bound": _percentiles(self._bounds_us)}


def _percentiles(values: deque[float]) -> dict[str, float]:
    if not values:
        return {"n": 0}
    p50, p90, p99 = np.percentile(values, (50, 90, 99))
    return {"n": len(values), "p50": float(p50), "p90": float(p90), "p99": float(p99)}
