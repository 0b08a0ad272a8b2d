"""A strategy of entries and exits: in at the market, out by a reduce-only order, and again."""

from decimal import Decimal

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class RoundTripConfig(StrategyConfig, frozen=True):
    """What to trade, how long to wait before the exit is sent, how long it may work (ns)."""

    instrument_id: InstrumentId
    trade_size: Decimal = Decimal("0.003")
    exit_ticks: int = 2
    exit_delay_ns: int = 200_000_000
    patience_ns: int = 1_500_000_000


class RoundTrip(Strategy):
    """Alternates between long and short; never holds more than one position and one exit."""

    def __init__(self, config: RoundTripConfig) -> None:
        super().__init__(config)
        self._entry_side = OrderSide.BUY
        self._since_ns = 0

    def on_start(self) -> None:
        """Listen."""
        self.subscribe_quote_ticks(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Enter when flat, leave when held long enough."""
        name, now = self.config.instrument_id, self.clock.timestamp_ns()
        if tick.bid_price >= tick.ask_price or self._waits_for_an_answer():
            return
        positions = self.cache.positions_open(instrument_id=name, strategy_id=self.id)
        exits = self.cache.orders_open(instrument_id=name, strategy_id=self.id)
        if not positions:
            self._since_ns = now
            for order in exits:
                self._withdraw(order)
            if not exits:
                self._enter()
        elif not exits and now - self._since_ns >= self.config.exit_delay_ns:
            self._leave(positions[0], tick, now)
        elif exits and now - self._since_ns >= self.config.patience_ns:
            self._withdraw(exits[0])

    def _waits_for_an_answer(self) -> bool:
        """Tell whether an order is made that is neither working nor done."""
        orders = self.cache.orders(strategy_id=self.id)
        return any(not (order.is_open or order.is_closed) for order in orders)

    def _enter(self) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        side = self._entry_side
        self._entry_side = OrderSide.SELL if side == OrderSide.BUY else OrderSide.BUY
        quantity = instrument.make_qty(self.config.trade_size)
        self.submit_order(self.order_factory.market(instrument.id, side, quantity))

    def _leave(self, position, tick: QuoteTick, now: int) -> None:  # noqa: ANN001 (any position)
        if now - self._since_ns >= self.config.patience_ns:
            self.close_position(position)
            return
        instrument = self.cache.instrument(self.config.instrument_id)
        step = float(instrument.price_increment) * self.config.exit_ticks
        price = tick.ask_price + step if position.is_long else tick.bid_price - step
        side = OrderSide.SELL if position.is_long else OrderSide.BUY
        order = self.order_factory.limit(
            instrument.id,
            side,
            position.quantity,
            instrument.make_price(price),
            reduce_only=True,
        )
        self.submit_order(order)

    def _withdraw(self, order) -> None:  # noqa: ANN001 (any order)
        if not order.is_pending_cancel:
            self.cancel_order(order)

    def on_stop(self) -> None:
        """Leave nothing behind."""
        self.cancel_all_orders(self.config.instrument_id)
        self.close_all_positions(self.config.instrument_id)
