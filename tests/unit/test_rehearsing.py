"""When rehearsals happen."""

import asyncio
import time

import uvloop  # what a node runs on

from nautilus_scalp.runtime.live.rehearsing import Rehearsing


class Player:
    """Stands in for an actor, and ends the play when it has rehearsed thrice."""

    def __init__(self, played: "asyncio.Future[None]", *, is_running: bool = True) -> None:
        self.is_running = is_running
        self.rehearses = False
        self.rehearsals = 0
        self._played = played

    def rehearse(self) -> None:
        """Count."""
        self.rehearsals += 1
        if self.rehearsals == 3:
            self._played.set_result(None)


def test_actors_that_run_rehearse_again_and_again() -> None:
    async def play() -> tuple[Player, Player]:
        loop = asyncio.get_running_loop()
        played = loop.create_future()
        running, stopped = Player(played), Player(played, is_running=False)
        Rehearsing(loop, [running, stopped], 0.0001).begin()
        await asyncio.wait_for(played, 60)
        return running, stopped

    running, stopped = asyncio.run(play())
    assert running.rehearses
    assert running.rehearsals >= 3
    assert stopped.rehearsals == 0


def test_a_frame_that_is_there_comes_before_a_rehearsal_that_is_due() -> None:
    async def play() -> list[str]:
        loop = asyncio.get_running_loop()
        order: list[str] = []
        played = loop.create_future()
        player = Player(played)

        def rehearse() -> None:
            order.append("rehearsal")
            if not played.done():
                played.set_result(None)

        player.rehearse = rehearse  # type: ignore[method-assign]
        Rehearsing(loop, [player], 0.001).begin()
        due = time.monotonic() + 0.005
        while time.monotonic() < due:
            pass  # the loop is busy until the rehearsal is due
        loop.call_soon_threadsafe(order.append, "frame")
        await asyncio.wait_for(played, 60)
        return order

    assert uvloop.run(play())[0] == "frame"
