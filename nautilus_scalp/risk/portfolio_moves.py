"""How the instruments of a portfolio move together, and what that may cost in a day."""

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from nautilus_scalp.features.kernels import decay
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_MS_PER_DAY = 86_400_000.0
_DAYS_PER_YEAR = 365.0
_QUANTILE_95 = 1.6448536269514722  # of the standard normal distribution


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


class Comovement:
    """
    Exponentially weighted covariance of returns on a common clock.

    Parameters
    ----------
    params : MovesParams
        How it is measured.

    Attributes
    ----------
    correlations : float64[n,n]
        Absolute correlations in the order in which instruments were added; 1, the worst, where
        nothing is known.

    References
    ----------
    J.P. Morgan/Reuters (1996), RiskMetrics technical document, chapters 5 and 6.

    """

    def __init__(self, params: MovesParams) -> None:
        self._params = params
        self._sample_ns = round(params.sample_ms * _NS_PER_MS)
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
        self._prices = np.full(count, math.nan)
        self._before = np.full(count, math.nan)
        self._covariance = np.zeros((count, count))
        self._weight = 0.0
        self._samples = 0
        self._slot = -1
        self._absolute = self._covariance
        self.correlations = np.ones((count, count))

    @property
    def known(self) -> bool:
        """Whether there are enough samples."""
        return self._samples >= self._params.least_samples

    @property
    def size(self) -> int:
        """How many instruments are followed."""
        return len(self._index)

    def on_mid(self, place: int, ts_ns: int, mid: float) -> None:
        """
        Take in a price.

        Parameters
        ----------
        place : int
            Of the instrument, as `add` said.
        ts_ns : int
            Exchange time; an earlier sample's is ignored.
        mid : float
            Positive and finite.

        """
        slot = ts_ns // self._sample_ns
        if slot < self._slot:
            return
        if slot > self._slot:
            self._sample()
            self._slot = slot
        self._prices[place] = math.log(mid)

    def _sample(self) -> None:
        moves = self._prices - self._before
        self._before = self._prices.copy()
        if np.isfinite(moves).all():
            self._weight = self._weight * self._kept + 1.0
            self._covariance += (np.outer(moves, moves) - self._covariance) / self._weight
            self._samples += 1
            self._absolute = np.abs(self._covariance)
            self.correlations = self._correlate()

    def _correlate(self) -> npt.NDArray[np.float64]:
        deviation = np.sqrt(np.diag(self._covariance))
        scale = np.outer(deviation, deviation)
        found = np.ones_like(scale)
        if self.known:
            np.divide(self._absolute, scale, out=found, where=scale > 0.0)
        return np.minimum(found, 1.0)

    def value_at_risk(self, exposures: npt.NDArray[np.float64]) -> float:
        """
        Return the loss that a day exceeds with 5 % probability.

        Parameters
        ----------
        exposures : float64[n]
            Absolute values held, in quote currency. Every pair counts as if it moved against one,
            so the figure bounds the risk whatever the sides.

        Returns
        -------
        float
            In quote currency; NaN while too little is known.

        """
        if not self.known:
            return math.nan
        variance = float(exposures @ self._absolute @ exposures)
        return _QUANTILE_95 * math.sqrt(max(variance, 0.0) * self._day)

    @property
    def annual_volatility(self) -> float:
        """Of the wildest instrument, over a year of 365 days; NaN while too little is known."""
        if not self.known:
            return math.nan
        return math.sqrt(float(np.max(np.diag(self._covariance))) * self._day * _DAYS_PER_YEAR)
