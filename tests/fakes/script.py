"""A strategy that does what it is told: orders after the n-th event of its instrument."""

from msgspec import Struct
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class Step(Struct, frozen=True, kw_only=True):
    """An order after an event, counted from zero; a negative quantity sells, no price is market."""

    event: int
    qty: float
    price: float | None = None


class ScriptConfig(StrategyConfig, frozen=True):
    """What to trade, and the steps; `every` repeats each step that many events later.

    `first_qty` is bought once, before any step.
    """

    instrument_id: InstrumentId
    steps: tuple[Step, ...] = ()
    every: int = 0
    first_qty: float = 0.0


class Script(Strategy):
    """Follows the steps, and holds what it has when it stops."""

    def __init__(self, config: ScriptConfig) -> None:
        super().__init__(config)
        self._seen = 0

    def on_start(self) -> None:
        """Listen."""
        self.subscribe_quote_ticks(self.config.instrument_id)
        self.subscribe_trade_ticks(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Count a quote."""
        self._follow(tick)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count a trade."""
        self._follow(tick)

    def _follow(self, _: Data) -> None:
        if self._seen == 0 and self.config.first_qty:
            self._order(Step(event=0, qty=self.config.first_qty))
        at = self._seen % self.config.every if self.config.every else self._seen
        self._seen += 1
        for step in self.config.steps:
            if step.event == at:
                self._order(step)

    def _order(self, step: Step) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        side = OrderSide.BUY if step.qty > 0 else OrderSide.SELL
        qty = instrument.make_qty(abs(step.qty))
        if step.price is None:
            order = self.order_factory.market(instrument.id, side, qty)
        else:
            price = instrument.make_price(step.price)
            order = self.order_factory.limit(instrument.id, side, qty, price, post_only=True)
        self.submit_order(order)
