"""A practice exchange in a thread, with a handle for the test."""

import asyncio
import threading
import time
from collections.abc import Callable
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from nautilus_scalp.data.instruments import facts
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.exchange import PracticeExchange
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.process import DIALECTS
from nautilus_scalp.runtime.practice.process import rules_of
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Venue
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response
from tests.live.waiting import PATIENCE_S


BTC = "BTCUSDT-PERP.BINANCE"
KEYS = PracticeKeys(api_key="key-" + "0123456789" * 3, api_secret="secret-" + "9876543210" * 3)


def market(seconds: int = 60, seed: int = 1) -> Tape:
    """Return a made-up market: 40 quotes a second around 60,000, a trade after every other one."""
    rng = np.random.default_rng(seed)
    quotes = seconds * 40
    mid = 60_000 + 0.1 * np.cumsum(rng.integers(-3, 4, quotes))
    sizes = rng.integers(1, 2_000, (quotes, 2)) / 1_000
    at = np.arange(quotes) * 25_000_000
    quote_values = np.column_stack([mid - 0.1, mid + 0.1, sizes])
    side = np.where(rng.random(quotes) < 0.5, 1.0, -1.0)
    traded = rng.integers(1, 200, quotes) / 1_000
    trade_values = np.column_stack([mid + 0.1 * side, traded, side, np.zeros(quotes)])
    rows = slice(None, None, 2)
    ts = np.concatenate([at, at[rows] + 10_000_000])
    order = np.argsort(ts, kind="stable")
    kinds = [np.full(quotes, QUOTE, np.uint8), np.full(len(at[rows]), TRADE, np.uint8)]
    return Tape(
        instruments=(facts(load_specs()[BTC]),),
        kind=np.concatenate(kinds)[order],
        instrument=np.zeros(len(ts), np.int16),
        ts_event_ns=ts[order],
        ts_init_ns=ts[order],
        values=np.concatenate([quote_values, trade_values[rows]])[order],
    )


def is_naked(venue: Venue) -> bool:
    """Tell whether a position is held and no order works."""
    return venue.positions["BTCUSDT"].qty != 0 and not venue.orders.working()


class Exchange:
    """A practice exchange on a thread of its own, with a handle for the test."""

    def __init__(self, venue: str = "BINANCE") -> None:
        self.venue = venue
        self.instrument_id = BTC if venue == "BINANCE" else "BTCUSDT-LINEAR.BYBIT"
        self.keys = KEYS
        rules, playback = [rules_of(load_specs()[BTC])], Playback(market())
        speak = DIALECTS[venue]
        self.practice = PracticeExchange(rules, playback, KEYS, Decimal(10_000), speak)
        self._asked = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port: int = self._call(self.practice.start())

    def _call[T](self, coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=PATIENCE_S)

    def ask[T](self, question: Callable[[PracticeExchange], T]) -> T:
        """Ask or tell the exchange something on its own thread."""

        async def answer() -> T:
            return question(self.practice)

        return self._call(answer())

    def fault(self, **values: object) -> None:
        """Switch faults on or off."""
        self.ask(lambda practice: practice.switch(**values))

    def state(self) -> dict[str, Any]:
        """Return the exchange's own truth."""
        return self.ask(lambda practice: practice.state())

    def wait(self, condition: Callable[[dict[str, Any]], bool], why: str) -> dict[str, Any]:
        """Wait until the exchange's state meets a condition."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            state = self.state()
            if condition(state):
                return state
            time.sleep(0.05)
        pytest.fail(f"never happened: {why}; state {self.state()}")

    def books(self) -> dict[str, Any]:
        """Return every order, trade and payment of the exchange."""
        return self.ask(lambda practice: practice.books())

    def freeze_when(
        self, condition: Callable[[Venue], bool], why: str, begin: Callable[[], None] | None = None
    ) -> None:
        """Stop the market in the very event of an order that meets a condition.

        A poll would see a state that lasts for a moment late, or not at all. What is to `begin`
        begins when nothing can be missed any more.
        """
        happened = threading.Event()

        def watch(practice: PracticeExchange) -> None:
            tell = practice.venue.listener

            def listen(event: OrderEvent) -> None:
                tell(event)
                if not happened.is_set() and condition(practice.venue):
                    practice.switch(frozen_feed=True)
                    happened.set()

            practice.venue.listener = listen

        self.ask(watch)
        if begin is not None:
            begin()
        assert happened.wait(PATIENCE_S), f"never happened: {why}; state {self.state()}"

    def hold(self, name: str) -> Callable[[], None]:
        """Keep answers to a question back, once a trader listens; returns what lets them go."""

        def watch(practice: PracticeExchange) -> asyncio.Event:
            answer, free = practice.dialect.answer, asyncio.Event()

            async def answer_later(request: Request) -> Response:
                listens = practice.dialect.connections()["user"] > 0
                if listens and f"{request.method} {request.path}" == name:
                    self._asked.set()
                    await free.wait()
                return await answer(request)

            practice.dialect.answer = answer_later
            return free

        free = self.ask(watch)
        return lambda: self.ask(lambda _practice: free.set())

    def wait_until_held(self) -> None:
        """Wait until the question that is held has come."""
        assert self._asked.wait(PATIENCE_S), "the question never came"

    def profit(self) -> Decimal:
        """Return what the account has made, fees and funding included."""
        return Decimal(self.state()["profit"])

    def profit_since(self, time_ms: int) -> Decimal:
        """Return what the account has made from a time on, by the exchange's clock."""

        def made(practice: PracticeExchange) -> Decimal:
            venue = practice.venue
            trades = [t.realized - t.fee for t in venue.trades if t.time_ms >= time_ms]
            return sum([*trades, *(p.amount for p in venue.payments if p.time_ms >= time_ms)], ZERO)

        return self.ask(made)

    def position(self) -> Decimal:
        """Return the net position of the account."""
        return Decimal(self.state()["positions"]["BTCUSDT"])

    def open_by_hand(self) -> bool:
        """Tell whether an order works that was not sent by the trader."""
        working = self.ask(lambda practice: practice.venue.orders.working())
        return any(order.ticket.client_id.startswith("web_") for order in working)

    def is_flat(self) -> bool:
        """Tell whether no order and no position is left."""
        state = self.state()
        return state["open_orders"] == [] and not any(map(Decimal, state["positions"].values()))

    def never_held_more_than(self, most: str) -> bool:
        """Tell whether the position was within its limit after every single trade."""

        def largest(practice: PracticeExchange) -> Decimal:
            held = np.cumsum([trade.side * trade.qty for trade in practice.venue.trades])
            return max(map(abs, held))

        return self.ask(largest) <= Decimal(most)

    def client_ids_are_unique(self) -> bool:
        """Tell whether no order came twice."""
        orders = self.ask(lambda practice: list(practice.venue.orders))
        return len({order.ticket.client_id for order in orders}) == len(orders)

    def close(self) -> None:
        """Shut the exchange and its thread down, and what it was to send later."""

        async def end() -> None:
            await self.practice.stop()
            late = asyncio.all_tasks() - {asyncio.current_task()}
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=PATIENCE_S)
        self._loop.close()
