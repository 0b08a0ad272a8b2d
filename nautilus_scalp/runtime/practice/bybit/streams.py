"""The three kinds of streams of Bybit v5: public market data, private events, and orders."""

import asyncio

import msgspec

from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.runtime.practice.bybit.commands import BybitCommands
from nautilus_scalp.runtime.practice.bybit.orders import REFUSALS
from nautilus_scalp.runtime.practice.bybit.orders import book_document
from nautilus_scalp.runtime.practice.bybit.orders import side_name
from nautilus_scalp.runtime.practice.bybit.publics import public_trade_id
from nautilus_scalp.runtime.practice.bybit.rest import sign
from nautilus_scalp.runtime.practice.delivery import Delivery
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.refusals import Refused
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Socket


_PUBLIC, _PRIVATE, _TRADE = "/v5/public/linear", "/v5/private", "/v5/trade"
_STREAMS = {"market": _PUBLIC, "user": _PRIVATE, "trade": _TRADE}
_CONNECTION = "practice"
# Codes of the trade stream: a limit is passed; the outcome is not known; the clock is wrong.
_TOO_OFTEN = (10429, "System level frequency protection")
_TIMED_OUT = (10000, "Server Timeout")
_WRONG_TIME = (10002, "invalid request, please check your server timestamp or recv_window param.")
_RECV_WINDOW_MS, _MOST_LEAD_MS = 5_000, 1_000
# What a ticker carries besides the best prices: prices, and figures that are 0 here.
_TICKER_PRICES = (
    "lastPrice",
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
    "predictedDeliveryPrice",
    "basisRate",
    "deliveryFeeRate",
)
_encode = msgspec.json.encode


class BybitStreams:
    """Keeps the connections, takes orders, and sends to those that want to hear.

    Parameters
    ----------
    desk : Desk
        What is spoken about.
    commands : BybitCommands
        Takes orders.

    """

    def __init__(self, desk: Desk, commands: BybitCommands) -> None:
        self._desk = desk
        self._topics: dict[Socket, set[str]] = {}
        self._paths: dict[Socket, str] = {}
        self._commands = {
            "order.create": commands.create,
            "order.amend": commands.amend,
            "order.cancel": commands.cancel,
        }
        self._delivery = Delivery(desk.faults, self._to_listeners)
        self._sequence = 0
        self._answers: set[asyncio.Task[None]] = set()

    def connections(self) -> dict[str, int]:
        """Return how many connections there are of each kind."""
        paths = list(self._paths.values())
        return {name: paths.count(path) for name, path in _STREAMS.items()}

    def cut(self, stream: str) -> None:
        """Cut every connection of a kind.

        Parameters
        ----------
        stream : str
            "market", "user" or "trade".

        """
        for socket, path in list(self._paths.items()):
            if path == _STREAMS[stream]:
                socket.abort()

    def expire_listen_key(self) -> None:
        """Refuse: Bybit signs streams in with the key itself."""
        message = "there are no listen keys here"
        raise ValueError(message)

    async def serve(self, request: Request, socket: Socket) -> None:
        """Serve one connection until it ends.

        Parameters
        ----------
        request : Request
            The request that opened it; its path says which kind.
        socket : Socket
            The connection.

        """
        topics = self._topics[socket] = set()
        path = self._paths[socket] = request.path
        trusted = path == _PUBLIC
        try:
            while (raw := await socket.receive()) is not None:
                message = msgspec.json.decode(raw)
                op = message["op"]
                if op == "auth":
                    trusted = self._is_key(message["args"])
                    socket.send(_encode(_auth_answer(message, path, trusted=trusted)))
                elif op in self._commands and trusted:
                    self._command(socket, message)
                elif op == "subscribe" and trusted:
                    topics |= set(message["args"])
                    socket.send(_encode(_stream_answer(message)))
                    self._send_snapshots(socket, message["args"])
                else:
                    topics -= set(message.get("args", ())) if op == "unsubscribe" else set()
                    socket.send(_encode(_stream_answer(message)))
        finally:
            del self._topics[socket], self._paths[socket]

    def _is_key(self, args: list[object]) -> bool:
        api_key, expires, signature = args
        keys = self._desk.keys
        return api_key == keys.api_key and signature == sign(
            keys.api_secret, f"GET/realtime{expires}"
        )

    def _command(self, socket: Socket, message: Document) -> None:
        """Carry out one order command, and answer it with whatever fault is due."""
        faults, is_new = self._desk.faults, message["op"] == "order.create"
        if is_new and faults.use_up("lost_orders"):
            socket.abort()
            return
        if is_new:
            order = message["args"][0]
            self._desk.reactions.order(order["symbol"], order["orderLinkId"], socket.arrived_ns)
        answer = _encode(self._carry_out(message))
        if is_new and faults.use_up("lost_acks"):
            socket.abort()
        elif faults.ack_delay_ms:
            task = asyncio.create_task(_send_later(socket, answer, faults.ack_delay_ms / 1_000))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        else:
            socket.send(answer)

    def _carry_out(self, message: Document) -> Document:
        faults, data = self._desk.faults, {}
        stamp = int(message.get("header", {}).get("X-BAPI-TIMESTAMP", 0))
        lag_ms = self._desk.venue.now_ms() - stamp
        if stamp and not -_MOST_LEAD_MS <= lag_ms <= _RECV_WINDOW_MS:
            code, words = _WRONG_TIME
        elif faults.use_up("http_errors"):
            code, words = _TOO_OFTEN
        else:
            try:
                data = self._commands[message["op"]](message["args"][0])
                code, words = 0, "OK"
            except Refused as refused:
                code, words = REFUSALS[refused.reason]
            if message["op"] == "order.create" and faults.use_up("unknown_results"):
                (code, words), data = _TIMED_OUT, {}
        return {
            "reqId": message.get("reqId"),
            "retCode": code,
            "retMsg": words,
            "op": message["op"],
            "data": data,
            "retExtInfo": {},
            "header": {"Timenow": str(self._desk.venue.now_ms())},
            "connId": _CONNECTION,
        }

    def send_private(self, topic: str, document: Document) -> None:
        """Send one event of the account, unless a fault loses, doubles or reorders it.

        Parameters
        ----------
        topic : str
            order, execution, position or wallet.
        document : Document
            The only row of the event.

        """
        now = self._desk.venue.now_ms()
        event = {"id": f"{topic}{now}", "topic": topic, "creationTime": now, "data": [document]}
        self._delivery.deliver(topic, _encode(event))

    def _to_listeners(self, topic: str, payload: bytes) -> None:
        for socket, topics in list(self._topics.items()):
            if topic in topics:
                socket.send(payload)

    def publish(self, event: MarketEvent) -> None:
        """Send a quote or a trade to whoever has subscribed to it.

        Parameters
        ----------
        event : MarketEvent
            Anything else is sent by the clock, not by the event.

        """
        self._sequence += 1
        if event.kind == QUOTE:
            best = {
                "symbol": event.symbol,
                "bid1Price": event.first,
                "bid1Size": event.third,
                "ask1Price": event.second,
                "ask1Size": event.fourth,
            }
            ticker = self._ticker(event.symbol, "delta", best)
            self._desk.reactions.quote(event.symbol, ticker["cs"])
            self._to_listeners(ticker["topic"], _encode(ticker))
        elif event.kind == TRADE:
            topic = f"publicTrade.{event.symbol}"
            self._to_listeners(topic, _encode(self._public_trade(event, topic)))

    def publish_book(self, symbol: str) -> None:
        """Send the displayed levels to whoever has subscribed to any depth of them.

        Every message is a snapshot, which Bybit's documentation allows at any time.

        Parameters
        ----------
        symbol : str
            The symbol.

        """
        topics = {topic for topics in self._topics.values() for topic in topics}
        for topic in topics:
            if topic.startswith("orderbook.") and topic.endswith(f".{symbol}"):
                self._to_listeners(topic, _encode(self._book(topic, symbol)))

    def publish_mark(self, symbol: str) -> None:
        """Send mark price and funding rate to whoever has subscribed to the ticker.

        Parameters
        ----------
        symbol : str
            The symbol.

        """
        ticker = self._ticker(symbol, "delta", {"symbol": symbol, **self._mark_fields(symbol)})
        self._to_listeners(ticker["topic"], _encode(ticker))

    def _send_snapshots(self, socket: Socket, topics: list[str]) -> None:
        for topic in topics:
            kind, _, rest = topic.partition(".")
            symbol = rest.rpartition(".")[2]
            if symbol not in self._desk.venue.tops:
                continue
            if kind == "tickers":
                fields = self._whole_ticker(symbol)
                socket.send(_encode(self._ticker(symbol, "snapshot", fields)))
            elif kind == "orderbook":
                socket.send(_encode(self._book(topic, symbol)))

    def _book(self, topic: str, symbol: str) -> Document:
        self._sequence += 1
        levels, now = int(topic.split(".")[1]), self._desk.venue.now_ms()
        book = book_document(self._desk.market.book(symbol), symbol, levels, self._sequence)
        return {"topic": topic, "type": "snapshot", "ts": now, "data": book, "cts": now}

    def _ticker(self, symbol: str, kind: str, fields: Document) -> Document:
        return {
            "topic": f"tickers.{symbol}",
            "type": kind,
            "data": fields,
            "cs": self._sequence,
            "ts": self._desk.venue.now_ms(),
        }

    def _mark_fields(self, symbol: str) -> Document:
        market = self._desk.market
        return {
            "markPrice": text(market.mark(symbol)),
            "indexPrice": text(market.mark(symbol)),
            "fundingRate": text(market.funding_rate(symbol)),
            "nextFundingTime": str(market.next_funding_ms()),
        }

    def _whole_ticker(self, symbol: str) -> Document:
        top = self._desk.venue.tops[symbol]
        return {
            "symbol": symbol,
            **dict.fromkeys(_TICKER_PRICES, text(self._desk.venue.mid(symbol))),
            **dict.fromkeys(_TICKER_COUNTS, "0"),
            **self._mark_fields(symbol),
            "tickDirection": "PlusTick",
            "deliveryTime": "0",
            "bid1Price": text(top.bid),
            "bid1Size": text(top.bid_qty),
            "ask1Price": text(top.ask),
            "ask1Size": text(top.ask_qty),
        }

    def _public_trade(self, event: MarketEvent, topic: str) -> Document:
        now = self._desk.venue.now_ms()
        self._desk.market.keep(event, self._sequence, now)
        trade = {
            "T": now,
            "s": event.symbol,
            "S": side_name(event.aggressor),
            "v": event.second,
            "p": event.first,
            "L": "PlusTick",
            "i": public_trade_id(self._sequence),
            "BT": False,
            "RPI": False,
            "seq": self._sequence,
        }
        return {"topic": topic, "type": "snapshot", "ts": now, "data": [trade]}


async def _send_later(socket: Socket, payload: bytes, delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    socket.send(payload)


def _auth_answer(message: Document, path: str, *, trusted: bool) -> Document:
    if path == _TRADE:
        code, words = (0, "OK") if trusted else (10004, "Invalid sign")
        return {"retCode": code, "retMsg": words, "op": "auth", "connId": _CONNECTION}
    return _stream_answer(message) | {"success": trusted}


def _stream_answer(message: Document) -> Document:
    op = message["op"]
    answer = {
        "success": True,
        "ret_msg": "pong" if op == "ping" else "",
        "op": op,
        "conn_id": _CONNECTION,
    }
    return answer | ({"req_id": message["req_id"]} if "req_id" in message else {})
