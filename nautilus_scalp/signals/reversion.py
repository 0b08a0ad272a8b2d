"""Mean reversion: a price far from its own recent average, with signs that it turns."""

import math

import numpy as np
from msgspec import Struct
from numba import njit

from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import window_count
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.features.kernels import window_sum
from nautilus_scalp.features.technical import RSI_SIZE
from nautilus_scalp.features.technical import bollinger_update
from nautilus_scalp.features.technical import rsi_update
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.units import Share
from nautilus_scalp.signals.units import ThresholdUnit
from nautilus_scalp.signals.units import as_fraction


_RSI_TOP = 100.0


class ReversionParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a deviation is worth fading.

    Parameters
    ----------
    deviation_threshold : float
        Distance of the mid price from fair value, in `threshold_unit`.
    threshold_unit : {"percent", "volatility"}
        Percent of the price, or multiples of the volatility.
    lookback_ticks : int
        Trades over which fair value (VWAP), Bollinger bands and average volume are taken.
    flow_ticks : int
        Latest trades over which order flow and volume are confirmed.
    flow_threshold : float
        Least signed share of the latest volume on the side of the entry, -1 to 1.
    volume_multiplier : float
        Least ratio of the latest trade size to the average of the lookback.
    rsi_length : int
        Trades of the relative strength index.
    rsi_oversold : float
        A buy needs an index at or below this, a sell at or above 100 minus this.
    bollinger_width : float
        A buy needs a last trade at least this many deviations below the average; a sell above.

    """

    deviation_threshold: Positive = 0.2
    threshold_unit: ThresholdUnit = "percent"
    lookback_ticks: Count = 50
    flow_ticks: Count = 10
    flow_threshold: Share = 0.0
    volume_multiplier: NotNegative = 1.0
    rsi_length: Count = 14
    rsi_oversold: NotNegative = 30.0
    bollinger_width: float = 1.5


# What a rule keeps, in one array: lengths and places of its windows, and the windows.
_LOOKBACK, _FLOW_WINDOW, _RSI_LENGTH = range(3)
_NOTIONAL_AT, _VOLUME_AT, _BANDS_AT, _RECENT_AT, _SIGNED_AT, _RSI_AT = range(3, 9)
_WINDOWS = 9

# What the windows say after a trade.
_FULL, _FAIR_VALUE, _FLOW, _VOLUME_RATIO, _RSI, _BAND = range(6)
_NOTHING = (False, math.nan, math.nan, math.nan, math.nan, math.nan)


@njit(cache=True)
def _on_trade(
    state: Floats, price: float, size: float, side: int
) -> tuple[bool, float, float, float, float, float]:
    """Take in a trade; return whether the lookback is full, and the readings."""
    lookback, flow_ticks = int(state[_LOOKBACK]), int(state[_FLOW_WINDOW])
    notional, volume = int(state[_NOTIONAL_AT]), int(state[_VOLUME_AT])
    recent, signed = int(state[_RECENT_AT]), int(state[_SIGNED_AT])
    window_push(state, notional, lookback, price * size)
    window_push(state, volume, lookback, size)
    window_push(state, recent, flow_ticks, size)
    window_push(state, signed, flow_ticks, side * size)
    band = bollinger_update(state, int(state[_BANDS_AT]), lookback, price)
    rsi = rsi_update(state, int(state[_RSI_AT]), int(state[_RSI_LENGTH]), price)
    return (
        window_count(state, volume) == lookback,
        window_sum(state, notional) / window_sum(state, volume),
        window_sum(state, signed) / window_sum(state, recent),
        window_mean(state, recent) / window_mean(state, volume),
        rsi,
        band,
    )


class ReversionRule:
    """
    Decides when to fade a deviation from the tick VWAP.

    Parameters
    ----------
    params : ReversionParams
        Thresholds and windows.

    """

    KEPT = ("_state", "_readings")

    def __init__(self, params: ReversionParams) -> None:
        self._params = params
        lookback = window_size(params.lookback_ticks)
        flow = window_size(params.flow_ticks)
        ends = np.cumsum([_WINDOWS, lookback, lookback, lookback, flow, flow, RSI_SIZE])
        lengths = (params.lookback_ticks, params.flow_ticks, params.rsi_length)
        self._state = np.zeros(int(ends[-1]))
        self._state[:_WINDOWS] = (*lengths, *ends[:-1])
        self._readings = _NOTHING

    @property
    def initialized(self) -> bool:
        """Whether there were enough trades for a decision."""
        return bool(self._readings[_FULL])

    @property
    def fair_value(self) -> float:
        """Volume-weighted average price of the lookback; NaN until it is full."""
        readings = self._readings
        return readings[_FAIR_VALUE] if readings[_FULL] else math.nan

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

    def decide(self, mid: float, volatility: float) -> tuple[int, float]:
        """
        Decide at a mid price.

        Parameters
        ----------
        mid : float
            Middle of the market.
        volatility : float
            As a fraction of the price over the horizon in use; NaN while unknown.

        Returns
        -------
        tuple[int, float]
            Side to enter, +1, -1 or 0 for none, and the strength of the case: the deviation over
            its threshold.

        """
        if not self._readings[_FULL]:
            return 0, 0.0
        params = self._params
        threshold = as_fraction(params.deviation_threshold, params.threshold_unit, volatility)
        deviation = mid / self._readings[_FAIR_VALUE] - 1.0
        if not abs(deviation) >= threshold > 0.0:
            return 0, 0.0
        side = SELL if deviation > 0.0 else BUY
        return (side, abs(deviation) / threshold) if self._confirmed(side) else (0, 0.0)

    def _confirmed(self, side: int) -> bool:
        """Whether flow and volume back the entry and the last trades look stretched."""
        params, readings = self._params, self._readings
        weakness = readings[_RSI] if side == BUY else _RSI_TOP - readings[_RSI]
        return bool(
            side * readings[_FLOW] >= params.flow_threshold
            and readings[_VOLUME_RATIO] >= params.volume_multiplier
            and weakness <= params.rsi_oversold
            and side * readings[_BAND] <= -params.bollinger_width
        )

    def reset(self) -> None:
        """Forget everything."""
        self._state[_WINDOWS:] = 0.0
        self._readings = _NOTHING
