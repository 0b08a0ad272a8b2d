"""Parts of the practice exchange: delivery, what is published, feed, stopwatch, keys."""

import asyncio
import time
from decimal import Decimal

import numpy as np
import pytest

from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.delivery import Delivery
from nautilus_scalp.runtime.practice.faults import Faults
from nautilus_scalp.runtime.practice.feed import Book
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.feed import moved
from nautilus_scalp.runtime.practice.market import FUNDING_INTERVAL_MS
from nautilus_scalp.runtime.practice.market import Market
from nautilus_scalp.runtime.practice.reactions import Reactions
from nautilus_scalp.runtime.practice.venue import Venue


D = Decimal
RULES = Rules(
    symbol="X",
    base="X",
    quote="USDT",
    tick=D("0.1"),
    step=D("0.01"),
    min_qty=D("0.01"),
    max_qty=D(1000),
    min_notional=D(5),
    maker_fee=D("0.0002"),
    taker_fee=D("0.0005"),
)
NOW_MS = 5 * FUNDING_INTERVAL_MS + 1


def quote(bid: str, ask: str) -> MarketEvent:
    return MarketEvent(symbol="X", kind=QUOTE, first=bid, second=ask, third="3", fourth="4")


async def delivered(faults: Faults, names: str) -> str:
    """Return the events that leave, in order, after those of `names` have come."""
    out: list[str] = []
    delivery = Delivery(faults, lambda topic, _payload: out.append(topic))
    for name in names:
        delivery.deliver(name, b"")
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.call_later(0.06, done.set)  # longer than an event is held back
    await done.wait()
    return "".join(out)


@pytest.mark.parametrize(
    ("faults", "arrives"),
    [
        (Faults(), "abcde"),
        (Faults(dropped_user_events=2), "cde"),
        (Faults(duplicate_user_events=True), "aabbccddee"),
        (Faults(swapped_user_events=True), "badce"),
    ],
)
def test_delivery(faults: Faults, arrives: str) -> None:
    assert asyncio.run(delivered(faults, "abcde")) == arrives


def test_what_a_recording_lacks_is_made_up_and_what_it_has_is_shown() -> None:
    venue = Venue([RULES], D(10_000), 20, lambda: NOW_MS)
    market = Market(venue)
    market.apply(quote("100.0", "100.2"))
    assert market.mark("X") == D("100.1")
    assert market.funding_rate("X") == D("0.0001")
    assert market.next_funding_ms() == 6 * FUNDING_INTERVAL_MS
    assert market.book("X").bids[:2] == (("100.0", "3"), ("99.9", "3"))
    assert len(market.book("X").asks) == 10
    recorded = Book(bids=(("99.0", "1"),), asks=(("101.0", "2"),))
    market.apply(MarketEvent(symbol="X", kind=DEPTH, book=recorded))
    market.apply(MarketEvent(symbol="X", kind=MARK, first="100.7"))
    market.apply(MarketEvent(symbol="X", kind=FUNDING, first="-0.0003"))
    assert market.book("X") == recorded
    assert (market.mark("X"), market.funding_rate("X")) == (D("100.7"), D("-0.0003"))


def test_spike_moves_every_price_on_the_grid_and_nothing_else() -> None:
    spiked = moved(quote("100.0", "100.2"), 100, RULES.tick)
    assert (spiked.first, spiked.second, spiked.third) == ("101.0", "101.2", "3")
    book = Book(bids=(("100.0", "1"),), asks=(("200.0", "2"),))
    spiked = moved(MarketEvent(symbol="X", kind=DEPTH, book=book), -100, RULES.tick)
    assert spiked.book == Book(bids=(("99.0", "1"),), asks=(("198.0", "2"),))
    rate = MarketEvent(symbol="X", kind=FUNDING, first="0.0001")
    assert moved(rate, 100, RULES.tick) == rate


def test_a_tape_of_every_kind_is_played_as_it_was_recorded() -> None:
    books = np.zeros((1, 10, 4))
    books[0, :2] = [[99.9, 100.1, 5.0, 6.0], [99.8, 100.2, 7.0, 0.0]]
    values = [[99.9, 100.1, 1.0, 2.0], [100.1, 0.5, 1.0, 0.0], [0, 0, 0, 0], [100.05, 0, 0, 0]]
    kinds = [QUOTE, TRADE, DEPTH, MARK, FUNDING]
    tape = Tape(
        instruments=(
            InstrumentFacts(
                instrument_id="X-PERP.BINANCE", price_precision=1, size_precision=2, tick_size=0.1
            ),
        ),
        kind=np.array(kinds, np.uint8),
        instrument=np.zeros(5, np.int16),
        ts_event_ns=np.zeros(5, np.int64),
        ts_init_ns=np.arange(5),
        values=np.array([*values, [0.0001, 0, 0, 0]]),
        books=books,
    )
    events: list[MarketEvent] = []
    asyncio.run(Playback(tape, repeat=False).run(events.append))
    assert [event.kind for event in events] == kinds
    assert (events[0].first, events[0].fourth) == ("99.9", "2.00")
    assert (events[1].second, events[1].aggressor) == ("0.50", BUY)
    assert events[2].book == Book(
        bids=(("99.9", "5.00"), ("99.8", "7.00")), asks=(("100.1", "6.00"),)
    )
    assert events[3].first == "100.0"
    assert events[4].first == "0.00010000"


def test_reactions_are_clocked_by_the_named_quote_or_the_latest() -> None:
    reactions = Reactions()
    reactions.order("X", "t7-1", 5)
    assert reactions.percentiles_us() == {"named": {"n": 0}, "bound": {"n": 0}}
    reactions.quote("X", 7)
    reactions.quote("X", 8)
    arrived_ns = time.perf_counter_ns() + 3_000_000
    reactions.order("X", "t7-1", arrived_ns)
    reactions.order("X", "t9-2", arrived_ns)
    reactions.order("X", "anything", arrived_ns)
    measured = reactions.percentiles_us()
    assert (measured["named"]["n"], measured["bound"]["n"]) == (1, 1)
    assert measured["named"]["p50"] >= measured["bound"]["p50"] >= 3_000.0
    reaction = reactions.named[0]
    assert reaction.client_id == "t7-1"
    assert reaction.arrived_ns - reaction.sent_ns == round(measured["named"]["p50"] * 1_000)


def test_keys_do_not_show() -> None:
    keys = PracticeKeys(api_key="open", api_secret="sesame")  # noqa: S106 (made up)
    assert str(keys) == "PracticeKeys(...)"
