"""What can be known about the planted edge: closed forms, and the oracle on the path itself.

The signal ``s`` is standard normal and a jump's sign is that of ``rho * s + sqrt(1 - rho^2) * z``
with independent ``z``, so signal and utility are bivariate normal with correlation ``rho``; after a
wait ``u`` the correlation with the earlier signal is ``rho * exp(-theta * u)``. Sheppard's orthant
probabilities (1899) then give every figure below without simulation.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.data.synthetic.market import Chunk
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.placebo import null_interval


type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]

HORIZONS_MS = (100, 500, 1_000, 5_000)


def hit_rate(correlation: float) -> float:
    """Return the chance that the signal has the sign of the next jump.

    Parameters
    ----------
    correlation : float
        Between the signal (or a forecast of it) and the jump's utility.

    Examples
    --------
    >>> hit_rate(0.0), hit_rate(1.0)
    (0.5, 1.0)

    """
    return 0.5 + math.asin(correlation) / math.pi


def next_jump_auc(correlation: float) -> float:
    """Return the area under the ROC curve of the signal for the sign of the next jump.

    ``P(s1 > s2 | u1 > 0 > u2) = 1/2 + 2/pi * arcsin(rho / sqrt 2)``: an orthant probability of
    ``s1 - s2``, ``u1`` and ``-u2``.

    Examples
    --------
    >>> next_jump_auc(0.0), round(next_jump_auc(1.0), 12)
    (0.5, 1.0)

    """
    return 0.5 + 2 / math.pi * math.asin(correlation / math.sqrt(2))


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How well the oracle, the best public forecast and queue imbalance call the moves of the mid.

    Attributes
    ----------
    n, moves : int
        Rows scored, and those of them with another mid afterwards.
    auc_signal, auc_belief, auc_imbalance : float or None
        Over the moves: scored by the latent signal; by its posterior mean given all that was
        published; by top-of-book queue imbalance. None without moves both ways.
    edge_bps_signal, edge_bps_belief, edge_bps_imbalance : float
        Mean change of the mid in the direction of the score, over all rows.
    edge_bps_theory : float
        Expectation of ``edge_bps_signal`` over signals and signs, given times and sizes of jumps.

    """

    n: int
    moves: int
    auc_signal: float | None
    auc_belief: float | None
    auc_imbalance: float | None
    edge_bps_signal: float
    edge_bps_belief: float
    edge_bps_imbalance: float
    edge_bps_theory: float


class NextJump(msgspec.Struct, frozen=True, kw_only=True):
    """The last quote before each jump, scored on the jump's sign.

    Without an edge the signs are independent fair coins, whatever was published before: a useless
    score lies within ``null_interval_99`` in 99 of 100 markets.
    """

    jumps: int
    ups: int
    auc_signal: float | None
    auc_belief: float | None
    auc_imbalance: float | None
    null_interval_99: tuple[float, float]


def imbalance(quotes: Ints) -> Floats:
    """Return ``(bid size - ask size) / (bid size + ask size)`` of ``state.QUOTE_COLUMNS`` rows."""
    bid, ask = quotes[:, 4], quotes[:, 5]
    shares: Floats = (bid - ask) / (bid + ask)
    return shares


def score_chunk(chunk: Chunk, horizon_ms: int, edge: float, reversion_per_s: float) -> Score | None:
    """Score every quote whose horizon ends within the chunk.

    The mid after the horizon is that of the last quote stamped up to ``horizon_ms`` later.

    Parameters
    ----------
    chunk : Chunk
    horizon_ms : int
    edge, reversion_per_s : float
        Of the market's parameters.

    Returns
    -------
    Score or None
        None if no horizon ends within the chunk.

    """
    ms = chunk.quotes[:, 0]
    doubled_mid = chunk.quotes[:, 2] + chunk.quotes[:, 3]
    n = int(np.searchsorted(ms, chunk.end_ms - horizon_ms))
    if n == 0:
        return None
    later = np.searchsorted(ms, ms[:n] + horizon_ms, side="right") - 1
    change = doubled_mid[later] - doubled_mid[:n]
    bps = change / doubled_mid[:n] * 1e4
    scores = (chunk.signals[:n, 0], chunk.signals[:n, 1], imbalance(chunk.quotes[:n]))
    moved = change != 0
    aucs = [auc(score[moved], change[moved] > 0) for score in scores]
    captured = [float((np.sign(score) * bps).mean()) for score in scores]
    at = np.flatnonzero(np.diff(doubled_mid)) + 1
    sizes = np.abs(np.diff(doubled_mid))[at - 1]
    promised = _promised(ms[:n], later, ms, at, sizes, (edge, reversion_per_s / 1e3))
    return Score(
        n=n,
        moves=int(moved.sum()),
        auc_signal=aucs[0],
        auc_belief=aucs[1],
        auc_imbalance=aucs[2],
        edge_bps_signal=captured[0],
        edge_bps_belief=captured[1],
        edge_bps_imbalance=captured[2],
        edge_bps_theory=float((promised / doubled_mid[:n]).mean() * 1e4),
    )


@njit(cache=True)
def _promised(
    start_ms: Ints, later: Ints, ms: Ints, at: Ints, sizes: Ints, law: tuple[float, float]
) -> Floats:
    """Return ``sum of size * 2/pi * arcsin(edge * exp(-theta * wait))`` over each row's jumps."""
    edge, reversion_per_ms = law
    promised = np.zeros(len(start_ms))
    first = 0
    for row in range(len(start_ms)):
        while first < len(at) and at[first] <= row:
            first += 1
        k = first
        while k < len(at) and at[k] <= later[row]:
            wait = ms[at[k]] - start_ms[row]
            left = edge * math.exp(-reversion_per_ms * wait)
            promised[row] += sizes[k] * 2 / math.pi * math.asin(left)
            k += 1
    return promised


def pooled(scores: list[Score]) -> Score:
    """Return the mean of scores: areas weighted by moves, the rest by rows."""
    n = np.array([score.n for score in scores])
    moves = np.array([score.moves for score in scores])
    values: dict[str, float | None] = {}
    for name in Score.__struct_fields__[2:]:
        weights = moves if name.startswith("auc") else n
        parts = [getattr(score, name) for score in scores]
        known = np.array([part is not None for part in parts])
        values[name] = (
            float(np.average([p for p in parts if p is not None], weights=weights[known]))
            if known.any()
            else None
        )
    return msgspec.convert({"n": int(n.sum()), "moves": int(moves.sum()), **values}, Score)


def score_next_jumps(chunk: Chunk) -> NextJump | None:
    """Score the last quote before each jump of the mid; None without jumps both ways."""
    jump = np.diff(chunk.quotes[:, 2] + chunk.quotes[:, 3])
    before = np.flatnonzero(jump)
    up = jump[before] > 0
    ups = int(up.sum())
    if ups in (0, len(up)):
        return None
    return NextJump(
        jumps=len(up),
        ups=ups,
        auc_signal=auc(chunk.signals[before, 0], up),
        auc_belief=auc(chunk.signals[before, 1], up),
        auc_imbalance=auc(imbalance(chunk.quotes[before]), up),
        null_interval_99=null_interval(ups, len(up) - ups),
    )
