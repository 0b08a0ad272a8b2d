"""What is made of sources, averages and sums: one operation a loop, over all features using it."""

import math

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.sources import Ints


OPERATIONS = (
    "now",  # the source itself
    "deviation",  # source - mean
    "cross",  # fast mean - slow mean
    "acceleration",  # (source - fast mean) - (fast mean - slow mean)
    "sum",  # decayed sum, tails folded in: sign * log(1 + |sum|)
    "balance",  # decayed sum over another, 0 while that is nought
    "rate_ratio",  # log of the fast rate over the slow rate
    "average_gap",  # mid price - (decayed sum over another): distance from a weighted average
    "technical",  # an indicator on closed bars
)
(NOW, DEVIATION, CROSS, ACCELERATION, SUM, BALANCE, RATE_RATIO, AVERAGE_GAP, TECHNICAL) = range(
    len(OPERATIONS)
)
_RATE_FLOOR = 1e-3  # keeps the logarithm of an idle second finite: a thousandth of the slow sum


@njit(cache=True)
def _cell_source(state: Floats, ints: Ints, cell: int) -> float:
    """Return the present value of the source that a cell averages."""
    return float(state[ints[ints[at.CELLS] + cell * at.CELL_WIDTH + at.CELL_SOURCE]])


@njit(cache=True)
def _flow_rate(state: Floats, ints: Ints, flow: int) -> float:
    """Return a decayed sum over its half life."""
    half_life = ints[ints[at.FLOWS] + flow * at.CELL_WIDTH + at.CELL_HALF_LIFE]
    return float(state[ints[at.FLOW_STATE] + flow] / state[ints[at.HALF_LIVES] + half_life])


@njit(cache=True)
def _output(state: Floats, ints: Ints, operation: int, a: int, b: int) -> float:  # noqa: PLR0911
    """Return one feature before its unit is applied; `a` and `b` mean what the operation needs."""
    means = ints[at.CELL_STATE]
    flows = ints[at.FLOW_STATE]
    if operation == NOW:
        return float(state[a])
    if operation == DEVIATION:
        return float(_cell_source(state, ints, a) - state[means + a])
    if operation == CROSS:
        return float(state[means + a] - state[means + b])
    if operation == ACCELERATION:
        return float(_cell_source(state, ints, a) - 2.0 * state[means + a] + state[means + b])
    if operation == SUM:
        total = state[flows + a]
        return math.copysign(math.log1p(abs(total)), total)
    if operation == BALANCE:
        return state[flows + a] / state[flows + b] if state[flows + b] > 0.0 else 0.0
    if operation == RATE_RATIO:
        slow = _flow_rate(state, ints, b)
        fast = _flow_rate(state, ints, a)
        return math.log((fast + _RATE_FLOOR * slow) / slow) if slow > 0.0 else 0.0
    if operation == AVERAGE_GAP:
        weight = state[flows + b]
        return state[sources.MID] - state[flows + a] / weight if weight > 0.0 else 0.0
    return float(state[ints[at.TECHNICAL_VALUES] + a])


@njit(cache=True)
def write_outputs(state: Floats, ints: Ints) -> None:
    """Refresh every output of the program, then show the selected ones in the feature vector."""
    raw = ints[at.RAW]
    for operation in range(len(OPERATIONS)):
        first = ints[ints[at.OPERATIONS] + operation]
        last = ints[ints[at.OPERATIONS] + operation + 1]
        for i in range(first, last):
            row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
            a = ints[row + at.OUTPUT_A]
            b = ints[row + at.OUTPUT_B]
            value = _output(state, ints, operation, a, b)
            per_unit = ints[row + at.OUTPUT_SCALE] == 1
            state[raw + i] = value / state[at.UNIT_TICKS] if per_unit else value
    shown = ints[at.VALUE]
    for i in range(ints[at.VALUE + 1]):
        state[shown + i] = state[raw + ints[ints[at.PICKS] + i]]
