"""The compiled event loop of the synthetic market.

Two rules make the market without an edge exactly unpredictable. Whatever decides *when* something
happens and *how far* a price jumps depends on no side; and the side of every jump of the mid is
drawn afresh, from the flow signal and noise in the proportion of the edge. The same draws are made
whatever the sides are, so markets that differ in their edge differ in the signs of jumps alone.
"""

import math

import numpy as np
from numba import njit

from nautilus_scalp.data.synthetic.hawkes import next_event
from nautilus_scalp.data.synthetic.params import CANCEL
from nautilus_scalp.data.synthetic.params import INSERT
from nautilus_scalp.data.synthetic.params import MARKET
from nautilus_scalp.data.synthetic.params import MOVE
from nautilus_scalp.data.synthetic.state import ACTIVITY
from nautilus_scalp.data.synthetic.state import ASK
from nautilus_scalp.data.synthetic.state import ASK_SIZE
from nautilus_scalp.data.synthetic.state import BELIEF
from nautilus_scalp.data.synthetic.state import BID
from nautilus_scalp.data.synthetic.state import BID_SIZE
from nautilus_scalp.data.synthetic.state import CLOCK_S
from nautilus_scalp.data.synthetic.state import DEPTH_INTERVAL_MS
from nautilus_scalp.data.synthetic.state import DEPTHS
from nautilus_scalp.data.synthetic.state import DOUBT
from nautilus_scalp.data.synthetic.state import LEVELS
from nautilus_scalp.data.synthetic.state import MAX_PRINTS
from nautilus_scalp.data.synthetic.state import NEXT_DEPTH_MS
from nautilus_scalp.data.synthetic.state import QUOTES
from nautilus_scalp.data.synthetic.state import SIGNAL
from nautilus_scalp.data.synthetic.state import TRADE_ID
from nautilus_scalp.data.synthetic.state import TRADES
from nautilus_scalp.data.synthetic.state import UPDATE_ID
from nautilus_scalp.data.synthetic.state import Clockwork
from nautilus_scalp.data.synthetic.state import Floats
from nautilus_scalp.data.synthetic.state import Ints
from nautilus_scalp.data.synthetic.state import Laws
from nautilus_scalp.data.synthetic.state import Market
from nautilus_scalp.data.synthetic.state import Output


_LEVEL_MEMORY = 0.94  # of a deeper level's log size from one snapshot to the next
_LARGEST_CHANGE = 1.0  # in log size
_HUNGER = 3.0  # how much faster than usual a thin book fills and a full one empties
_MIN_Z = -30.0
_LARGEST_LOG = 30.0


@njit(cache=True)
def run(
    rng: np.random.Generator,
    laws: Laws,
    clockwork: Clockwork,
    market: Market,
    output: Output,
    window_ms: tuple[int, int],
) -> bool:
    """Fill the output until the window ends or a buffer is full.

    Parameters
    ----------
    rng : numpy.random.Generator
    laws, clockwork, market, output
        See their classes; the last three are changed in place.
    window_ms : tuple of two ints
        First millisecond, and the first one after the window.

    Returns
    -------
    bool
        Whether the window has ended.

    """
    book, latent, filled = market.book, market.latent, output.filled
    start_ms, end_ms = window_ms
    length_s = (end_ms - start_ms) / 1_000
    while filled[QUOTES] < len(output.quotes):
        if filled[TRADES] + MAX_PRINTS > len(output.trades):
            return False
        wait_s, kind = next_event(
            rng,
            clockwork.excitation,
            clockwork.current,
            clockwork.decay,
            length_s - latent[CLOCK_S],
        )
        _let_pass(rng, laws, latent, wait_s)
        _set_activity(laws, clockwork, latent[ACTIVITY])
        if kind < 0:
            _snapshots(rng, laws, market, output, end_ms - 1)
            latent[CLOCK_S] = 0.0
            return True
        clockwork.excitation[:] += clockwork.kicks[kind]
        ms = min(start_ms + int(latent[CLOCK_S] * 1_000), end_ms - 1)
        _snapshots(rng, laws, market, output, ms)
        wide = book[ASK] - book[BID] > 1
        if kind == MOVE or (wide and rng.random() < laws.close_probability):
            _move(rng, laws, market, output, ms)
        elif kind == MARKET:
            _market_order(rng, laws, market, output, ms)
        else:
            _change_queue(rng, laws, market, kind)
        _publish(market, output, ms)
    return False


@njit(cache=True)
def _let_pass(rng: np.random.Generator, laws: Laws, latent: Floats, wait_s: float) -> None:
    """Age activity and signal (exact Ornstein-Uhlenbeck steps) and what can be known of it."""
    latent[CLOCK_S] += wait_s
    left = math.exp(-laws.calming_per_s * wait_s)
    noise = math.sqrt(1 - left * left) * rng.standard_normal()
    latent[ACTIVITY] = left * latent[ACTIVITY] + noise
    left = math.exp(-laws.reversion_per_s * wait_s)
    noise = math.sqrt(1 - left * left) * rng.standard_normal()
    latent[SIGNAL] = left * latent[SIGNAL] + noise
    latent[BELIEF] *= left
    latent[DOUBT] = 1 - (1 - latent[DOUBT]) * left * left


@njit(cache=True)
def _set_activity(laws: Laws, clockwork: Clockwork, activity: float) -> None:
    """Scale the baseline by a lognormal factor of mean one, held until the next event."""
    factor = math.exp(laws.activity_sigma * (activity - 0.5 * laws.activity_sigma))
    for i in range(len(clockwork.baseline)):
        clockwork.current[i] = factor * clockwork.baseline[i]


@njit(cache=True)
def _side(rng: np.random.Generator, latent: Floats, gain: float, push: float) -> int:
    """Draw a side, sign of ``gain * signal + push + noise``, and learn from it.

    The belief is the Gaussian that matches the first two moments of the posterior under the probit
    likelihood (assumed density filtering; Minka, "A family of algorithms for approximate Bayesian
    inference", 2001, section 3.1).
    """
    side = 1 if gain * latent[SIGNAL] + push + rng.standard_normal() > 0 else -1
    spread = math.sqrt(1 + gain * gain * latent[DOUBT])
    z = max(side * (gain * latent[BELIEF] + push) / spread, _MIN_Z)
    ratio = math.exp(-0.5 * z * z) * math.sqrt(2 / math.pi) / math.erfc(-z / math.sqrt(2))
    slope = gain * latent[DOUBT] / spread
    latent[BELIEF] += side * slope * ratio
    latent[DOUBT] -= slope * slope * ratio * (z + ratio)
    return side


@njit(cache=True)
def _lognormal(rng: np.random.Generator, log_median: float, sigma: float) -> int:
    """Draw a lognormal integer of at least one."""
    return max(1, round(_exp(log_median + sigma * rng.standard_normal())))


@njit(cache=True)
def _exp(logarithm: float) -> float:
    """Return a number that still fits into an integer."""
    return math.exp(min(logarithm, _LARGEST_LOG))


@njit(cache=True)
def _log_ratio(book: Ints) -> float:
    """Return the tilt of the best queues, ``ln(bid size / ask size)``."""
    return math.log(book[BID_SIZE] / book[ASK_SIZE])


@njit(cache=True)
def _change_queue(rng: np.random.Generator, laws: Laws, market: Market, kind: int) -> None:
    """Insert into the favoured queue or cancel from the other, in proportion to its size."""
    book = market.book
    side = _side(rng, market.latent, laws.flow_gain, -laws.book_pull * _log_ratio(book))
    change = math.exp(laws.log_change + laws.change_sigma * rng.standard_normal())
    change = min(change, _LARGEST_CHANGE)
    queue = BID_SIZE if (side > 0) == (kind == INSERT) else ASK_SIZE
    room = laws.full_size / (book[BID_SIZE] + book[ASK_SIZE])
    change *= min(_HUNGER, room if kind == INSERT else 1 / room)
    if kind == CANCEL:
        left = round(book[queue] * math.exp(-change))
        book[queue] = max(1, min(book[queue] - 1, left))
    else:
        book[queue] = max(book[queue] + 1, round(book[queue] * math.exp(change)))


@njit(cache=True)
def _market_order(
    rng: np.random.Generator, laws: Laws, market: Market, output: Output, ms: int
) -> None:
    """Take up to half of the best queue; a larger order is a move."""
    book = market.book
    side = _side(rng, market.latent, laws.trade_gain, 0.0)
    price, queue = (book[ASK], ASK_SIZE) if side > 0 else (book[BID], BID_SIZE)
    large, same = rng.standard_normal(), laws.prints_size_correlation
    cut = same * large + math.sqrt(1 - same * same) * rng.standard_normal()
    prints = max(1, int(_exp(laws.log_prints + laws.prints_sigma * cut)))
    size = round(_exp(laws.log_order + laws.order_sigma * large))
    size = max(1, min(size, book[queue] // 2))
    book[queue] = max(1, book[queue] - size)
    _print(book, output, ms, (price, 0, side), size, prints)


@njit(cache=True)
def _print(
    book: Ints, output: Output, ms: int, path: tuple[int, int, int], size: int, prints: int
) -> None:
    """Publish an order's trades at equal shares, over prices from the first to the last."""
    first, reach, side = path
    prints = min(prints, size, MAX_PRINTS)
    for k in range(prints):
        row = output.trades[output.filled[TRADES]]
        output.filled[TRADES] += 1
        book[TRADE_ID] += 1
        row[0] = ms
        row[1] = book[TRADE_ID]
        row[2] = first + side * (reach * k // prints)
        row[3] = size // prints + (1 if k < size % prints else 0)
        row[4] = side


@njit(cache=True)
def _move(rng: np.random.Generator, laws: Laws, market: Market, output: Output, ms: int) -> None:
    """Move both best prices, widen the spread or close it; the mid's direction is a fresh draw."""
    book, edge = market.book, laws.edge
    tie = _log_ratio(book)
    gain = edge / math.sqrt(1 - edge * edge)
    side = _side(rng, market.latent, gain, 0.0)
    jump = _lognormal(rng, laws.log_jump, laws.jump_sigma)
    if book[ASK] - book[BID] > 1:
        _follow(rng, laws, market, -side, book[ASK] - book[BID] - 1)
    else:
        opens = rng.random() < laws.open_probability
        if opens:
            jump = (jump + 1) // 2
        if rng.random() < laws.sweep_probability:
            price = book[ASK] if side > 0 else book[BID]
            size = _lognormal(rng, laws.log_order + 1, laws.order_sigma)
            _print(book, output, ms, (price, jump, side), size, jump)
        _retreat(market, side, jump)
        if not opens:
            _follow(rng, laws, market, -side, jump)
    total = max(2, _lognormal(rng, laws.log_fresh, laws.fresh_sigma))
    book[BID_SIZE] = max(1, min(total - 1, round(total / (1 + math.exp(-tie)))))
    book[ASK_SIZE] = total - book[BID_SIZE]


@njit(cache=True)
def _retreat(market: Market, side: int, jump: int) -> None:
    """Take the best price of the attacked side (asks for +1) away by a jump, and what it passes."""
    market.book[ASK if side > 0 else BID] += side * jump
    own = 1 if side > 0 else 0
    deep, away = market.deep[own], market.away[own]
    n = len(deep)
    passed = 0
    while passed < n and 0 < away[passed] <= jump:
        passed += 1
    for k in range(n):
        there = k + passed < n and away[k + passed] > 0
        deep[k] = deep[k + passed] if there else math.nan
        away[k] = away[k + passed] - jump if there else 0


@njit(cache=True)
def _follow(rng: np.random.Generator, laws: Laws, market: Market, side: int, jump: int) -> None:
    """Bring the best price of a side (asks for +1) a jump closer; new levels fill what it passed.

    How many numbers that draws depends on the jump alone, and not on what stands on the side.
    """
    market.book[ASK if side > 0 else BID] -= side * jump
    own = 1 if side > 0 else 0
    deep, away = market.deep[own], market.away[own]
    n = len(deep)
    between = np.zeros(n, np.int64)
    new, reached = 0, _gap(rng, laws)
    while new < n and reached < jump:
        between[new] = reached
        reached += _gap(rng, laws)
        new += 1
    for k in range(n - 1, new, -1):
        old = k - new - 1
        deep[k] = deep[old]
        away[k] = away[old] + jump if away[old] > 0 else 0
    if new < n:
        between[new] = jump  # where the best price was
    for k in range(min(new + 1, n)):
        deep[k] = math.nan
        away[k] = between[k]


@njit(cache=True)
def _gap(rng: np.random.Generator, laws: Laws) -> int:
    """Draw the distance of a level from the one before it, in ticks."""
    if rng.random() < laws.adjacent_share:
        return 1
    return 2 + int(laws.gap_scale * rng.standard_exponential())


@njit(cache=True)
def _publish(market: Market, output: Output, ms: int) -> None:
    """Write a quote, and beside it the signal and what can be known of it."""
    book, latent = market.book, market.latent
    book[UPDATE_ID] += 1
    n = output.filled[QUOTES]
    output.filled[QUOTES] += 1
    output.quotes[n, 0] = ms
    output.quotes[n, 1] = book[UPDATE_ID]
    output.quotes[n, 2:] = book[: ASK_SIZE + 1]
    output.signals[n] = latent[SIGNAL:]


@njit(cache=True)
def _snapshots(
    rng: np.random.Generator, laws: Laws, market: Market, output: Output, ms: int
) -> None:
    """Write the depth snapshots that are due up to a millisecond, as the book stands now."""
    book, deep, away = market.book, market.deep, market.away
    while book[NEXT_DEPTH_MS] <= ms:
        n = output.filled[DEPTHS]
        output.filled[DEPTHS] += 1
        output.depth_times[n, 0] = book[NEXT_DEPTH_MS]
        output.depth_times[n, 1] = book[UPDATE_ID]
        row = output.depths[n]
        for side in range(2):
            row[side, 0] = book[BID + side]
            row[2 + side, 0] = book[BID_SIZE + side]
            _deepen(rng, laws, deep[side], away[side])
            for k in range(LEVELS - 1):
                row[side, k + 1] = book[BID + side] + (2 * side - 1) * away[side, k]
                size = _exp(laws.log_level + laws.level_sigma * deep[side, k])
                row[2 + side, k + 1] = max(1, round(size))
        book[NEXT_DEPTH_MS] += DEPTH_INTERVAL_MS


@njit(cache=True)
def _deepen(rng: np.random.Generator, laws: Laws, deep: Floats, away: Ints) -> None:
    """Age the levels of a side and draw those that are new; what is drawn depends on no level."""
    before = 0
    for k in range(len(deep)):
        noise, gap = rng.standard_normal(), _gap(rng, laws)
        kept = _LEVEL_MEMORY * deep[k] + math.sqrt(1 - _LEVEL_MEMORY**2) * noise
        deep[k] = noise if math.isnan(deep[k]) else kept
        if away[k] == 0:
            away[k] = before + gap
        before = away[k]
