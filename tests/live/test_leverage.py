"""A change of leverage reaches the live venue, and the account follows when it has agreed."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace

import pytest
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.messages import LEVERAGE_ENDPOINT
from nautilus_scalp.messages import LeverageRequest
from nautilus_scalp.runtime.live.leverage import obey_leverage


PERPETUAL = {
    "BINANCE": InstrumentId.from_str("BTCUSDT-PERP.BINANCE"),
    "BYBIT": InstrumentId.from_str("BTCUSDT-LINEAR.BYBIT"),
}


class Venue:
    """An execution client of either adapter, its account, and the node around them."""

    endpoints: dict[str, Callable[[LeverageRequest], None]]

    def __init__(self, name: str, *, refuses: bool) -> None:
        self.is_margin_account = True
        self.asked: list[tuple[str, int]] = []
        self.account: dict[InstrumentId, Decimal] = {}
        self.said: list[str] = []
        self.spoke = asyncio.Event()
        self._refuses = refuses
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
        if self._refuses:
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
    venue = Venue(name, refuses=False)
    asyncio.run(ask(venue, name))
    assert venue.asked == [(symbol, 2)]
    assert venue.account == {PERPETUAL[name]: Decimal(2)}


def test_a_refusal_is_reported_and_the_account_stays() -> None:
    venue = Venue("BINANCE", refuses=True)
    asyncio.run(ask(venue, "BINANCE"))
    assert venue.asked == [("BTCUSDT", 2)]
    assert venue.account == {}
    assert "refused" in venue.said[0]


def test_a_paper_account_needs_no_venue() -> None:
    venue = Venue("BINANCE", refuses=True)
    asyncio.run(ask(venue, "BINANCE", simulated=True))
    assert venue.asked == []
    assert venue.account == {PERPETUAL["BINANCE"]: Decimal(2)}
