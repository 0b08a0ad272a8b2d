"""The life of a live node: come up in time, run, wind down to flat, or say what is left."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from nautilus_trader.common.messages import ShutdownSystem
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.live.actions import Actions
from nautilus_scalp.runtime.live.config import LiveSection


_POLL_S = 0.05
_SHUTDOWN_TOPIC = "commands.system.shutdown"
_RETRY_S = 2.0
_ENDINGS = (signal.SIGTERM, signal.SIGINT)


class LiveSession:
    """Runs one node to its end; signals and faults end it in the one way to stop, from now on.

    Nautilus's own way stops the clients after a fixed time, flat or not.

    Parameters
    ----------
    node : TradingNode
        Built, not running.
    live : LiveSection
        Time limits.
    guard_id : StrategyId
        The strategy that stays up until the others are flat.
    say : Callable[[str], None]
        Takes a line for the person who watches.
    actions : Actions
        What is done to strategies from outside.

    """

    def __init__(
        self,
        node: TradingNode,
        live: LiveSection,
        guard_id: StrategyId,
        say: Callable[[str], None],
        actions: Actions,
    ) -> None:
        self._node = node
        self._live = live
        self._guard_id = guard_id
        self._say = say
        self._actions = actions
        self._stopping = asyncio.Event()
        self._reason = ""
        self._fault: str | None = None
        for number in _ENDINGS:
            signal.signal(number, self._on_signal)
        kernel = node.kernel
        kernel.msgbus.unsubscribe(_SHUTDOWN_TOPIC, kernel._on_shutdown_system)  # noqa: SLF001
        kernel.msgbus.subscribe(_SHUTDOWN_TOPIC, self._on_shutdown)

    def stop(self, reason: str) -> None:
        """Ask for the end; asking again changes nothing.

        Parameters
        ----------
        reason : str
            Said to the person who watches.

        """
        if not self._stopping.is_set():
            self._reason = reason
            self._stopping.set()

    def run(self) -> None:
        """Run until stopped, and leave no order and no position behind.

        Raises
        ------
        UsageError
            If the node does not come up.
        ScalpError
            If it stopped by itself, or orders or positions are left.

        """
        loop = self._node.kernel.loop
        loop.run_until_complete(self._live_and_stop())

    async def _live_and_stop(self) -> None:
        # The loop tells a signal only while it runs; the handler so far keeps those before.
        for number in _ENDINGS:
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, number)
        running = asyncio.create_task(self._node.run_async())
        try:
            await self._come_up(running)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._live.stop_after_s)
            self.stop("stop_after_s is over")
            self._say(f"stopping: {self._reason}")
            await self._wind_down()
        finally:
            self._stop_comparing()
            await self._node.stop_async()
            await running
        self._judge()

    def _stop_comparing(self) -> None:
        """Ask the venue nothing more: an answer that the end cuts off would look like a fault."""
        task = self._node.kernel.exec_engine.get_reconciliation_task()
        if task is not None:
            task.cancel()

    def _on_signal(self, number: int, _frame: object = None) -> None:
        self.stop(signal.Signals(number).name)

    def _on_shutdown(self, command: ShutdownSystem) -> None:
        self._fault = command.reason
        self.stop(f"fault: {command.reason}")

    async def _come_up(self, running: "asyncio.Task[None]") -> None:
        """Wait for the strategies; Nautilus itself waits for ever when a client cannot connect.

        Who asks for the end meanwhile waits too: a node that is stopped while it connects hangs
        until its own time limit, and nobody has taken the account over.
        """
        clock = asyncio.get_running_loop()
        deadline = clock.time() + self._live.start_timeout_s + 1.0
        while not self._node.trader.is_running:
            if running.done() or clock.time() > deadline:
                message = f"the node did not come up within {self._live.start_timeout_s:g} s"
                remedy = "read the log file, and run with --check for what is missing"
                raise UsageError(message, remedy)
            await asyncio.sleep(_POLL_S)

    async def _wind_down(self) -> None:
        """Stop the strategies, and close what a race or a refusal left open."""
        for strategy in self._strategies():
            if strategy.is_running:
                self._actions.do("stop", strategy)
        clock = asyncio.get_running_loop()
        deadline = clock.time() + self._live.stop_timeout_s
        retry = clock.time() + _RETRY_S
        while self._left() and clock.time() < deadline:
            await asyncio.sleep(_POLL_S)
            if clock.time() >= retry:
                retry = clock.time() + _RETRY_S
                self._close_again()

    def _strategies(self) -> list[Strategy]:
        return [s for s in self._node.trader.strategies() if s.id != self._guard_id]

    def _left(self) -> list[str]:
        """Return what our strategies still have at the venue, in words."""
        cache = self._node.cache
        # Neither open nor in flight is an order that has been made and is not on its way yet.
        orders = [
            order
            for strategy in self._strategies()
            for order in cache.orders(strategy_id=strategy.id)
            if not order.is_closed
        ]
        # A fill that was lost with a stream is found as a difference to the venue and booked to the
        # guard: it and the strategy's position are nothing at a venue that keeps one net position.
        positions = [
            position
            for strategy in self._strategies()
            for position in cache.positions_open(strategy_id=strategy.id)
            if self._net_qty(position.instrument_id) != 0
        ]
        return [_order_words(order) for order in orders] + [
            f"position {p.instrument_id} {p.signed_decimal_qty()}" for p in positions
        ]

    def _net_qty(self, instrument_id: InstrumentId) -> Decimal:
        positions = self._node.cache.positions_open(instrument_id=instrument_id)
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def _close_again(self) -> None:
        for strategy in self._strategies():
            self._actions.do("close", strategy)

    def _judge(self) -> None:
        left = self._left()
        if left:
            message = f"stopped, but the venue still holds: {'; '.join(left)}"
            raise ScalpError(message, "close it by hand now, then read the log file")
        if self._fault is not None:
            message = f"stopped by a fault, flat: {self._fault}"
            raise ScalpError(message, "read the log file, mend the cause, start again")


def _order_words(order: Any) -> str:  # noqa: ANN401 (any Nautilus order)
    return f"order {order.client_order_id} {order.instrument_id} {order.status_string()}"
