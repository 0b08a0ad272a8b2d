"""Waiting for a venue's clients without keeping a processor busy."""

import asyncio
from collections.abc import Callable

from nautilus_trader.system.kernel import NautilusKernel


_STEP_S = 0.005


def wait_in_steps(kernel: NautilusKernel) -> None:
    """Let a kernel look every few milliseconds whether its clients are connected, or gone.

    Nautilus's own looks with every turn of the event loop, which takes a whole processor for as
    long as the slowest client needs: more than a second where a connection is closed in peace.

    Parameters
    ----------
    kernel : NautilusKernel
        Of a live node that has not been started.

    """
    engines, config = (kernel.data_engine, kernel.exec_engine), kernel._config  # noqa: SLF001

    async def come() -> bool:
        return await _become(
            lambda: all(engine.check_connected() for engine in engines), config.timeout_connection
        )

    async def go() -> bool:
        return await _become(
            lambda: all(engine.check_disconnected() for engine in engines),
            config.timeout_disconnection,
        )

    kernel._check_engines_connected = come  # type: ignore[method-assign]  # noqa: SLF001
    kernel._check_engines_disconnected = go  # type: ignore[method-assign]  # noqa: SLF001


async def _become(is_so: Callable[[], bool], limit_s: float) -> bool:
    """Wait until something is so; return whether it came to be within the limit."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + limit_s
    while not is_so():
        if clock.time() >= deadline:
            return False
        await asyncio.sleep(_STEP_S)
    return True
