"""Models too slow for a handler: they run beside the event loop, and the newest question wins."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from concurrent.futures import Future

from msgspec import Struct
from nautilus_trader.common.component import Clock
from nautilus_trader.common.events import TimeEvent

from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000


class InferenceParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How old an answer may be, and how long one takes in a backtest.

    Parameters
    ----------
    max_age_ms : float
        An answer whose question is older than this when it arrives is thrown away.
    latency_ms : float
        Time from question to answer in a backtest. Measure it live: `SlowInference.slowest_ms`.

    """

    max_age_ms: Positive = 500.0
    latency_ms: NotNegative = 50.0


class SlowInference[T]:
    """
    Asks a slow model without ever blocking the event loop.

    One question is worked on at a time. Of those that come meanwhile only the newest is kept, so a
    model that cannot keep up answers fewer questions and never older ones. Live it works on a
    thread of the executor, and the answer is delivered on the event loop. In a backtest there is
    no loop: the work is done at once, and its answer delivered `latency_ms` of simulated time
    later, so that the same run always gives the same answers.

    Parameters
    ----------
    clock : Clock
        The actor's.
    deliver : Callable[[T, int], None]
        Takes an answer and the time of its question, in nanoseconds.
    fail : Callable[[BaseException], None]
        Takes what the model raised, on the event loop; the actor decides, for example by
        ``shutdown_system``.
    params : InferenceParams
        Ages and latency.
    executor : Executor, optional
        Where the model runs; with `loop`, or neither for a backtest.
    loop : asyncio.AbstractEventLoop, optional
        Where answers are delivered.
    name : str
        Begins the names of its timers in a backtest; an actor with several gives each its own.

    Attributes
    ----------
    answered, dropped, expired, failed : int
        Answers delivered, questions replaced by a newer one, answers that came too late, questions
        on which the model raised.
    slowest_ms : float
        Longest time from question to answer so far.

    """

    def __init__(  # noqa: PLR0913 (who asks, who answers, where)
        self,
        clock: Clock,
        deliver: Callable[[T, int], None],
        fail: Callable[[BaseException], None],
        params: InferenceParams,
        *,
        executor: Executor | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        name: str = "inference",
    ) -> None:
        if (executor is None) != (loop is None):
            message = "an executor needs the loop that answers go to, and the other way round"
            raise ValueError(message)
        self._clock = clock
        self._name = name
        self._deliver = deliver
        self._fail = fail
        self._max_age_ns = params.max_age_ms * _NS_PER_MS
        self._latency_ns = round(params.latency_ms * _NS_PER_MS)
        self._executor = executor
        self._loop = loop
        self._busy = False
        self._waiting: tuple[Callable[[], T], int] | None = None
        self._asked = 0
        self.answered = 0
        self.dropped = 0
        self.expired = 0
        self.failed = 0
        self.slowest_ms = 0.0

    def ask(self, work: Callable[[], T]) -> None:
        """
        Ask a question.

        Parameters
        ----------
        work : Callable[[], T]
            Everything that it needs belongs to it alone: copy a buffer that is used again.

        """
        question = work, self._clock.timestamp_ns()
        if not self._busy:
            self._begin(*question)
            return
        self.dropped += self._waiting is not None
        self._waiting = question

    def forget(self) -> None:
        """Drop the question that waits; the answer to the one being worked on still arrives."""
        self.dropped += self._waiting is not None
        self._waiting = None

    def _begin(self, work: Callable[[], T], asked_ns: int) -> None:
        self._busy = True
        loop = self._loop
        if self._executor is None or loop is None:
            self._begin_simulated(work, asked_ns)
            return
        future = self._executor.submit(work)

        def hand_over(done: Future[T]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, done, asked_ns)

        future.add_done_callback(hand_over)

    def _begin_simulated(self, work: Callable[[], T], asked_ns: int) -> None:
        future: Future[T] = Future()
        future.set_result(work())  # what it raises ends the backtest

        def finish(_alert: TimeEvent) -> None:
            self._finish(future, asked_ns)

        self._asked += 1
        name = f"{self._name}-{self._asked}"
        at_ns = self._clock.timestamp_ns() + self._latency_ns
        self._clock.set_time_alert_ns(name, at_ns, finish)

    def _finish(self, future: Future[T], asked_ns: int) -> None:
        self._busy = False
        age_ns = self._clock.timestamp_ns() - asked_ns
        self.slowest_ms = max(self.slowest_ms, age_ns / _NS_PER_MS)
        if self._waiting is not None:
            question, self._waiting = self._waiting, None
            self._begin(*question)
        error = future.exception()
        if error is not None:
            self.failed += 1
            self._fail(error)
        elif age_ns > self._max_age_ns:
            self.expired += 1
        else:
            self.answered += 1
            self._deliver(future.result(), asked_ns)
