"""Initial margin: orders that an account cannot carry are turned down, as a venue would.

Measured in nautilus_trader 1.231: the risk engine returns before all checks of notional, balance
and margin where the account is a margin account (`risk/engine.pyx`).
"""

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.core.message import Command
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position

from nautilus_scalp.runtime.config import VenueSection


REASON = "initial margin exceeds equity"
_ENDPOINT = "RiskEngine.execute"


class InitialMargin:
    """Stands between strategies and Nautilus's risk engine.

    Of each instrument the larger of two positions counts: what is held with all working purchases
    filled, or with all working sales. It needs ``1 / leverage`` of its value, or the instrument's
    own `margin_init` where that is more. All instruments together may not need more than the
    balance and the open P&L at mid prices. An order that enlarges no position always passes.

    Parameters
    ----------
    engine : BacktestEngine
        Before its run.
    venue : VenueSection
        The venue and its leverage.

    """

    def __init__(self, engine: BacktestEngine, venue: VenueSection) -> None:
        self._risk = engine.kernel.risk_engine
        self._cache = engine.cache
        self._venue = Venue(venue.name)
        self._rate = 1.0 / venue.default_leverage
        self._largest = 0.0
        bus = engine.kernel.msgbus
        bus.deregister(_ENDPOINT, self._risk.execute)
        bus.register(_ENDPOINT, self.execute)

    def execute(self, command: Command) -> None:
        """Pass a command on, or deny its orders.

        Parameters
        ----------
        command : Command
            Of a strategy.

        """
        if isinstance(command, SubmitOrder) and not self._affords([command.order]):
            self._risk._deny_order(command.order, REASON)  # noqa: SLF001 (as the engine itself)
        elif isinstance(command, SubmitOrderList) and not self._affords(command.order_list.orders):
            self._risk._deny_order_list(command.order_list, REASON)  # noqa: SLF001
        else:
            self._risk.execute(command)

    def _affords(self, orders: list[Order]) -> bool:
        opening = [order for order in orders if not order.is_reduce_only]
        if not opening:
            return True
        positions = self._cache.positions_open(venue=self._venue)
        equity = self._equity(positions)
        if self._far_below(opening, positions, equity):
            return True
        needed = 0.0
        for instrument_id in {one.instrument_id for one in (*opening, *positions)}:
            own = [order for order in opening if order.instrument_id == instrument_id]
            before, after = self._exposures(instrument_id, positions, own)
            if own and after <= before:
                return True
            needed += after * self._mid(instrument_id) * self._share(instrument_id)
        return needed <= equity

    def _far_below(self, orders: list[Order], positions: list[Position], equity: float) -> bool:
        """Return whether it would pass even if everything that works were as large as can be."""
        value = sum(order.quantity.as_double() * self._mid(order.instrument_id) for order in orders)
        self._largest = max(self._largest, value)
        working = self._cache.orders_open_count() + self._cache.orders_inflight_count() + 1
        held = sum(abs(one.signed_qty) * self._mid(one.instrument_id) for one in positions)
        share = max(self._share(order.instrument_id) for order in orders)
        return bool((working * self._largest + held) * share <= equity)

    def _exposures(
        self, instrument_id: InstrumentId, positions: list[Position], orders: list[Order]
    ) -> tuple[float, float]:
        """Return the larger possible position without and with the orders."""
        held = sum(one.signed_qty for one in positions if one.instrument_id == instrument_id)
        working = {
            order.client_order_id: order
            for found in (self._cache.orders_open, self._cache.orders_inflight)
            for order in found(instrument_id=instrument_id)
            if not order.is_reduce_only
        }
        bought = sum(one.leaves_qty.as_double() for one in working.values() if one.is_buy)
        sold = sum(one.leaves_qty.as_double() for one in working.values() if one.is_sell)
        before = max(held + bought, sold - held)
        bought += sum(order.quantity.as_double() for order in orders if order.is_buy)
        sold += sum(order.quantity.as_double() for order in orders if order.is_sell)
        return max(before, 0.0), max(held + bought, sold - held, 0.0)

    def _equity(self, positions: list[Position]) -> float:
        account = self._cache.account_for_venue(self._venue)
        balances = account.balances_total().values()
        open_profit = sum(
            one.signed_qty * (self._mid(one.instrument_id) - one.avg_px_open) for one in positions
        )
        return float(sum(money.as_double() for money in balances) + open_profit)

    def _share(self, instrument_id: InstrumentId) -> float:
        return max(self._rate, float(self._cache.instrument(instrument_id).margin_init))

    def _mid(self, instrument_id: InstrumentId) -> float:
        """Return the mid price; without a quote no order can have been thought of."""
        quote = self._cache.quote_tick(instrument_id)
        if quote is None:
            return 0.0
        return float(quote.bid_price.as_double() + quote.ask_price.as_double()) / 2.0
