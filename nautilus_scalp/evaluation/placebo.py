"""What a useless signal scores by chance, so that a leak can be told from luck.

A statistic of a placebo is only as good as its interval. Rows of a tape are not independent:
quotes come in bursts and their horizons overlap. Each interval here counts what is independent:
one row a price move, one row a block of shuffled labels, or the steps of a martingale.
"""

import math
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries


Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVEL = 0.99


def null_z(comparisons: int = 1) -> float:
    """Return how many standard deviations chance stays within, in 99 of 100 cases.

    Parameters
    ----------
    comparisons : int
        Figures that are all to stay within in the same 99 cases (Bonferroni).

    Examples
    --------
    >>> round(null_z(), 4)
    2.5758

    """
    return NormalDist().inv_cdf(1.0 - (1.0 - LEVEL) / (2.0 * comparisons))


def null_interval(ups: int, downs: int, comparisons: int = 1) -> tuple[float, float]:
    """Return the interval of the AUC of a useless score over independent signs.

    Normal approximation with the variance of the Mann-Whitney statistic (1947).

    Parameters
    ----------
    ups, downs : int
        How many of each, at least one.
    comparisons : int
        Scores that are all to lie inside with a probability of 99 % (Bonferroni).

    Examples
    --------
    >>> low, high = null_interval(1_000, 1_000)
    >>> round(low, 3), round(high, 3)
    (0.467, 0.533)

    """
    reach = null_z(comparisons) * math.sqrt((ups + downs + 1) / (12 * ups * downs))
    return 0.5 - reach, 0.5 + reach


def rows_before_moves(mid: Floats, segment: npt.NDArray[np.int32]) -> tuple[Ints, Bools]:
    """Return the last row before each change of the mid, and whether the mid went up.

    Without an edge these signs are independent fair coins, whatever was published before; labels
    at a fixed horizon, of which many cover one and the same move, are not.

    Parameters
    ----------
    mid : float64[m]
        Mid price of every row, in order of time.
    segment : int32[m]
        A change from one segment to another is no move.

    Returns
    -------
    rows : int64[k]
    up : bool[k]

    Examples
    --------
    >>> rows, up = rows_before_moves(np.array([1.0, 1.0, 2.0, 1.0]), np.zeros(4, np.int32))
    >>> rows.tolist(), up.tolist()
    ([1, 2], [True, False])

    """
    step = np.diff(mid)
    rows = np.flatnonzero((step != 0.0) & (np.diff(segment) == 0))
    return rows, np.greater(step[rows], 0.0)


class ShuffledLabels(msgspec.Struct, frozen=True, kw_only=True):
    """
    Labels that foretell nothing.

    Attributes
    ----------
    label : int8[m]
        Of every row: that of its block.
    first : int64[b]
        First row of every block.

    """

    label: npt.NDArray[np.int8]
    first: Ints


def shuffle_blocks(
    label: npt.NDArray[np.int8], ts_event_ns: Ints, block_ms: int, rng: np.random.Generator
) -> ShuffledLabels:
    """Cut time into blocks and deal the blocks' labels out anew.

    Rows of a block share one label, as the rows of a burst do, so a model that has seen a
    neighbour of a test row can know its label. Blocks are exchangeable: over one row a block,
    the AUC of any honest score has exactly the distribution of the Mann-Whitney statistic.

    Parameters
    ----------
    label : int8[m]
        True labels; a block has that of its first row.
    ts_event_ns : int64[m]
        In order of time.
    block_ms : int
        Length of a block.
    rng : numpy.random.Generator

    Returns
    -------
    ShuffledLabels
        The placebo.

    """
    block = ts_event_ns // (block_ms * 1_000_000)
    first = np.flatnonzero(np.diff(block, prepend=block[0] - 1))
    dealt = rng.permutation(label[first])
    number = np.zeros(len(label), np.int64)
    number[first[1:]] = 1
    return ShuffledLabels(label=dealt[np.cumsum(number)], first=first)


class HoldingProfit(msgspec.Struct, frozen=True, kw_only=True):
    """
    Profit and loss of a strategy, divided at the mid price.

    Attributes
    ----------
    profit : float
        What the moves of the mid earned while positions were held.
    deviation : float
        Standard deviation of that profit if every move's sign is a fair coin.
    costs : float
        Fees, plus what the fills were worse than the mid when they happened.

    """

    profit: float
    deviation: float
    costs: float

    @property
    def z(self) -> float:
        """Profit in standard deviations; 0 without any position."""
        return self.profit / self.deviation if self.deviation else 0.0


def holding_profit(fills: Fills, mids: MidSeries) -> HoldingProfit:
    """Divide a strategy's result into costs and what the mid did for it.

    On a market without an edge the second part is a martingale: it has mean zero whatever the
    strategy does, and the variance ``sum of (position x move)^2``, moves being symmetric. So
    ``net = -costs`` within an interval that is known.

    Parameters
    ----------
    fills : Fills
        Of one strategy on one instrument, flat at the end or valued at the last mid.
    mids : MidSeries
        Every quote, on the clock of the fills. A fill at a quote's time comes after the quote.

    Returns
    -------
    HoldingProfit
        In quote currency.

    """
    quote = np.searchsorted(mids.ts_ns, fills.ts_event_ns, side="right") - 1
    bought = np.bincount(np.maximum(quote, 0), weights=fills.signed_qty, minlength=len(mids.mid))
    steps = np.cumsum(bought)[:-1] * np.diff(mids.mid)
    slippage = float((fills.signed_qty * (fills.price - mids.mid[quote])).sum())
    return HoldingProfit(
        profit=float(steps.sum()),
        deviation=math.sqrt(float((steps * steps).sum())),
        costs=float(fills.fee.sum()) + slippage,
    )
