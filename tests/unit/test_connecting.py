"""Clients that come and go in their own time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from nautilus_scalp.runtime.live.connecting import wait_in_steps


class Engine:
    """An engine whose clients have come, or gone, when it was asked often enough."""

    def __init__(self, looks: float) -> None:
        self.looks = looks

    def check_connected(self) -> bool:
        """Count a look."""
        self.looks -= 1
        return self.looks <= 0

    check_disconnected = check_connected


def kernel_of(*looks: float, limit_s: float) -> Any:  # noqa: ANN401 (what the code reads of one)
    config = SimpleNamespace(timeout_connection=limit_s, timeout_disconnection=limit_s)
    data_engine, exec_engine = map(Engine, looks)
    kernel: Any = SimpleNamespace(data_engine=data_engine, exec_engine=exec_engine, _config=config)
    wait_in_steps(kernel)
    return kernel


@pytest.mark.parametrize("check", ["_check_engines_connected", "_check_engines_disconnected"])
def test_a_kernel_waits_for_the_slowest_client_and_not_for_ever(check: str) -> None:
    kernel = kernel_of(3, 2, limit_s=60.0)
    assert asyncio.run(getattr(kernel, check)()) is True
    assert max(kernel.data_engine.looks, kernel.exec_engine.looks) <= 0
    assert asyncio.run(getattr(kernel_of(1, float("inf"), limit_s=0.0), check)()) is False
