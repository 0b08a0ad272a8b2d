"""A change of leverage reaches the live venue, and the account follows when it has agreed."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING
from typing import Any

import pytest
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.messages import LEVERAGE_ENDPOINT
from nautilus_scalp.messages import LeverageRequest
from nautilus_scalp.runtime.live.leverage import VenueLeverage
from nautilus_scalp.runtime.live.leverage import obey_leverage
from tests.live.waiting import PATIENCE_S


if TYPE_CHECKING:
    from collections.abc import Callable

    from nautilus_scalp.runtime.practice.exchange import PracticeExchange
    from nautilus_scalp.runtime.practice.venue import OrderEvent
    from nautilus_scalp.runtime.practice.venue import Venue as PracticeVenue
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

both_venues = pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)

# A maker under a guard whose measures are known after a second, and a regime after as long.
MAKER = "nautilus_scalp.strategies.market_making:MarketMaking"
BLOCKS = """
ladder = {{ spread_target = 0.0005, volatility_multiplier = 0.0, quote_depth = 1 }}
regime = {{ apply_profile = false, trade_in = {regimes} }}

[[actors]]
actor_path = "nautilus_scalp.actors.regime:RegimeActor"
config_path = "nautilus_scalp.actors.regime:RegimeActorConfig"
[actors.config]
instrument_ids = ["{instrument}"]
[actors.config.params]
min_dwell_ms = 0.0
measures = {{ bar_ms = 50.0, window_bars = 10, warm_up_bars = 20 }}

[[actors]]
actor_path = "nautilus_scalp.actors.portfolio:PortfolioGuard"
config_path = "nautilus_scalp.actors.portfolio:PortfolioGuardConfig"
[actors.config]
venue = "{venue}"
interval_ms = 50.0
leverage = {{ mode = "adaptive", largest = 10.0, raise_after_ms = 500.0 }}
[actors.config.limits]
max_exposure_share = 0.05
moves = {{ sample_ms = 50.0, least_samples = 20, half_life_samples = 40.0 }}
"""
EVERY = '["NORMAL", "VOLATILE", "TRENDING", "RANGING", "CRASH", "BULL_RUN", "RECOVERY"]'


PERPETUAL = {
    "BINANCE": InstrumentId.from_str("BTCUSDT-PERP.BINANCE"),
    "BYBIT": InstrumentId.from_str("BTCUSDT-LINEAR.BYBIT"),
}


class Venue:
    """An execution client of either adapter, its account, and the node around them."""

    endpoints: dict[str, Callable[[LeverageRequest], None]]

    def __init__(self, name: str, *, refusals: int) -> None:
        self.is_margin_account = True
        self.asked: list[tuple[str, int]] = []
        self.account: dict[InstrumentId, Decimal] = {}
        self.said: list[str] = []
        self.spoke = asyncio.Event()
        self._refusals = refusals
        self._futures_http_account = SimpleNamespace(set_leverage=self._answer)
        self.endpoints = {}
        self.exec_engine = SimpleNamespace(_clients={ClientId(name): self})
        self.cache = SimpleNamespace(account_for_venue=lambda _venue: self)
        self.msgbus = SimpleNamespace(register=self.endpoints.__setitem__)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the test."""
        return asyncio.get_running_loop()

    def say(self, line: str) -> None:
        """Keep a line, and let the test go on."""
        self.said.append(line)
        self.spoke.set()

    async def _answer(self, symbol: object, leverage: int) -> None:
        self.asked.append((str(symbol), leverage))
        if len(self.asked) <= self._refusals:
            message = "margin does not suffice"
            raise ValueError(message)

    def set_leverage(self, name: object, leverage: object) -> object:
        """Change the account, or be asked as Bybit's client is."""
        if isinstance(name, InstrumentId):
            assert isinstance(leverage, Decimal)
            self.account[name] = leverage
            return None
        assert isinstance(leverage, int)
        return self._answer(name, leverage)


async def ask(venue: Venue, name: str, *, simulated: bool = False) -> None:
    obey_leverage(venue, name, venue.say, simulated=simulated)  # type: ignore[arg-type]
    venue.endpoints[LEVERAGE_ENDPOINT](LeverageRequest(PERPETUAL[name], 2))
    await venue.spoke.wait()


@pytest.mark.parametrize(("name", "symbol"), [("BINANCE", "BTCUSDT"), ("BYBIT", "BTCUSDT-LINEAR")])
def test_the_venue_is_asked_and_the_account_follows(name: str, symbol: str) -> None:
    venue = Venue(name, refusals=0)
    asyncio.run(ask(venue, name))
    assert venue.asked == [(symbol, 2)]
    assert venue.account == {PERPETUAL[name]: Decimal(2)}


def test_a_refusal_is_reported_and_the_account_stays() -> None:
    venue = Venue("BINANCE", refusals=3)
    asyncio.run(ask(venue, "BINANCE"))
    assert venue.asked == [("BTCUSDT", 2)]
    assert venue.account == {}
    assert "refused" in venue.said[0]


def test_a_paper_account_needs_no_venue() -> None:
    venue = Venue("BINANCE", refusals=3)
    asyncio.run(ask(venue, "BINANCE", simulated=True))
    assert venue.asked == []
    assert venue.account == {PERPETUAL["BINANCE"]: Decimal(2)}


def test_a_newer_wish_is_not_overtaken_by_an_older_answer() -> None:
    """Two changes in a row: the second one waits for the venue's answer to the first."""

    async def story(venue: Venue) -> None:
        levels = VenueLeverage(venue, "BINANCE", venue.say, simulated=False)  # type: ignore[arg-type]
        levels.on_request(LeverageRequest(PERPETUAL["BINANCE"], 3))
        levels.on_request(LeverageRequest(PERPETUAL["BINANCE"], 1))
        while venue.account.get(PERPETUAL["BINANCE"]) != 1:
            venue.spoke.clear()
            await asyncio.wait_for(venue.spoke.wait(), timeout=PATIENCE_S)

    venue = Venue("BINANCE", refusals=0)
    asyncio.run(story(venue))
    assert [level for _, level in venue.asked] in ([3, 1], [1])


def test_a_venue_that_refused_is_asked_again_and_reported_once() -> None:
    async def story(venue: Venue) -> None:
        levels = VenueLeverage(
            venue,  # type: ignore[arg-type]
            "BYBIT",
            venue.say,
            simulated=False,
            retry_s=0.001,
        )
        levels.on_request(LeverageRequest(PERPETUAL["BYBIT"], 2))
        while not venue.account:
            venue.spoke.clear()
            await asyncio.wait_for(venue.spoke.wait(), timeout=PATIENCE_S)

    venue = Venue("BYBIT", refusals=3)
    asyncio.run(story(venue))
    assert venue.asked == [("BTCUSDT-LINEAR", 2)] * 4
    assert venue.account == {PERPETUAL["BYBIT"]: Decimal(2)}
    assert [("refused" in line) for line in venue.said] == [True, False]


# --- the real adapters, against a practice exchange of either venue ---


def leverage(state: dict[str, Any]) -> int:
    """Return what the exchange has the account at."""
    return int(state["leverage"]["BTCUSDT"])


def start(exchange: Exchange, trader: Trader, regimes: str) -> None:
    """Start a maker under a guard that adapts the leverage."""
    trader.strategy = MAKER
    trader.more_blocks = BLOCKS.format(
        instrument=exchange.instrument_id, venue=exchange.venue, regimes=regimes
    )
    trader.start(
        "live.unowned=leave", order_notional=300.0, inventory_limit=600.0, refresh_interval_ms=200.0
    )


class Levels(dict[str, int]):
    """The exchange's leverages, and every one that it ever had: some last for half a second."""

    def __init__(self, venue: PracticeVenue) -> None:
        super().__init__(venue.leverage)
        self._venue = venue
        self._ahead = list(self.values())
        self.flat_at_one = False

    def __setitem__(self, symbol: str, level: int) -> None:
        """Change a leverage, and keep the new one."""
        super().__setitem__(symbol, level)
        self._ahead.append(level)
        self.look()

    def look(self) -> None:
        """Note when nothing is left at a leverage of 1."""
        held = self._venue.positions["BTCUSDT"].qty != 0 or self._venue.orders.working()
        self.flat_at_one |= self["BTCUSDT"] == 1 and not held

    def reached(self, low: int, high: int) -> int:
        """Return the next leverage within both, and forget it and those before; or 0."""
        while self._ahead:
            level = self._ahead.pop(0)
            if low <= level <= high:
                return level
        return 0


def watch(exchange: Exchange) -> Levels:
    """Have the exchange keep its leverages in `Levels`."""

    def put(practice: PracticeExchange) -> Levels:
        venue, tell = practice.venue, practice.venue.listener
        venue.leverage = levels = Levels(venue)

        def listen(event: OrderEvent) -> None:
            tell(event)
            levels.look()

        venue.listener = listen
        return levels

    return exchange.ask(put)


def wait_for_level(exchange: Exchange, levels: Levels, low: int, high: int, why: str) -> int:
    """Wait until the leverage was within both, and return it."""
    found = 0

    def was_reached(_state: object) -> bool:
        nonlocal found
        found = levels.reached(low, high)
        return found > 0

    exchange.wait(was_reached, why)
    return found


@both_venues
def test_leverage_follows_the_market(exchange: Exchange, trader: Trader) -> None:
    """Careful while nothing is known, up in a calm, down in a storm, out in a crash."""
    levels = watch(exchange)
    assert levels.reached(1, 125) == 20
    exchange.fault(frozen_feed=True)  # nothing is known until it moves
    start(exchange, trader, EVERY)
    wait_for_level(exchange, levels, 1, 1, "the emergency's, while nothing is known")
    exchange.fault(frozen_feed=False)
    calm = wait_for_level(exchange, levels, 6, 125, "a calm market's")
    exchange.wait(lambda state: state["open_orders"], "quotes")
    deadline = time.monotonic() + PATIENCE_S
    spike = 0
    while not levels.reached(2, calm // 2):
        assert time.monotonic() < deadline, f"leverage stays at {leverage(exchange.state())}"
        spike = 1 - spike  # up and down by a basis point: wild for this market, not in general
        exchange.fault(spike_bps=spike)
        time.sleep(0.15)
    exchange.wait(lambda state: state["open_orders"], "quotes in the storm")
    deadline = time.monotonic() + PATIENCE_S
    levels.flat_at_one = False
    looks = 0
    while not levels.flat_at_one:
        assert time.monotonic() < deadline, f"no crash: {exchange.state()}"
        exchange.fault(spike_bps=-80 * (1 + looks // 20))  # once more, if the trader was not there
        exchange.ask(lambda _practice: levels.look())  # it may be out already, by the storm
        looks += 1
        time.sleep(0.15)
    trader.wait_for("regime_crash")  # the status line says why nothing is opened
    assert trader.end() == 0, trader.output
    assert "refused leverage" not in trader.output


@both_venues
def test_a_venue_refuses_until_the_margin_suffices(exchange: Exchange, trader: Trader) -> None:
    """Too much is held for a leverage of 1: by somebody else, so that it is not ours to close."""
    exchange.ask(lambda practice: practice.act("trade_outside", "BTCUSDT", "0.3"))
    start(exchange, trader, "[]")
    trader.wait_for("the venue refused leverage 1")
    assert leverage(exchange.state()) == 3  # of the configuration
    exchange.ask(lambda practice: practice.act("trade_outside", "BTCUSDT", "-0.3"))
    exchange.wait(lambda state: leverage(state) != 3, "the venue agrees")
    assert trader.end() == 0, trader.output
    assert trader.output.count("the venue refused leverage 1") == 1
