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


# What a rule keeps, in one array: lengths and places of its windows, the price of the last trade,
# and the windows.
_RUN, _HALF, _VOLUME_WINDOW, _FLOW_WINDOW = range(4)
_RETURNS_AT, _LATEST_AT, _SPIKE_AT, _VOLUME_AT, _FLOW_AT, _SIGNED_AT = range(4, 10)
_LAST = 10
_WINDOWS = 11


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
_FULL, _MOMENTUM, _LATEST_HALF, _FLOW, _VOLUME_RATIO = range(5)
_NOTHING = (False, math.nan, math.nan, math.nan, math.nan)


@njit(cache=True)
def _on_trade(
    state: Floats, price: float, size: float, side: int
) -> tuple[bool, float, float, float, float]:
    """Take in a trade; return whether the longest window is full, and the readings."""
    run, half = int(state[_RUN]), int(state[_HALF])
    volume_window, flow_window = int(state[_VOLUME_WINDOW]), int(state[_FLOW_WINDOW])
    returns, latest = int(state[_RETURNS_AT]), int(state[_LATEST_AT])
    spike, volume = int(state[_SPIKE_AT]), int(state[_VOLUME_AT])
    flow, signed = int(state[_FLOW_AT]), int(state[_SIGNED_AT])
    change = price / state[_LAST] - 1.0 if state[_LAST] > 0.0 else 0.0
    state[_LAST] = price
    window_push(state, returns, run, change)
    window_push(state, latest, half, change)
    window_push(state, spike, run, size)
    window_push(state, volume, volume_window, size)
    window_push(state, flow, flow_window, size)
    window_push(state, signed, flow_window, side * size)
    longest = volume if volume_window >= flow_window else flow
    return (
        window_count(state, longest) == max(volume_window, flow_window),
        window_sum(state, returns),
        window_sum(state, latest),
        window_sum(state, signed) / window_sum(state, flow),
        window_mean(state, spike) / window_mean(state, volume),
    )


class BreakoutRule:
    """
    Decides when to join a run.

    Parameters
    ----------
    params : BreakoutParams
        Thresholds and windows.

    """

    KEPT = ("_state", "_readings")

    def __init__(self, params: BreakoutParams) -> None:
        self._params = params
        run, half = params.momentum_ticks, params.momentum_ticks // 2
        flow = params.breakout_window
        windows = (run, half, run, params.volume_window, flow, flow)
        ends = np.cumsum([_WINDOWS, *(window_size(length) for length in windows)])
        self._state = np.zeros(int(ends[-1]))
        self._state[:_LAST] = (run, half, params.volume_window, flow, *ends[:-1])
        self._readings = _NOTHING

    @property
    def initialized(self) -> bool:
        """Whether there were enough trades for a decision."""
        return bool(self._readings[_FULL])

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
        self._readings = _on_trade(self._state, price, size, side)
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
        full, momentum, _, _, _ = self._readings
        if not full:
            return 0, 0.0
        params = self._params
        threshold = as_fraction(params.momentum_threshold, params.threshold_unit, volatility)
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
        self._state[_LAST:] = 0.0
        self._readings = _NOTHING
