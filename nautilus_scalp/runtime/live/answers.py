"""What comes of a question to a venue: the truth, or an error of ours that says what to do."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from nautilus_trader.adapters.binance.http.error import BinanceError
from nautilus_trader.core import nautilus_pyo3

from nautilus_scalp.errors import UsageError


_TIMEOUT_S = 15.0
_PAUSE_S = 0.5
_RETRIES = 2
_BROKEN = (nautilus_pyo3.HttpError, OSError)
# The adapters share no root error; a body that cannot be read is a ValueError to all but msgspec.
_FAILURES = (
    *_BROKEN,
    BinanceError,
    nautilus_pyo3.HttpTimeoutError,
    msgspec.MsgspecError,
    RuntimeError,
    ValueError,
)


class Unanswered(UsageError):  # noqa: N818 (a state of the question, not a fault of ours)
    """The venue did not answer, or not in a way that says anything."""

    def __init__(self, words: str) -> None:
        super().__init__(words, "check the network, the address and the keys")


async def answer[T](question: Awaitable[T]) -> T:
    """Wait for an answer.

    Parameters
    ----------
    question : Awaitable
        Through an adapter's client.

    Returns
    -------
    T
        What the venue said.

    Raises
    ------
    Unanswered
        For whatever the client raises.

    """
    try:
        return await question
    except _FAILURES as error:
        words = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise Unanswered(words) from error


def ask_venue[T](question: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Ask outside of an event loop, and again if the connection breaks.

    Parameters
    ----------
    question : Callable[[], Coroutine]
        Makes the question; asking twice must do no harm.

    Returns
    -------
    T
        What the venue said.

    Raises
    ------
    Unanswered
        If it does not answer in time, or fails, a broken connection three times.

    """
    try:
        return asyncio.run(asyncio.wait_for(answer(_insist(question)), _TIMEOUT_S))
    except TimeoutError:
        message = f"the venue did not answer within {_TIMEOUT_S:g} s"
        raise Unanswered(message) from None


async def _insist[T](question: Callable[[], Coroutine[Any, Any, T]]) -> T:
    for _ in range(_RETRIES):
        with suppress(*_BROKEN):
            return await question()
        await asyncio.sleep(_PAUSE_S)
    return await question()
