"""One guard counts what all strategies of a run hold, values the account and sets the leverage."""

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Currency

from nautilus_scalp.messages import LEVERAGE_ENDPOINT
from nautilus_scalp.messages import PORTFOLIO_ENDPOINT
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import LeverageRequest
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.risk.equity import EquityMarks
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.leverage import Conditions
from nautilus_scalp.risk.leverage import LeverageParams
from nautilus_scalp.risk.leverage import VenueLevel
from nautilus_scalp.risk.leverage import is_emergency
from nautilus_scalp.risk.leverage import target_leverage
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.profile import PROFILES
from nautilus_scalp.signals.keeping import Statistics
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_MARKS = "equity_marks"


class PortfolioGuardConfig(ActorConfig, frozen=True):
    """
    What all strategies together may risk.

    Parameters
    ----------
    venue : str
        Whose account.
    currency : str
        In which it is valued.
    limits : PortfolioLimits
        What may be risked.
    leverage : LeverageParams, optional
        How the limits on exposure, and the venue's own setting, follow conditions; left out, the
        limits are those of leverage 1 and the venue's setting is left alone.
    kill_file : str, optional
        Where the kill switch is kept, for a live run; without it, it lasts as long as the run.
    interval_ms : float
        Time between two valuations.

    """

    venue: str
    currency: str = "USDT"
    limits: PortfolioLimits = PortfolioLimits()
    leverage: LeverageParams | None = None
    kill_file: str | None = None
    interval_ms: Positive = 1_000.0


class PortfolioGuard(Actor):
    """
    Owns the run's `Portfolio` and hands it to every strategy that asks for it.

    Strategies ask at their start, through an endpoint of the message bus; from then on they call
    the portfolio itself. Without a guard in the configuration there are no shared limits.

    Parameters
    ----------
    config : PortfolioGuardConfig
        What may be risked.

    Attributes
    ----------
    book : Portfolio
        The shared limits.
    applied : dict[str, int]
        Leverage that the venue was told, by instrument.

    """

    def __init__(self, config: PortfolioGuardConfig) -> None:
        super().__init__(config)
        path = Path(config.kill_file) if config.kill_file is not None else None
        self._venue = Venue(config.venue)
        self._currency = Currency.from_str(config.currency)
        self._switch = KillSwitch(path)
        self._forget_market()
        self._forget_leverage()
        self.book = Portfolio(config.limits, self._switch)
        self._statistics = Statistics("portfolio", moves=self.book.moves)

    def _forget_market(self) -> None:
        self._regimes: dict[InstrumentId, RegimeSignal] = {}
        self._multiple = 1.0
        self._crash = False
        self._noise = 0.0

    def _forget_leverage(self) -> None:
        params = self.config.leverage
        self._level = VenueLevel(params.raise_after_ms if params is not None else 1.0)
        self.applied: dict[str, int] = {}

    def on_start(self) -> None:
        """Offer the portfolio, and value the account from now on."""
        self.msgbus.register(PORTFOLIO_ENDPOINT, self._hand_over)
        for instrument in self.cache.instruments(venue=self._venue):
            self.msgbus.subscribe(regime_topic(instrument.id), self._on_regime)
        interval_ns = round(self.config.interval_ms * _NS_PER_MS)
        self.clock.set_timer_ns("value", interval_ns, 0, 0, self._value)
        self.book.on_equity(self._equity(), self.clock.timestamp_ns())

    def on_stop(self) -> None:
        """Withdraw the offer; strategies that stop after this keep what they have."""
        self.clock.cancel_timer("value")
        self.msgbus.deregister(PORTFOLIO_ENDPOINT, self._hand_over)
        for instrument in self.cache.instruments(venue=self._venue):
            self.msgbus.unsubscribe(regime_topic(instrument.id), self._on_regime)

    def on_resume(self) -> None:
        """Offer the portfolio again."""
        self.on_start()

    def on_save(self) -> dict[str, bytes]:
        """Keep common moves, and what losses are counted from unless a kill switch ended that."""
        marks = self.book.equity.marks
        known = marks.peak > 0.0 and not self._switch.engaged
        counted = {_MARKS: msgspec.json.encode(marks)} if known else {}
        return counted | self._statistics.save(self.clock)

    def on_load(self, state: dict[str, bytes]) -> None:
        """Take that back."""
        if _MARKS in state:
            self.book.equity.marks = msgspec.json.decode(state[_MARKS], type=EquityMarks)
        self._statistics.load(state, self.clock)

    def on_reset(self) -> None:
        """Forget the market; a kill switch that is on stays on."""
        self._forget_market()
        self._forget_leverage()
        self.book = Portfolio(self.config.limits, self._switch)
        self._statistics = Statistics("portfolio", moves=self.book.moves)

    def _hand_over(self, accept: Callable[[Portfolio], None]) -> None:
        accept(self.book)

    def _on_regime(self, signal: RegimeSignal) -> None:
        self._regimes[signal.instrument_id] = signal
        told = [now for now in self._regimes.values() if now.regime != UNCLASSIFIED]
        multiples = (PROFILES[Regime(now.regime)].size_multiple for now in told)
        self._multiple = min(multiples, default=1.0)
        self._crash = any(now.regime == Regime.CRASH for now in told)
        noises = [now.noise for now in self._regimes.values() if math.isfinite(now.noise)]
        self._noise = max(noises, default=0.0)

    def _value(self, event: TimeEvent) -> None:
        self._switch.look()
        self.book.on_equity(self._equity(), event.ts_event)
        params = self.config.leverage
        if params is not None:
            now = self._conditions()
            leverage = target_leverage(params, now)
            self.book.on_leverage(leverage, emergency=is_emergency(params, now))
            self._apply(self._level.follow(leverage, event.ts_event))

    def _apply(self, level: int) -> None:
        """Tell the venue, once for every change; nobody may stand between the run and a venue."""
        if LEVERAGE_ENDPOINT not in self.msgbus.endpoints():
            return
        for name in self.book.instruments:
            if self.applied.get(name) != level:
                self.applied[name] = level
                request = LeverageRequest(InstrumentId.from_str(name), level)
                self.msgbus.send(LEVERAGE_ENDPOINT, request)

    def _equity(self) -> float:
        """Return the balance and what the open positions would bring; NaN if that is unknown."""
        account = self.cache.account_for_venue(self._venue)
        balance = account and account.balance_total(self._currency)
        if balance is None:
            return math.nan
        value = float(balance.as_double())
        for position in self.cache.positions_open(venue=self._venue):
            quote = self.cache.quote_tick(position.instrument_id)
            if quote is None:
                return math.nan
            price = quote.bid_price if position.is_long else quote.ask_price
            value += position.unrealized_pnl(price).as_double()
        return value

    def _conditions(self) -> Conditions:
        book = self.book
        return Conditions(
            volatility=book.annual_volatility,
            drawdown=book.equity.drawdown,
            regime_multiple=self._multiple,
            crash=self._crash,
            noise=self._noise,
            win_rate=book.win_rate,
            risk_share=book.risk_share,
        )
