"""
The same resting orders before other judges of the queue, as a band around the engine's fills.

Nautilus moves a queue by trades alone. hftbacktest's probability models let cancellations move it
too, more so where more size stands behind us (`ProbQueueModel`, `LogProbQueueFunc`,
`PowerProbQueueFunc`; Rigtorp 2013, https://rigtorp.se/2013/06/08/estimating-order-queue-position.html).
An order is judged over the time it was working, so its price, its cancellation and everything that
the strategy did afterwards stay as they were: the band says how far the fills rest on the queue,
not what another simulation would have earned.
"""

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.markouts import Markout
from nautilus_scalp.evaluation.markouts import measure_markouts
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import Tape


RISK_AVERSE = -1.0
LOGARITHM = 0.0
# By the exponent of f in p = f(behind) / (f(behind) + f(ahead)).
QUEUE_MODELS = {
    "risk averse": RISK_AVERSE,
    "log probability": LOGARITHM,
    "power 2 probability": 2.0,
    "power 3 probability": 3.0,
}


_DUST = 1e-9  # sizes are sums of decimals: what is left of zero is zero

type Flags = npt.NDArray[np.bool_]
type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type Sides = npt.NDArray[np.int8]
type Queue = tuple[float, float, float, bool]


class RestingOrders(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False
):
    """
    Times during which orders rested at one price, one row for each, in the order of `order`.

    Parameters
    ----------
    order : int64[n]
        Number of the order; an amended one has several rows, in order of time.
    start_ns, end_ns : int64[n]
        Accepted or amended, and amended again, cancelled or filled, on the tape's ``ts_init``.
    side : int8[n]
        +1 buys, -1 sells.
    price, qty : float64[n]
        Limit price and the quantity left.

    """

    order: npt.NDArray[np.int64]
    start_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    side: npt.NDArray[np.int8]
    price: npt.NDArray[np.float64]
    qty: npt.NDArray[np.float64]


class QueueVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one queue model fills: orders, traded value, and markouts by horizon in ms."""

    fills: int
    volume: float
    markouts: dict[int, Markout]

    def __add__(self, other: "QueueVerdict") -> "QueueVerdict":
        """Pool two strategies."""
        return QueueVerdict(
            fills=self.fills + other.fills,
            volume=self.volume + other.volume,
            markouts={ms: self.markouts[ms] + other.markouts[ms] for ms in self.markouts},
        )


def judge_queues(
    orders: RestingOrders, tape: Tape, mids: MidSeries, horizons_ms: tuple[int, ...]
) -> dict[str, QueueVerdict]:
    """
    Judge resting orders by every model.

    Parameters
    ----------
    orders : RestingOrders
        Of one instrument.
    tape : Tape
        Quotes and trades of that instrument alone.
    mids : MidSeries
        Its mid prices.
    horizons_ms : tuple[int, ...]
        For the markouts.

    Returns
    -------
    dict[str, QueueVerdict]
        In the order of `QUEUE_MODELS`.

    """
    verdicts = {}
    for name, exponent in QUEUE_MODELS.items():
        fills = queue_fills(orders, tape, exponent)
        verdicts[name] = QueueVerdict(
            fills=len(fills),
            volume=float(np.sum(fills.notional)),
            markouts=measure_markouts(fills, mids, horizons_ms),
        )
    return verdicts


def queue_fills(orders: RestingOrders, tape: Tape, exponent: float) -> Fills:
    """
    Return the fills of one model: every order whole, or not at all.

    Parameters
    ----------
    orders : RestingOrders
        Of one instrument.
    tape : Tape
        Quotes and trades of that instrument alone.
    exponent : float
        One of `QUEUE_MODELS`.

    Returns
    -------
    Fills
        In order of time, without fees.

    """
    at = _fill_events(
        tape.kind == QUOTE,
        tape.values,
        np.searchsorted(tape.ts_init_ns, orders.start_ns, side="right"),
        np.searchsorted(tape.ts_init_ns, orders.end_ns, side="right"),
        (orders.order, orders.side, orders.price),
        (exponent, 10.0 ** -tape.instruments[0].size_precision),
    )
    rows = np.flatnonzero(at >= 0)
    rows = rows[np.argsort(at[rows], kind="stable")]
    return Fills(
        ts_event_ns=tape.ts_init_ns[at[rows]],
        side=orders.side[rows],
        price=orders.price[rows],
        qty=orders.qty[rows],
        fee=np.zeros(len(rows)),
        is_maker=np.ones(len(rows), np.bool_),
    )


@njit(cache=True)
def _fill_events(
    is_quote: Flags,
    values: Floats,
    first: Ints,
    last: Ints,
    orders: tuple[Ints, Sides, Floats],
    rule: tuple[float, float],
) -> Ints:
    """Return the event that fills each row, -1 for none; `rule` is exponent and lot."""
    order, side, price = orders
    at = np.full(len(order), -1, np.int64)
    filled = -1
    for row in range(len(order)):
        if order[row] == filled:
            continue
        window = (first[row], last[row])
        at[row] = _fill_event(is_quote, values, window, side[row], price[row], rule)
        if at[row] >= 0:
            filled = order[row]
    return at


@njit(cache=True)
def _fill_event(
    is_quote: Flags,
    values: Floats,
    window: tuple[int, int],
    side: int,
    price: float,
    rule: tuple[float, float],
) -> int:
    """
    Follow the queue of one order from event to event; -1 if none fills it.

    As hftbacktest counts: a trade fills once it passes the size ahead by half a lot or more. A
    smaller excess stays as a negative size ahead.
    """
    first, last = window
    exponent, lot = rule
    queue = _queue_on_arrival(is_quote, values, first, side, price)
    for k in range(first, last):
        if is_quote[k]:
            opposite = 1 if side > 0 else 0
            if side * (values[k, opposite] - price) <= 0.0:
                return k
            queue = _after_quote(queue, values[k], side, price, exponent)
        elif values[k, 2] == -side:
            through = side * (price - values[k, 0])
            if through > 0.0:
                return k
            if through == 0.0 and not np.isnan(queue[0]):
                ahead, shown, traded, hidden = queue
                ahead -= values[k, 1]
                if ahead < _DUST - 0.5 * lot:
                    return k
                queue = (ahead, shown, traded + values[k, 1], hidden)
    return -1


@njit(cache=True)
def _queue_on_arrival(
    is_quote: Flags, values: Floats, first: int, side: int, price: float
) -> Queue:
    """Return size ahead (NaN while the level is behind the best), size shown, traded, hidden."""
    own, size = (0, 2) if side > 0 else (1, 3)
    quote = first - 1
    while quote >= 0 and not is_quote[quote]:
        quote -= 1
    if quote < 0 or side * (values[quote, own] - price) > 0.0:
        return (np.nan, 0.0, 0.0, True)
    if values[quote, own] == price:
        return (values[quote, size], values[quote, size], 0.0, False)
    return (0.0, 0.0, 0.0, False)


@njit(cache=True)
def _after_quote(queue: Queue, quote: Floats, side: int, price: float, exponent: float) -> Queue:
    own, size = (0, 2) if side > 0 else (1, 3)
    ahead, shown, traded, hidden = queue
    distance = side * (quote[own] - price)
    if distance > 0.0:
        return (ahead, shown, 0.0, True)
    new = quote[size] if distance == 0.0 else 0.0
    if np.isnan(ahead):
        ahead = new
    elif hidden or exponent == RISK_AVERSE:
        ahead = min(ahead, new)
    else:
        ahead = _after_cancels(ahead, shown, new, shown - new - traded, exponent)
    return (ahead, new, 0.0, False)


@njit(cache=True)
def _after_cancels(
    ahead: float, shown: float, new: float, cancelled: float, exponent: float
) -> float:
    """Return the size ahead once cancellations are shared between both sides of the order."""
    if cancelled < 0.0:
        return min(ahead, new)
    behind = shown - ahead
    if exponent == LOGARITHM:
        weight_behind, weight_ahead = np.log1p(behind), np.log1p(ahead)
    else:
        weight_behind, weight_ahead = behind**exponent, ahead**exponent
    total = weight_behind + weight_ahead
    share = weight_behind / total if total > 0.0 else 1.0
    estimate = ahead - (1.0 - share) * cancelled + min(behind - share * cancelled, 0.0)
    return min(estimate, new)
