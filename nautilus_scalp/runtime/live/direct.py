"""A tick and its order go through a live node by calls, as in a backtest, and not by queues.

Nautilus's live engines put every message on a queue, and a task of the event loop takes it off
again: two rounds of the loop for a tick, two for each engine that an order passes, one more until
its request begins. Its backtest engines call each other. Here the live ones do too; only what
happens to orders, which may call a strategy back, still comes by the queue.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Protocol

from nautilus_trader.live.data_engine import LiveDataEngine
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.live.risk_engine import LiveRiskEngine
from nautilus_trader.system.kernel import NautilusKernel


# The coroutines of an execution client that send a request of a strategy.
_REQUESTS = frozenset(
    {
        "_submit_order",
        "_submit_order_list",
        "_modify_order",
        "_cancel_order",
        "_cancel_all_orders",
        "_batch_cancel_orders",
    }
)

type Take = Callable[[Any], None]
type Failed = Callable[[Exception, str], None]


class _Engine(Protocol):
    """What the three live engines have in common."""

    @property
    def is_running(self) -> bool:
        """Whether it takes messages."""


class DirectCall:
    """Handles a message of an engine at once instead of putting it on the engine's queue.

    What comes while another message is in hand waits its turn. A thread other than the event
    loop's, and whoever comes before the engine runs or after it has stopped, uses the queue.

    Parameters
    ----------
    engine : LiveDataEngine, LiveRiskEngine or LiveExecutionEngine
        Of a node that is built.
    handle : Callable[[Any], None]
        What the engine's queue would call.
    enqueue : Callable[[Any], None]
        Puts a message on the queue.
    failed : Callable[[Exception, str], None]
        What the engine's queue calls when `handle` raises.

    """

    def __init__(self, engine: _Engine, handle: Take, enqueue: Take, failed: Failed) -> None:
        self._engine = engine
        self._handle = handle
        self._enqueue = enqueue
        self._failed = failed
        self._thread = threading.get_ident()
        self._waiting: deque[Any] = deque()
        self._is_busy = False

    def __call__(self, message: Any) -> None:  # noqa: ANN401 (data or a command)
        """Take a message."""
        if not self._engine.is_running or threading.get_ident() != self._thread:
            self._enqueue(message)
            return
        self._waiting.append(message)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._waiting:
                self._do(self._waiting.popleft())
        finally:
            self._is_busy = False

    def _do(self, message: Any) -> None:  # noqa: ANN401
        try:
            self._handle(message)
        except Exception as error:  # noqa: BLE001 (as the queue does: the engine decides)
            self._failed(error, type(message).__name__)


def call_directly(kernel: NautilusKernel) -> None:
    """Let the engines of a live node call each other, and requests leave without a round's wait.

    Call it on the thread of the event loop.

    Parameters
    ----------
    kernel : NautilusKernel
        Of a node that is built and not running.

    """
    data, risk, execution = kernel.data_engine, kernel.risk_engine, kernel.exec_engine
    _replace(kernel, "DataEngine.process", data, "process", data._handle_data)  # noqa: SLF001
    for endpoint, engine in (("RiskEngine.execute", risk), ("ExecEngine.execute", execution)):
        _replace(kernel, endpoint, engine, "execute", engine._execute_command)  # noqa: SLF001
    kernel.loop.set_task_factory(request_at_once)


def _replace(
    kernel: NautilusKernel,
    endpoint: str,
    engine: LiveDataEngine | LiveRiskEngine | LiveExecutionEngine,
    name: str,
    handle: Take,
) -> None:
    enqueue = getattr(engine, name)
    failed = engine._handle_queue_exception  # noqa: SLF001 (shuts down as configured)
    call = DirectCall(engine, handle, enqueue, failed)
    kernel.msgbus.deregister(endpoint, enqueue)
    setattr(engine, name, call)  # whoever listens in looks here for what is registered
    kernel.msgbus.register(endpoint, call)


def request_at_once(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any],
    **options: Any,  # noqa: ANN401
) -> "asyncio.Task[Any]":
    """Make a task; one that sends a request runs until it has to wait, the others begin later.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        Which runs it.
    work : Coroutine
        What to do.
    **options : Any
        Of the task.

    Returns
    -------
    asyncio.Task
        Begun or to be begun.

    """
    is_request = getattr(work, "__name__", "") in _REQUESTS
    return asyncio.Task(work, loop=loop, eager_start=is_request, **options)
