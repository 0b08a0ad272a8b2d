"""Taps on the doors of the engines, where commands of strategies pass."""

from collections.abc import Callable

from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.execution.messages import TradingCommand
from nautilus_trader.system.kernel import NautilusKernel


_RISK, _EXECUTION = "RiskEngine.execute", "ExecEngine.execute"
# The risk engine passes these on to the execution engine, where they would be heard again.
_HEARD_BEFORE = (SubmitOrder, SubmitOrderList, ModifyOrder)

type Note = Callable[[TradingCommand], None]


def tap_commands(kernel: NautilusKernel, note: Note, *, forward: bool) -> None:
    """Hear every trading command of actors and strategies, once.

    Parameters
    ----------
    kernel : NautilusKernel
        Whose engines.
    note : Callable[[TradingCommand], None]
        Told of a command before an engine sees it.
    forward : bool
        Whether the engines still get the commands.

    """
    _tap(kernel, _RISK, kernel.risk_engine.execute, note, (), forward=forward)
    _tap(kernel, _EXECUTION, kernel.exec_engine.execute, note, _HEARD_BEFORE, forward=forward)


def _tap(
    kernel: NautilusKernel,
    endpoint: str,
    execute: Note,
    note: Note,
    heard_before: tuple[type, ...],
    *,
    forward: bool,
) -> None:
    def hear(command: TradingCommand) -> None:
        if not isinstance(command, heard_before):
            note(command)
        if forward:
            execute(command)

    kernel.msgbus.deregister(endpoint, execute)
    kernel.msgbus.register(endpoint, hear)
