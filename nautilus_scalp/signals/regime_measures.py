"""What tells a market's regime: volatility three ways, trend strength and noise, bar by bar."""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from msgspec import Struct
from numba import njit

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.kernels import decay
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.signals.garch import GarchParams
from nautilus_scalp.signals.garch import garch_constant
from nautilus_scalp.signals.garch import garch_next
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
Length = Annotated[int, Meta(ge=2)]


class MeasureParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How the market is measured.

    Parameters
    ----------
    bar_ms : float
        Length of a bar of the mid price, in exchange time.
    window_bars : int
        Bars of the historical volatility and of the trend.
    half_life_bars : float
        Memory of the exponentially weighted volatility and of the noise ratio.
    baseline_half_life_bars : float
        Memory of what is usual. A bar enters it when it leaves the window: a crash is not its own
        measure.
    warm_up_bars : int
        Nothing is said before so many bars were seen; more than `window_bars`.
    garch : GarchParams
        The third volatility.
    historical_weight, ewma_weight, garch_weight : float
        Shares of the three in the ensemble.

    """

    bar_ms: Positive = 1_000.0
    window_bars: Length = 60
    half_life_bars: Positive = 30.0
    baseline_half_life_bars: Positive = 900.0
    warm_up_bars: Length = 120
    garch: GarchParams = GarchParams()
    historical_weight: NotNegative = 1.0
    ewma_weight: NotNegative = 1.0
    garch_weight: NotNegative = 1.0

    def __post_init__(self) -> None:
        """Refuse an ensemble of nothing, and a warm-up that leaves nothing to compare with."""
        if self.historical_weight + self.ewma_weight + self.garch_weight <= 0.0:
            message = "regime: all volatility weights are 0"
            raise UsageError(message, "set one of them above 0")
        if self.warm_up_bars <= self.window_bars:
            message = f"regime: warm_up_bars {self.warm_up_bars} <= window_bars {self.window_bars}"
            raise UsageError(message, "raise warm_up_bars or lower window_bars")
        if self.garch.bar_ms not in (None, self.bar_ms):
            message = (
                f"garch: fitted to bars of {self.garch.bar_ms:g} ms, bar_ms is {self.bar_ms:g}"
            )
            raise UsageError(
                message, f"fit it again: nautilus-scalp garch --bar-ms {self.bar_ms:g}"
            )


class Measures(Struct, frozen=True, gc=False):
    """
    The market after a bar.

    Attributes
    ----------
    volatility : float
        The ensemble's standard deviation of a bar's return, as a fraction.
    ratio : float
        That over the baseline's; 1 is usual, 0 a market that never moved.
    shift : float
        Move over the window, in baseline standard deviations of such a move.
    trend : float
        The same in standard deviations of the window itself: a random walk's is normal with
        variance 1 whatever the volatility. Positive is up.
    noise : float
        Share of the moves that comes to nothing within a bar, 0 to 1: 0 for a random walk or a
        trend, near 1 for a price that bounces.
    move : float
        Move over the window, as a fraction of the price.

    """

    volatility: float
    ratio: float
    shift: float
    trend: float
    noise: float
    move: float


# What a meter keeps, in one array: how it measures, what it knows, the closes of the window with
# the one before it as a ring, and the window of squared returns.
_WINDOW, _KEPT, _BASELINE_KEPT, _OMEGA, _ALPHA, _BETA = range(6)
_HISTORICAL_WEIGHT, _EWMA_WEIGHT, _GARCH_WEIGHT = range(6, 9)
_COUNT, _HEAD, _WEIGHT, _EWMA, _FINE, _BASELINE, _BASELINE_WEIGHT, _GARCH = range(9, 17)
_CLOSES = 17


@njit(cache=True)
def _close_bar(state: Floats, last: float, fine: float) -> None:
    """Take in a bar: its last log price, and the sum of its squared moves."""
    window, squares = int(state[_WINDOW]), _CLOSES + int(state[_WINDOW]) + 1
    count, head = int(state[_COUNT]), int(state[_HEAD])
    before = state[_CLOSES + (head + count - 1) % (window + 1)]
    if count == window + 1:
        following = (head + 1) % (window + 1)
        leaving = state[_CLOSES + following] - state[_CLOSES + head]
        state[_BASELINE_WEIGHT] = state[_BASELINE_WEIGHT] * state[_BASELINE_KEPT] + 1.0
        new = leaving * leaving - state[_BASELINE]
        state[_BASELINE] += new / state[_BASELINE_WEIGHT]
        state[_CLOSES + head] = last
        state[_HEAD] = following
    else:
        state[_CLOSES + (head + count) % (window + 1)] = last
        state[_COUNT] = count + 1
    square = (last - before) * (last - before)
    window_push(state, squares, window, square)
    state[_WEIGHT] = state[_WEIGHT] * state[_KEPT] + 1.0
    state[_EWMA] += (square - state[_EWMA]) / state[_WEIGHT]
    state[_FINE] += (fine - state[_FINE]) / state[_WEIGHT]
    usual = state[_BASELINE] if state[_BASELINE_WEIGHT] > 0.0 else state[_EWMA]
    alpha, beta = state[_ALPHA], state[_BETA]
    omega = garch_constant(state[_OMEGA], alpha, beta, usual)
    # Before the first bar nothing is expected but what the model returns to.
    known = not math.isnan(state[_GARCH])
    expected = state[_GARCH] if known else omega / (1.0 - alpha - beta)
    state[_GARCH] = garch_next(expected, square, omega, alpha, beta)


@njit(cache=True)
def _close_bars(
    state: Floats, passed: int, last: float, fine: float
) -> tuple[float, float, float, float, float, float]:
    """Take in a bar and the empty ones after it; return the fields of `Measures`."""
    _close_bar(state, last, fine)
    for _ in range(passed - 1):  # a bar without a quote repeats the last price
        _close_bar(state, last, 0.0)
    window, squares = int(state[_WINDOW]), _CLOSES + int(state[_WINDOW]) + 1
    historical = math.sqrt(max(window_mean(state, squares), 0.0))
    weights = state[_HISTORICAL_WEIGHT] + state[_EWMA_WEIGHT] + state[_GARCH_WEIGHT]
    volatility = (
        state[_HISTORICAL_WEIGHT] * historical
        + state[_EWMA_WEIGHT] * math.sqrt(state[_EWMA])
        + state[_GARCH_WEIGHT] * math.sqrt(state[_GARCH])
    ) / weights
    usual = math.sqrt(state[_BASELINE])
    head = int(state[_HEAD])
    newest = state[_CLOSES + (head + int(state[_COUNT]) - 1) % (window + 1)]
    whole = newest - state[_CLOSES + head]
    move = whole / math.sqrt(window)
    noise = 1.0 - state[_EWMA] / state[_FINE] if state[_FINE] > 0.0 else 0.0
    return (
        volatility,
        volatility / usual if usual > 0.0 else 0.0,
        move / usual if usual > 0.0 else 0.0,
        move / historical if historical > 0.0 else 0.0,
        min(max(noise, 0.0), 1.0),
        whole,
    )


class RegimeMeter:
    """
    Builds bars of the mid price by exchange time and measures each, at constant cost per event.

    Parameters
    ----------
    params : MeasureParams
        How the market is measured.

    Attributes
    ----------
    bars : int
        Bars since the last gap.
    bar_end_ns : int
        Exchange time at which the present bar ends; until then the same price says nothing.
    refusals : int
        Prices that were no prices, and times that went backwards.

    References
    ----------
    Noise: Zhang, L., Mykland, P. A. and Ait-Sahalia, Y. (2005), A tale of two time scales, JASA
    100(472); realised variance of every move exceeds that of the bars by what the noise adds.

    """

    KEPT = ("bars", "_state")  # not the bar being built, which who restarts has not seen whole

    def __init__(self, params: MeasureParams) -> None:
        self._params = params
        self._bar_ns = round(params.bar_ms * _NS_PER_MS)
        closes = params.window_bars + 1
        self._state = np.zeros(_CLOSES + closes + window_size(params.window_bars))
        self._state[:_COUNT] = (
            params.window_bars,
            decay(1.0, params.half_life_bars),
            decay(1.0, params.baseline_half_life_bars),
            math.nan if params.garch.omega is None else params.garch.omega,
            params.garch.alpha,
            params.garch.beta,
            params.historical_weight,
            params.ewma_weight,
            params.garch_weight,
        )
        self.refusals = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but the count of refusals."""
        self._begin(math.nan)
        self._bar = -1
        self._last_ns = 0
        self.bar_end_ns = 0

    def _begin(self, price: float) -> None:
        """Begin anew at a log price."""
        self._state[_COUNT:] = 0.0
        self._state[_GARCH] = math.nan
        self._state[_CLOSES] = price
        self._state[_COUNT] = 1.0
        self.bars = 0
        self._fine = 0.0
        self._last = price

    def on_mid(self, ts_ns: int, mid: float) -> Measures | None:
        """
        Take in a mid price.

        Parameters
        ----------
        ts_ns : int
            Its exchange time. After a gap as long as the window everything begins anew.
        mid : float
            The price; one that is not positive and finite is counted and ignored.

        Returns
        -------
        Measures or None
            When the price is the first of a new bar and the warm-up is over.

        """
        if not 0.0 < mid < math.inf or ts_ns < self._last_ns:
            self.refusals += 1
            return None
        price = math.log(mid)
        found = None
        if ts_ns >= self.bar_end_ns:
            bar = ts_ns // self._bar_ns
            passed = bar - self._bar
            if self._bar < 0 or passed > self._params.window_bars:
                self._join(price)
            else:
                found = _close_bars(self._state, passed, self._last, self._fine)
                self.bars += passed
                self._fine = 0.0
            self._bar = bar
            self.bar_end_ns = (bar + 1) * self._bar_ns
        move = price - self._last
        self._fine += move * move
        self._last, self._last_ns = price, ts_ns
        if found is None or self.bars < self._params.warm_up_bars:
            return None
        return Measures(*found)

    def _join(self, price: float) -> None:
        """Begin, or go on with what came back: the move that was not seen is cut out."""
        if self._bar >= 0 or not self.bars:
            self._begin(price)
            return
        window, count, head = self._state[[_WINDOW, _COUNT, _HEAD]].astype(int)
        closes = self._state[_CLOSES : _CLOSES + window + 1]
        closes += price - closes[(head + count - 1) % (window + 1)]
        self._last = price
