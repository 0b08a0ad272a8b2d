"""The smallest strategy that exercises a venue: quotes both sides, is flat when it stops."""

from collections import Counter
from decimal import Decimal

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class PingPongConfig(StrategyConfig, frozen=True):
    """What to quote, how much, how often (ns), and after how many fills to fail (0 = never)."""

    instrument_id: InstrumentId
    trade_size: Decimal = Decimal("0.002")
    max_position: Decimal = Decimal("0.004")
    pause_ns: int = 200_000_000
    fail_after_fills: int = 0


class PingPong(Strategy):
    """Keeps one post-only order on each side of the book and nothing when it stops."""

    def __init__(self, config: PingPongConfig) -> None:
        super().__init__(config)
        self.signals_received = 0
        self.refusals: Counter[str] = Counter()
        self.fills = 0
        self._own_fills = 0
        self._next_ns = 0

    def on_start(self) -> None:
        """Listen."""
        self.subscribe_quote_ticks(self.config.instrument_id)
        self.subscribe_trade_ticks(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Requote both sides once a pause."""
        if 0 < self.config.fail_after_fills <= self._own_fills:
            message = "planned failure"
            raise RuntimeError(message)
        now = self.clock.timestamp_ns()
        if now < self._next_ns or tick.bid_price >= tick.ask_price:
            return
        self._next_ns = now + self.config.pause_ns
        self._quote(OrderSide.BUY, tick)
        self._quote(OrderSide.SELL, tick)

    def _quote(self, side: OrderSide, tick: QuoteTick) -> None:
        instrument_id = self.config.instrument_id
        instrument = self.cache.instrument(instrument_id)
        price = tick.bid_price if side == OrderSide.BUY else tick.ask_price
        if self.cache.orders_inflight(instrument_id=instrument_id, strategy_id=self.id):
            return
        working = self.cache.orders_open(
            instrument_id=instrument_id, strategy_id=self.id, side=side
        )
        for order in working:
            if order.price != price and not order.is_pending_cancel:
                self.modify_order(order, price=price)
        sign = 1 if side == OrderSide.BUY else -1
        net = Decimal(str(self.portfolio.net_position(instrument_id)))
        if working or abs(net + sign * self.config.trade_size) > self.config.max_position:
            return
        order = self.order_factory.limit(
            instrument_id=instrument_id,
            order_side=side,
            quantity=instrument.make_qty(self.config.trade_size),
            price=price,
            post_only=True,
        )
        self.submit_order(order)

    def on_order_filled(self, _event: OrderFilled) -> None:
        """Count."""
        self.fills += 1
        self._own_fills += 1

    def on_save(self) -> dict[str, bytes]:
        """Keep the count of fills."""
        return {"fills": str(self.fills).encode()}

    def on_load(self, state: dict[str, bytes]) -> None:
        """Take the count of fills back."""
        self.fills = int(state["fills"])

    def on_stop(self) -> None:
        """Leave nothing behind."""
        self.cancel_all_orders(self.config.instrument_id)
        self.close_all_positions(self.config.instrument_id)
