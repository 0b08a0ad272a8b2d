"""How the events of an account leave a venue: once and in order, or as a fault wants it."""

import asyncio
from collections.abc import Callable

from nautilus_scalp.runtime.practice.faults import Faults


_LONGEST_HOLD_S = 0.05


class Delivery:
    """Sends account events, unless a fault loses, doubles or reorders them.

    Parameters
    ----------
    faults : Faults
        The misbehaviour in force; the very object that is switched.
    send : Callable[[str, bytes], None]
        Takes topic and payload, and sends it to whoever listens.

    """

    def __init__(self, faults: Faults, send: Callable[[str, bytes], None]) -> None:
        self._faults = faults
        self._send = send
        self._held: tuple[str, bytes] | None = None

    def deliver(self, topic: str, payload: bytes) -> None:
        """Send one event.

        Parameters
        ----------
        topic : str
            Who listens to it.
        payload : bytes
            The event as the venue writes it.

        """
        if self._faults.use_up("dropped_user_events"):
            return
        if self._faults.swapped_user_events and self._held is None:
            self._held = (topic, payload)
            asyncio.get_running_loop().call_later(_LONGEST_HOLD_S, self._release)
            return
        self._out(topic, payload)
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._out(*held)

    def _out(self, topic: str, payload: bytes) -> None:
        self._send(topic, payload)
        if self._faults.duplicate_user_events:
            self._send(topic, payload)
