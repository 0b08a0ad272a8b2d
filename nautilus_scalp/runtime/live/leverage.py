"""A live venue's side of a change of leverage."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.binance.common.symbol import BinanceSymbol
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.system.kernel import NautilusKernel

from nautilus_scalp.messages import LEVERAGE_ENDPOINT
from nautilus_scalp.messages import LeverageRequest


_RETRY_S = 2.0

# How an adapter's execution client is asked; Nautilus has no common verb for it.
type Setter = Callable[[Any, LeverageRequest], Awaitable[object]]


def _ask_binance(client: Any, request: LeverageRequest) -> Awaitable[object]:  # noqa: ANN401
    symbol = BinanceSymbol(request.instrument_id.symbol.value.partition("-")[0])
    answer: Awaitable[object] = client._futures_http_account.set_leverage(  # noqa: SLF001
        symbol, request.leverage
    )
    return answer


def _ask_bybit(client: Any, request: LeverageRequest) -> Awaitable[object]:  # noqa: ANN401
    answer: Awaitable[object] = client.set_leverage(
        request.instrument_id.symbol.value, request.leverage
    )
    return answer


_SETTERS: dict[str, Setter] = {"BINANCE": _ask_binance, "BYBIT": _ask_bybit}


class VenueLeverage:
    """
    Brings a venue's account to the leverage that was asked for last.

    One question an instrument is on its way at a time, so that no answer overtakes a newer one.
    The account of this run follows when the venue has agreed. A venue that refuses, as Binance does
    when the margin of an open position would not suffice, is reported once and asked again until it
    agrees or something else is wanted.

    Parameters
    ----------
    kernel : NautilusKernel
        Of a live node that is built.
    venue : str
        "BINANCE" or "BYBIT".
    say : Callable[[str], None]
        Takes a line for the person who watches.
    simulated : bool
        Whether the account is a paper one: then there is no venue to ask.
    retry_s : float
        How long a venue that refused is left alone.

    """

    def __init__(
        self,
        kernel: NautilusKernel,
        venue: str,
        say: Callable[[str], None],
        *,
        simulated: bool,
        retry_s: float = _RETRY_S,
    ) -> None:
        self._kernel = kernel
        self._venue = venue
        self._say = say
        self._simulated = simulated
        self._retry_s = retry_s
        self._wanted: dict[InstrumentId, int] = {}
        self._agreed: dict[InstrumentId, int] = {}
        self._refused: dict[InstrumentId, int] = {}
        self._tasks: dict[InstrumentId, asyncio.Task[None]] = {}
        self._retries: dict[InstrumentId, asyncio.TimerHandle] = {}

    def on_request(self, request: LeverageRequest) -> None:
        """Take in what an account should have from now on."""
        self._wanted[request.instrument_id] = request.leverage
        self._begin(request.instrument_id)

    def _begin(self, name: InstrumentId) -> None:
        if name not in self._tasks:
            if name in self._retries:
                self._retries.pop(name).cancel()
            self._tasks[name] = asyncio.ensure_future(self._follow(name), loop=self._kernel.loop)

    async def _follow(self, name: InstrumentId) -> None:
        """Ask until the venue has agreed to the latest wish, or has refused it."""
        try:
            while (level := self._wanted[name]) != self._agreed.get(name):
                if await self._agrees(name, level):
                    self._apply(name, level)
                elif self._wanted[name] == level:
                    loop = self._kernel.loop
                    self._retries[name] = loop.call_later(self._retry_s, self._begin, name)
                    return
        finally:
            del self._tasks[name]

    async def _agrees(self, name: InstrumentId, level: int) -> bool:
        if self._simulated:
            return True
        client = self._kernel.exec_engine._clients[ClientId(self._venue)]  # noqa: SLF001
        try:
            await _SETTERS[self._venue](client, LeverageRequest(name, level))
        except Exception as error:  # noqa: BLE001 (adapters share no root error)
            if self._refused.get(name) != level:
                self._refused[name] = level
                self._say(f"{name}: the venue refused leverage {level}: {error}")
            return False
        return True

    def _apply(self, name: InstrumentId, level: int) -> None:
        self._agreed[name] = level
        self._refused.pop(name, None)
        account = self._kernel.cache.account_for_venue(name.venue)
        if account is not None and account.is_margin_account:
            account.set_leverage(name, Decimal(level))
        self._say(f"{name}: leverage {level}")


def obey_leverage(
    kernel: NautilusKernel, venue: str, say: Callable[[str], None], *, simulated: bool
) -> None:
    """
    Let a venue's account take the leverage that a ``PortfolioGuard`` asks for.

    Parameters
    ----------
    kernel, venue, say, simulated
        See `VenueLeverage`.

    """
    obedient = VenueLeverage(kernel, venue, say, simulated=simulated)
    kernel.msgbus.register(LEVERAGE_ENDPOINT, obedient.on_request)
