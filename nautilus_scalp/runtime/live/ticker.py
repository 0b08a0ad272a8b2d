"""A timer of an event loop for less than a millisecond, which the loop's own round away."""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable


_NS_PER_S = 1_000_000_000
_LOOP_RESOLUTION_S = 0.001
_COUNT_BYTES = 8


class _Timing(ctypes.Structure):
    """``struct itimerspec``: between two, and until the first."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("s", "ns", "first_s", "first_ns"))


def call_every(
    loop: asyncio.AbstractEventLoop, interval_s: float, callback: Callable[[], object]
) -> None:
    """
    Call again and again for as long as a loop lives; what a busy loop misses is not made up for.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        Whose thread calls.
    interval_s : float
        Between two calls; at least a millisecond where the system is not Linux.
    callback : Callable[[], object]
        What is called.

    Raises
    ------
    OSError
        If the system has no timer left.

    """
    if not sys.platform.startswith("linux"):
        _call_later(loop, max(interval_s, _LOOP_RESOLUTION_S), callback)
        return
    system = ctypes.CDLL(None, use_errno=True)  # `os` has it from Python 3.13 on
    timer = system.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    parts = divmod(round(interval_s * _NS_PER_S), _NS_PER_S)
    if timer < 0 or system.timerfd_settime(timer, 0, ctypes.byref(_Timing(*parts, *parts)), None):
        raise OSError(ctypes.get_errno(), "no timer")

    def expired() -> None:
        os.read(timer, _COUNT_BYTES)
        callback()

    loop.add_reader(timer, expired)


def _call_later(
    loop: asyncio.AbstractEventLoop, interval_s: float, callback: Callable[[], object]
) -> None:
    def expired() -> None:
        callback()
        loop.call_later(interval_s, expired)

    loop.call_later(interval_s, expired)
