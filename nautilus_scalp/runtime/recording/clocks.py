"""Clocks of live components, whose timers keep to the event loop, and clocks that replay them."""

import asyncio
from collections.abc import Callable

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.component import TimeEvent
from nautilus_trader.core.uuid import UUID4


type Handler = Callable[[TimeEvent], None]


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that fired: whose, its name, when it was due and when it fired."""

    component: str
    name: str
    ts_event: int
    ts_init: int


class LoopClock(LiveClock):
    """A live clock whose timers call their handlers on the event loop, like all other events.

    Nautilus calls them on a thread of its own (1.231), in the middle of whatever another handler
    is doing. Here every handler runs after the other, so that a run has one order of events.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop of the node.
    component : str
        Whose clock.
    note : Callable[[Firing], None]
        Told of every firing, just before its handler.

    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, component: str, note: Callable[[Firing], None]
    ) -> None:
        super().__init__()
        self._loop = loop
        self._component = component
        self._note = note

    def register_default_handler(self, callback: Handler) -> None:
        """Take the handler of timers that are set without one."""
        super().register_default_handler(self._on_loop(callback))

    def set_timer_ns(  # noqa: PLR0913, PLR0917 (Nautilus's signature)
        self,
        name: str,
        interval_ns: int,
        start_time_ns: int,
        stop_time_ns: int,
        callback: Handler | None = None,
        allow_past: bool = True,  # noqa: FBT001, FBT002
        fire_immediately: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Set a timer; the parameters are Nautilus's."""
        times = (interval_ns, start_time_ns, stop_time_ns)
        handler = callback and self._on_loop(callback)
        super().set_timer_ns(name, *times, handler, allow_past, fire_immediately)

    def set_time_alert_ns(
        self,
        name: str,
        alert_time_ns: int,
        callback: Handler | None = None,
        allow_past: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        """Set an alert; the parameters are Nautilus's."""
        handler = callback and self._on_loop(callback)
        super().set_time_alert_ns(name, alert_time_ns, handler, allow_past)

    def _on_loop(self, callback: Handler) -> Handler:
        def fire(event: TimeEvent) -> None:
            firing = Firing(
                component=self._component,
                name=event.name,
                ts_event=event.ts_event,
                ts_init=event.ts_init,
            )
            self._note(firing)
            callback(event)

        def hand_over(event: TimeEvent) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(fire, event)

        return hand_over


class ReplayClock(TestClock):
    """A clock that stands where the replay puts it, and whose timers fire when it says so."""

    def __init__(self) -> None:
        super().__init__()
        self._handlers: dict[str, tuple[Handler | None, bool]] = {}
        self._default: Handler | None = None

    @property
    def timer_names(self) -> list[str]:
        """Names of the timers that are set."""
        return sorted(self._handlers)

    @property
    def timer_count(self) -> int:
        """How many timers are set."""
        return len(self._handlers)

    def register_default_handler(self, callback: Handler) -> None:
        """Take the handler of timers that are set without one."""
        self._default = callback

    def set_timer_ns(  # noqa: PLR0913, PLR0917 (Nautilus's signature)
        self,
        name: str,
        interval_ns: int,  # noqa: ARG002 (the record knows when it fired)
        start_time_ns: int,  # noqa: ARG002
        stop_time_ns: int,  # noqa: ARG002
        callback: Handler | None = None,
        allow_past: bool = True,  # noqa: ARG002, FBT001, FBT002
        fire_immediately: bool = False,  # noqa: ARG002, FBT001, FBT002
    ) -> None:
        """Remember a timer; the parameters are Nautilus's."""
        self._handlers[name] = callback, True

    def set_time_alert_ns(
        self,
        name: str,
        alert_time_ns: int,  # noqa: ARG002
        callback: Handler | None = None,
        allow_past: bool = True,  # noqa: ARG002, FBT001, FBT002
    ) -> None:
        """Remember an alert; the parameters are Nautilus's."""
        self._handlers[name] = callback, False

    def cancel_timer(self, name: str) -> None:
        """Forget a timer."""
        del self._handlers[name]

    def cancel_timers(self) -> None:
        """Forget all timers."""
        self._handlers.clear()

    def fire(self, firing: Firing) -> bool:
        """Fire a timer as it fired live.

        Parameters
        ----------
        firing : Firing
            From the record.

        Returns
        -------
        bool
            False if no such timer is set.

        """
        known = self._handlers.get(firing.name)
        if known is None:
            return False
        callback, repeats = known
        if not repeats:
            del self._handlers[firing.name]
        handler = callback or self._default
        if handler is None:
            return False
        handler(TimeEvent(firing.name, UUID4(), firing.ts_event, firing.ts_init))
        return True
