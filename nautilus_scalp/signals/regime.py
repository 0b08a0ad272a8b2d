"""Which regime a market is in, with hysteresis: from measures of its bars to one of seven names."""

from enum import StrEnum

from msgspec import Struct

from nautilus_scalp.errors import UsageError
from nautilus_scalp.signals.regime_measures import MeasureParams
from nautilus_scalp.signals.regime_measures import Measures
from nautilus_scalp.signals.regime_measures import RegimeMeter
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_BASIS_POINT = 1e-4


class Regime(StrEnum):
    """What a market is like."""

    NORMAL = "NORMAL"
    VOLATILE = "VOLATILE"
    TRENDING = "TRENDING"
    RANGING = "RANGING"
    CRASH = "CRASH"
    BULL_RUN = "BULL_RUN"
    RECOVERY = "RECOVERY"


class Band(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Two thresholds, so that a measure at the edge does not flicker.

    Parameters
    ----------
    enter : float
        A regime begins at this value.
    leave : float
        It lasts as long as the measure is at least this.

    """

    enter: Positive
    leave: Positive

    def __post_init__(self) -> None:
        """Refuse a regime that would end before it began."""
        if self.leave > self.enter:
            message = f"regime: leave {self.leave} is above enter {self.enter}"
            raise UsageError(message, "lower leave to enter or below")

    def holds(self, value: float, regime: Regime, present: Regime | None) -> bool:
        """Whether a value is enough for a regime to last, if it is the present one, or to begin."""
        return value >= (self.leave if regime is present else self.enter)


class RegimeParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where one regime ends and another begins.

    Parameters
    ----------
    measures : MeasureParams
        How the market is measured.
    crash : Band
        Fall over the window, in usual standard deviations.
    bull_run : Band
        Rise over the window, likewise.
    volatile : Band
        Volatility over the usual one.
    trending : Band
        Move over the window either way, in the window's own standard deviations.
    ranging : Band
        Noise ratio.
    least_run_bps : float
        A crash or a bull run begins with no smaller move over the window: in a market that sleeps
        six standard deviations are little, and nothing that everything should be sold for.
    recovered_ratio : float
        Volatility over the usual one at which a recovery from a crash is over.
    max_recovery_ms : float
        It is over after this at the latest.
    min_dwell_ms : float
        Least time in a regime; only a crash does not wait.

    """

    measures: MeasureParams = MeasureParams()
    crash: Band = Band(enter=6.0, leave=3.0)
    bull_run: Band = Band(enter=5.0, leave=2.5)
    volatile: Band = Band(enter=1.8, leave=1.4)
    trending: Band = Band(enter=2.5, leave=1.5)
    ranging: Band = Band(enter=0.5, leave=0.35)
    least_run_bps: NotNegative = 50.0
    recovered_ratio: Positive = 1.3
    max_recovery_ms: Positive = 600_000.0
    min_dwell_ms: NotNegative = 10_000.0


# To find a member by its name takes as long as the rest of a test.
_NORMAL, _VOLATILE = Regime.NORMAL, Regime.VOLATILE
_TRENDING, _RANGING = Regime.TRENDING, Regime.RANGING
_CRASH, _BULL_RUN, _RECOVERY = Regime.CRASH, Regime.BULL_RUN, Regime.RECOVERY


class RegimeClassifier:
    """
    Follows one instrument from regime to regime.

    The first that applies counts: a crash, the recovery from one, a bull run, a volatile market, a
    trend, a range; what is none of these is normal. The present regime is judged by its lower
    threshold, so it lasts until it is clearly over or until one above it in this order begins.

    Parameters
    ----------
    params : RegimeParams
        Where one regime ends and another begins.

    Attributes
    ----------
    regime : Regime or None
        The present one; None while warming up, and again after a gap in the data.
    measures : Measures or None
        What it was judged by.
    since_ns : int
        Exchange time of its beginning.

    """

    KEPT = ("_name", "since_ns", "_meter")

    def __init__(self, params: RegimeParams) -> None:
        self._params = params
        self._meter = RegimeMeter(params.measures)
        self._dwell_ns = round(params.min_dwell_ms * _NS_PER_MS)
        self._least_run = params.least_run_bps * _BASIS_POINT
        self._recovery_ns = round(params.max_recovery_ms * _NS_PER_MS)
        self._forget()

    def reset(self) -> None:
        """Forget everything."""
        self._meter.reset()
        self._forget()

    def _forget(self) -> None:
        self.regime: Regime | None = None
        self.measures: Measures | None = None
        self.since_ns = 0

    @property
    def _name(self) -> str | None:
        """The regime as it is kept."""
        return self.regime

    @_name.setter
    def _name(self, name: str | None) -> None:
        self.regime = None if name is None else Regime(name)

    @property
    def bar_end_ns(self) -> int:
        """Exchange time until which a price that does not move says nothing."""
        return self._meter.bar_end_ns

    @property
    def refusals(self) -> int:
        """Prices and times that were ignored."""
        return self._meter.refusals

    def on_mid(self, ts_ns: int, mid: float) -> bool:
        """
        Take in a mid price.

        Parameters
        ----------
        ts_ns : int
            Its exchange time.
        mid : float
            The price.

        Returns
        -------
        bool
            Whether the regime changed; it then is `regime`.

        """
        measures = self._meter.on_mid(ts_ns, mid)
        if measures is None:
            lost = self.regime is not None and self._meter.bars == 0
            if lost:
                self._forget()
            return lost
        self.measures = measures
        regime = self._judge(measures, ts_ns)
        waits = self.regime is not None and ts_ns - self.since_ns < self._dwell_ns
        if regime is self.regime or (waits and regime is not _CRASH):
            return False
        self.regime = regime
        self.since_ns = ts_ns
        return True

    def _judge(self, now: Measures, ts_ns: int) -> Regime:
        params, present = self._params, self.regime
        runs = present is _CRASH or present is _BULL_RUN or abs(now.move) >= self._least_run
        shift = now.shift if runs else 0.0
        if params.crash.holds(-shift, _CRASH, present):
            return _CRASH
        if present is _CRASH or (present is _RECOVERY and self._recovers(now, ts_ns)):
            return _RECOVERY
        if params.bull_run.holds(shift, _BULL_RUN, present):
            return _BULL_RUN
        if params.volatile.holds(now.ratio, _VOLATILE, present):
            return _VOLATILE
        if params.trending.holds(abs(now.trend), _TRENDING, present):
            return _TRENDING
        return _RANGING if params.ranging.holds(now.noise, _RANGING, present) else _NORMAL

    def _recovers(self, now: Measures, ts_ns: int) -> bool:
        unsettled = now.ratio > self._params.recovered_ratio
        return unsettled and ts_ns - self.since_ns < self._recovery_ns
