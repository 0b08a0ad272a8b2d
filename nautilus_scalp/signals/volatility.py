"""How much the mid price moves: realised variance by time, forgetting exponentially."""

import math

from msgspec import Struct

from nautilus_scalp.features.kernels import LN2
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_GAP_HALF_LIVES = 5.0
_BEFORE_ALL_MS = -1e18


class VolatilityParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What volatility means to a strategy.

    Parameters
    ----------
    half_life_ms : float
        The weight of a past move halves in this time.
    horizon_ms : float
        Volatility is the standard deviation of the return over this time.

    """

    half_life_ms: Positive = 10_000.0
    horizon_ms: Positive = 1_000.0


class RealisedVolatility:
    """
    Realised volatility of a mid price.

    The sum of squared returns over the time that passed, both forgetting at the same pace, is the
    variance per unit of time; a random walk's standard deviation grows with the root of time.

    Parameters
    ----------
    params : VolatilityParams
        Memory and horizon.

    References
    ----------
    Andersen, T. G., Bollerslev, T., Diebold, F. X. and Labys, P. (2003), Modeling and forecasting
    realized volatility, Econometrica 71(2).

    """

    KEPT = ("_last_ms", "_last_mid", "_squares", "_elapsed_ms", "value")

    def __init__(self, params: VolatilityParams) -> None:
        self._params = params
        half_life_ms = params.half_life_ms
        self._half_life_ms = half_life_ms
        self._gap_ms = _GAP_HALF_LIVES * half_life_ms
        # Half of a half life's weight must be there before the figure is worth anything.
        self._least_ms = 0.5 * half_life_ms
        self._horizon_ms = params.horizon_ms
        self._stood: list[int] = []
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._stood.clear()
        self._last_ms = _BEFORE_ALL_MS
        self._last_mid = 0.0
        self._squares = 0.0
        self._elapsed_ms = 0.0
        self.value = math.nan

    def on_stand(self, ts_ns: int) -> None:
        """Note that the last price still stood at a time; `value` knows of it from `settle` on."""
        self._stood.append(ts_ns)

    def settle(self) -> None:
        """Take in all the times at which the last price still stood."""
        self._catch_up()
        self._tell()

    def on_mid(self, ts_ns: int, mid: float) -> float:
        """
        Take in a mid price.

        Parameters
        ----------
        ts_ns : int
            Its time. After a gap of more than five half lives the estimate starts anew.
        mid : float
            A positive finite price.

        Returns
        -------
        float
            Standard deviation of the return over the horizon, as a fraction; NaN while warming up.

        """
        self._stood.append(ts_ns)
        if self._catch_up():
            change = mid / self._last_mid - 1.0
            self._squares += change * change
        self._last_mid = mid
        return self._tell()

    def _catch_up(self) -> bool:
        """Forget up to the last of the times; return whether it follows what came before."""
        # In Python: a look comes now and then, and finds less of this gone from the processor's
        # caches than of the way into a compiled function and out of it.
        last_ms, squares, elapsed_ms = self._last_ms, self._squares, self._elapsed_ms
        follows = False
        for ts_ns in self._stood:
            now_ms = ts_ns / _NS_PER_MS
            passed_ms = now_ms - last_ms
            last_ms = now_ms
            follows = 0.0 <= passed_ms <= self._gap_ms
            if follows:
                kept = math.exp(-LN2 * passed_ms / self._half_life_ms)
                squares *= kept
                elapsed_ms = elapsed_ms * kept + passed_ms
            elif passed_ms > 0.0:
                squares = elapsed_ms = 0.0
        self._stood.clear()
        self._last_ms, self._squares, self._elapsed_ms = last_ms, squares, elapsed_ms
        return follows

    def _tell(self) -> float:
        elapsed_ms = self._elapsed_ms
        if elapsed_ms < self._least_ms:
            self.value = math.nan
        else:
            self.value = math.sqrt(self._squares / elapsed_ms * self._horizon_ms)
        return self.value
