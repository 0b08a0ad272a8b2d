"""How much the mid price moves: realised variance by time, forgetting exponentially."""

import math

import numpy as np
from msgspec import Struct
from numba import njit

from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import decay
from nautilus_scalp.signals.units import Positive


_LAST_MS, _LAST_MID, _SQUARES, _ELAPSED = 0, 1, 2, 3
_SIZE = 4
_NS_PER_MS = 1_000_000
_GAP_HALF_LIVES = 5.0


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


@njit(cache=True)
def _update(state: Floats, now_ms: float, mid: float, half_life_ms: float) -> float:
    """Take in a mid price and return the variance of the return per millisecond."""
    elapsed_ms = now_ms - state[_LAST_MS]
    if state[_LAST_MID] == 0.0 or elapsed_ms > _GAP_HALF_LIVES * half_life_ms:
        state[:] = 0.0
    elif elapsed_ms >= 0.0:
        kept = decay(elapsed_ms, half_life_ms)
        change = mid / state[_LAST_MID] - 1.0
        state[_SQUARES] = state[_SQUARES] * kept + change * change
        state[_ELAPSED] = state[_ELAPSED] * kept + elapsed_ms
    state[_LAST_MS] = now_ms
    state[_LAST_MID] = mid
    # Half of a half life's weight must be there before the figure is worth anything.
    if state[_ELAPSED] < 0.5 * half_life_ms:
        return math.nan
    return float(state[_SQUARES] / state[_ELAPSED])


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

    KEPT = ("_state", "value")

    def __init__(self, params: VolatilityParams) -> None:
        self._params = params
        self._state = np.zeros(_SIZE)
        self.value = math.nan

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
        params = self._params
        rate: float = _update(self._state, ts_ns / _NS_PER_MS, mid, params.half_life_ms)
        self.value = math.sqrt(rate * params.horizon_ms)
        return self.value

    def reset(self) -> None:
        """Forget everything."""
        self._state[:] = 0.0
        self.value = math.nan
