"""Circuit breakers: a strategy that loses, or whose market goes mad, is paused or stopped."""

import math

from msgspec import Struct

from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_BASIS_POINT = 1e-4
_NS_PER_DAY = 86_400_000_000_000
_NEVER_NS = 2**63 - 1


class BreakerParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When to pause. Money in quote currency, after fees.

    The defaults suit a strategy that trades now and then; one that scalps needs thousands of trades
    a day. A limit whose default is None is off unless it is set.

    Parameters
    ----------
    max_consecutive_losses : int
        So many losing round trips in a row pause trading for `pause_ms`.
    pause_ms : float
        Length of that pause.
    max_daily_loss : float, optional
        A loss of this since midnight UTC pauses trading until the next.
    max_trades_per_day : int
        So many round trips since midnight UTC pause trading until the next.
    max_drawdown : float, optional
        A fall of this from the best P&L so far stops opening positions for good.
    max_spread_bps, max_jump_bps : float, optional
        A wider market, or a mid price further from the one before it, is abnormal: it pauses
        trading for `abnormal_pause_ms`, counted from its last such quote.
    abnormal_pause_ms : float
        Length of that pause.

    """

    max_consecutive_losses: Count = 5
    pause_ms: Positive = 300_000.0
    max_daily_loss: Positive | None = None
    max_trades_per_day: Count = 100
    max_drawdown: Positive | None = None
    max_spread_bps: Positive | None = None
    max_jump_bps: Positive | None = None
    abnormal_pause_ms: Positive = 10_000.0


class TripLog(Struct, forbid_unknown_fields=True):
    """
    What is remembered of round trips; it survives a restart, or a crash would pay off.

    Attributes
    ----------
    wins, losses : int
        Round trips so far; one that made nothing is neither.
    won, lost : float
        What they made and cost, both positive.
    row : int
        Losses in a row.
    paused_until_ns : int
        End of the pause after too many.
    day, day_trades : int
        Day since 1970, UTC, of the last round trip, and how many there were on it.
    day_pnl, best_pnl : float
        What that day brought, and the best that all days together ever had.
    stopped : bool
        Whether trading stopped for good.

    """

    wins: int = 0
    losses: int = 0
    won: float = 0.0
    lost: float = 0.0
    row: int = 0
    paused_until_ns: int = 0
    day: int = -1
    day_trades: int = 0
    day_pnl: float = 0.0
    best_pnl: float = 0.0
    stopped: bool = False


class CircuitBreaker:
    """
    Counts round trips and says why nothing may be opened.

    Parameters
    ----------
    params : BreakerParams
        When to pause.

    Attributes
    ----------
    log : TripLog
        What is remembered.
    watches : bool
        Whether prices matter, and `on_market` is to be called.

    """

    def __init__(self, params: BreakerParams) -> None:
        self._params = params
        self.watches = params.max_spread_bps is not None or params.max_jump_bps is not None
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.log = TripLog()
        self._mid = math.nan
        self._abnormal_until_ns = 0
        self._judge()

    def take_back(self, log: TripLog) -> None:
        """Go on from the round trips of an earlier session."""
        self.log = log
        self._judge()

    def on_market(self, bid: float, ask: float, ts_ns: int) -> None:
        """
        Take in the best prices; a market that is not sound is not looked at here.

        Parameters
        ----------
        bid, ask : float
            Best prices.
        ts_ns : int
            When.

        """
        params = self._params
        if not (self.watches and 0.0 < bid < ask < math.inf):
            return
        mid = 0.5 * (bid + ask)
        spread, jump = params.max_spread_bps, params.max_jump_bps
        wide = spread is not None and ask - bid > spread * _BASIS_POINT * mid
        jumped = jump is not None and abs(mid - self._mid) > jump * _BASIS_POINT * self._mid
        self._mid = mid
        if wide or jumped:
            self._abnormal_until_ns = ts_ns + round(params.abnormal_pause_ms * _NS_PER_MS)
            self._judge()

    def on_round_trip(self, pnl: float, ts_ns: int) -> None:
        """
        Take in a position that was closed.

        Parameters
        ----------
        pnl : float
            What it made after fees; NaN counts as a loss of unknown size and stops everything.
        ts_ns : int
            When.

        """
        params, log = self._params, self.log
        self._begin_day(ts_ns)
        log.day_trades += 1
        if math.isnan(pnl):
            log.stopped = True
            self._judge()
            return
        log.day_pnl += pnl
        if pnl > 0.0:
            log.wins += 1
            log.won += pnl
            log.row = 0
        elif pnl < 0.0:
            log.losses += 1
            log.lost -= pnl
            log.row += 1
        total = log.won - log.lost
        log.best_pnl = max(log.best_pnl, total)
        limit = params.max_drawdown
        log.stopped = log.stopped or (limit is not None and log.best_pnl - total >= limit)
        if log.row >= params.max_consecutive_losses:
            log.row = 0
            log.paused_until_ns = ts_ns + round(params.pause_ms * _NS_PER_MS)
        self._judge()

    def blocked(self, now_ns: int) -> str | None:
        """
        Return why nothing may be opened now.

        Parameters
        ----------
        now_ns : int
            Now.

        Returns
        -------
        str or None
            The reason as the report counts it; None when all is well.

        """
        if now_ns >= self._clear_ns:
            return None
        log = self.log
        if log.stopped:
            return "max_drawdown"
        if now_ns < self._abnormal_until_ns:
            return "abnormal_market"
        if now_ns < log.paused_until_ns:
            return "consecutive_losses"
        # A clock that went back does not begin a new day.
        return self._blocked_today() if now_ns // _NS_PER_DAY <= log.day else None

    def _judge(self) -> None:
        """Find the moment from which on all is well, unless something happens."""
        log = self.log
        today_ns = (log.day + 1) * _NS_PER_DAY if self._blocked_today() is not None else 0
        clear_ns = max(self._abnormal_until_ns, log.paused_until_ns, today_ns)
        self._clear_ns = _NEVER_NS if log.stopped else clear_ns

    def _blocked_today(self) -> str | None:
        params, log = self._params, self.log
        if params.max_daily_loss is not None and -log.day_pnl >= params.max_daily_loss:
            return "max_daily_loss"
        if log.day_trades >= params.max_trades_per_day:
            return "max_trades_per_day"
        return None

    def _begin_day(self, ts_ns: int) -> None:
        log, day = self.log, ts_ns // _NS_PER_DAY
        if day > log.day:
            log.day = day
            log.day_pnl = 0.0
            log.day_trades = 0
