"""A strategy's place in the portfolio that all strategies of a run share."""

from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.messages import PORTFOLIO_ENDPOINT
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Verdict
from nautilus_scalp.strategies.regime_watch import RegimeWatch


_NEVER_NS = 2**63 - 1


class PortfolioLink:
    """
    Asks the run's portfolio, if a ``PortfolioGuard`` runs; else everything passes.

    Parameters
    ----------
    strategy : Strategy
        Whose orders.
    regime : RegimeWatch
        Whose profile may lower or raise the number of positions.

    """

    def __init__(self, strategy: Strategy, regime: RegimeWatch) -> None:
        self._strategy = strategy
        self._regime = regime
        self._book: Portfolio | None = None
        self._key = ("", "")

    @property
    def blocked(self) -> str | None:
        """Why nothing may be opened: the kill switch or the regime."""
        book = self._book
        if book is not None and book.halted is not None:
            return book.halted
        return self._regime.blocked

    @property
    def must_leave(self) -> str | None:
        """Why what is held is to be closed; None when it may stay."""
        return self.halted or (self._regime.blocked if self._regime.must_leave else None)

    @property
    def halted(self) -> str | None:
        """Why everything is to be closed, whatever the regime: the kill switch or a loss."""
        return None if self._book is None else self._book.halted

    def join(self, instrument: Instrument, state: RiskState) -> None:
        """Let a live state count, in place of an earlier one."""
        bus = self._strategy.msgbus
        if PORTFOLIO_ENDPOINT in bus.endpoints():
            bus.send(PORTFOLIO_ENDPOINT, self._accept)
        if self._book is not None:
            base = instrument.get_base_currency()
            asset = instrument.id.value if base is None else base.code
            self._key = (self._strategy.id.value, instrument.id.value)
            self._book.join(self._key, instrument.id.value, asset, state)

    def _accept(self, book: Portfolio) -> None:
        self._book = book

    @property
    def size_scale(self) -> float:
        """What is left of a size in so wild a market, 0 to 1."""
        return 1.0 if self._book is None else self._book.volatility_scale(self._key)

    @property
    def sample_ns(self) -> int:
        """How often the portfolio wants to see the prices; without one, never."""
        return _NEVER_NS if self._book is None else self._book.sample_ns

    def due(self, ts_ns: int) -> bool:
        """Whether the portfolio wants to see the prices, by exchange time."""
        return self._book is not None and self._book.moves.due(ts_ns)

    def on_time(self, ts_ns: int) -> None:
        """Let the portfolio see the prices when its next sample is due, by exchange time."""
        book = self._book  # asked at every look
        if book is not None and book.moves.due(ts_ns):
            book.on_time(ts_ns)

    def review(self, intent: OrderIntent) -> Verdict:
        """Judge an order that the strategy's own gate has approved."""
        if self._book is None:
            return APPROVED
        regime = self._regime
        return self._book.review(self._key, intent, regime.profile if regime.active else None)
