"""Bybit v5 linear contracts as a practice venue: REST, and three kinds of streams, on 127.0.0.1."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from nautilus_scalp.runtime.practice import bybit_messages as messages
from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import ZERO
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.binance_messages import Document
from nautilus_scalp.runtime.practice.binance_messages import text
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.feed import Playback
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Refused
from nautilus_scalp.runtime.practice.venue import Venue
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response
from nautilus_scalp.runtime.practice.wire import Server
from nautilus_scalp.runtime.practice.wire import Socket


_LEVERAGE = 10
# An order event that comes faster than any network meets an adapter that has not yet booked its
# own order as sent, and overlooks the acceptance.
_EVENT_DELAY_S = 0.005
# What a ticker snapshot carries besides the best prices: prices, and figures that are 0 here.
_TICKER_PRICES = (
    "lastPrice",
    "markPrice",
    "indexPrice",
    "prevPrice24h",
    "highPrice24h",
    "lowPrice24h",
    "prevPrice1h",
)
_TICKER_COUNTS = (
    "price24hPcnt",
    "openInterest",
    "openInterestValue",
    "turnover24h",
    "volume24h",
    "fundingRate",
    "predictedDeliveryPrice",
    "basisRate",
    "deliveryFeeRate",
)
_encode = msgspec.json.encode
type _Handler = Callable[[dict[str, Any]], Document]


class BybitPractice:
    """The practice venue behind a server.

    Signatures are not verified: the key alone opens the account.

    Parameters
    ----------
    rules : list[Rules]
        The symbols on offer, all of one quote currency.
    playback : Playback
        The recorded market.
    api_key : str
        The key of the only account.
    balance : Decimal
        What the account starts with.

    """

    def __init__(
        self, rules: list[Rules], playback: Playback, api_key: str, balance: Decimal
    ) -> None:
        self.venue = Venue(rules, balance, _LEVERAGE, self._now_ms)
        self.venue.listener = self._on_order_event
        self.requests: dict[str, int] = {}
        self._quote = rules[0].quote
        self._playback = playback
        self._api_key = api_key
        self._server = Server(self._http, self._socket)
        self._topics: dict[Socket, set[str]] = {}
        self._sequence = 0
        self._outgoing: deque[tuple[str, bytes]] = deque()
        self._replay: asyncio.Task[None] | None = None
        self._routes = self._build_routes()
        self._commands: dict[str, _Handler] = {
            "order.create": self._create_order,
            "order.amend": self._amend_order,
            "order.cancel": self._cancel_order,
        }

    async def start(self, port: int = 0) -> int:
        """Open the venue.

        Parameters
        ----------
        port : int
            0 takes a free one.

        Returns
        -------
        int
            The port on 127.0.0.1.

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

    def state(self) -> Document:
        """Return the venue's own truth, for checks from outside.

        Returns
        -------
        Document
            Balance, positions, working orders, counts.

        """
        return {
            "balance": text(self.venue.balance),
            "positions": {s: text(p.qty) for s, p in self.venue.positions.items()},
            "open_orders": [messages.order_document(o) for o in self.venue.open_orders()],
            "orders": len(self.venue.orders),
            "trades": len(self.venue.trades),
            "requests": self.requests,
        }

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000  # noqa: TID251 (a venue's clock is a wall clock)

    # -- REST --------------------------------------------------------------------------------

    def _build_routes(self) -> dict[tuple[str, str], _Handler]:
        return {
            ("GET", "/v5/market/time"): lambda _params: {
                "timeSecond": str(self._now_ms() // 1_000)
            },
            ("GET", "/v5/market/instruments-info"): self._instruments,
            ("GET", "/v5/account/fee-rate"): self._fee_rates,
            ("GET", "/v5/account/wallet-balance"): lambda _params: {
                "list": [messages.wallet_document(self.venue, self._quote)]
            },
            ("GET", "/v5/user/query-api"): lambda _params: _api_key_document(self._api_key),
            ("GET", "/v5/position/list"): self._positions,
            ("POST", "/v5/position/set-leverage"): self._set_leverage,
            ("GET", "/v5/order/realtime"): self._orders,
            ("GET", "/v5/order/history"): self._orders,
            ("GET", "/v5/execution/list"): self._executions,
            ("POST", "/v5/order/create"): self._create_order,
            ("POST", "/v5/order/amend"): self._amend_order,
            ("POST", "/v5/order/cancel"): self._cancel_order,
            ("POST", "/v5/order/cancel-all"): self._cancel_all,
        }

    async def _http(self, request: Request) -> Response:
        name = f"{request.method} {request.path}"
        self.requests[name] = self.requests.get(name, 0) + 1
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return Response(status=404, payload={"retCode": 10001, "retMsg": f"no path {name}"})
        public = request.path.startswith("/v5/market/")
        if not public and request.headers.get("x-bapi-api-key") != self._api_key:
            return Response(payload=self._answer(10003, "API key is invalid.", {}))
        params = msgspec.json.decode(request.body) if request.body else dict(request.params)
        try:
            return Response(payload=self._answer(0, "OK", handler(params)))
        except Refused as refused:
            return Response(payload=self._answer(*messages.REFUSALS[refused.reason], {}))

    def _answer(self, code: int, words: str, result: Document) -> Document:
        return {
            "retCode": code,
            "retMsg": words,
            "result": result,
            "retExtInfo": {},
            "time": self._now_ms(),
        }

    def _symbols(self, params: dict[str, Any]) -> list[str]:
        if params.get("settleCoin") not in (None, self._quote):
            return []
        wanted = params.get("symbol")
        return [symbol for symbol in self.venue.rules if wanted in (None, symbol)]

    def _instruments(self, params: dict[str, Any]) -> Document:
        rules = [self.venue.rules[symbol] for symbol in self._symbols(params)]
        listed = [messages.instrument_document(rule) for rule in rules]
        return {"category": "linear", "list": listed, "nextPageCursor": ""}

    def _fee_rates(self, params: dict[str, Any]) -> Document:
        rules = [self.venue.rules[symbol] for symbol in self._symbols(params)]
        rates = [
            {
                "symbol": rule.symbol,
                "takerFeeRate": text(rule.taker_fee),
                "makerFeeRate": text(rule.maker_fee),
            }
            for rule in rules
        ]
        return {"list": rates}

    def _positions(self, params: dict[str, Any]) -> Document:
        held = [
            messages.position_document(self.venue, symbol)
            for symbol in self._symbols(params)
            if self.venue.positions[symbol].qty or params.get("symbol")
        ]
        return {"category": "linear", "list": held, "nextPageCursor": ""}

    def _set_leverage(self, params: dict[str, Any]) -> Document:
        self.venue.leverage[params["symbol"]] = int(Decimal(params["buyLeverage"]))
        return {}

    def _orders(self, params: dict[str, Any]) -> Document:
        symbols = self._symbols(params)
        wanted = {params[key] for key in ("orderId", "orderLinkId") if params.get(key)}
        found = [
            messages.order_document(order, self._fee_of(order))
            for order in self.venue.orders.values()
            if order.ticket.symbol in symbols
            and params.get("orderFilter") in (None, "Order")
            and (not wanted or wanted & {str(order.order_id), order.ticket.client_id})
            and (order.is_open or params.get("openOnly") not in (0, "0"))
        ]
        return {"category": "linear", "list": found[-50:], "nextPageCursor": ""}

    def _executions(self, params: dict[str, Any]) -> Document:
        symbols = self._symbols(params)
        found = [
            messages.execution_document(trade, self.venue.orders[trade.order_id], self._quote)
            for trade in self.venue.trades
            if trade.symbol in symbols
        ]
        return {"category": "linear", "list": found[-100:], "nextPageCursor": ""}

    def _fee_of(self, order: Order) -> Decimal:
        return sum((t.fee for t in self.venue.trades if t.order_id == order.order_id), ZERO)

    # -- orders ------------------------------------------------------------------------------

    def _find(self, params: dict[str, Any]) -> Order:
        order_id = params.get("orderId")
        return self.venue.find(int(order_id) if order_id else None, params.get("orderLinkId"))

    def _create_order(self, params: dict[str, Any]) -> Document:
        is_market = params["orderType"] == "Market"
        ticket = Ticket(
            symbol=params["symbol"],
            client_id=params["orderLinkId"],
            side=BUY if params["side"] == "Buy" else SELL,
            qty=Decimal(params["qty"]),
            price=None if is_market else Decimal(params["price"]),
            time_in_force="GTC" if is_market else messages.TIMES_IN_FORCE[params["timeInForce"]],
            reduce_only=bool(params.get("reduceOnly")),
        )
        try:
            order = self.venue.submit(ticket)
        except Refused as refused:
            reason = messages.CLOSED_AT_ONCE.get(refused.reason)
            if reason is None:
                raise
            return self._close_at_once(ticket, reason)
        return {"orderId": str(order.order_id), "orderLinkId": ticket.client_id}

    def _close_at_once(self, ticket: Ticket, reason: str) -> Document:
        """Answer an order that Bybit takes and then cancels, as it does with post-only ones."""
        now, order_id = self._now_ms(), self._sequence + 9_000_000
        self._sequence += 1
        order = Order(
            order_id=order_id,
            ticket=ticket,
            qty=ticket.qty,
            price=ticket.price,
            status="CANCELED",
            created_ms=now,
            updated_ms=now,
        )
        self._publish("order", [messages.order_document(order, reason=reason)])
        return {"orderId": str(order_id), "orderLinkId": ticket.client_id}

    def _amend_order(self, params: dict[str, Any]) -> Document:
        order = self._find(params)
        qty = Decimal(params.get("qty") or order.qty)
        self.venue.amend(order, qty, Decimal(params.get("price") or order.price or ZERO))
        return {"orderId": str(order.order_id), "orderLinkId": order.ticket.client_id}

    def _cancel_order(self, params: dict[str, Any]) -> Document:
        order = self.venue.cancel(self._find(params))
        return {"orderId": str(order.order_id), "orderLinkId": order.ticket.client_id}

    def _cancel_all(self, params: dict[str, Any]) -> Document:
        cancelled = [self.venue.cancel(o) for o in self.venue.open_orders(params.get("symbol"))]
        ids = [{"orderId": str(o.order_id), "orderLinkId": o.ticket.client_id} for o in cancelled]
        return {"list": ids, "success": "1"}

    # -- streams -----------------------------------------------------------------------------

    async def _socket(self, request: Request, socket: Socket) -> None:
        topics = self._topics[socket] = set()
        is_trade = request.path == "/v5/trade"
        try:
            while (raw := await socket.receive()) is not None:
                message = msgspec.json.decode(raw)
                if message["op"] in self._commands:
                    socket.send(_encode(self._command(message)))
                    continue
                socket.send(_encode(_stream_answer(message, is_trade=is_trade)))
                if message["op"] == "subscribe":
                    topics |= set(message["args"])
                    self._send_snapshots(socket, message["args"])
        finally:
            del self._topics[socket]

    def _command(self, message: Document) -> Document:
        try:
            code, words, data = 0, "OK", self._commands[message["op"]](message["args"][0])
        except Refused as refused:
            (code, words), data = messages.REFUSALS[refused.reason], {}
        return {
            "reqId": message.get("reqId"),
            "retCode": code,
            "retMsg": words,
            "op": message["op"],
            "data": data,
            "retExtInfo": {},
            "header": {"Timenow": str(self._now_ms())},
            "connId": "practice",
        }

    def _publish(self, topic: str, data: list[Document]) -> None:
        now = self._now_ms()
        payload = _encode(
            {"id": f"{topic}{now}", "topic": topic, "creationTime": now, "data": data}
        )
        for socket, topics in list(self._topics.items()):
            if topic in topics:
                socket.send(payload)

    def _on_order_event(self, event: OrderEvent) -> None:
        order, symbol = event.order, event.order.ticket.symbol
        if event.trade is not None:
            execution = messages.execution_document(event.trade, order, self._quote)
            self._publish("execution", [execution])
            self._publish("position", [messages.position_document(self.venue, symbol)])
            self._publish("wallet", [messages.wallet_document(self.venue, self._quote)])
        self._publish("order", [messages.order_document(order, self._fee_of(order))])

    def _on_market_event(self, event: MarketEvent) -> None:
        if event.symbol not in self.venue.rules:
            return
        self._sequence += 1
        first, second = Decimal(event.first), Decimal(event.second)
        if event.is_quote:
            sizes = Decimal(event.third), Decimal(event.fourth)
            self.venue.on_quote(
                event.symbol, Top(bid=first, ask=second, bid_qty=sizes[0], ask_qty=sizes[1])
            )
            topic = f"tickers.{event.symbol}"
            self._send_market(topic, self._ticker(event.symbol, "delta"))
            return
        self.venue.on_trade(event.symbol, first, second, event.aggressor)
        topic = f"publicTrade.{event.symbol}"
        self._send_market(topic, self._public_trade(event))

    def _send_market(self, topic: str, document: Document) -> None:
        payload = _encode(document)
        for socket, topics in list(self._topics.items()):
            if topic in topics:
                socket.send(payload)

    def _send_snapshots(self, socket: Socket, topics: list[str]) -> None:
        for topic in topics:
            kind, _, symbol = topic.partition(".")
            if kind == "tickers" and symbol in self.venue.tops:
                socket.send(_encode(self._ticker(symbol, "snapshot")))

    def _ticker(self, symbol: str, kind: str) -> Document:
        top = self.venue.tops[symbol]
        mid = text((top.bid + top.ask) / 2)
        everything = {
            **dict.fromkeys(_TICKER_PRICES, mid),
            **dict.fromkeys(_TICKER_COUNTS, "0"),
            "tickDirection": "PlusTick",
            "nextFundingTime": str(self._now_ms() + 3_600_000),
            "deliveryTime": "0",
        }
        best = {
            "symbol": symbol,
            "bid1Price": text(top.bid),
            "bid1Size": text(top.bid_qty),
            "ask1Price": text(top.ask),
            "ask1Size": text(top.ask_qty),
        }
        data = everything | best if kind == "snapshot" else best
        return {
            "topic": f"tickers.{symbol}",
            "type": kind,
            "data": data,
            "cs": self._sequence,
            "ts": self._now_ms(),
        }

    def _public_trade(self, event: MarketEvent) -> Document:
        now = self._now_ms()
        trade = {
            "T": now,
            "s": event.symbol,
            "S": messages.side_name(event.aggressor),
            "v": event.second,
            "p": event.first,
            "L": "PlusTick",
            "i": f"10000000-0000-0000-0000-{self._sequence:012d}",
            "BT": False,
            "RPI": False,
            "seq": self._sequence,
        }
        topic = f"publicTrade.{event.symbol}"
        return {"topic": topic, "type": "snapshot", "ts": now, "data": [trade]}


def _stream_answer(message: Document, *, is_trade: bool) -> Document:
    op = message["op"]
    if op == "ping":
        return {"success": True, "ret_msg": "pong", "conn_id": "practice", "op": "ping"}
    if op == "auth" and is_trade:
        return {"retCode": 0, "retMsg": "OK", "op": "auth", "connId": "practice"}
    answer = {"success": True, "ret_msg": "", "op": op, "conn_id": "practice"}
    return answer | ({"req_id": message["req_id"]} if "req_id" in message else {})


def _api_key_document(api_key: str) -> Document:
    return {
        "id": "1",
        "note": "practice",
        "apiKey": api_key,
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Spot": [],
            "Wallet": [],
            "Options": [],
            "Derivatives": ["DerivativesTrade"],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 90,
        "expiredAt": "2099-01-01T00:00:00Z",
        "createdAt": "2024-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": 1,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }
