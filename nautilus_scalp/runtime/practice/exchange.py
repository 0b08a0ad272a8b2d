"""The practice exchange: one market and one account, in the dialect of the venue it plays."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import msgspec

from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Payment
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.faults import Faults
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.feed import moved
from nautilus_scalp.runtime.practice.market import Market
from nautilus_scalp.runtime.practice.reactions import Reactions
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Venue
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response
from nautilus_scalp.runtime.practice.wire import Server
from nautilus_scalp.runtime.practice.wire import Socket


_PULSE_S = 0.1
_PULSES_PER_MARK = 10


class Dialect(Protocol):
    """How a venue speaks: its REST interface, its streams, its documents."""

    requests: dict[str, int]

    async def answer(self, request: Request) -> Response:
        """Answer an HTTP request."""

    async def serve(self, request: Request, socket: Socket) -> None:
        """Serve a WebSocket until it ends."""

    def connections(self) -> dict[str, int]:
        """Return how many sockets listen to `market` and `user`, and send on `trade`."""

    def cut(self, stream: str) -> None:
        """Cut the sockets of "market", "user" or "trade"."""

    def expire_listen_key(self) -> None:
        """End the user's session."""

    def publish(self, event: MarketEvent) -> None:
        """Send a quote or a trade to those who listen."""

    def publish_book(self, symbol: str) -> None:
        """Send the displayed levels to those who listen."""

    def publish_mark(self, symbol: str) -> None:
        """Send mark price and funding rate to those who listen."""

    def tell_order(self, event: OrderEvent) -> None:
        """Send what happened to an order to its owner."""

    def tell_funding(self, payment: Payment) -> None:
        """Send a settled funding payment to the account's owner."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect speaks about: the account and its key, the market, the faults in force."""

    venue: Venue
    market: Market
    faults: Faults
    keys: PracticeKeys
    quote: str
    reactions: Reactions


class PracticeExchange:
    """A venue behind a server on 127.0.0.1, with paths of its own for whoever practises.

    ``GET /practice/state`` answers the venue's own truth, ``GET /practice/books`` every order and
    trade of it, ``POST /practice/faults`` switches misbehaviour.

    Parameters
    ----------
    rules : list[Rules]
        The symbols on offer, all of one quote currency.
    playback : Playback
        The recorded market.
    keys : PracticeKeys
        The only account.
    balance : Decimal
        What the account starts with, in quote currency.
    speak : Callable[[Desk], Dialect]
        `BinanceDialect` or `BybitDialect`.
    leverage : int
        Of every symbol, until the trader sets another.

    """

    def __init__(
        self,
        rules: list[Rules],
        playback: Playback,
        keys: PracticeKeys,
        balance: Decimal,
        speak: Callable[[Desk], Dialect],
        leverage: int = 20,
    ) -> None:
        self.faults = Faults()
        self.venue = Venue(rules, balance, leverage, self._now_ms)
        self.market = Market(self.venue)
        self.reactions = Reactions()
        self.dialect = speak(
            Desk(
                venue=self.venue,
                market=self.market,
                faults=self.faults,
                keys=keys,
                quote=rules[0].quote,
                reactions=self.reactions,
            )
        )
        self.venue.listener = self.dialect.tell_order
        self._opening_balance = balance
        self._playback = playback
        self._server = Server(self._http, self.dialect.serve)
        self._next_funding_ms = self.market.next_funding_ms()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, port: int = 0) -> int:
        """Open the venue.

        Parameters
        ----------
        port : int
            0 takes a free one.

        Returns
        -------
        int
            The port on 127.0.0.1, for HTTP and WebSocket alike.

        """
        for event in self._playback.first_quotes():
            self._on_market_event(event)
        bound = await self._server.start(port)
        self._tasks = [
            asyncio.create_task(self._playback.run(self._on_market_event)),
            asyncio.create_task(self._pulse()),
        ]
        return bound

    async def stop(self) -> None:
        """Close the venue and every connection."""
        for task in self._tasks:
            task.cancel()
        await self._server.stop()

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.faults.clock_skew_ms  # noqa: TID251 (a venue's clock is a wall clock)

    async def _http(self, request: Request) -> Response:
        if (request.method, request.path) == ("GET", "/practice/state"):
            return Response(payload=self.state())
        if (request.method, request.path) == ("GET", "/practice/books"):
            return Response(payload=self.books())
        if (request.method, request.path) == ("GET", "/practice/reactions"):
            return Response(payload=list(self.reactions.named))
        if (request.method, request.path) == ("POST", "/practice/faults"):
            try:
                return Response(payload=self._switch_faults(request))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
                return Response(status=400, payload={"error": str(error)})
        answer = await self.dialect.answer(request)
        await asyncio.sleep(self.faults.answer_delay_ms / 1_000)
        return answer

    def state(self) -> Document:
        """Return the venue's own truth, for checks from outside.

        Returns
        -------
        Document
            Balance and what it is made of, positions, leverage, working orders, counts, speed.

        """
        venue, connections = self.venue, self.dialect.connections()
        return {
            "balance": text(venue.balance),
            "realized": text(sum((trade.realized for trade in venue.trades), ZERO)),
            "fees": text(venue.fees),
            "funding": text(sum((payment.amount for payment in venue.payments), ZERO)),
            "profit": text(venue.balance - self._opening_balance),
            "positions": {symbol: text(held.qty) for symbol, held in venue.positions.items()},
            "leverage": dict(venue.leverage),
            "open_orders": [msgspec.to_builtins(order) for order in venue.orders.working()],
            "orders": len(venue.orders),
            "trades": len(venue.trades),
            **{f"{name}_connections": count for name, count in connections.items()},
            "events_played": self._playback.played,
            "events_behind_s": self._playback.behind_s,
            "quote_to_order_us": self.reactions.percentiles_us(),
            "requests": self.dialect.requests,
            "faults": msgspec.to_builtins(self.faults),
        }

    def books(self) -> Document:
        """Return every order and every payment that there ever was, for an account of a run.

        Returns
        -------
        Document
            `orders`, `trades`, `payments` and `positions`.

        """
        venue = self.venue
        return {
            "orders": [msgspec.to_builtins(order) for order in venue.orders],
            "trades": [msgspec.to_builtins(trade) for trade in venue.trades],
            "payments": [msgspec.to_builtins(payment) for payment in venue.payments],
            "positions": {
                name: msgspec.to_builtins(held) for name, held in venue.positions.items()
            },
        }

    def _switch_faults(self, request: Request) -> Document:
        """Apply a JSON object of `Faults` keys, and the one-shot actions named in `do`."""
        wanted = msgspec.json.decode(request.body)
        actions = wanted.pop("do", [])
        checked = msgspec.convert(msgspec.to_builtins(self.faults) | wanted, Faults)
        for action in actions:
            self.act(**action)
        self.switch(**{name: getattr(checked, name) for name in wanted})
        return self.state()

    def switch(self, **values: object) -> None:
        """Switch faults on or off.

        Parameters
        ----------
        **values : object
            By the names of `Faults`.

        """
        for name, value in values.items():
            setattr(self.faults, name, value)
        self.venue.max_fill = self.faults.max_fill

    def act(self, action: str, symbol: str = "", qty: str = "0") -> None:
        """Do something to the trader, once.

        Parameters
        ----------
        action : str
            `cut_market`, `cut_user`, `cut_trade`, `expire_listen_key`, `trade_outside`,
            `order_outside` or `fund`.
        symbol : str
            For the last three.
        qty : str
            Signed quantity traded or ordered outside, or the funding rate.

        Raises
        ------
        ValueError
            For any other action, or one that the venue does not know.

        """
        if action in ("cut_market", "cut_user", "cut_trade"):
            self.dialect.cut(action.removeprefix("cut_"))
        elif action == "expire_listen_key":
            self.dialect.expire_listen_key()
        elif action in ("trade_outside", "order_outside"):
            side = BUY if Decimal(qty) > 0 else SELL
            at_market = action == "trade_outside"
            self.venue.trade_outside(symbol, side, abs(Decimal(qty)), at_market=at_market)
        elif action == "fund":
            self._fund(symbol, Decimal(qty))
        else:
            message = f"unknown practice action {action!r}"
            raise ValueError(message)

    def _fund(self, symbol: str, rate: Decimal) -> None:
        payment = self.venue.pay_funding(symbol, rate)
        if payment is not None:
            self.dialect.tell_funding(payment)

    async def _pulse(self) -> None:
        """Publish what comes by the clock: books, mark prices, and the settling of funding."""
        pulses = 0
        while True:
            await asyncio.sleep(_PULSE_S)
            pulses += 1
            if self.venue.now_ms() >= self._next_funding_ms:
                self._next_funding_ms = self.market.next_funding_ms()
                for symbol in self.venue.rules:
                    self._fund(symbol, self.market.funding_rate(symbol))
            if self.faults.frozen_feed:
                continue
            for symbol in self.venue.tops:
                self.dialect.publish_book(symbol)
                if pulses % _PULSES_PER_MARK == 0:
                    self.dialect.publish_mark(symbol)

    def _on_market_event(self, event: MarketEvent) -> None:
        rules = self.venue.rules.get(event.symbol)
        if self.faults.frozen_feed or rules is None:
            return
        event = moved(event, self.faults.spike_bps, rules.tick)
        self.market.apply(event)
        if event.kind == QUOTE and self.faults.use_up("crossed_quotes"):
            event = msgspec.structs.replace(event, first=event.second, second=event.first)
        self.dialect.publish(event)
