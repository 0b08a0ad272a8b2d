"""How sure the figures of a signal are: blocks of time are drawn again, not quotes.

A hundred quotes of one burst share one move, so they are one observation and not a hundred. Five
seconds (more where there would be over 400 blocks) of all instruments are drawn together, with
replacement (Künsch 1989), and every figure is computed anew from the counts of its blocks.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.classification import ECE_BINS
from nautilus_scalp.evaluation.classification import HorizonMetrics
from nautilus_scalp.evaluation.classification import direction_odds
from nautilus_scalp.evaluation.classification import outcomes
from nautilus_scalp.evaluation.classification import wrong_calls


BLOCK_NS = 5_000_000_000
MOST_BLOCKS = 400
FEWEST_BLOCKS = 5  # fewer tell nothing of how they differ
RESAMPLES = 400
LEVEL = 0.95
SEED = 7

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type Bools = npt.NDArray[np.bool_]


def with_intervals(
    figures: HorizonMetrics,
    probabilities: Floats,
    move_bps: Floats,
    imbalance: Floats,
    ts_event_ns: Ints,
) -> HorizonMetrics:
    """Add the floor of the calibration error and 95 % intervals to the figures of some events.

    Parameters
    ----------
    figures : HorizonMetrics
        Of these events.
    probabilities : float64[m, 3]
        Of down, flat, up.
    move_bps, imbalance : float64[m]
        What the mid did, and queue imbalance.
    ts_event_ns : int64[m]
        Exchange time.

    Returns
    -------
    HorizonMetrics
        The same figures; without intervals where there are fewer than five blocks.

    """
    block, count = blocks_of(ts_event_ns)
    if count < FEWEST_BLOCKS:
        return figures
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES).astype(np.float64)
    moved = move_bps != 0.0
    rose = move_bps[moved] > 0.0
    ours = drawn_auc(direction_odds(probabilities[moved]), rose, block[moved], drawn)
    plain = drawn_auc(imbalance[moved], rose, block[moved], drawn)
    error, size = calibration_error(probabilities, outcomes(move_bps), block, count)
    call, wrong = wrong_calls(probabilities, move_bps, figures.threshold)
    calls = np.bincount(block[call], minlength=count).astype(np.float64)
    wrongs = np.bincount(block[call & wrong], minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore"):
        draws = {
            "auc": ours,
            "auc_gain": ours - plain,
            "ece": np.abs(drawn @ error).sum(axis=1) / (drawn @ size.sum(axis=1)),
            "false_positive_rate": (drawn @ wrongs) / (drawn @ calls),
        }
    tails = ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0)
    intervals = {}
    for name, values in draws.items():
        known = values[np.isfinite(values)]
        if len(known) * 2 > RESAMPLES:
            low, high = np.quantile(known, tails).tolist()
            intervals[name] = (low, high)
    floor = None if figures.ece is None else calibration_floor(error, size, rng)
    return msgspec.structs.replace(figures, intervals=intervals, ece_floor=floor)


def blocks_of(ts_event_ns: Ints) -> tuple[Ints, int]:
    """Return the block of time of every event, and how many blocks there are."""
    if not len(ts_event_ns):
        return np.zeros(0, np.int64), 0
    width = BLOCK_NS
    while True:
        names, block = np.unique(ts_event_ns // width, return_inverse=True)
        if len(names) <= MOST_BLOCKS:
            return block.astype(np.int64), len(names)
        width *= 2


def drawn_auc(score: Floats, positive: Bools, block: Ints, drawn: Floats) -> Floats:
    """Return the area under the ROC curve of every resample.

    The wins of the positive events of one block over the negative ones of another are counted
    once; a resample weighs them by how often it drew both.

    Parameters
    ----------
    score : float64[m]
        Larger for what is more likely positive; ties count one half.
    positive : bool[m]
        Outcome.
    block : int64[m]
        Block of every event, below B.
    drawn : float64[R, B]
        How often each resample drew each block.

    Returns
    -------
    float64[R]
        NaN where a resample lacks an outcome.

    """
    blocks = drawn.shape[1]
    wins = np.zeros((blocks, blocks))
    high, of = score[positive], block[positive]
    low, by = score[~positive], block[~positive]
    for other in np.unique(by):
        rivals = np.sort(low[by == other])
        beaten = np.searchsorted(rivals, high, "left") + np.searchsorted(rivals, high, "right")
        wins[:, other] = np.bincount(of, weights=beaten / 2.0, minlength=blocks)
    ups = drawn @ np.bincount(of, minlength=blocks)
    downs = drawn @ np.bincount(by, minlength=blocks)
    with np.errstate(invalid="ignore"):
        found: Floats = ((drawn @ wins) * drawn).sum(axis=1) / (ups * downs)
    return found


def calibration_error(
    probabilities: Floats, outcome: Ints, block: Ints, count: int
) -> tuple[Floats, Floats]:
    """Return hits less forecasts and events, by block and bin of the most probable class."""
    top = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == outcome
    cell = block * ECE_BINS + np.minimum((top * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    size = np.bincount(cell, minlength=count * ECE_BINS).astype(np.float64)
    error = np.bincount(cell, weights=hit - top, minlength=count * ECE_BINS)
    return error.reshape(count, ECE_BINS), size.reshape(count, ECE_BINS)


def calibration_floor(error: Floats, size: Floats, rng: np.random.Generator) -> float:
    """Return the calibration error that chance alone gives events like these.

    What each block deviates from the whole in its bins is given a random sign (wild bootstrap, Liu
    1988): so a forecast without any bias would err, were its outcomes as alike within blocks.

    Parameters
    ----------
    error, size : float64[B, bins]
        Hits less forecasts, and events.
    rng : numpy.random.Generator
        Draws the signs.

    Returns
    -------
    float
        Mean over the draws.

    """
    bias = error.sum(axis=0) / np.maximum(size.sum(axis=0), 1.0)
    left = error - size * bias
    signs = rng.choice((-1.0, 1.0), size=(RESAMPLES, len(error)))
    return float(np.abs(signs @ left).sum(axis=1).mean() / size.sum())
