"""Liquidation of an account that falls short of its maintenance margin.

Nautilus 1.231 accepts `liquidation_*` settings for a backtest venue and ignores them, and its risk
engine checks neither notional nor margin on margin accounts (`risk/engine.pyx`).
"""

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.engine import SimulatedExchange
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.common.component import Logger
from nautilus_trader.core.data import Data
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.events import PositionEvent
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.orders import MarketOrder
from nautilus_trader.model.position import Position

from nautilus_scalp.runtime.simulation.records import LIQUIDATION_TOPIC
from nautilus_scalp.runtime.simulation.records import Liquidation


class CrossMarginConfig(SimulationModuleConfig, frozen=True):
    """What the account is kept in.

    Parameters
    ----------
    currency : str
        The currency of margin and P&L.

    """

    currency: str


class CrossMargin(SimulationModule):
    """Close every position at market once equity is below the maintenance margin.

    Equity is the balance plus open P&L at mid prices; maintenance is ``|quantity| * mid *
    margin_maint`` over all positions, leverage aside, as venues count it. Resting orders are
    cancelled first. The closing orders take the book like any market order and pay the taker's fee.

    Parameters
    ----------
    config : CrossMarginConfig
        What the account is kept in.

    """

    def __init__(self, config: CrossMarginConfig) -> None:
        super().__init__(config)
        self._currency = Currency.from_str(config.currency)
        self._positions: list[Position] = []
        self._changed = True
        self._quoted = False
        self._orders = 0

    def register_venue(self, exchange: SimulatedExchange) -> None:
        """Listen to positions.

        Parameters
        ----------
        exchange : SimulatedExchange
            The venue that the module belongs to.

        """
        super().register_venue(exchange)
        self.msgbus.subscribe(topic="events.position.*", handler=self._on_position)

    def pre_process(self, data: Data) -> None:
        """Note that prices may have moved.

        Parameters
        ----------
        data : Data
            What the venue is about to process.

        """
        if isinstance(data, QuoteTick):
            self._quoted = True

    def process(self, ts_now: int) -> None:
        """Compare equity with the maintenance margin at new prices.

        Parameters
        ----------
        ts_now : int
            The venue's time, nanoseconds.

        """
        if self._changed:
            open_now = self.cache.positions_open(venue=self.exchange.id)
            self._positions = sorted(open_now, key=lambda position: position.id.value)
            self._changed = False
        if self._positions and self._quoted:
            self._quoted = False
            self._review(ts_now)

    def log_diagnostics(self, logger: Logger) -> None:
        """Log nothing.

        Parameters
        ----------
        logger : Logger
            The venue's logger.

        """

    def reset(self) -> None:
        """Forget every position."""
        self._positions = []
        self._changed = True
        self._quoted = False
        self._orders = 0

    def _on_position(self, _event: PositionEvent) -> None:
        self._changed = True

    def _review(self, ts_now: int) -> None:
        equity = self.exchange.get_account().balance_total(self._currency).as_double()
        maintenance = 0.0
        for position in self._positions:
            quote = self.cache.quote_tick(position.instrument_id)
            mid = (quote.bid_price.as_double() + quote.ask_price.as_double()) / 2.0
            instrument = self.cache.instrument(position.instrument_id)
            equity += position.signed_qty * (mid - position.avg_px_open)
            maintenance += abs(position.signed_qty) * mid * float(instrument.margin_maint)
        if equity < maintenance:
            self._liquidate(ts_now, equity, maintenance)

    def _liquidate(self, ts_now: int, equity: float, maintenance: float) -> None:
        for order in self.exchange.get_open_orders():
            self.exchange.get_matching_engine(order.instrument_id).cancel_order(order)
        taken_over = self._positions
        for position in taken_over:
            self._close(position, ts_now)
        self._changed = True
        closed = sum(position.is_closed for position in taken_over)
        record = Liquidation(ts_ns=ts_now, equity=equity, maintenance=maintenance, positions=closed)
        self.msgbus.publish(topic=LIQUIDATION_TOPIC, msg=record)

    def _close(self, position: Position, ts_now: int) -> None:
        """Send a market order in the strategy's name; what the book leaves is tried again."""
        self._orders += 1
        order = MarketOrder(
            trader_id=position.trader_id,
            strategy_id=position.strategy_id,
            instrument_id=position.instrument_id,
            client_order_id=ClientOrderId(f"LIQUIDATION-{self._orders}"),
            order_side=position.closing_order_side(),
            quantity=position.quantity,
            init_id=UUID4(),
            ts_init=ts_now,
            reduce_only=True,
            tags=["LIQUIDATION"],
        )
        self.cache.add_order(order, position_id=position.id)
        self.exchange.exec_client.generate_order_submitted(
            order.strategy_id, order.instrument_id, order.client_order_id, ts_now
        )
        engine = self.exchange.get_matching_engine(position.instrument_id)
        engine.process_order(order, position.account_id)
