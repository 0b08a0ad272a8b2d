"""How much a choice of features depends on the rows that it was made on."""

from collections.abc import Sequence

import numpy as np


def nogueira(choices: Sequence[frozenset[str]], candidates: int) -> float | None:
    """Return the stability of several choices among the same candidates.

    Nogueira, Sechidis and Brown (2018, JMLR 18, eq. 4): 1 if all choices agree, 0 on average if
    each is made at random.

    Parameters
    ----------
    choices : Sequence[frozenset[str]]
        What each choice took.
    candidates : int
        How many there were to choose from.

    Returns
    -------
    float, optional
        At most 1; None for fewer than two choices, or if all or none of the candidates were taken.

    Examples
    --------
    >>> nogueira([frozenset("ab"), frozenset("ab")], 10)
    1.0
    >>> round(nogueira([frozenset("ab"), frozenset("ac")], 4), 6)
    0.0

    """
    rounds = len(choices)
    taken = sorted(set().union(*choices)) if choices else []
    share = np.array([np.mean([name in choice for choice in choices]) for name in taken])
    mean_size = float(share.sum()) / max(candidates, 1)
    spread = mean_size * (1.0 - mean_size)
    if rounds < 2 or spread <= 0.0:  # noqa: PLR2004 - one choice agrees with nothing
        return None
    variance = float((share * (1.0 - share)).sum()) * rounds / (rounds - 1) / candidates
    return 1.0 - variance / spread


def jaccard(choices: Sequence[frozenset[str]]) -> float | None:
    """Return the mean share of common features over all pairs of choices; None for fewer than two.

    Examples
    --------
    >>> jaccard([frozenset("ab"), frozenset("bc")])
    0.3333333333333333

    """
    pairs = [
        len(one & other) / len(one | other)
        for k, one in enumerate(choices)
        for other in choices[k + 1 :]
    ]
    return float(np.mean(pairs)) if pairs else None
