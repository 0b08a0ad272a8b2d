"""How the instruments of a portfolio move together, and what that may cost in a day."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from numba import njit

from nautilus_scalp.features.kernels import decay
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


type Floats = npt.NDArray[np.float64]

_NS_PER_MS = 1_000_000
_MS_PER_DAY = 86_400_000.0
_DAYS_PER_YEAR = 365.0
_QUANTILE_95 = 1.6448536269514722  # of the standard normal distribution
_GAP_SAMPLES = 10  # a move over a longer silence says nothing about a sample's
_TABLES = ("_covariance", "_absolute", "_correlations")


class MovesParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How common movement is measured.

    Parameters
    ----------
    sample_ms : float
        Prices are compared at this distance, in exchange time.
    half_life_samples : float
        Memory.
    least_samples : int
        Before so many nothing is known.

    """

    sample_ms: Positive = 1_000.0
    half_life_samples: Positive = 300.0
    least_samples: Count = 30


@njit(cache=True)
def _aggregate(
    exposures: Floats, place: int, extra: float, covariance: Floats, correlations: Floats
) -> tuple[float, float]:
    """Return the variance of a sample's gain and the largest cluster, with `extra` at a place."""
    variance = largest = 0.0
    for i in range(len(exposures)):
        mine = exposures[i] + (extra if i == place else 0.0)
        if mine == 0.0:
            continue
        moved = cluster = 0.0
        for j in range(len(exposures)):
            other = exposures[j] + (extra if j == place else 0.0)
            moved += covariance[i, j] * other
            cluster += correlations[i, j] * other
        variance += mine * moved
        largest = max(largest, cluster)
    return variance, largest


@njit(cache=True)
def _mix(
    moves: Floats, new_share: float, covariance: Floats, absolute: Floats, correlations: Floats
) -> None:
    """Mix one sample's moves into the covariance, and bring what follows from it up to date."""
    count = len(moves)
    for i in range(count):
        for j in range(count):
            mixed = covariance[i, j] + (moves[i] * moves[j] - covariance[i, j]) * new_share
            covariance[i, j] = mixed
            absolute[i, j] = abs(mixed)
    for i in range(count):
        for j in range(count):
            scale = math.sqrt(covariance[i, i] * covariance[j, j])
            correlations[i, j] = min(absolute[i, j] / scale, 1.0) if scale > 0.0 else 1.0


class Comovement:
    """
    Exponentially weighted covariance of returns on a common clock.

    Parameters
    ----------
    params : MovesParams
        How it is measured.

    Attributes
    ----------
    sample_ns : int
        Time between two samples.
    next_ns : int
        Exchange time from which on the next sample is due.
    known : bool
        Whether there are enough samples.
    annual_volatility : list[float]
        Of each instrument, over a year of 365 days; NaN while too little is known.
    correlations : float64[n,n]
        Absolute correlations in the order in which instruments were added; 1, the worst, where
        nothing is known.

    References
    ----------
    J.P. Morgan/Reuters (1996), RiskMetrics technical document, chapters 5 and 6.

    """

    KEPT = ("_learnt",)

    def __init__(self, params: MovesParams) -> None:
        self._params = params
        self._given: dict[str, Any] = {}
        self.sample_ns = round(params.sample_ms * _NS_PER_MS)
        self._gap_ns = _GAP_SAMPLES * self.sample_ns
        self._kept = decay(1.0, params.half_life_samples)
        self._day = _MS_PER_DAY / params.sample_ms
        self._index: dict[str, int] = {}
        self._restart()

    def add(self, name: str) -> int:
        """
        Follow one more instrument; the others begin anew, for they have no common past.

        Parameters
        ----------
        name : str
            Of the instrument; one that is followed already changes nothing.

        Returns
        -------
        int
            Its place in every vector.

        """
        if name not in self._index:
            self._index[name] = len(self._index)
            self._restart()
        return self._index[name]

    def _restart(self) -> None:
        count = len(self._index)
        self._logs = [math.nan] * count
        self._covariance = np.zeros((count, count))
        self._weight = 0.0
        self._samples = 0
        self._sampled_ns = 0
        self._absolute = np.zeros((count, count))
        self._correlations = np.ones((count, count))
        # What plain Python reads and writes of the tables: it takes half as long as by the arrays.
        self._cells: list[Any] = [memoryview(getattr(self, name).reshape(-1)) for name in _TABLES]
        self.next_ns = 0
        self.known = False
        self.annual_volatility = [math.nan] * count
        self.correlations = np.ones((count, count))
        self._take_back()

    @property
    def _learnt(self) -> dict[str, Any]:
        """What is kept over a restart; until the instruments are there again, what came back."""
        if self._given:
            return self._given
        tables = {name: getattr(self, name).tolist() for name in _TABLES}
        return {"names": self.names, "weight": self._weight, "samples": self._samples, **tables}

    @_learnt.setter
    def _learnt(self, given: dict[str, Any]) -> None:
        self._given = given
        self._take_back()

    def _take_back(self) -> None:
        """Go on from what was given back, once the same instruments are there."""
        given = self._given
        if not given or given["names"] != self.names:
            return
        self._given = {}
        self._weight, self._samples = given["weight"], given["samples"]
        for name in _TABLES:
            getattr(self, name)[:] = given[name]
        self._tell()

    @property
    def names(self) -> list[str]:
        """Instruments that are followed, in their order."""
        return list(self._index)

    @property
    def size(self) -> int:
        """How many instruments are followed."""
        return len(self._index)

    def due(self, ts_ns: int) -> bool:
        """
        Return whether the next sample is due.

        A stamp long before that is taken as the true time: else one from the future would stop the
        clock, and volatility and correlation with it, for good.
        """
        return not 0 < self.next_ns - ts_ns <= self._gap_ns

    def sample(self, ts_ns: int, mids: Sequence[float]) -> None:
        """
        Take in the prices of a moment; one that comes before the next sample is due is ignored.

        Parameters
        ----------
        ts_ns : int
            Exchange time.
        mids : Sequence[float]
            A price per instrument; one that is not positive and finite is not known, and the
            moment then tells nothing about common moves.

        """
        if not self.due(ts_ns):
            return
        self.next_ns = (ts_ns // self.sample_ns + 1) * self.sample_ns
        logs = [math.log(mid) if 0.0 < mid < math.inf else math.nan for mid in mids]
        moves = [new - old for new, old in zip(logs, self._logs, strict=True)]
        steady = 0 < ts_ns - self._sampled_ns <= self._gap_ns
        self._logs = logs
        self._sampled_ns = ts_ns
        if steady and math.isfinite(sum(moves)):
            self._learn(moves)

    def _learn(self, moves: list[float]) -> None:
        self._given = {}  # of other instruments
        self._weight = self._weight * self._kept + 1.0
        self._samples += 1
        if len(moves) == 1:  # a few operations: not worth the way into compiled code
            covariance, absolute, correlations = self._cells
            variance = covariance[0]
            variance += (moves[0] * moves[0] - variance) * (1.0 / self._weight)
            scale = math.sqrt(variance * variance)
            covariance[0] = variance
            absolute[0] = abs(variance)
            correlations[0] = min(abs(variance) / scale, 1.0) if scale > 0.0 else 1.0
        else:
            tables = (self._covariance, self._absolute, self._correlations)
            _mix(np.array(moves), 1.0 / self._weight, *tables)
        self._tell()

    def _tell(self) -> None:
        """Bring what others read up to date, if enough is known."""
        self.known = self._samples >= self._params.least_samples
        if self.known:
            self.correlations = self._correlations
            year = self._day * _DAYS_PER_YEAR
            variances = self._cells[0][:: self.size + 1]
            self.annual_volatility = [math.sqrt(variance * year) for variance in variances]

    def risk(
        self, exposures: Sequence[float] | Floats, place: int = 0, extra: float = 0.0
    ) -> tuple[float, float]:
        """
        Return what a day may cost, and the largest sum of what moves alike.

        Every pair counts as if it moved against one, so both bound the risk whatever the sides.

        Parameters
        ----------
        exposures : float64[n]
            Absolute values held, in quote currency.
        place : int
            Of an instrument of which more is to be held.
        extra : float
            How much.

        Returns
        -------
        value_at_risk : float
            Loss that a day exceeds with 5 % probability; NaN while too little is known.
        correlated : float
            The largest, over what is held, of its value and of every other times its correlation.

        """
        if len(exposures) == 1:  # a few operations: not worth the way into compiled code
            held = exposures[0] + extra
            _, absolute, correlations = self._cells
            variance = held * (absolute[0] * held)
            correlated = max(0.0, (correlations[0] if self.known else 1.0) * held)
        else:
            wanted = np.asarray(exposures, dtype=np.float64)
            variance, correlated = _aggregate(
                wanted, place, extra, self._absolute, self.correlations
            )
        if not self.known:
            return math.nan, correlated
        return _QUANTILE_95 * math.sqrt(max(variance, 0.0) * self._day), correlated
