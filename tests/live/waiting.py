"""How long a drill waits for what must happen."""

import time
from collections.abc import Callable

import pytest


# A cold clone compiles every kernel before its first trade.
PATIENCE_S = 120.0


def eventually(condition: Callable[[], object], why: str | Callable[[], str]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"never happened: {why if isinstance(why, str) else why()}")
        time.sleep(0.05)
