"""What the market is like right now, for exits that adapt to it."""

import math

import numpy as np
from msgspec import Struct

from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_oldest
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.technical import ATR_SIZE
from nautilus_scalp.features.technical import atr_update
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000


class Conditions(Struct):
    """
    The market in fractions of the price; NaN while unknown.

    Attributes
    ----------
    volatility : float
        Standard deviation of the return over the strategy's horizon.
    average_range : float
        Average true range of the bars.
    momentum : float
        Return over the latest bars.
    expected_move : float
        What the model expects; 0 for no opinion.
    tick : float
        One price step.
    spread : float
        Distance of the best prices.

    """

    volatility: float = math.nan
    average_range: float = math.nan
    momentum: float = math.nan
    expected_move: float = 0.0
    tick: float = math.nan
    spread: float = math.nan


class ConditionParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How range and momentum are measured.

    Parameters
    ----------
    bar_ms : float
        Length of a bar of the mid price.
    range_bars : int
        Bars of the average true range.
    momentum_bars : int
        Bars over which momentum is taken.

    """

    bar_ms: Positive = 1_000.0
    range_bars: Count = 14
    momentum_bars: Count = 5


class RangeAndMomentum:
    """
    Builds bars of the mid price and keeps `average_range` and `momentum` of the conditions.

    Parameters
    ----------
    params : ConditionParams
        How they are measured.
    conditions : Conditions
        What is kept up to date.

    """

    KEPT = ("_range", "_closes", "_bars")

    def __init__(self, params: ConditionParams, conditions: Conditions) -> None:
        self._params = params
        self._conditions = conditions
        self._bar_ns = round(params.bar_ms * _NS_PER_MS)
        self._range = np.zeros(ATR_SIZE)
        self._closes = np.zeros(window_size(params.momentum_bars + 1))
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._range[:] = 0.0
        self._closes[:] = 0.0
        self._bars = 0
        self._bucket = -1
        self._high = self._low = self._close = math.nan
        self._conditions.average_range = math.nan
        self._conditions.momentum = math.nan

    def on_mid(self, ts_ns: int, mid: float) -> None:
        """
        Take in a mid price.

        Parameters
        ----------
        ts_ns : int
            Its time.
        mid : float
            A positive finite price.

        """
        bucket = ts_ns // self._bar_ns
        if bucket == self._bucket:
            self._high = max(self._high, mid)
            self._low = min(self._low, mid)
            self._close = mid
            return
        if self._bucket >= 0:
            self._end_bar()
        self._bucket = bucket
        self._high = self._low = self._close = mid

    def _end_bar(self) -> None:
        params, conditions, close = self._params, self._conditions, self._close
        average = atr_update(self._range, 0, params.range_bars, self._high, self._low, close)
        self._bars += 1
        if self._bars > params.range_bars:
            conditions.average_range = float(average) / close
        window_push(self._closes, 0, params.momentum_bars + 1, close)
        if window_count(self._closes, 0) == params.momentum_bars + 1:
            oldest = window_oldest(self._closes, 0, params.momentum_bars + 1)
            conditions.momentum = close / float(oldest) - 1.0
