"""Measures of leaks: does the past change with the future, do two paths agree, do windows touch."""

import numpy as np
import numpy.typing as npt


Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def differing(left: Floats, right: Floats) -> int:
    """Return how many values differ in any bit; NaN equals NaN.

    Parameters
    ----------
    left, right : float64[...]
        Where one has more rows than the other, every value of the surplus differs.

    Examples
    --------
    >>> differing(np.array([1.0, np.nan, 3.0]), np.array([1.0, np.nan, 3.5]))
    1

    """
    common = min(len(left), len(right))
    surplus = left[common:].size + right[common:].size
    a, b = left[:common], right[:common]
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return int(same.size - np.count_nonzero(same)) + surplus


def changed_past(full: Floats, prefix: Floats) -> int:
    """Return how many values of a prefix are not what they are in the full computation.

    Parameters
    ----------
    full : float64[m, F]
        Features of a whole tape.
    prefix : float64[k, F]
        Features of the tape cut off somewhere; any row beyond the full ones counts.

    Returns
    -------
    int
        0 if no value depends on what comes after its row.

    """
    return differing(full[: len(prefix)], prefix)


def peek(values: Floats, ahead: int = 1) -> Floats:
    """Return the features as they are some rows later: the leak to be found.

    Parameters
    ----------
    values : float64[m, F]
        Honest features.
    ahead : int
        Rows; the last rows show the last values that there are.

    Returns
    -------
    float64[m, F]
        A copy.

    """
    return values[np.minimum(np.arange(len(values)) + ahead, len(values) - 1)]


def overlap_ns(first: tuple[int, int], second: tuple[int, int]) -> int:
    """Return the length of what two half-open windows share.

    Examples
    --------
    >>> overlap_ns((0, 10), (7, 20)), overlap_ns((0, 10), (10, 20))
    (3, 0)

    """
    return max(0, min(first[1], second[1]) - max(first[0], second[0]))


def closest_ns(train: tuple[Ints, Ints], held: tuple[Ints, Ints]) -> int:
    """Return the distance of the closest two label intervals of both sides of a split.

    Parameters
    ----------
    train, held : (int64[m], int64[m])
        Starts and ends of the label intervals of each side, at least one.

    Returns
    -------
    int
        Negative by the overlap where two intervals overlap.

    """
    far = np.iinfo(np.int64).max
    order = np.argsort(train[0], kind="stable")
    start, end = train[0][order], np.maximum.accumulate(train[1][order])
    follower = np.searchsorted(start, held[0], side="right")  # the first that starts later
    led, followed = follower > 0, follower < len(start)
    behind = (held[0][led] - end[follower[led] - 1]).min(initial=far)
    ahead = (start[follower[followed]] - held[1][followed]).min(initial=far)
    return int(min(behind, ahead))
