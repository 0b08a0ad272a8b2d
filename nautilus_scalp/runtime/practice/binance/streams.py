"""The streams of Binance USD-M futures: market data by subscription, and the user's own events."""

import msgspec

from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.delivery import Delivery
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.feed import MarketEvent
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.refusals import Refused
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Socket


_USER = "user"
_encode = msgspec.json.encode


class BinanceStreams:
    """Keeps the connections, and sends to those that want to hear.

    Parameters
    ----------
    desk : Desk
        What is spoken about.

    """

    def __init__(self, desk: Desk) -> None:
        self.update_id = 0
        self._desk = desk
        self._market: dict[Socket, set[str]] = {}
        self._users: set[Socket] = set()
        self._delivery = Delivery(desk.faults, self._to_users)
        self._listen_keys = 0
        self._listen_key: str | None = None

    def connections(self) -> dict[str, int]:
        """Return how many connections listen to the market, and how many to the user's events."""
        return {"market": len(self._market), _USER: len(self._users)}

    def open_listen_key(self) -> Document:
        """Return the valid listen key, a new one if there is none."""
        if self._listen_key is None:
            self._listen_keys += 1
            self._listen_key = f"practice-listen-key-{self._listen_keys}"
        return {"listenKey": self._listen_key}

    def keep_listen_key(self) -> Document:
        """Prolong the life of the listen key; there must be one."""
        if self._listen_key is None:
            raise Refused(Reason.NO_LISTEN_KEY)
        return {"listenKey": self._listen_key}

    def close_listen_key(self) -> Document:
        """Make the listen key worthless; open connections stay, as on the real venue."""
        self._listen_key = None
        return {}

    def expire_listen_key(self) -> None:
        """Tell the user that the listen key is worthless from now on."""
        self.send_user({"e": "listenKeyExpired", "E": self._desk.venue.now_ms()})
        self._listen_key = None

    def cut(self, stream: str) -> None:
        """Cut every connection of a kind.

        Parameters
        ----------
        stream : str
            "market" or "user".

        Raises
        ------
        ValueError
            For "trade": Binance takes orders over HTTP here.

        """
        if stream == "trade":
            message = "orders travel over HTTP, there is no trade stream to cut"
            raise ValueError(message)
        for socket in list(self._market if stream == "market" else self._users):
            socket.abort()

    async def serve(self, request: Request, socket: Socket) -> None:
        """Serve one connection until it ends.

        Parameters
        ----------
        request : Request
            The request that opened it: streams, or a listen key.
        socket : Socket
            The connection.

        """
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
        self._users.add(socket)
        try:
            while await socket.receive() is not None:
                pass
        finally:
            self._users.discard(socket)

    def _subscribe(self, socket: Socket, request: Document) -> None:
        names = set(request.get("params", []))
        if request["method"] == "SUBSCRIBE":
            self._market[socket] |= names
        elif request["method"] == "UNSUBSCRIBE":
            self._market[socket] -= names
        socket.send(_encode({"result": None, "id": request["id"]}))

    def send_user(self, document: Document) -> None:
        """Send one user event, unless a fault loses, doubles or reorders it.

        Parameters
        ----------
        document : Document
            The event.

        """
        self._delivery.deliver(_USER, _encode(document))

    def _to_users(self, _topic: str, payload: bytes) -> None:
        for socket in list(self._users):
            socket.send(payload)

    def publish(self, event: MarketEvent) -> None:
        """Send a quote or a trade to whoever has subscribed to it.

        Parameters
        ----------
        event : MarketEvent
            Anything else is sent by the clock, not by the event.

        """
        self.update_id += 1
        now, number, symbol = self._desk.venue.now_ms(), self.update_id, event.symbol
        if event.kind == QUOTE:
            fields = (
                f'"e":"bookTicker","u":{number},"s":"{symbol}","b":"{event.first}",'
                f'"B":"{event.third}","a":"{event.second}","A":"{event.fourth}","T":{now},"E":{now}'
            )
            self._desk.reactions.quote(symbol, number)
            self._send(f"{symbol.lower()}@bookTicker", fields)
        elif event.kind == TRADE:
            self._desk.market.keep(event, number, now)
            buyer_is_maker = "true" if event.aggressor == SELL else "false"
            self._send(
                f"{symbol.lower()}@aggTrade",
                f'"e":"aggTrade","E":{now},"s":"{symbol}","a":{number},"p":"{event.first}",'
                f'"q":"{event.second}","f":{number},"l":{number},"T":{now},"m":{buyer_is_maker}',
            )

    def publish_book(self, symbol: str) -> None:
        """Send the displayed levels to whoever has subscribed to any depth of them.

        Parameters
        ----------
        symbol : str
            The symbol.

        """
        prefix = f"{symbol.lower()}@depth"
        streams = {
            one for names in self._market.values() for one in names if one.startswith(prefix)
        }
        if not streams:
            return
        book, now = self._desk.market.book(symbol), self._desk.venue.now_ms()
        previous, self.update_id = self.update_id, self.update_id + 1
        for stream in streams:
            # "depth10@100ms" shows ten levels, "depth@100ms" all that changed.
            levels = int(stream.removeprefix(prefix).partition("@")[0] or len(book.bids))
            bids, asks = (_encode(side[:levels]).decode() for side in (book.bids, book.asks))
            self._send(
                stream,
                f'"e":"depthUpdate","E":{now},"T":{now},"s":"{symbol}","U":{self.update_id},'
                f'"u":{self.update_id},"pu":{previous},"b":{bids},"a":{asks}',
            )

    def publish_mark(self, symbol: str) -> None:
        """Send mark price and funding rate to whoever has subscribed to them.

        Parameters
        ----------
        symbol : str
            The symbol.

        """
        market, now = self._desk.market, self._desk.venue.now_ms()
        price, rate = text(market.mark(symbol)), text(market.funding_rate(symbol))
        fields = (
            f'"e":"markPriceUpdate","E":{now},"s":"{symbol}","p":"{price}","i":"{price}",'
            f'"P":"{price}","r":"{rate}","T":{market.next_funding_ms()}'
        )
        for period in ("", "@1s"):
            self._send(f"{symbol.lower()}@markPrice{period}", fields)

    def _send(self, stream: str, fields: str) -> None:
        """Send one event, given as JSON without its braces, to the subscribers of a stream."""
        payload = f'{{"stream":"{stream}","data":{{{fields}}}}}'.encode()
        for socket, streams in self._market.items():
            if stream in streams:
                socket.send(payload)
