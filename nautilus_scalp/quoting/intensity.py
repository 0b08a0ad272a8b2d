"""How often a quote would be filled, by its distance from the mid price, as the tape shows it."""

import math

import numpy as np
from msgspec import Struct

from nautilus_scalp.features.kernels import decay
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_MS_PER_S = 1_000.0
_BINS = 64
_FEWEST_BINS = 3


class IntensityParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How fill rates are measured.

    Parameters
    ----------
    half_life_ms : float
        The weight of what happened halves in this time.
    interval_ms : float
        A quote is taken to be placed anew this often, at the mid price of that moment.
    bin_ticks : int
        Width of a bin of distances, in ticks; there are 64.
    least_hits : float
        Bins that were reached less often are not used.

    """

    half_life_ms: Positive = 60_000.0
    interval_ms: Positive = 100.0
    bin_ticks: Count = 1
    least_hits: Positive = 10.0


class FillIntensity:
    """
    Fits ``A exp(-k d)`` to how often trades reached a distance `d` from where the mid price was.

    In every interval the furthest trade from the mid price at its beginning would have filled every
    quote that was nearer. The logarithm of these rates falls about linearly with the distance; its
    line of least squares gives `A` and `k`.

    Parameters
    ----------
    params : IntensityParams
        How rates are measured.
    tick_size : float
        Price step.

    References
    ----------
    Avellaneda, M. and Stoikov, S. (2008), section 2.5; the measure by intervals follows the GLFT
    example of hftbacktest.

    Attributes
    ----------
    arrival_rate : float
        `A`, a second; NaN while unknown.
    depth_decay : float
        `k`, per tick; NaN while unknown.

    """

    # Not the interval that is being measured: who restarts does not know how far trades reached.
    KEPT = ("_hits", "_seconds", "arrival_rate", "depth_decay")

    def __init__(self, params: IntensityParams, tick_size: float) -> None:
        self._params = params
        self._bin = params.bin_ticks * tick_size
        self._distances = (np.arange(_BINS) + 0.5) * params.bin_ticks
        self._interval_ns = round(params.interval_ms * _NS_PER_MS)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._hits = np.zeros(_BINS)
        self._seconds = 0.0
        self._began_ns = 0
        self._mid = math.nan
        self._furthest = 0.0
        self.arrival_rate = math.nan
        self.depth_decay = math.nan

    def on_trade(self, price: float) -> None:
        """
        Take in a trade.

        Parameters
        ----------
        price : float
            Its price.

        """
        self._furthest = max(self._furthest, abs(price - self._mid))  # a NaN is never the larger

    def on_mid(self, ts_ns: int, mid: float) -> None:
        """
        Take in a mid price; at the end of an interval the fit is renewed.

        Parameters
        ----------
        ts_ns : int
            Its time.
        mid : float
            A positive finite price.

        """
        elapsed_ns = ts_ns - self._began_ns
        if elapsed_ns < self._interval_ns:
            return
        if not math.isnan(self._mid):
            self._close_interval(elapsed_ns / _NS_PER_MS)
        self._began_ns = ts_ns
        self._mid = mid
        self._furthest = 0.0

    def _close_interval(self, elapsed_ms: float) -> None:
        kept = decay(elapsed_ms, self._params.half_life_ms)
        self._hits *= kept
        self._seconds = self._seconds * kept + elapsed_ms / _MS_PER_S
        reached = min(int(self._furthest / self._bin + 0.5), _BINS)
        self._hits[:reached] += 1.0
        self._fit()

    def _fit(self) -> None:
        used = int(np.count_nonzero(self._hits >= self._params.least_hits))
        if used < _FEWEST_BINS:
            return
        distances = self._distances[:used]
        logs = np.log(self._hits[:used] / self._seconds)
        centred = distances - distances.mean()
        slope = float(centred @ logs / (centred @ centred))
        if slope < 0.0:
            self.depth_decay = -slope
            self.arrival_rate = math.exp(float(logs.mean()) - slope * float(distances.mean()))
