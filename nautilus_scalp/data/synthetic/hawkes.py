"""Multivariate Hawkes processes with exponential kernels: simulation step and maximum likelihood.

An event of type ``j`` raises the intensity of type ``i`` by
``sum_m n[i, j, m] * beta[m] * exp(-beta[m] * age)``, so ``n[i, j, m]`` is the mean number of direct
children of type ``i`` on time scale ``m``. Simulation is Ogata's thinning ("On Lewis' simulation
method for point processes", 1981); estimation is the EM algorithm over the branching structure
(Veen and Schoenberg, "Estimation of space-time branching process models in seismology", 2008).
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.errors import UsageError


type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


class HawkesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a Hawkes process with ``K`` event types and ``M`` time scales.

    Attributes
    ----------
    baseline_per_s : tuple of K floats
        Events a second that nothing triggered.
    decay_per_s : tuple of M floats
        Decay rates ``beta`` of the kernels.
    branching : tuple of M tuples of K tuples of K floats
        ``branching[m][i][j]``: mean number of direct children of type ``i`` of an event of type
        ``j`` on time scale ``m``.

    Raises
    ------
    UsageError
        If shapes disagree, a number is negative or not finite, or the process would explode.

    """

    baseline_per_s: tuple[float, ...]
    decay_per_s: tuple[float, ...]
    branching: tuple[tuple[tuple[float, ...], ...], ...]

    def __post_init__(self) -> None:
        """Refuse a process that is ill-formed or explodes."""
        types, scales = len(self.baseline_per_s), len(self.decay_per_s)
        rows = [row for matrix in self.branching for row in matrix]
        square = len(rows) == types * scales and all(len(row) == types for row in rows)
        if not square or len(self.branching) != scales or types == 0:
            message = f"branching is not {scales} matrices of {types} x {types}"
            raise UsageError(message, "give one square matrix per decay rate")
        values = [*self.baseline_per_s, *self.decay_per_s, *(x for row in rows for x in row)]
        if not all(math.isfinite(value) and value >= 0 for value in values):
            message = "a Hawkes parameter is negative or not finite"
            raise UsageError(message, "give rates and branching numbers >= 0")
        if self.branching_ratio >= 1:
            message = f"branching ratio {self.branching_ratio:.3f}: the process explodes"
            raise UsageError(message, "lower `branching` until the ratio is below 1")

    @property
    def matrix(self) -> Floats:
        """``float64[K, K]``: direct children over all time scales."""
        return np.array(self.branching, np.float64).sum(axis=0)

    @property
    def branching_ratio(self) -> float:
        """Spectral radius of the branching matrix, the share of events that others triggered."""
        return float(np.abs(np.linalg.eigvals(self.matrix)).max())

    @property
    def rates_per_s(self) -> Floats:
        """``float64[K]``: stationary events a second, ``(I - n)^-1 mu``."""
        return np.linalg.solve(np.eye(len(self.baseline_per_s)) - self.matrix, self.baseline_per_s)

    @property
    def kicks(self) -> Floats:
        """``float64[K, M, K]``: what an event of type ``j`` adds to ``excitation[m, i]``."""
        scaled = np.array(self.branching, np.float64) * np.array(self.decay_per_s)[:, None, None]
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))


@njit(cache=True)
def fade(excitation: Floats, decay: Floats, wait_s: float) -> float:
    """Let excitations age in place; return their sum, events a second."""
    total = 0.0
    for m in range(len(decay)):
        left = math.exp(-decay[m] * wait_s)
        for i in range(excitation.shape[1]):
            excitation[m, i] *= left
            total += excitation[m, i]
    return total


@njit(cache=True)
def next_event(
    rng: np.random.Generator,
    excitation: Floats,
    baseline: Floats,
    decay: Floats,
    limit_s: float,
) -> tuple[float, int]:
    """Advance to the next event or to the limit.

    Parameters
    ----------
    rng : numpy.random.Generator
    excitation : float64[M, K]
        Triggered intensity by time scale and type, updated in place.
    baseline : float64[K]
    decay : float64[M]
    limit_s : float
        Seconds after which to stop without an event.

    Returns
    -------
    wait_s : float
    kind : int
        Type of the event, -1 if the limit came first.

    """
    base = baseline.sum()
    bound = base + excitation.sum()
    waited = 0.0
    while True:
        wait = rng.standard_exponential() / bound
        if waited + wait >= limit_s:
            fade(excitation, decay, limit_s - waited)
            return limit_s, -1
        waited += wait
        total = base + fade(excitation, decay, wait)
        draw = rng.random() * bound
        if draw < total:
            return waited, _kind(excitation, baseline, draw)
        bound = total


@njit(cache=True)
def _kind(excitation: Floats, baseline: Floats, draw: float) -> int:
    """Return the type whose share of the intensity holds the draw."""
    for i in range(len(baseline) - 1):
        draw -= baseline[i]
        for m in range(excitation.shape[0]):
            draw -= excitation[m, i]
        if draw < 0:
            return i
    return len(baseline) - 1


def fit_hawkes(
    times_s: Floats, kinds: Ints, decay_per_s: tuple[float, ...], iterations: int = 200
) -> HawkesParams:
    """Estimate baseline and branching from events, for given decay rates.

    Parameters
    ----------
    times_s : float64[n]
        Non-decreasing event times; the window runs from the first to the last.
    kinds : int64[n]
        Types from 0 to ``K - 1``, each present.
    decay_per_s : tuple of M floats
    iterations : int
        EM steps. Near-critical processes converge slowly; 200 moves the ratio by < 0.01.

    Returns
    -------
    HawkesParams

    """
    baseline, branching = _expectation_maximisation(
        np.ascontiguousarray(times_s, np.float64),
        np.ascontiguousarray(kinds, np.int64),
        int(kinds.max()) + 1,
        np.array(decay_per_s, np.float64),
        iterations,
    )
    return HawkesParams(
        baseline_per_s=tuple(baseline.tolist()),
        decay_per_s=decay_per_s,
        branching=tuple(
            tuple(tuple(row) for row in matrix) for matrix in branching.transpose(2, 0, 1).tolist()
        ),
    )


@njit(cache=True)
def _expectation_maximisation(
    times: Floats, kinds: Ints, types: int, decay: Floats, iterations: int
) -> tuple[Floats, Floats]:
    scales, span = len(decay), times[-1] - times[0]
    count = np.zeros(types)
    for kind in kinds:
        count[kind] += 1
    baseline = 0.2 * count / span
    branching = np.full((types, types, scales), 0.8 / (types * scales))
    for _ in range(iterations):
        own, children = _expected_parents(times, kinds, decay, baseline, branching)
        for i in range(types):
            baseline[i] = own[i] / span
            for j in range(types):
                for m in range(scales):
                    branching[i, j, m] = children[i, j, m] / count[j]
    return baseline, branching


@njit(cache=True)
def _expected_parents(
    times: Floats, kinds: Ints, decay: Floats, baseline: Floats, branching: Floats
) -> tuple[Floats, Floats]:
    """Return the expected number of events without a parent, and with one of each type and age."""
    types, scales = branching.shape[0], len(decay)
    memory = np.zeros((types, scales))
    own = np.zeros(types)
    children = np.zeros((types, types, scales))
    share = np.empty((types, scales))
    for event in range(len(times)):
        if event:
            for m in range(scales):
                memory[:, m] *= math.exp(-decay[m] * (times[event] - times[event - 1]))
        i = kinds[event]
        intensity = baseline[i]
        for j in range(types):
            for m in range(scales):
                share[j, m] = branching[i, j, m] * decay[m] * memory[j, m]
                intensity += share[j, m]
        own[i] += baseline[i] / intensity
        children[i] += share / intensity
        memory[i] += 1
    return own, children
