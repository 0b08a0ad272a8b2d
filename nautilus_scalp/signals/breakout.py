"""Momentum breakout: a sharp run of trades that volume and order flow carry."""

import math
from typing import Annotated

import numpy as np
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


_LAST, _MOMENTUM, _LATEST_HALF, _FLOW, _VOLUME_RATIO = 0, 1, 2, 3, 4
_READINGS = 5


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


@njit(cache=True)
def _on_trade(
    state: Floats, lengths: tuple[int, ...], offsets: tuple[int, ...], trade: tuple[float, ...]
) -> bool:
    """Take in a trade, refresh the readings and return whether the longest window is full."""
    run, half, volume_window, flow_window = lengths
    returns, latest, spike, volume, flow, signed = offsets
    price, size, side = trade
    last = state[_LAST]
    change = price / last - 1.0 if last > 0.0 else 0.0
    state[_LAST] = price
    window_push(state, returns, run, change)
    window_push(state, latest, half, change)
    window_push(state, spike, run, size)
    window_push(state, volume, volume_window, size)
    window_push(state, flow, flow_window, size)
    window_push(state, signed, flow_window, side * size)
    state[_MOMENTUM] = window_sum(state, returns)
    state[_LATEST_HALF] = window_sum(state, latest)
    state[_FLOW] = window_sum(state, signed) / window_sum(state, flow)
    state[_VOLUME_RATIO] = window_mean(state, spike) / window_mean(state, volume)
    return bool(
        window_count(state, volume) == volume_window and window_count(state, flow) == flow_window
    )


class BreakoutRule:
    """
    Decides when to join a run.

    Parameters
    ----------
    params : BreakoutParams
        Thresholds and windows.

    """

    def __init__(self, params: BreakoutParams) -> None:
        self._params = params
        half = params.momentum_ticks // 2
        self._lengths = (
            params.momentum_ticks,
            half,
            params.volume_window,
            params.breakout_window,
        )
        windows = (
            params.momentum_ticks,
            half,
            params.momentum_ticks,
            params.volume_window,
            params.breakout_window,
            params.breakout_window,
        )
        ends = np.cumsum([_READINGS, *(window_size(length) for length in windows)])
        self._offsets = tuple(int(end) for end in ends[:-1])
        self._state = np.zeros(int(ends[-1]))
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
        self.initialized = _on_trade(
            self._state, self._lengths, self._offsets, (price, size, float(side))
        )
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
        state = self._state
        threshold = as_fraction(params.momentum_threshold, params.threshold_unit, volatility)
        momentum = state[_MOMENTUM]
        if not abs(momentum) >= threshold > 0.0:
            return 0, 0.0
        side = BUY if momentum > 0.0 else SELL
        # The later half is faster than the earlier when it holds more than half of the run.
        accelerates = side * state[_LATEST_HALF] > 0.5 * side * momentum
        confirmed = (
            state[_VOLUME_RATIO] >= params.volume_multiplier
            and side * state[_FLOW] >= params.flow_threshold
            and (accelerates or not params.acceleration)
        )
        return (side, float(abs(momentum) / threshold)) if confirmed else (0, 0.0)

    def reset(self) -> None:
        """Forget everything."""
        self._state[:] = 0.0
        self.initialized = False
