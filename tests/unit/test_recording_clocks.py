"""Clocks: live timers keep to the event loop, replayed ones fire when they fired."""

import asyncio
import threading

from nautilus_trader.common.events import TimeEvent

from nautilus_scalp.runtime.recording.clocks import Firing
from nautilus_scalp.runtime.recording.clocks import LoopClock
from nautilus_scalp.runtime.recording.clocks import ReplayClock


def test_live_timers_run_on_the_loop_and_are_noted_first() -> None:
    here = threading.get_ident()

    async def session() -> list[tuple[str, object]]:
        heard: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        clock = LoopClock(
            asyncio.get_running_loop(), "A-1", lambda firing: heard.put_nowait(("note", firing))
        )

        def handle(event: TimeEvent) -> None:
            heard.put_nowait((event.name, threading.get_ident()))

        clock.register_default_handler(handle)
        clock.set_timer_ns("tick", 2_000_000, 0, 0, handle)
        clock.set_time_alert_ns("once", clock.timestamp_ns() + 1_000_000)
        found: list[tuple[str, object]] = []
        # A late loop may hear the timer several times before the alert: until both, in whole pairs.
        while not {("tick", here), ("once", here)} <= set(found):
            found += [await asyncio.wait_for(heard.get(), 60) for _ in range(2)]
        clock.cancel_timers()
        return found

    found = asyncio.run(session())
    threads = {value for word, value in found if word != "note"}
    assert threads == {here}
    names = [getattr(value, "name", word) for word, value in found]
    assert names[0::2] == names[1::2]
    assert all(value.component == "A-1" for word, value in found if isinstance(value, Firing))


def firing(name: str) -> Firing:
    return Firing(component="A-1", name=name, ts_event=5, ts_init=6)


def test_replayed_timers_fire_when_told_and_not_by_time() -> None:
    clock, fired = ReplayClock(), []
    clock.register_default_handler(lambda event: fired.append(("default", event.ts_event)))
    clock.set_timer_ns("tick", 10, 0, 0, lambda event: fired.append(("tick", event.ts_event)))
    clock.set_time_alert_ns("once", 20)
    clock.set_time(1_000)
    assert fired == []
    assert clock.timer_names == ["once", "tick"]
    assert clock.fire(firing("tick"))
    assert clock.fire(firing("tick"))
    assert clock.fire(firing("once"))
    assert not clock.fire(firing("once"))
    assert fired == [("tick", 5), ("tick", 5), ("default", 5)]
    clock.cancel_timer("tick")
    assert not clock.fire(firing("tick"))
    assert clock.timer_count == 0
