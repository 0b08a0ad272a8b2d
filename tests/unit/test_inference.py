"""Slow models: the newest question wins, old answers are thrown away, nothing ever waits."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import TestClock

from nautilus_scalp.actors.inference import InferenceParams
from nautilus_scalp.actors.inference import SlowInference


MS = 1_000_000


class Simulation:
    """A backtest's clock, and what an actor on it asks and hears."""

    def __init__(self, **params: float) -> None:
        self.clock = TestClock()
        self.answers: list[tuple[str, int]] = []
        self.inference = SlowInference[str](
            self.clock, self._hear, pytest.fail, InferenceParams(**params)
        )

    def _hear(self, answer: str, asked_ns: int) -> None:
        self.answers.append((answer, asked_ns // MS))

    def run_to(self, ms: int) -> None:
        """Advance the clock, firing what is due."""
        for due in self.clock.advance_time(ms * MS):
            due.handle()

    def ask(self, word: str) -> None:
        """Ask for a word."""
        self.inference.ask(lambda: word)


def test_backtest_delivers_after_the_latency() -> None:
    run = Simulation(latency_ms=50.0)
    run.ask("a")
    run.run_to(49)
    assert run.answers == []
    run.run_to(50)
    assert run.answers == [("a", 0)]
    assert run.inference.slowest_ms == 50.0


def test_newest_question_wins() -> None:
    run = Simulation(latency_ms=50.0)
    run.ask("a")
    for ms, word in ((10, "b"), (20, "c"), (30, "d")):
        run.run_to(ms)
        run.ask(word)
    run.run_to(50)
    run.run_to(100)
    run.run_to(200)
    assert run.answers == [("a", 0), ("d", 30)]
    assert (run.inference.answered, run.inference.dropped) == (2, 2)


def test_answer_that_is_too_old_is_thrown_away() -> None:
    run = Simulation(latency_ms=50.0, max_age_ms=60.0)
    run.ask("a")
    run.run_to(20)
    run.ask("b")  # waits for 30 ms and takes 50: 80 ms old when it arrives
    run.run_to(50)
    run.run_to(100)
    assert run.answers == [("a", 0)]
    assert run.inference.expired == 1


def test_forgotten_question_is_never_asked() -> None:
    run = Simulation(latency_ms=50.0)
    run.ask("a")
    run.ask("b")
    run.inference.forget()
    run.run_to(50)
    run.run_to(100)
    assert run.answers == [("a", 0)]
    assert run.inference.dropped == 1


def test_model_that_raises_ends_a_backtest() -> None:
    run = Simulation()
    with pytest.raises(ZeroDivisionError):
        run.inference.ask(lambda: str(1 // 0))


class Live:
    """An event loop, a worker thread, and a model that answers when the test lets it."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.heard: asyncio.Queue[object] = asyncio.Queue()
        self.thread: int | None = None

    def work(self, word: str) -> Callable[[], str]:
        """Return work that waits for the gate."""

        def answer() -> str:
            self.gate.wait(timeout=60)
            return word

        return answer

    def hear(self, answer: str, _asked_ns: int) -> None:
        """Note the answer, and on which thread it came."""
        self.thread = threading.get_ident()
        self.heard.put_nowait(answer)


def test_live_never_blocks_and_answers_on_the_loop() -> None:
    async def session() -> None:
        live = Live()
        with ThreadPoolExecutor(max_workers=1) as executor:
            inference = SlowInference[str](
                LiveClock(),
                live.hear,
                live.heard.put_nowait,
                InferenceParams(max_age_ms=60_000.0),
                executor=executor,
                loop=asyncio.get_running_loop(),
            )
            for word in ("a", "b", "c", "d"):
                inference.ask(live.work(word))  # returns although the model is stuck
            live.gate.set()
            answers = [await asyncio.wait_for(live.heard.get(), 60) for _ in range(2)]
            inference.ask(lambda: str(1 // 0))
            error = await asyncio.wait_for(live.heard.get(), 60)
        assert answers == ["a", "d"]
        assert isinstance(error, ZeroDivisionError)
        assert (inference.answered, inference.dropped, inference.failed) == (2, 2, 1)
        assert live.thread == threading.get_ident()

    asyncio.run(session())


_BUSY_EVENTS = 50


class Flood:
    """A market that never rests, and a model that takes as long as fifty of its events."""

    def __init__(self, executor: ThreadPoolExecutor, max_age_ms: float) -> None:
        self.order: list[tuple[str, int]] = []
        self._events = 0
        self._over = False
        self._moved = threading.Condition()
        self.inference = SlowInference[int](
            LiveClock(),
            lambda number, _asked_ns: self.order.append(("answer", number)),
            pytest.fail,
            InferenceParams(max_age_ms=max_age_ms),
            executor=executor,
            loop=asyncio.get_running_loop(),
        )

    def think(self, number: int) -> int:
        """Work until the loop has handled fifty more events: one that waits here never does."""
        with self._moved:
            until = self._events + _BUSY_EVENTS
            assert self._moved.wait_for(lambda: self._over or self._events >= until, timeout=60)
        return number

    async def run(self, done: Callable[[], bool]) -> None:
        """Handle events, each with a question, until something is true."""
        number = 0
        while not done():
            number += 1
            self.order.append(("event", number))
            self.inference.ask(partial(self.think, number))
            with self._moved:
                self._events = number
                self._moved.notify()
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Let the model finish what it is at, or is about to begin."""
        self.inference.forget()
        with self._moved:
            self._over = True
            self._moved.notify()


def test_a_really_slow_model_under_load_never_blocks_the_loop() -> None:
    async def session() -> list[tuple[str, int]]:
        with ThreadPoolExecutor(max_workers=1) as executor:
            flood = Flood(executor, max_age_ms=60_000.0)
            await flood.run(lambda: flood.inference.answered == 4)
            await flood.settle()
        return flood.order

    order = asyncio.run(session())
    places = [i for i, (what, _) in enumerate(order) if what == "answer"][:4]
    answers = [order[i][1] for i in places]
    assert answers[0] == 1
    for before, place, answer in zip(places, places[1:], answers[1:], strict=False):
        assert place - before > _BUSY_EVENTS  # handled while the model worked
        assert order[before - 1] == ("event", answer)  # the newest question when it became free


def test_a_model_that_is_too_slow_for_the_age_limit_says_nothing() -> None:
    async def session() -> Flood:
        with ThreadPoolExecutor(max_workers=1) as executor:
            flood = Flood(executor, max_age_ms=0.001)
            await flood.run(lambda: flood.inference.expired == 3)
            await flood.settle()
        return flood

    flood = asyncio.run(session())
    assert flood.inference.answered == 0
    assert {what for what, _ in flood.order} == {"event"}
    assert flood.inference.dropped > 10


def test_executor_without_a_loop_is_refused() -> None:
    with ThreadPoolExecutor(max_workers=1) as executor, pytest.raises(ValueError, match="loop"):
        SlowInference[str](TestClock(), print, print, InferenceParams(), executor=executor)
