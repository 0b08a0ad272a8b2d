"""What tells a market's regime: volatility three ways, trend strength and noise, bar by bar."""

import math
from collections import deque
from typing import Annotated

import numpy as np
from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.kernels import decay
from nautilus_scalp.features.kernels import window_mean
from nautilus_scalp.features.kernels import window_push
from nautilus_scalp.features.kernels import window_size
from nautilus_scalp.signals.garch import GarchParams
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

    """

    volatility: float
    ratio: float
    shift: float
    trend: float
    noise: float


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
    refusals : int
        Prices that were no prices, and times that went backwards.

    References
    ----------
    Noise: Zhang, L., Mykland, P. A. and Ait-Sahalia, Y. (2005), A tale of two time scales, JASA
    100(472); realised variance of every move exceeds that of the bars by what the noise adds.

    """

    # Not the bar that is being built, which who restarts has not seen whole.
    KEPT = (
        "bars",
        "_squares",
        "_closes",
        "_fine_ewma",
        "_ewma",
        "_weight",
        "_baseline",
        "_baseline_weight",
        "_garch",
    )

    def __init__(self, params: MeasureParams) -> None:
        self._params = params
        self._bar_ns = round(params.bar_ms * _NS_PER_MS)
        self._kept = decay(1.0, params.half_life_bars)
        self._baseline_kept = decay(1.0, params.baseline_half_life_bars)
        self._squares = np.zeros(window_size(params.window_bars))
        self._closes: deque[float] = deque(maxlen=params.window_bars + 1)
        self.refusals = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but the count of refusals."""
        self._begin()
        self._bar = -1
        self._last = math.nan
        self._last_ns = 0

    def _begin(self) -> None:
        self._squares[:] = 0.0
        self._closes.clear()
        self.bars = 0
        self._fine = 0.0
        self._fine_ewma = 0.0
        self._ewma = 0.0
        self._weight = 0.0
        self._baseline = 0.0
        self._baseline_weight = 0.0
        self._garch = math.nan

    @property
    def bar_end_ns(self) -> int:
        """Exchange time at which the present bar ends; until then the same price says nothing."""
        return (self._bar + 1) * self._bar_ns

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
        bar = ts_ns // self._bar_ns
        passed = bar - self._bar
        if self._bar < 0 or passed > self._params.window_bars:
            self._join(price)
            passed = 0
            self._last = price
        for _ in range(passed):  # a bar without a quote repeats the last price
            self._close_bar()
        move = price - self._last
        self._fine += move * move
        self._bar, self._last, self._last_ns = bar, price, ts_ns
        return self._measure() if passed and self.bars >= self._params.warm_up_bars else None

    def _join(self, price: float) -> None:
        """Begin, or go on with what came back: the move that was not seen is cut out."""
        if self._bar >= 0:
            self._begin()
        missed = price - self._closes[-1] if self._closes else 0.0
        kept = [close + missed for close in self._closes] or [price]
        self._closes.clear()
        self._closes.extend(kept)

    def _close_bar(self) -> None:
        closes = self._closes
        if len(closes) == closes.maxlen:
            leaving = closes[1] - closes[0]
            self._baseline_weight = self._baseline_weight * self._baseline_kept + 1.0
            self._baseline += (leaving * leaving - self._baseline) / self._baseline_weight
        change = self._last - closes[-1]
        square = change * change
        closes.append(self._last)
        self.bars += 1
        window_push(self._squares, 0, self._params.window_bars, square)
        self._weight = self._weight * self._kept + 1.0
        self._ewma += (square - self._ewma) / self._weight
        self._fine_ewma += (self._fine - self._fine_ewma) / self._weight
        self._fine = 0.0
        garch = self._params.garch
        usual = self._baseline if self._baseline_weight else self._ewma
        omega = garch.constant(usual)
        # Before the first bar nothing is expected but what the model returns to.
        before = garch.long_run_variance(usual) if math.isnan(self._garch) else self._garch
        self._garch = garch_next(before, square, omega, garch.alpha, garch.beta)

    def _measure(self) -> Measures:
        params = self._params
        historical = math.sqrt(max(window_mean(self._squares, 0), 0.0))
        weights = (params.historical_weight, params.ewma_weight, params.garch_weight)
        kinds = (historical, math.sqrt(self._ewma), math.sqrt(self._garch))
        volatility = sum(w * kind for w, kind in zip(weights, kinds, strict=True)) / sum(weights)
        usual = math.sqrt(self._baseline)
        move = (self._closes[-1] - self._closes[0]) / math.sqrt(params.window_bars)
        noise = 1.0 - self._ewma / self._fine_ewma if self._fine_ewma > 0.0 else 0.0
        return Measures(
            volatility,
            volatility / usual if usual > 0.0 else 0.0,
            move / usual if usual > 0.0 else 0.0,
            move / historical if historical > 0.0 else 0.0,
            min(max(noise, 0.0), 1.0),
        )
