"""What is made of sources, averages and sums: one tight loop an operation."""

import math

from numba import njit

from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources as of
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.sources import Ints


OPERATIONS = (
    "now",  # the source itself
    "mean",  # exponentially weighted mean
    "deviation",  # source - mean
    "std",  # exponentially weighted standard deviation
    "score",  # deviation / standard deviation
    "cross",  # fast mean - slow mean
    "acceleration",  # (source - fast mean) - (fast mean - slow mean)
    "sum",  # decayed sum, tails folded in: sign * square root
    "balance",  # decayed sum over that of its size, 0 while that is nought
    "rate_ratio",  # (fast rate - slow rate) / (fast rate + slow rate)
    "per",  # (decayed sum - another's) / (decayed sum + another's)
    "average_gap",  # mid price - (decayed sum over another): distance from a weighted average
    "skew",  # third moment of deviations over the standard deviation cubed
    "kurtosis",  # fourth moment over the squared variance, less 3
    "autocorrelation",  # of successive deviations
    "quartile25",  # running quartile
    "quartile75",
)
(
    NOW, MEAN, DEVIATION, STD, SCORE, CROSS, ACCELERATION, SUM, BALANCE, RATE_RATIO, PER,
    AVERAGE_GAP, SKEW, KURTOSIS, AUTOCORRELATION, QUARTILE25, QUARTILE75,
) = range(len(OPERATIONS))  # fmt: skip
CELL_OPERATIONS = ("mean", "deviation", "std", "score", "cross", "acceleration")
FLOW_OPERATIONS = ("sum", "balance", "rate_ratio", "per", "average_gap")
SHAPE_OPERATIONS = ("skew", "kurtosis", "autocorrelation", "quartile25", "quartile75")

_VARIANCE_FLOOR = 1e-12  # below this, a source counts as constant: only rounding is left


@njit(cache=True)
def _write_now(state: Floats, ints: Ints, first: int, last: int) -> None:
    raw = ints[at.RAW]
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        inverse = state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]
        state[raw + i] = state[ints[row]] * inverse


@njit(cache=True)
def _write_means(state: Floats, ints: Ints, first: int, last: int, operation: int) -> None:
    """Write means or, of the same cells, standard deviations."""
    raw = ints[at.RAW]
    cells = ints[at.CELL_STATE]
    variances = cells + ints[at.CELLS + 1]
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        inverse = state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]
        if operation == MEAN:
            state[raw + i] = state[cells + ints[row]] * inverse
        else:
            state[raw + i] = math.sqrt(state[variances + ints[row]]) * inverse


@njit(cache=True)
def _write_deviations(state: Floats, ints: Ints, first: int, last: int, operation: int) -> None:
    """Write deviations, or the same in standard deviations."""
    raw = ints[at.RAW]
    means = ints[at.CELL_STATE]
    count = ints[at.CELLS + 1]
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        cell = ints[row]
        value = state[ints[ints[at.CELLS] + cell * at.ROW_WIDTH]] - state[means + cell]
        if operation == DEVIATION:
            value *= state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]
        else:
            value /= math.sqrt(state[means + count + cell] + _VARIANCE_FLOOR)
        state[raw + i] = value


@njit(cache=True)
def _write_crosses(state: Floats, ints: Ints, first: int, last: int, operation: int) -> None:
    """Write differences of a fast and a slow mean, or how the source runs ahead of them."""
    raw = ints[at.RAW]
    means = ints[at.CELL_STATE]
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        fast = state[means + ints[row]]
        value = fast - state[means + ints[row + at.OUTPUT_B]]
        if operation == ACCELERATION:
            value = state[ints[ints[at.CELLS] + ints[row] * at.ROW_WIDTH]] - fast - value
        state[raw + i] = value * state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]


@njit(cache=True)
def _write_sums(state: Floats, ints: Ints, first: int, last: int) -> None:
    raw = ints[at.RAW]
    sums = ints[at.FLOW_STATE]
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        inverse = state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]
        total = state[sums + ints[row]] * inverse
        state[raw + i] = math.copysign(math.sqrt(abs(total)), total)


@njit(cache=True)
def _write_ratios(state: Floats, ints: Ints, first: int, last: int, operation: int) -> None:
    """Write one decayed sum against another: ratio, contrast, or distance from the average."""
    raw = ints[at.RAW]
    sums = ints[at.FLOW_STATE]
    lives = ints[at.HALF_LIVES]
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        a = ints[row]
        b = ints[row + at.OUTPUT_B]
        one = state[sums + a]
        other = state[sums + b]
        value = 0.0
        if operation == RATE_RATIO:
            one /= state[lives + ints[ints[at.FLOWS] + a * at.ROW_WIDTH + at.ROW_HALF_LIFE]]
            other /= state[lives + ints[ints[at.FLOWS] + b * at.ROW_WIDTH + at.ROW_HALF_LIFE]]
        if operation in (RATE_RATIO, PER):
            if one + other > 0.0:
                value = (one - other) / (one + other)
        elif other > 0.0:
            value = one / other
            if operation == AVERAGE_GAP:
                value = state[of.MID] - value
        state[raw + i] = value * state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]


@njit(cache=True)
def _write_moments(state: Floats, ints: Ints, first: int, last: int, operation: int) -> None:
    """Write skews, kurtoses or autocorrelations; 0 where the source was constant."""
    raw = ints[at.RAW]
    for i in range(first, last):
        shape = ints[ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH]
        row = ints[at.SHAPE_STATE] + shape * at.SHAPE_SIZE
        variance = state[row + at.SHAPE_SECOND]
        value = 0.0
        if variance > _VARIANCE_FLOOR:
            if operation == SKEW:
                value = state[row + at.SHAPE_THIRD] / (variance * math.sqrt(variance))
            elif operation == KURTOSIS:
                value = state[row + at.SHAPE_FOURTH] / (variance * variance) - 3.0
            else:
                value = state[row + at.SHAPE_LAGGED] / variance
        state[raw + i] = value


@njit(cache=True)
def _write_quartiles(state: Floats, ints: Ints, first: int, last: int, operation: int) -> None:
    raw = ints[at.RAW]
    which = at.SHAPE_LOWER if operation == QUARTILE25 else at.SHAPE_UPPER
    for i in range(first, last):
        row = ints[at.OUTPUTS] + i * at.OUTPUT_WIDTH
        place = ints[at.SHAPE_STATE] + ints[row] * at.SHAPE_SIZE + which
        state[raw + i] = state[place] * state[at.INVERSE_UNITS + ints[row + at.OUTPUT_SCALE]]


@njit(cache=True)
def write_outputs(state: Floats, ints: Ints, kind: int) -> None:
    """Refresh every output that an event of this kind changes."""
    starts = ints[at.OPERATIONS] + kind * len(OPERATIONS)
    for operation in range(len(OPERATIONS)):
        first = ints[starts + operation]
        last = ints[starts + operation + 1]
        if first == last:
            continue
        if operation == NOW:
            _write_now(state, ints, first, last)
        elif operation in (MEAN, STD):
            _write_means(state, ints, first, last, operation)
        elif operation in (DEVIATION, SCORE):
            _write_deviations(state, ints, first, last, operation)
        elif operation in (CROSS, ACCELERATION):
            _write_crosses(state, ints, first, last, operation)
        elif operation == SUM:
            _write_sums(state, ints, first, last)
        elif operation <= AVERAGE_GAP:
            _write_ratios(state, ints, first, last, operation)
        elif operation <= AUTOCORRELATION:
            _write_moments(state, ints, first, last, operation)
        else:
            _write_quartiles(state, ints, first, last, operation)


@njit(cache=True)
def show_selected(state: Floats, ints: Ints) -> None:
    """Copy the selected features into the feature vector."""
    raw = ints[at.RAW]
    shown = ints[at.VALUE]
    picks = ints[at.PICKS]
    for i in range(ints[at.VALUE + 1]):
        state[shown + i] = state[raw + ints[picks + i]]
