"""State, laws and output of the synthetic market's kernel, as arrays that numba understands."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]

LEVELS = 10
MAX_PRINTS = 200
DEPTH_INTERVAL_MS = 100

# book[]: best prices in ticks, best sizes in steps, last ids, next depth snapshot
BID, ASK, BID_SIZE, ASK_SIZE, UPDATE_ID, TRADE_ID, NEXT_DEPTH_MS = range(7)
# latent[]: seconds since the chunk began; activity; the signal; its mean and variance given what is
# public
CLOCK_S, ACTIVITY, SIGNAL, BELIEF, DOUBT = range(5)
# columns of the output
QUOTE_COLUMNS = ("ms", "update_id", "bid", "ask", "bid_size", "ask_size")
TRADE_COLUMNS = ("ms", "trade_id", "price", "size", "side")
# filled[]: rows written so far
QUOTES, TRADES, DEPTHS = range(3)


class Laws(NamedTuple):
    """Scalars of the market in the kernel's units: ticks, steps, logarithms, seconds."""

    edge: float
    reversion_per_s: float
    calming_per_s: float
    activity_sigma: float
    log_jump: float
    jump_sigma: float
    open_probability: float
    close_probability: float
    sweep_probability: float
    flow_gain: float
    book_pull: float
    trade_gain: float
    log_change: float
    change_sigma: float
    log_fresh: float
    fresh_sigma: float
    full_size: float
    log_order: float
    order_sigma: float
    log_prints: float
    prints_sigma: float
    prints_size_correlation: float
    log_level: float
    level_sigma: float
    adjacent_share: float
    gap_scale: float


class Clockwork(NamedTuple):
    """Arrays of the Hawkes process, see `next_event`; ``kicks`` is ``float64[K, M, K]``.

    ``baseline`` is the mean one, ``current`` that of the present activity.
    """

    excitation: Floats
    baseline: Floats
    current: Floats
    decay: Floats
    kicks: Floats


class Market(NamedTuple):
    """State between events; ``deep`` and ``away`` are of levels 2 to 10, bids and then asks.

    ``deep`` holds standardised log sizes, NaN for a level that no snapshot has shown yet; ``away``
    distances from the best price in ticks, 0 for a level of which not even that is known.
    """

    book: Ints
    latent: Floats
    deep: Floats
    away: Ints


class Output(NamedTuple):
    """Preallocated rows: quotes, the latent signal beside them, trades, depth."""

    quotes: Ints
    signals: Floats
    trades: Ints
    depth_times: Ints
    depths: Ints
    filled: Ints
