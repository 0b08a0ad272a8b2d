"""The exponentially weighted averages, sums and shapes that every event feeds."""

import math

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features.kernels import LN2
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.sources import Ints
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


BOARD_HALF_LIFE_MS = 500.0
EATEN_HALF_LIFE_MS = 1000.0
_QUARTILE_STEP = 2.0  # standard deviations a weight; small against one once the average is full


@njit(cache=True)
def _fade_kinds(state: Floats, ints: Ints, first: int, last: int, elapsed_ms: float) -> None:
    """Let the averages and sums of some kinds of event, first to last, fade."""
    count = ints[at.HALF_LIVES + 1]
    lives = ints[at.HALF_LIVES]
    weights = ints[at.WEIGHTS]
    for i in range(count):
        kept = math.exp(-LN2 * elapsed_ms / state[lives + i])
        state[lives + count + i] = kept
        for kind in range(first, last + 1):
            state[weights + kind * count + i] *= kept
    flows = ints[at.FLOWS]
    sums = ints[at.FLOW_STATE]
    starts = ints[at.FLOW_STARTS]
    for i in range(ints[starts + first], ints[starts + last + 1]):
        half_life = ints[flows + i * at.ROW_WIDTH + at.ROW_HALF_LIFE]
        state[sums + i] *= state[lives + count + half_life]


@njit(cache=True)
def fade_side(state: Floats, ints: Ints, kind: int, elapsed_ms: float) -> None:
    """Let the weights of depth snapshots, or of funding rates, fade since the last of them."""
    _fade_kinds(state, ints, kind, kind, elapsed_ms)
    if kind == DEPTH:
        kept = math.exp(-LN2 * elapsed_ms / state[at.SCALE_HALF_LIFE_MS])
        state[at.MEAN_LEVEL + 2] *= kept


@njit(cache=True)
def fade(state: Floats, ints: Ints, elapsed_ms: float) -> None:
    """Let the weights of all quotes and trades so far fade."""
    _fade_kinds(state, ints, int(QUOTE), int(TRADE), elapsed_ms)
    kept = math.exp(-LN2 * elapsed_ms / state[at.SCALE_HALF_LIFE_MS])
    state[at.MEAN_DEPTH + 2] *= kept
    state[at.MEAN_TRADE + 2] *= kept
    state[at.SQUARED_MOVES] *= kept
    state[at.MOVE_MS] = state[at.MOVE_MS] * kept + elapsed_ms
    kept = math.exp(-LN2 * elapsed_ms / BOARD_HALF_LIFE_MS)
    state[at.OWN_FLOW] *= kept
    state[at.OWN_VOLUME] *= kept
    kept = math.exp(-LN2 * elapsed_ms / EATEN_HALF_LIFE_MS)
    state[at.EATEN_BID] *= kept
    state[at.EATEN_ASK] *= kept
    state[at.MOVE_AGE_MS] += elapsed_ms
    state[at.QUOTE_AGE_MS] += elapsed_ms
    state[at.TRADE_AGE_MS] += elapsed_ms


@njit(cache=True)
def _feed_cells(state: Floats, ints: Ints, kind: int, shares: int) -> None:
    """Means and variances, after West (1979)."""
    cells = ints[at.CELLS]
    means = ints[at.CELL_STATE]
    variances = means + ints[at.CELLS + 1]
    for i in range(ints[ints[at.CELL_STARTS] + kind], ints[ints[at.CELL_STARTS] + kind + 1]):
        row = cells + i * at.ROW_WIDTH
        share = state[shares + ints[row + at.ROW_HALF_LIFE]]
        difference = state[ints[row + at.ROW_SOURCE]] - state[means + i]
        state[means + i] += share * difference
        variance = state[variances + i] + share * difference * difference
        state[variances + i] = (1.0 - share) * variance


@njit(cache=True)
def _feed_flows(state: Floats, ints: Ints, kind: int) -> None:
    """Decayed sums."""
    flows = ints[at.FLOWS]
    sums = ints[at.FLOW_STATE]
    for i in range(ints[ints[at.FLOW_STARTS] + kind], ints[ints[at.FLOW_STARTS] + kind + 1]):
        state[sums + i] += state[ints[flows + i * at.ROW_WIDTH + at.ROW_SOURCE]]


@njit(cache=True)
def _feed_shapes(state: Floats, ints: Ints, kind: int, shares: int) -> None:
    """
    Moments of the deviation from the running mean, and quartiles by stochastic approximation.

    References
    ----------
    Tierney, L. (1983), A space-efficient recursive procedure for estimating a quantile of an
    unknown distribution, SIAM J. Sci. Stat. Comput. 4(4).

    """
    shapes = ints[at.SHAPES]
    for i in range(ints[ints[at.SHAPE_STARTS] + kind], ints[ints[at.SHAPE_STARTS] + kind + 1]):
        row = shapes + i * at.ROW_WIDTH
        own = ints[at.SHAPE_STATE] + i * at.SHAPE_SIZE
        share = state[shares + ints[row + at.ROW_HALF_LIFE]]
        value = state[ints[row + at.ROW_SOURCE]]
        if share == 1.0:
            state[own + at.SHAPE_LOWER] = value
            state[own + at.SHAPE_UPPER] = value
        difference = value - state[own + at.SHAPE_MEAN] if share < 1.0 else 0.0
        square = difference * difference
        state[own + at.SHAPE_MEAN] += share * (value - state[own + at.SHAPE_MEAN])
        state[own + at.SHAPE_SECOND] += share * (square - state[own + at.SHAPE_SECOND])
        state[own + at.SHAPE_THIRD] += share * (square * difference - state[own + at.SHAPE_THIRD])
        state[own + at.SHAPE_FOURTH] += share * (square * square - state[own + at.SHAPE_FOURTH])
        lagged = difference * state[own + at.SHAPE_LAST]
        state[own + at.SHAPE_LAGGED] += share * (lagged - state[own + at.SHAPE_LAGGED])
        state[own + at.SHAPE_LAST] = difference
        step = _QUARTILE_STEP * share * math.sqrt(state[own + at.SHAPE_SECOND])
        state[own + at.SHAPE_LOWER] += step * (0.25 - (value < state[own + at.SHAPE_LOWER]))
        state[own + at.SHAPE_UPPER] += step * (0.75 - (value < state[own + at.SHAPE_UPPER]))


@njit(cache=True)
def feed(state: Floats, ints: Ints, kind: int) -> None:
    """Add an event's sources to everything that averages them."""
    count = ints[at.HALF_LIVES + 1]
    weights = ints[at.WEIGHTS] + kind * count
    shares = ints[at.WEIGHTS] + at.KINDS * count
    for i in range(count):
        state[weights + i] += 1.0
        state[shares + i] = 1.0 / state[weights + i]
    _feed_flows(state, ints, kind)
    _feed_cells(state, ints, kind, shares)
    _feed_shapes(state, ints, kind, shares)
