"""Who hears which quote, where several listen to one instrument by one subscription."""

from functools import partial

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick

from nautilus_scalp.bridge.quotes import NEVER_NS
from nautilus_scalp.bridge.quotes import QuoteListener
from nautilus_scalp.bridge.quotes import QuoteReader
from nautilus_scalp.strategies.attentive import AttentiveStrategy
from tests.integration.conftest import NS_PER_MS
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

type Heard = list[tuple[str, float]]


class Ear(Actor):
    """Keeps bid sizes, under its name, and sleeps as long as it is told to."""

    def __init__(self, desk: Desk, name: str, heard: Heard, **sleeps: int) -> None:
        super().__init__(ActorConfig(component_id=name))
        self._desk = desk
        self._note = partial(self._hear, name, heard)
        self._sleeps = {"wake_ns": NEVER_NS} | sleeps
        self.listener = QuoteListener(self._note)

    def on_start(self) -> None:
        """Listen."""
        self.listener.open(self, self._desk.instrument_id)

    def on_stop(self) -> None:
        """Listen no longer."""
        self.listener.close(self, self._desk.instrument_id)

    def _hear(self, name: str, heard: Heard, tick: QuoteTick) -> None:
        heard.append((name, tick.bid_size.as_double()))
        for moment, ts_ns in self._sleeps.items():
            setattr(self.listener, moment, ts_ns)


class Plain(Actor):
    """Hears quotes the way of Nautilus."""

    def __init__(self, desk: Desk, name: str, heard: Heard) -> None:
        super().__init__(ActorConfig(component_id=name))
        self._desk = desk
        self._name = name
        self._heard = heard

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(self._desk.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Keep the bid's size."""
        self._heard.append((self._name, tick.bid_size.as_double()))


def subscribers(desk: Desk) -> int:
    """Return how many handlers the bus has for the quotes of a desk."""
    assert desk.engine is not None
    topic = f"data.quotes.BINANCE.{desk.instrument_id.symbol}"
    return len(desk.engine.kernel.msgbus.subscriptions(topic))


def test_a_quote_that_shows_no_other_price_is_not_heard(desk: Desk) -> None:
    for bid, size in ((100.0, 1.0), (100.0, 2.0), (100.1, 3.0), (100.1, 4.0), (100.0, 5.0)):
        desk.quote(bid, 100.2, size)
    heard: Heard = []
    desk.play(Ear(desk, "A", heard), Ear(desk, "B", heard))
    assert heard == [("A", 1.0), ("B", 1.0), ("A", 3.0), ("B", 3.0), ("A", 5.0), ("B", 5.0)]


def test_an_ask_that_moves_alone_is_heard(desk: Desk) -> None:
    desk.quote(100.0, 100.1, 1.0).quote(100.0, 100.2, 2.0).quote(100.0, 100.2, 3.0)
    heard: Heard = []
    desk.play(Ear(desk, "A", heard))
    assert heard == [("A", 1.0), ("A", 2.0)]


@pytest.mark.parametrize(
    ("moments", "sizes"),
    [
        ({"wake_ns": 0}, [1.0, 2.0, 3.0]),
        ({"wake_ns": 2}, [1.0, 3.0]),
    ],
)
def test_who_wants_to_look_hears_the_same_price_again(
    desk: Desk, moments: dict[str, int], sizes: list[float]
) -> None:
    desk.at(0).quote(100.0, 100.1, 1.0).at(1).quote(100.0, 100.1, 2.0)
    desk.at(2).quote(100.0, 100.1, 3.0)
    sleeps = {name: desk.ns_at(ms) if ms else 0 for name, ms in moments.items()}
    heard: Heard = []
    desk.play(Ear(desk, "A", heard, **sleeps), Ear(desk, "B", heard))
    assert heard == [("A", 1.0), ("B", 1.0)] + [("A", size) for size in sizes[1:]]


def test_who_is_woken_hears_the_next_quote_and_from_the_one_before_him_this_one(desk: Desk) -> None:
    for size in (1.0, 2.0, 3.0):
        desk.quote(100.0, 100.1, size)
    heard: Heard = []
    later = Ear(desk, "B", heard)
    earlier = Ear(desk, "A", heard, wake_ns=0)
    earlier.listener.hear = lambda _tick: later.listener.wake_by()
    desk.play(earlier, later)
    assert heard == [("B", 1.0), ("B", 2.0), ("B", 3.0)]


def test_who_subscribed_in_between_keeps_his_place(desk: Desk) -> None:
    desk.quote(100.0, 100.1, 1.0)
    heard: Heard = []
    ears = [Ear(desk, name, heard) for name in "ABDE"]
    desk.play(*ears[:2], Plain(desk, "C", heard), *ears[2:])
    assert "".join(name for name, _ in heard) == "ABCDE"
    assert subscribers(desk) == 1  # C's: nobody else is left


def test_the_venue_is_asked_until_the_last_one_leaves(desk: Desk) -> None:
    desk.quote(100.0, 100.1, 1.0).quote(100.0, 100.2, 2.0).quote(100.0, 100.3, 3.0)
    heard: Heard = []
    first, second = Ear(desk, "A", heard), Ear(desk, "B", heard)
    first.listener.hear = lambda _tick: first.stop()
    desk.play(first, second)
    assert heard == [("B", 1.0), ("B", 2.0), ("B", 3.0)]
    assert desk.engine is not None
    assert subscribers(desk) == 0
    assert not desk.engine.kernel.data_engine.subscribed_quote_ticks()


def test_after_an_error_the_same_price_is_heard_again(desk: Desk) -> None:
    desk.quote(100.0, 100.1, 1.0)
    calls: list[QuoteTick] = []

    def hear(tick: QuoteTick) -> None:
        listener.wake_ns = NEVER_NS
        calls.append(tick)
        if len(calls) == 1:
            message = "the first time"
            raise ValueError(message)

    listener, reader, tick = QuoteListener(hear), QuoteReader(), desk.tape[0]
    reader.join(listener)
    with pytest.raises(ValueError, match="the first time"):
        reader.on_quote(tick)
    reader.on_quote(tick)
    reader.on_quote(tick)
    assert calls == [tick, tick]


class Trader(AttentiveStrategy):
    """Counts trades."""

    trades = 0

    def __init__(self, desk: Desk) -> None:
        super().__init__(StrategyConfig())
        self._desk = desk

    def on_start(self) -> None:
        """Subscribe."""
        self.hear_trades(self._desk.instrument_id)

    def on_stop(self) -> None:
        """Unsubscribe."""
        self.ignore_trades(self._desk.instrument_id)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count it."""
        self.trades += tick.price.as_double() > 0.0


def test_trades_reach_a_strategy_while_it_runs_and_only_then(desk: Desk) -> None:
    desk.quote(100.0, 100.1).trade(100.1, 1.0, 1).trade(100.1, 2.0, 1)
    strategy = Trader(desk)
    desk.play(strategy)
    assert strategy.trades == 2
    assert not [told for told in strategy.msgbus.subscriptions() if "trades" in told.topic]


@pytest.mark.parametrize(
    ("rest_ms", "wanted", "sizes", "glances"),
    [
        (9, False, [1.0], 2),  # every second millisecond a glance
        (9, True, [1.0, 3.0, 4.0, 5.0], 3),  # and what it sees is looked at
        (4, False, [1.0, 5.0], 1),
        (3, False, [1.0, 4.0, 5.0], 1),  # the rest ends before the next glance is due
    ],
)
def test_who_rests_glances(
    desk: Desk,
    rest_ms: int,
    wanted: bool,  # noqa: FBT001
    sizes: list[float],
    glances: int,
) -> None:
    for ms in range(5):
        desk.at(ms).quote(100.0, 100.1, 1.0 + ms)
    heard: Heard = []
    seen: list[tuple[int, int]] = []
    sleeps = {
        "wake_ns": desk.ns_at(2),
        "rest_ns": desk.ns_at(rest_ms),
        "step_ns": 2 * NS_PER_MS,
    }
    ear = Ear(desk, "A", heard, **sleeps)
    ear.listener.glance = lambda *times: bool(seen.append(times)) or wanted
    desk.play(ear)
    assert [size for _, size in heard] == sizes
    assert len(seen) == glances
    assert seen[0] == (desk.tape[2].ts_init, desk.tape[2].ts_event)


def test_who_is_woken_rests_no_longer(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1, 1.0).at(1).quote(100.0, 100.1, 2.0)
    heard: Heard = []
    later = desk.ns_at(9)
    ear = Ear(desk, "A", heard, wake_ns=later, rest_ns=later)
    other = Ear(desk, "B", heard)
    other.listener.hear = lambda _tick: ear.listener.wake_by()
    desk.play(ear, other)
    assert heard == [("A", 1.0), ("A", 2.0)]


def test_who_is_stirred_glances(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1, 1.0).at(1).quote(100.0, 100.1, 2.0)
    heard: Heard = []
    later = desk.ns_at(9)
    ear = Ear(desk, "A", heard, wake_ns=later, rest_ns=later)
    seen: list[int] = []
    ear.listener.glance = lambda ts_init, _ts_event: bool(seen.append(ts_init))
    other = Ear(desk, "B", heard)
    other.listener.hear = lambda _tick: ear.listener.stir_by()
    desk.play(ear, other)
    assert heard == [("A", 1.0)]
    assert seen == [desk.tape[1].ts_init]
