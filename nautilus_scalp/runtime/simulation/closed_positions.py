"""Book closed positions and forget them, so that closing the next one does not cost more.

Measured in nautilus_trader 1.231: under netting, every closed position makes the next close
dearer. `PortfolioAnalyzer.record_trade` copies a growing pandas series, and with two or more
instruments `Portfolio` unpickles every snapshot of past positions again. Neither result is used by
a backtest here: figures are in `evaluation/`, and realised P&L is booked from the positions.
"""

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.engine import SimulatedExchange
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.common.component import Logger
from nautilus_trader.model.events import PositionClosed
from nautilus_trader.model.events import PositionEvent
from nautilus_trader.model.position import Position

from nautilus_scalp.runtime.simulation.records import POSITION_TOPIC
from nautilus_scalp.runtime.simulation.records import ClosedPosition


class ClosedPositionsConfig(SimulationModuleConfig, frozen=True):
    """Configuration of `ClosedPositions`; it has no choices."""


class ClosedPositions(SimulationModule):
    """Announce what a position earned once it is closed, and make the cache forget it.

    A position that was turned around leaves a snapshot of its earlier cycle: that is booked and
    dropped. One that is flat is booked and purged.
    """

    def __init__(self, config: ClosedPositionsConfig) -> None:
        super().__init__(config)
        self._closed: list[PositionClosed] = []

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
        """Book and purge what is flat.

        Parameters
        ----------
        ts_now : int
            The venue's time, nanoseconds.

        """
        if not self._closed:
            return
        for position_id in dict.fromkeys(event.position_id for event in self._closed):
            cycles = self.cache.position_snapshots(position_id)
            position = self.cache.position(position_id)
            flat = position is not None and position.is_closed
            if flat:
                cycles.append(position)
            if cycles:
                self.msgbus.publish(topic=POSITION_TOPIC, msg=booked(cycles))
            if flat:
                self.cache.purge_position(position_id)
            else:
                # The cache hands out its own list; an open position cannot be purged.
                self.cache.position_snapshot_bytes(position_id).clear()
        self._closed.clear()

    def log_diagnostics(self, logger: Logger) -> None:
        """Log nothing.

        Parameters
        ----------
        logger : Logger
            The venue's logger.

        """

    def reset(self) -> None:
        """Forget what was closed."""
        self._closed.clear()

    def _on_position(self, event: PositionEvent) -> None:
        if isinstance(event, PositionClosed):
            self._closed.append(event)


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
