"""Binance USD-M futures as a practice venue: its REST and WebSocket protocol on 127.0.0.1.

What an unmodified Nautilus adapter asks for is answered as the real venue answers it: signed
requests are verified, orders are matched against recorded prices, order and account events go
out on the user stream. Two paths of its own serve whoever runs the practice:
``POST /practice/faults`` and ``GET /practice/state``.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from decimal import Decimal
from decimal import InvalidOperation
from typing import Any

import msgspec

from nautilus_scalp.runtime.practice import binance_messages as messages
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.binance_messages import Document
from nautilus_scalp.runtime.practice.faults import Faults
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.feed import moved
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Reason
from nautilus_scalp.runtime.practice.venue import Refused
from nautilus_scalp.runtime.practice.venue import Venue
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response
from nautilus_scalp.runtime.practice.wire import Server
from nautilus_scalp.runtime.practice.wire import Socket


_LEVERAGE = 20
_RECV_WINDOW_MS = 5_000
_MOST_LEAD_MS = 1_000
_LONGEST_HOLD_S = 0.05
_PUBLIC = ("/fapi/v1/exchangeInfo", "/fapi/v1/time", "/fapi/v1/ping")
_encode = msgspec.json.encode
type _Handler = Callable[[Request], Any]


class PracticeKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials that the venue accepts."""

    api_key: str
    api_secret: str


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
        self.requests: dict[str, int] = {}
        self._playback = playback
        self._keys = keys
        self._quote = rules[0].quote
        self._server = Server(self._http, self._socket)
        self._market: dict[Socket, set[str]] = {}
        self._users: dict[Socket, str] = {}
        self._listen_keys = 0
        self._listen_key: str | None = None
        self._held_event: bytes | None = None
        self._update_id = 0
        self._replay: asyncio.Task[None] | None = None
        self._routes = self._build_routes()

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

    # -- requests ----------------------------------------------------------------------------

    def _build_routes(self) -> dict[tuple[str, str], _Handler]:
        return {
            ("GET", "/fapi/v1/ping"): lambda _request: {},
            ("GET", "/fapi/v1/time"): lambda _request: {"serverTime": self._now_ms()},
            ("GET", "/fapi/v1/exchangeInfo"): self._exchange_info,
            ("GET", "/fapi/v2/account"): self._account,
            ("GET", "/fapi/v3/positionRisk"): self._position_risk,
            ("GET", "/fapi/v1/commissionRate"): self._commission_rate,
            ("GET", "/fapi/v1/symbolConfig"): self._symbol_config,
            ("POST", "/fapi/v1/leverage"): self._set_leverage,
            ("GET", "/fapi/v1/positionSide/dual"): lambda _request: {"dualSidePosition": False},
            ("POST", "/fapi/v1/listenKey"): self._open_listen_key,
            ("PUT", "/fapi/v1/listenKey"): lambda _request: {"listenKey": self._listen_key},
            ("DELETE", "/fapi/v1/listenKey"): self._close_listen_key,
            ("GET", "/fapi/v1/openOrders"): self._open_orders,
            ("GET", "/fapi/v1/allOrders"): self._all_orders,
            ("GET", "/fapi/v1/userTrades"): self._user_trades,
            ("GET", "/fapi/v1/openAlgoOrders"): lambda _request: [],
            ("GET", "/fapi/v1/allAlgoOrders"): lambda _request: [],
            ("GET", "/fapi/v1/order"): self._query_order,
            ("POST", "/fapi/v1/order"): self._new_order,
            ("PUT", "/fapi/v1/order"): self._amend_order,
            ("DELETE", "/fapi/v1/order"): self._cancel_order,
            ("DELETE", "/fapi/v1/allOpenOrders"): self._cancel_all,
            ("DELETE", "/fapi/v1/batchOrders"): self._cancel_batch,
            ("GET", "/practice/state"): lambda _request: self.state(),
            ("POST", "/practice/faults"): self._switch_faults,
        }

    async def _http(self, request: Request) -> Response:
        name = f"{request.method} {request.path}"
        self.requests[name] = self.requests.get(name, 0) + 1
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return Response(status=404, payload={"code": -5000, "msg": f"Path {name} is invalid."})
        if request.path in _PUBLIC or request.path.startswith("/practice/"):
            return Response(payload=handler(request))
        return self._authorise(request) or self._http_fault() or await self._signed(request)

    async def _signed(self, request: Request) -> Response:
        """Answer a request of the account's owner, with whatever fault is due."""
        is_order = request.path == "/fapi/v1/order"
        is_new_order = is_order and request.method == "POST"
        if is_new_order and self.faults.use_up("rejected_orders"):
            return _refusal(Reason.INSUFFICIENT_MARGIN)
        answer = self._answer(request)
        if is_order and self.faults.ack_delay_ms:
            await asyncio.sleep(self.faults.ack_delay_ms / 1_000)
        if is_new_order and self.faults.use_up("lost_acks"):
            return Response(drop=True)
        if is_new_order and self.faults.use_up("unknown_results"):
            message = "Unknown error, please check your request or try again later."
            return Response(status=503, payload={"code": -1000, "msg": message})
        return answer

    def _answer(self, request: Request) -> Response:
        try:
            return Response(payload=self._routes[request.method, request.path](request))
        except Refused as refused:
            return _refusal(refused.reason)
        except (KeyError, InvalidOperation) as error:
            message = f"Mandatory parameter was not sent or malformed: {error}"
            return Response(status=400, payload={"code": -1102, "msg": message})

    def _authorise(self, request: Request) -> Response | None:
        if request.headers.get("x-mbx-apikey") != self._keys.api_key:
            return Response(status=401, payload={"code": -2015, "msg": "Invalid API-key."})
        if request.path == "/fapi/v1/listenKey":
            return None  # the only path that asks for the key alone
        signed, _, signature = request.query.rpartition("&signature=")
        secret = self._keys.api_secret.encode()
        expected = hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, expected):
            message = "Signature for this request is not valid."
            return Response(status=400, payload={"code": -1022, "msg": message})
        lag_ms = self._now_ms() - int(request.params.get("timestamp", "0"))
        if not -_MOST_LEAD_MS <= lag_ms <= int(request.params.get("recvWindow", _RECV_WINDOW_MS)):
            message = "Timestamp for this request is outside of the recvWindow."
            return Response(status=400, payload={"code": -1021, "msg": message})
        return None

    def _http_fault(self) -> Response | None:
        if not self.faults.use_up("http_errors"):
            return None
        status = self.faults.http_status
        if status in (418, 429):
            payload = {"code": -1003, "msg": "Too many requests."}
            return Response(status=status, payload=payload, headers={"Retry-After": "1"})
        payload = {"code": -1001, "msg": "Internal error; unable to process your request."}
        return Response(status=status, payload=payload)

    def _exchange_info(self, _request: Request) -> Document:
        limits = [
            ("REQUEST_WEIGHT", "MINUTE", 1, 2400),
            ("ORDERS", "MINUTE", 1, 1200),
            ("ORDERS", "SECOND", 10, 300),
        ]
        names = ("rateLimitType", "interval", "intervalNum", "limit")
        return {
            "timezone": "UTC",
            "serverTime": self._now_ms(),
            "futuresType": "U_MARGINED",
            "rateLimits": [dict(zip(names, limit, strict=True)) for limit in limits],
            "exchangeFilters": [],
            "assets": [{"asset": self._quote, "marginAvailable": True, "autoAssetExchange": "0"}],
            "symbols": [messages.symbol_document(rules) for rules in self.venue.rules.values()],
        }

    def _account(self, _request: Request) -> Document:
        return messages.account_document(self.venue, self._quote)

    def _position_risk(self, request: Request) -> list[Document]:
        wanted = request.params.get("symbol")
        return [
            messages.position_document(self.venue, symbol)
            for symbol, position in self.venue.positions.items()
            if (symbol == wanted if wanted else position.qty != 0)
        ]

    def _commission_rate(self, request: Request) -> Document:
        rules = self.venue.rules[request.params["symbol"]]
        return {
            "symbol": rules.symbol,
            "makerCommissionRate": messages.text(rules.maker_fee),
            "takerCommissionRate": messages.text(rules.taker_fee),
        }

    def _symbol_config(self, request: Request) -> list[Document]:
        wanted = request.params.get("symbol")
        return [
            {
                "symbol": symbol,
                "marginType": "CROSSED",
                "isAutoAddMargin": False,
                "leverage": leverage,
                "maxNotionalValue": "50000000",
            }
            for symbol, leverage in self.venue.leverage.items()
            if wanted in (None, symbol)
        ]

    def _set_leverage(self, request: Request) -> Document:
        symbol, leverage = request.params["symbol"], int(request.params["leverage"])
        self.venue.leverage[symbol] = leverage
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": "50000000"}

    def _open_listen_key(self, _request: Request) -> Document:
        if self._listen_key is None:
            self._listen_keys += 1
            self._listen_key = f"practice-listen-key-{self._listen_keys}"
        return {"listenKey": self._listen_key}

    def _close_listen_key(self, _request: Request) -> Document:
        self._listen_key = None
        return {}

    def _open_orders(self, request: Request) -> list[Document]:
        orders = self.venue.open_orders(request.params.get("symbol"))
        return [messages.order_document(order) for order in orders]

    def _all_orders(self, request: Request) -> list[Document]:
        limit = int(request.params.get("limit", "500"))
        orders = self._of_symbol(request.params["symbol"])
        return [messages.order_document(order) for order in orders[-limit:]]

    def _user_trades(self, request: Request) -> list[Document]:
        symbol = request.params["symbol"]
        start = int(request.params.get("startTime", "0"))
        trades = [t for t in self.venue.trades if t.symbol == symbol and t.time_ms >= start]
        limit = int(request.params.get("limit", "500"))
        return [messages.trade_document(trade, self._quote) for trade in trades[-limit:]]

    def _of_symbol(self, symbol: str) -> list[Order]:
        return [order for order in self.venue.orders.values() if order.ticket.symbol == symbol]

    def _find(self, request: Request) -> Order:
        order_id = request.params.get("orderId")
        client_id = request.params.get("origClientOrderId")
        return self.venue.find(int(order_id) if order_id else None, client_id)

    def _query_order(self, request: Request) -> Document:
        return messages.order_document(self._find(request))

    def _new_order(self, request: Request) -> Document:
        params = request.params
        is_market = params["type"] == "MARKET"
        ticket = Ticket(
            symbol=params["symbol"],
            client_id=params["newClientOrderId"],
            side=BUY if params["side"] == "BUY" else SELL,
            qty=Decimal(params["quantity"]),
            price=None if is_market else Decimal(params["price"]),
            time_in_force="GTC" if is_market else params["timeInForce"],
            reduce_only=params.get("reduceOnly", "").lower() == "true",
        )
        return messages.order_document(self.venue.submit(ticket))

    def _amend_order(self, request: Request) -> Document:
        qty, price = Decimal(request.params["quantity"]), Decimal(request.params["price"])
        return messages.order_document(self.venue.amend(self._find(request), qty, price))

    def _cancel_order(self, request: Request) -> Document:
        return messages.order_document(self.venue.cancel(self._find(request)))

    def _cancel_all(self, request: Request) -> Document:
        for order in self.venue.open_orders(request.params["symbol"]):
            self.venue.cancel(order)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _cancel_batch(self, request: Request) -> list[Document]:
        answers = []
        for client_id in msgspec.json.decode(request.params["origClientOrderIdList"]):
            try:
                order = self.venue.cancel(self.venue.find(None, client_id))
                answers.append(messages.order_document(order))
            except Refused as refused:
                _status, code, words = messages.REFUSALS[refused.reason]
                answers.append({"code": code, "msg": words})
        return answers

    # -- practice ----------------------------------------------------------------------------

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
            "market_connections": len(self._market),
            "user_connections": len(self._users),
            "events_played": self._playback.played,
            "requests": self.requests,
            "faults": msgspec.to_builtins(self.faults),
        }

    def _switch_faults(self, request: Request) -> Document:
        """Apply a JSON object of `Faults` keys, and the one-shot actions named in `do`."""
        wanted = msgspec.json.decode(request.body)
        for action in wanted.pop("do", []):
            self.act(**action)
        current = msgspec.to_builtins(self.faults) | wanted
        self.faults = msgspec.convert(current, Faults)
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
            _cut(self._market)
        elif action == "cut_user":
            _cut(self._users)
        elif action == "expire_listen_key":
            self._send_user({"e": "listenKeyExpired", "E": self._now_ms()})
            self._listen_key = None
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
        self._send_user(messages.account_event_document(self.venue, symbol, self._quote, reason))

    # -- streams -----------------------------------------------------------------------------

    async def _socket(self, request: Request, socket: Socket) -> None:
        if "listenKey" in request.params:
            await self._serve_user(request.params["listenKey"], socket)
            return
        streams = request.params.get("streams", "")
        self._market[socket] = {name for name in streams.split("/") if name}
        try:
            while (message := await socket.receive()) is not None:
                self._subscribe(socket, msgspec.json.decode(message))
        finally:
            self._market.pop(socket, None)

    async def _serve_user(self, listen_key: str, socket: Socket) -> None:
        if listen_key != self._listen_key:
            socket.abort()
            return
        self._users[socket] = listen_key
        try:
            while await socket.receive() is not None:
                pass
        finally:
            self._users.pop(socket, None)

    def _subscribe(self, socket: Socket, request: Document) -> None:
        names = set(request.get("params", []))
        if request["method"] == "SUBSCRIBE":
            self._market[socket] |= names
        elif request["method"] == "UNSUBSCRIBE":
            self._market[socket] -= names
        socket.send(_encode({"result": None, "id": request["id"]}))

    def _on_order_event(self, event: OrderEvent) -> None:
        if event.trade is not None:
            symbol = event.order.ticket.symbol
            self._send_user(
                messages.account_event_document(self.venue, symbol, self._quote, "ORDER")
            )
        self._send_user(messages.order_event_document(event, self._quote, self._now_ms()))

    def _send_user(self, document: Document) -> None:
        """Send one user event, unless a fault loses, doubles or reorders it."""
        if self.faults.use_up("dropped_user_events"):
            return
        payload = _encode(document)
        if self.faults.swapped_user_events and self._held_event is None:
            self._held_event = payload
            asyncio.get_running_loop().call_later(_LONGEST_HOLD_S, self._release_event)
            return
        self._deliver(payload)
        self._release_event()

    def _release_event(self) -> None:
        if self._held_event is not None:
            self._deliver(self._held_event)
            self._held_event = None

    def _deliver(self, payload: bytes) -> None:
        for socket in list(self._users):
            socket.send(payload)
            if self.faults.duplicate_user_events:
                socket.send(payload)

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
        crossed = self.faults.use_up("crossed_quotes")
        first, second = (event.second, event.first) if crossed else (event.first, event.second)
        now = self._now_ms()
        self._send_market(
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
        self._send_market(
            f"{event.symbol.lower()}@aggTrade",
            f'"e":"aggTrade","E":{now},"s":"{event.symbol}","a":{number},"p":"{event.first}",'
            f'"q":"{event.second}","f":{number},"l":{number},"T":{now},"m":{buyer_is_maker}',
        )

    def _send_market(self, stream: str, fields: str) -> None:
        payload = f'{{"stream":"{stream}","data":{{{fields}}}}}'.encode()
        for socket, streams in self._market.items():
            if stream in streams:
                socket.send(payload)


def _refusal(reason: Reason) -> Response:
    status, code, words = messages.REFUSALS[reason]
    return Response(status=status, payload={"code": code, "msg": words})


def _cut(sockets: dict[Socket, Any]) -> None:
    for socket in list(sockets):
        socket.abort()
