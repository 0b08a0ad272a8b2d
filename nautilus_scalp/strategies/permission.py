"""Who has to agree before a strategy sends an order: its own limits, the portfolio, the floor."""

import math
from collections.abc import Callable

import msgspec
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.breakers import CircuitBreaker
from nautilus_scalp.risk.breakers import TripLog
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Verdict
from nautilus_scalp.strategies.floor_link import FloorLink
from nautilus_scalp.strategies.portfolio_link import PortfolioLink
from nautilus_scalp.strategies.regime_watch import ArbiterParams
from nautilus_scalp.strategies.regime_watch import RegimeWatch


_TRIPS = "round_trips"  # key of the saved state
_ACCOUNT_NS = 1_000_000_000  # so often the balance is looked at


class Permission:
    """
    Asks, in this order: the strategy's own gate, the portfolio's seven layers, the arbiter.

    Parameters
    ----------
    strategy : Strategy
        Whose orders.
    instrument_id : InstrumentId
        What is traded.
    limits : RiskLimits
        What the strategy may risk.
    regime : ArbiterParams, optional
        In which regimes it trades.
    priority : Priority
        How good its cases are, where several strategies want the instrument.
    on_blocked : Callable[[], None]
        Called when the regime blocks the strategy or no longer does.

    Attributes
    ----------
    breaker : CircuitBreaker
        Pauses a strategy that loses.
    regime : RegimeWatch
        What the market's regime allows.
    portfolio : PortfolioLink
        What all strategies together may risk.
    floor : FloorLink
        Who else trades the instrument.

    """

    _gate: RiskGate
    _rules: TradingRules

    def __init__(
        self,
        strategy: Strategy,
        instrument_id: InstrumentId,
        limits: RiskLimits,
        regime: ArbiterParams | None,
        priority: Priority,
        on_blocked: Callable[[], None],
    ) -> None:
        self._strategy = strategy
        self._instrument_id = instrument_id
        self._limits = limits
        self._account_ns = 0
        self.breaker = CircuitBreaker(limits.breakers)
        self.regime = RegimeWatch(strategy, instrument_id, regime, on_blocked)
        self.portfolio = PortfolioLink(strategy, self.regime)
        self.floor = FloorLink(strategy, instrument_id, priority)

    def start(self, rules: TradingRules) -> None:
        """Make the gate for what the venue accepts, and listen to the regime."""
        self._rules = rules
        self._gate = RiskGate(self._limits, rules)
        self.regime.open()

    def join(self, instrument: Instrument, state: RiskState, leaves: Callable[[], bool]) -> None:
        """Let a live state count among those of the run, and tell who asks if one leaves."""
        self._account_ns = 0
        state.wins, state.losses = self.breaker.log.wins, self.breaker.log.losses
        self.portfolio.join(instrument, state)
        self.floor.join(state, lambda: leaves() or self.portfolio.must_leave is not None)

    def save(self) -> dict[str, bytes]:
        """Return the round trips that the breakers count: a restart must not forget a loss."""
        log = self.breaker.log
        return {_TRIPS: msgspec.json.encode(log)} if log.day >= 0 else {}

    def load(self, state: dict[str, bytes]) -> None:
        """Take back what `save` returned, before the start."""
        if _TRIPS in state:
            self.breaker.take_back(msgspec.json.decode(state[_TRIPS], type=TripLog))

    def reset(self) -> None:
        """Forget losses and regime."""
        self.breaker.reset()
        self.regime.reset()

    def limit_position(self, max_qty: float) -> None:
        """Never hold more than a quantity, whatever the order of fills and rejections."""
        self._gate.limit_position(max_qty)

    @property
    def must_leave(self) -> str | None:
        """Why what is held is to be closed; None when it may stay."""
        return self.portfolio.must_leave or self.floor.must_leave

    def due(self, now_ns: int, ts_event: int) -> bool:
        """Whether it is time to look at the account, or for the portfolio to see the prices."""
        return now_ns >= self._account_ns or self.portfolio.due(ts_event)

    def shut(self, state: RiskState) -> bool:
        """
        Whether a strategy that quotes all the time may not while prices stand.

        What the breakers and the regime say changes with an event then, if it changes to the worse,
        and whoever takes that event in asks `on_market` or brings the state up to date.
        """
        halted = state.blocked or self.portfolio.halted or self.floor.closed
        return halted is not None

    def blocked(self, now_ns: int) -> str | None:
        """Return why nothing may be opened."""
        return self.breaker.blocked(now_ns) or self.portfolio.blocked

    def on_round_trip(self, pnl: float, ts_ns: int, state: RiskState) -> None:
        """Count a position that was closed, and bring a state up to date with what follows."""
        self.breaker.on_round_trip(pnl, ts_ns)
        state.wins, state.losses = self.breaker.log.wins, self.breaker.log.losses
        state.blocked = self.blocked(ts_ns)

    def on_market(self, state: RiskState, instrument: Instrument) -> None:
        """Bring a state up to date with what is not its own: blocks, the account, the portfolio."""
        now_ns, breaker = state.now_ns, self.breaker
        if breaker.watches:
            breaker.on_market(state.bid, state.ask, now_ns)
        state.blocked = breaker.blocked(now_ns) or self.portfolio.blocked
        if now_ns >= self._account_ns:
            self._account_ns = now_ns + _ACCOUNT_NS
            self._look_at_account(state, instrument)
        self.portfolio.on_time(state.quote_ns)

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """Judge an order; one that only reduces is a matter of the gate alone."""
        verdict = self._gate.review(intent, state)
        if verdict is not APPROVED or intent.reduce_only:
            return verdict
        verdict = self.portfolio.review(intent)
        return self.floor.review() if verdict is APPROVED else verdict

    def sent(self, now_ns: int) -> None:
        """Count an order or an amendment that leaves now."""
        self._gate.sent(now_ns)

    def _look_at_account(self, state: RiskState, instrument: Instrument) -> None:
        state.equity = state.leverage = math.nan
        account = self._strategy.portfolio.account(self._instrument_id.venue)
        if account is None:
            return
        balance = account.balance_total(instrument.quote_currency)
        if balance is not None:
            state.equity = balance.as_double()
        state.leverage = 1.0
        if account.is_margin_account:
            leverage = account.leverage(self._instrument_id) or account.default_leverage
            state.leverage = float(leverage)
