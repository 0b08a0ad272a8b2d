"""Calls in place of the queues of Nautilus's live engines."""

import asyncio
import threading
from typing import TYPE_CHECKING

from nautilus_scalp.runtime.live.direct import DirectCall
from nautilus_scalp.runtime.live.direct import request_at_once


if TYPE_CHECKING:
    from collections.abc import Callable


class Engine:
    """An engine that notes what becomes of its messages."""

    def __init__(self) -> None:
        self.is_running = True
        self.handled: list[object] = []
        self.queued: list[object] = []
        self.failures: list[tuple[str, str]] = []
        self.during: Callable[[], None] | None = None

    def handle(self, message: object) -> None:
        """Handle, and first do what is to be done meanwhile."""
        if self.during is not None:
            meanwhile, self.during = self.during, None
            meanwhile()
        if message == "bad":
            raise ValueError(message)
        self.handled.append(message)

    def fail(self, error: Exception, name: str) -> None:
        """Note a failure."""
        self.failures.append((str(error), name))


def direct(engine: Engine) -> DirectCall:
    return DirectCall(engine, engine.handle, engine.queued.append, engine.fail)


def test_a_message_is_handled_before_the_call_returns() -> None:
    engine = Engine()
    direct(engine)("tick")
    assert engine.handled == ["tick"]
    assert engine.queued == []


def test_what_comes_meanwhile_waits_its_turn() -> None:
    engine = Engine()
    call = direct(engine)

    def meanwhile() -> None:
        call("second")
        call("third")
        assert engine.handled == []

    engine.during = meanwhile
    call("first")
    assert engine.handled == ["first", "second", "third"]


def test_a_failure_is_the_engines_business_and_the_rest_goes_on() -> None:
    engine = Engine()
    call = direct(engine)
    engine.during = lambda: call("good")
    call("bad")
    assert engine.failures == [("bad", "str")]
    assert engine.handled == ["good"]


def test_an_engine_that_does_not_run_gets_it_by_the_queue() -> None:
    engine = Engine()
    engine.is_running = False
    direct(engine)("early")
    assert (engine.handled, engine.queued) == ([], ["early"])


def test_another_thread_uses_the_queue() -> None:
    engine = Engine()
    call = direct(engine)
    thread = threading.Thread(target=call, args=("from outside",))
    thread.start()
    thread.join()
    assert (engine.handled, engine.queued) == ([], ["from outside"])


def test_requests_begin_at_once_and_other_work_later() -> None:
    begun: list[str] = []

    async def _submit_order() -> None:
        begun.append("submit")
        await asyncio.sleep(0)
        begun.append("submitted")

    async def _query_order() -> None:
        begun.append("query")

    async def play() -> list[str]:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(request_at_once)
        tasks = [loop.create_task(_query_order()), loop.create_task(_submit_order(), name="order")]
        at_once = list(begun)
        await asyncio.gather(*tasks)
        assert tasks[1].get_name() == "order"
        return at_once

    assert asyncio.run(play()) == ["submit"]
    assert begun == ["submit", "query", "submitted"]
