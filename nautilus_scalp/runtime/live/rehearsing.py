"""Rehearsals between two ticks, so that the next one finds the processor's caches warm."""

import asyncio
from collections.abc import Sequence

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.runtime.live.ticker import call_every


class Rehearsing:
    """Lets actors rehearse again and again, behind whatever the event loop has to do.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's.
    actors : Sequence[EnsembleActor]
        Which have not started.
    interval_s : float
        Between two rehearsals.

    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, actors: Sequence[EnsembleActor], interval_s: float
    ) -> None:
        self._loop = loop
        self._actors = actors
        self._interval_s = interval_s
        for actor in actors:
            actor.rehearses = True

    def begin(self) -> None:
        """Rehearse for as long as the loop lives."""
        # A loop that wakes up may look at its timers before the frames that woke it: a rehearsal
        # goes to the end of the line.
        call_every(self._loop, self._interval_s, lambda: self._loop.call_soon(self._rehearse))

    def _rehearse(self) -> None:
        for actor in self._actors:
            if actor.is_running:
                actor.rehearse()
