"""A live venue's side of a change of leverage."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.binance.common.symbol import BinanceSymbol
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.system.kernel import NautilusKernel

from nautilus_scalp.messages import LEVERAGE_ENDPOINT
from nautilus_scalp.messages import LeverageRequest


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


def obey_leverage(
    kernel: NautilusKernel, venue: str, say: Callable[[str], None], *, simulated: bool
) -> None:
    """
    Let a venue's account take the leverage that a ``PortfolioGuard`` asks for.

    The account of this run follows when the venue has agreed. A venue that refuses, as Binance does
    when the margin of an open position would not suffice, is reported and asked again with the next
    change.

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

    """
    tasks: set[asyncio.Task[None]] = set()

    def on_request(request: LeverageRequest) -> None:
        task = asyncio.ensure_future(apply(request), loop=kernel.loop)
        tasks.add(task)  # the loop itself keeps no hold of a task
        task.add_done_callback(tasks.discard)

    async def apply(request: LeverageRequest) -> None:
        name, level = request.instrument_id, request.leverage
        if not simulated:
            client = kernel.exec_engine._clients[ClientId(venue)]  # noqa: SLF001
            try:
                await _SETTERS[venue](client, request)
            except Exception as error:  # noqa: BLE001 (adapters share no root error)
                say(f"{name}: the venue refused leverage {level}: {error}")
                return
        account = kernel.cache.account_for_venue(name.venue)
        if account is not None and account.is_margin_account:
            account.set_leverage(name, Decimal(level))
        say(f"{name}: leverage {level}")

    kernel.msgbus.register(LEVERAGE_ENDPOINT, on_request)
