"""The streams of Binance USD-M futures: market data by subscription, and the user's own events."""

import asyncio

import msgspec

from nautilus_scalp.runtime.practice.binance_messages import Document
from nautilus_scalp.runtime.practice.faults import Faults
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Socket


_LONGEST_HOLD_S = 0.05
_encode = msgspec.json.encode


class BinanceStreams:
    """Keeps the connections, and sends to those that want to hear.

    Parameters
    ----------
    faults : Faults
        The misbehaviour in force; the very object that is switched.

    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._market: dict[Socket, set[str]] = {}
        self._users: set[Socket] = set()
        self._listen_keys = 0
        self._listen_key: str | None = None
        self._held_event: bytes | None = None

    @property
    def market_connections(self) -> int:
        """How many connections listen to market data."""
        return len(self._market)

    @property
    def user_connections(self) -> int:
        """How many connections listen to the user's events."""
        return len(self._users)

    def open_listen_key(self) -> Document:
        """Return the valid listen key, a new one if there is none."""
        if self._listen_key is None:
            self._listen_keys += 1
            self._listen_key = f"practice-listen-key-{self._listen_keys}"
        return {"listenKey": self._listen_key}

    def close_listen_key(self) -> Document:
        """Make the listen key worthless; open connections stay, as on the real venue."""
        self._listen_key = None
        return {}

    def expire_listen_key(self, now_ms: int) -> None:
        """Tell the user that the listen key is worthless from now on."""
        self.send_user({"e": "listenKeyExpired", "E": now_ms})
        self._listen_key = None

    def cut_market(self) -> None:
        """Cut every market data connection."""
        for socket in list(self._market):
            socket.abort()

    def cut_user(self) -> None:
        """Cut every user connection."""
        for socket in list(self._users):
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
        if self._faults.use_up("dropped_user_events"):
            return
        payload = _encode(document)
        if self._faults.swapped_user_events and self._held_event is None:
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
            if self._faults.duplicate_user_events:
                socket.send(payload)

    def send_market(self, stream: str, fields: str) -> None:
        """Send one market event to whoever has subscribed to its stream.

        Parameters
        ----------
        stream : str
            Such as ``btcusdt@bookTicker``.
        fields : str
            The JSON of the event without its braces.

        """
        payload = f'{{"stream":"{stream}","data":{{{fields}}}}}'.encode()
        for socket, streams in self._market.items():
            if stream in streams:
                socket.send(payload)
