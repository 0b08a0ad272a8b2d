"""Binance USD-M futures as a practice venue: its REST and WebSocket protocol on 127.0.0.1.

What an unmodified Nautilus adapter asks for is answered as the real venue answers it: signed
requests are verified, orders are matched against recorded prices, order and account events go
out on the user stream. Two paths of its own serve whoever runs the practice:
``POST /practice/faults`` and ``GET /practice/state``.
"""

import asyncio
import time
from collections import deque
from decimal import Decimal

import msgspec
import numpy as np

from nautilus_scalp.runtime.practice import binance_messages as messages
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.binance_messages import Document
from nautilus_scalp.runtime.practice.binance_rest import BinanceRest
from nautilus_scalp.runtime.practice.binance_rest import PracticeKeys
from nautilus_scalp.runtime.practice.binance_streams import BinanceStreams
from nautilus_scalp.runtime.practice.faults import Faults
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.feed import moved
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Venue
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response
from nautilus_scalp.runtime.practice.wire import Server


_LEVERAGE = 20
_MOST_REACTIONS = 10_000
_REACTIONS = {("POST", "/fapi/v1/order"), ("PUT", "/fapi/v1/order")}


class BinancePractice:
    """The practice venue behind a server.

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

    """

    def __init__(
        self, rules: list[Rules], playback: Playback, keys: PracticeKeys, balance: Decimal
    ) -> None:
        self.faults = Faults()
        self.venue = Venue(rules, balance, _LEVERAGE, self._now_ms)
        self.venue.listener = self._on_order_event
        self._quote = rules[0].quote
        self._playback = playback
        self._streams = BinanceStreams(self.faults)
        self._rest = BinanceRest(self.venue, self._streams, self.faults, keys, self._quote)
        self._server = Server(self._http, self._streams.serve)
        self._update_id = 0
        self._quote_sent_ns: dict[str, int] = {}
        self._reactions_us: deque[float] = deque(maxlen=_MOST_REACTIONS)
        self._replay: asyncio.Task[None] | None = None

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
        self._replay = asyncio.create_task(self._playback.run(self._on_market_event))
        return bound

    async def stop(self) -> None:
        """Close the venue and every connection."""
        if self._replay is not None:
            self._replay.cancel()
        await self._server.stop()

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.faults.clock_skew_ms  # noqa: TID251 (a venue's clock is a wall clock)

    async def _http(self, request: Request) -> Response:
        if (request.method, request.path) == ("GET", "/practice/state"):
            return Response(payload=self.state())
        if (request.method, request.path) == ("POST", "/practice/faults"):
            try:
                return Response(payload=self._switch_faults(request))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
                return Response(status=400, payload={"error": str(error)})
        self._clock_reaction(request)
        return await self._rest.answer(request)

    def _clock_reaction(self, request: Request) -> None:
        """Note how long after the symbol's latest quote an order or a change comes in."""
        sent_ns = self._quote_sent_ns.get(request.params.get("symbol", ""))
        if sent_ns is not None and (request.method, request.path) in _REACTIONS:
            self._reactions_us.append((time.perf_counter_ns() - sent_ns) / 1_000)

    def _reaction_percentiles(self) -> dict[str, float]:
        if not self._reactions_us:
            return {}
        p50, p90, p99 = np.percentile(self._reactions_us, (50, 90, 99))
        return {"p50": float(p50), "p90": float(p90), "p99": float(p99)}

    def state(self) -> Document:
        """Return the venue's own truth, for checks from outside.

        Returns
        -------
        Document
            Balance, fees, positions, working orders, counts.

        """
        return {
            "balance": messages.text(self.venue.balance),
            "fees": messages.text(self.venue.fees),
            "positions": {s: messages.text(p.qty) for s, p in self.venue.positions.items()},
            "open_orders": [messages.order_document(order) for order in self.venue.open_orders()],
            "orders": len(self.venue.orders),
            "trades": len(self.venue.trades),
            "market_connections": self._streams.market_connections,
            "user_connections": self._streams.user_connections,
            "events_played": self._playback.played,
            "quote_to_order_us": self._reaction_percentiles(),
            "requests": self._rest.requests,
            "faults": msgspec.to_builtins(self.faults),
        }

    def _switch_faults(self, request: Request) -> Document:
        """Apply a JSON object of `Faults` keys, and the one-shot actions named in `do`."""
        wanted = msgspec.json.decode(request.body)
        for action in wanted.pop("do", []):
            self.act(**action)
        checked = msgspec.convert(msgspec.to_builtins(self.faults) | wanted, Faults)
        for name in wanted:
            setattr(self.faults, name, getattr(checked, name))
        self.venue.max_fill = self.faults.max_fill
        return self.state()

    def act(self, action: str, symbol: str = "", qty: str = "0") -> None:
        """Do something to the trader, once.

        Parameters
        ----------
        action : str
            `cut_market`, `cut_user`, `expire_listen_key`, `trade_outside` or `fund`.
        symbol : str
            For the last two.
        qty : str
            Signed quantity traded outside, or the funding rate.

        Raises
        ------
        ValueError
            For any other action.

        """
        if action == "cut_market":
            self._streams.cut_market()
        elif action == "cut_user":
            self._streams.cut_user()
        elif action == "expire_listen_key":
            self._streams.expire_listen_key(self._now_ms())
        elif action == "trade_outside":
            side = BUY if Decimal(qty) > 0 else SELL
            self.venue.trade_outside(symbol, side, abs(Decimal(qty)))
        elif action == "fund":
            self._fund(symbol, Decimal(qty))
        else:
            message = f"unknown practice action {action!r}"
            raise ValueError(message)

    def _fund(self, symbol: str, rate: Decimal) -> None:
        top, position = self.venue.tops[symbol], self.venue.positions[symbol]
        self.venue.balance -= position.qty * (top.bid + top.ask) / 2 * rate
        reason = "FUNDING_FEE"
        self._streams.send_user(
            messages.account_event_document(self.venue, symbol, self._quote, reason)
        )

    def _on_order_event(self, event: OrderEvent) -> None:
        if event.trade is not None:
            symbol = event.order.ticket.symbol
            self._streams.send_user(
                messages.account_event_document(self.venue, symbol, self._quote, "ORDER")
            )
        self._streams.send_user(messages.order_event_document(event, self._quote, self._now_ms()))

    def _on_market_event(self, event: MarketEvent) -> None:
        if self.faults.frozen_feed:
            return
        rules = self.venue.rules.get(event.symbol)
        if rules is None:
            return
        event = moved(event, self.faults.spike_bps, rules.tick)
        self._update_id += 1
        if event.is_quote:
            self._on_quote(event)
        else:
            self._on_trade(event)

    def _on_quote(self, event: MarketEvent) -> None:
        bid, ask = Decimal(event.first), Decimal(event.second)
        sizes = Decimal(event.third), Decimal(event.fourth)
        self.venue.on_quote(event.symbol, Top(bid=bid, ask=ask, bid_qty=sizes[0], ask_qty=sizes[1]))
        self._quote_sent_ns[event.symbol] = time.perf_counter_ns()
        crossed = self.faults.use_up("crossed_quotes")
        first, second = (event.second, event.first) if crossed else (event.first, event.second)
        now = self._now_ms()
        self._streams.send_market(
            f"{event.symbol.lower()}@bookTicker",
            f'"e":"bookTicker","u":{self._update_id},"s":"{event.symbol}","b":"{first}",'
            f'"B":"{event.third}","a":"{second}","A":"{event.fourth}","T":{now},"E":{now}',
        )

    def _on_trade(self, event: MarketEvent) -> None:
        price, qty = Decimal(event.first), Decimal(event.second)
        if price > ZERO and qty > ZERO:
            self.venue.on_trade(event.symbol, price, qty, event.aggressor)
        now, number = self._now_ms(), self._update_id
        buyer_is_maker = "true" if event.aggressor == SELL else "false"
        self._streams.send_market(
            f"{event.symbol.lower()}@aggTrade",
            f'"e":"aggTrade","E":{now},"s":"{event.symbol}","a":{number},"p":"{event.first}",'
            f'"q":"{event.second}","f":{number},"l":{number},"T":{now},"m":{buyer_is_maker}',
        )
