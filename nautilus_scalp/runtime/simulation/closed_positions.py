"""Book closed positions and forget them, so that closing the next one does not cost more.

Measured in nautilus_trader 1.231: under netting, every closed position makes the next close
dearer. `PortfolioAnalyzer.record_trade` copies a growing pandas series, and with two or more
instruments `Portfolio` unpickles every snapshot of past positions again. Neither result is used by
a backtest here: figures are in `evaluation/`, and realised P&L is booked from the positions.

A position that is turned around, or never flat, keeps its id, and with every fill the matching
engine walks all orders that ever belonged to it (`fill_order`: `cache.orders_for_position`).
"""

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.engine import SimulatedExchange
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.common.component import Logger
from nautilus_trader.model.events import PositionClosed
from nautilus_trader.model.events import PositionEvent
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.position import Position

from nautilus_scalp.runtime.simulation.records import POSITION_TOPIC
from nautilus_scalp.runtime.simulation.records import ClosedPosition


class ClosedPositionsConfig(SimulationModuleConfig, frozen=True):
    """Configuration of `ClosedPositions`; it has no choices."""


class ClosedPositions(SimulationModule):
    """Announce what a position earned once it is closed, and make the cache forget it.

    A position that was turned around leaves a snapshot of its earlier cycle: that is booked and
    dropped. One that is flat is booked and purged. Orders of one that is open are parted from it
    once they are over; the cache still holds them.
    """

    def __init__(self, config: ClosedPositionsConfig) -> None:
        super().__init__(config)
        self._changed: dict[PositionId, bool] = {}  # whether a cycle ended

    def register_venue(self, exchange: SimulatedExchange) -> None:
        """Listen to positions.

        Parameters
        ----------
        exchange : SimulatedExchange
            The venue that the module belongs to.

        """
        super().register_venue(exchange)
        self.msgbus.subscribe(topic="events.position.*", handler=self._on_position)

    def process(self, ts_now: int) -> None:  # noqa: ARG002 (Nautilus names it)
        """Book and purge what is flat, and part open positions from orders that are over.

        Parameters
        ----------
        ts_now : int
            The venue's time, nanoseconds.

        """
        if not self._changed:
            return
        for position_id, ended in self._changed.items():
            position = self.cache.position(position_id)
            flat = position is not None and position.is_closed
            if ended:
                self._book(position_id, [position] if flat else [])
            if flat:
                self.cache.purge_position(position_id)
            else:
                self._part_orders(position_id)
        self._changed.clear()

    def _book(self, position_id: PositionId, last: list[Position]) -> None:
        cycles = [*self.cache.position_snapshots(position_id), *last]
        if cycles:
            self.msgbus.publish(topic=POSITION_TOPIC, msg=booked(cycles))
        # The cache hands out its own list; an open position cannot be purged.
        self.cache.position_snapshot_bytes(position_id).clear()

    def _part_orders(self, position_id: PositionId) -> None:
        """Take closed orders out of the cache and put them back as orders of no position."""
        for order in self.cache.orders_for_position(position_id):
            if order.is_closed:
                self.cache.purge_order(order.client_order_id)
                self.cache.add_order(order)
                self.cache.update_order(order)

    def log_diagnostics(self, logger: Logger) -> None:
        """Log nothing.

        Parameters
        ----------
        logger : Logger
            The venue's logger.

        """

    def reset(self) -> None:
        """Forget what was closed."""
        self._changed.clear()

    def _on_position(self, event: PositionEvent) -> None:
        ended = self._changed.get(event.position_id, False)
        self._changed[event.position_id] = ended or isinstance(event, PositionClosed)


def booked(cycles: list[Position]) -> ClosedPosition:
    """Return what the engine booked over the cycles of one position.

    Parameters
    ----------
    cycles : list[Position]
        Of the same strategy and instrument.

    Returns
    -------
    ClosedPosition
        Their sum.

    """
    return ClosedPosition(
        strategy_id=cycles[-1].strategy_id,
        instrument_id=cycles[-1].instrument_id,
        realized=sum(_realized(cycle) for cycle in cycles),
        fees=sum(money.as_double() for cycle in cycles for money in cycle.commissions()),
    )


def silence_analyzer(engine: BacktestEngine) -> None:
    """Stop the portfolio's analyzer from copying its whole history at every close.

    Parameters
    ----------
    engine : BacktestEngine
        Before its run.

    """
    engine.portfolio.analyzer.record_trade = _ignore


def _ignore(*_arguments: object) -> None:
    """Take a trade and keep nothing."""


def _realized(position: Position) -> float:
    return float(position.realized_pnl) if position.realized_pnl else 0.0
