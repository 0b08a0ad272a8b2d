"""The bare strategy that the cost of a whole one is measured against does the same at the venue."""

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Quantity

from benchmarks.bare_replay import Bare
from benchmarks.bare_replay import Command
from benchmarks.bare_replay import Played
from benchmarks.bare_replay import Recording
from benchmarks.bare_replay import Script
from benchmarks.bare_replay import make_actors
from benchmarks.bare_replay import make_strategy
from benchmarks.bare_replay import play
from benchmarks.bare_replay import record
from benchmarks.bare_replay import shipped
from benchmarks.bare_replay import write_down


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

CONFIG = shipped("regimes")
EVERY_REGIME = {"regime": {}}


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Return a minute and a half, of which the regime and the value at risk need half a minute."""
    return record(CONFIG.run.catalog, "2023-04-04T23:58:20Z", "2023-04-04T23:59:50Z")


def whole(recording: Recording, place: int) -> tuple[Played, Script]:
    """Play a strategy of the file with the file's actors; return what it sent, too."""
    strategy = make_strategy(CONFIG.strategies[place], EVERY_REGIME)
    script = write_down(strategy)
    played = play(CONFIG.venue, recording, [*make_actors(CONFIG.actors), strategy])
    script.pop(recording.ticks[-1].ts_init, None)  # sent after the end
    return played, script


def bare(recording: Recording, script: Script) -> Played:
    """Play the bare strategy."""
    return play(CONFIG.venue, recording, [Bare(script, recording.ticks)])


@pytest.mark.parametrize("place", [0, 1], ids=["market making", "mean reversion"])
def test_same_commands_make_the_same_of_every_order(recording: Recording, place: int) -> None:
    played, script = whole(recording, place)
    assert any("OrderFilled" in event for event in played.events)
    assert bare(recording, script).events == played.events


def test_a_missing_command_would_be_noticed(recording: Recording) -> None:
    played, script = whole(recording, 0)
    first = min(script)
    script[first] = script[first][1:]
    assert bare(recording, script).events != played.events


def test_what_was_sent_between_two_ticks_is_sent_by_the_clock(recording: Recording) -> None:
    moment = recording.ticks[100].ts_init + 1
    assert moment < recording.ticks[101].ts_init
    qty = Quantity.from_str("0.010")
    script = {moment: [Command("submit", ClientOrderId("1"), None, qty, OrderSide.BUY)]}
    events = bare(recording, script).events
    assert {event.split()[2] for event in events} >= {"OrderSubmitted", "OrderFilled"}
    assert events[0].startswith(f"{moment} ")
