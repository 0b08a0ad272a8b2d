"""Which quotes reach a strategy that is called only for those that may matter."""

import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick

from nautilus_scalp.strategies.attentive import AttentiveStrategy
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


class Reader(AttentiveStrategy):
    """Keeps the bids that reach it; those below 100 say nothing to it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(StrategyConfig())
        self._instrument_id = desk.instrument_id
        self.bids: list[float] = []
        self.old = desk.tape[0]
        self.history = 0

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(self._instrument_id)
        self.subscribe_trade_ticks(self._instrument_id)

    def unchanged(self, tick: QuoteTick) -> bool:
        """Whether the bid is below 100."""
        return bool(tick.bid_price.as_double() < 100.0)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Keep the bid."""
        self.bids.append(tick.bid_price.as_double())

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Receive an old quote that says nothing."""
        assert tick.price.as_double() == 99.9
        self.handle_historical_quote_tick(self.old)

    def on_historical_data(self, data: object) -> None:
        """Count it."""
        self.history += isinstance(data, QuoteTick)


def test_a_quote_that_says_nothing_is_not_passed_on(desk: Desk) -> None:
    desk.quote(100.0, 100.1).quote(99.9, 100.1).quote(99.9, 100.0).quote(100.1, 100.2)
    strategy = Reader(desk)
    desk.play(strategy)
    assert strategy.bids == [100.0, 100.1]


def test_what_was_asked_for_is_passed_on_whatever_it_says(desk: Desk) -> None:
    desk.quote(99.9, 100.0).trade(99.9, 1.0, -1)
    strategy = Reader(desk)
    desk.play(strategy)
    assert (strategy.bids, strategy.history) == ([], 1)


def test_a_strategy_that_does_not_run_hears_nothing(desk: Desk) -> None:
    desk.quote(100.0, 100.1)
    strategy = Reader(desk)
    desk.play(strategy)
    assert not strategy.is_running
    strategy.handle_quote_tick(desk.tape[0])
    assert strategy.bids == [100.0]


class Trader(Reader):
    """Counts trades."""

    trades = 0

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count it."""
        self.trades += tick.price.as_double() > 0.0


def test_trades_reach_a_strategy_while_it_runs_and_only_then(desk: Desk) -> None:
    desk.quote(100.0, 100.1).trade(100.1, 1.0, 1).trade(100.1, 2.0, 1)
    strategy = Trader(desk)
    desk.play(strategy)
    assert strategy.trades == 2
    strategy.handle_trade_tick(desk.tape[1])
    assert strategy.trades == 2
