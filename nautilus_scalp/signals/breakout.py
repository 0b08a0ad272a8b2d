"""Momentum breakout: a sharp run of trades that volume and order flow carry."""

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from msgspec import Struct
from numba import njit

from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_sum
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.units import Share
from nautilus_scalp.signals.units import ThresholdUnit
from nautilus_scalp.signals.units import as_fraction


type _Integers = npt.NDArray[np.int64]

_LAST = 0  # price of the last trade; the windows follow


class BreakoutParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a run is worth joining.

    Parameters
    ----------
    momentum_threshold : float
        Sum of the latest trade-to-trade returns, in `threshold_unit`.
    threshold_unit : {"percent", "volatility"}
        Percent of the price, or multiples of the volatility.
    momentum_ticks : int
        Returns that are summed; even, because acceleration compares its halves.
    volume_multiplier : float
        Least ratio of the average size of the latest `momentum_ticks` trades to `volume_window`'s.
    volume_window : int
        Trades over which the average size is taken.
    breakout_window : int
        Trades over which order flow must agree.
    flow_threshold : float
        Least signed share of that volume on the side of the run, -1 to 1.
    acceleration : bool
        Whether the later half of the run must be faster than the earlier.

    """

    momentum_threshold: Positive = 0.5
    threshold_unit: ThresholdUnit = "percent"
    momentum_ticks: Annotated[int, Meta(ge=2, multiple_of=2)] = 10
    volume_multiplier: NotNegative = 2.0
    volume_window: Count = 100
    breakout_window: Count = 20
    flow_threshold: Share = 0.3
    acceleration: bool = True


# What the windows say after a trade.
_MOMENTUM, _LATEST_HALF, _FLOW, _VOLUME_RATIO = range(4)


@njit(cache=True)
def _on_trade(
    state: Floats, layout: _Integers, price: float, size: float, side: int, readings: Floats
) -> bool:
    """Take in a trade and write the readings; return whether the longest window is full."""
    run, half, volume_window, flow_window = layout[0], layout[1], layout[2], layout[3]
    returns, latest, spike = layout[4], layout[5], layout[6]
    volume, flow, signed = layout[7], layout[8], layout[9]
    change = price / state[_LAST] - 1.0 if state[_LAST] > 0.0 else 0.0
    state[_LAST] = price
    window_push(state, returns, run, change)
    window_push(state, latest, half, change)
    window_push(state, spike, run, size)
    window_push(state, volume, volume_window, size)
    window_push(state, flow, flow_window, size)
    window_push(state, signed, flow_window, side * size)
    readings[_MOMENTUM] = window_sum(state, returns)
    readings[_LATEST_HALF] = window_sum(state, latest)
    readings[_FLOW] = window_sum(state, signed) / window_sum(state, flow)
    readings[_VOLUME_RATIO] = window_mean(state, spike) / window_mean(state, volume)
    longest = volume if volume_window >= flow_window else flow
    return bool(window_count(state, longest) == max(volume_window, flow_window))


class BreakoutRule:
    """
    Decides when to join a run.

    Parameters
    ----------
    params : BreakoutParams
        Thresholds and windows.

    """

    KEPT = ("_state", "_readings", "initialized")

    def __init__(self, params: BreakoutParams) -> None:
        self._params = params
        run, half = params.momentum_ticks, params.momentum_ticks // 2
        flow = params.breakout_window
        windows = (run, half, run, params.volume_window, flow, flow)
        ends = np.cumsum([_LAST + 1, *(window_size(length) for length in windows)])
        lengths = (run, half, params.volume_window, flow)
        self._layout = np.array([*lengths, *ends[:-1]], dtype=np.int64)
        self._state = np.zeros(int(ends[-1]))
        self._readings = np.zeros(_VOLUME_RATIO + 1)
        self.initialized = False

    def on_trade(self, price: float, size: float, side: int) -> bool:
        """
        Take in a trade.

        Parameters
        ----------
        price, size : float
            Positive and finite, or the trade is refused.
        side : int
            Aggressor: +1 buyer, -1 seller, 0 unknown.

        Returns
        -------
        bool
            Whether the trade was taken in.

        """
        if not (0.0 < price < math.inf and 0.0 < size < math.inf):
            return False
        self.initialized = _on_trade(self._state, self._layout, price, size, side, self._readings)
        return True

    def decide(self, volatility: float) -> tuple[int, float]:
        """
        Decide on the trades so far.

        Parameters
        ----------
        volatility : float
            As a fraction of the price over the horizon in use; NaN while unknown.

        Returns
        -------
        tuple[int, float]
            Side to enter, +1, -1 or 0 for none, and the strength of the case: the momentum over
            its threshold.

        """
        if not self.initialized:
            return 0, 0.0
        params = self._params
        threshold = as_fraction(params.momentum_threshold, params.threshold_unit, volatility)
        momentum = float(self._readings[_MOMENTUM])
        if not abs(momentum) >= threshold > 0.0:
            return 0, 0.0
        side = BUY if momentum > 0.0 else SELL
        return (side, abs(momentum) / threshold) if self._confirmed(side) else (0, 0.0)

    def _confirmed(self, side: int) -> bool:
        """Whether volume and flow carry the run and it gains speed."""
        params, readings = self._params, self._readings
        # The later half is faster than the earlier when it holds more than half of the run.
        accelerates = side * readings[_LATEST_HALF] > 0.5 * side * readings[_MOMENTUM]
        return bool(
            readings[_VOLUME_RATIO] >= params.volume_multiplier
            and side * readings[_FLOW] >= params.flow_threshold
            and (accelerates or not params.acceleration)
        )

    def reset(self) -> None:
        """Forget everything."""
        self._state[:] = 0.0
        self.initialized = False
