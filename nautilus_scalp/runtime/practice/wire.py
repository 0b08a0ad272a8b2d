"""HTTP/1.1 and WebSocket (RFC 6455) on plain asyncio streams, as little as a venue needs."""

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from typing import SupportsIndex
from urllib.parse import parse_qsl
from urllib.parse import urlsplit

import msgspec


_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FINAL = 0x80
_MASKED = 0x80
_SHORT, _LONG_16, _LONG_64 = 125, 126, 127
_MAX_16 = 0xFFFF
# A consumer that lets this much pile up is disconnected, as venues do.
_MAX_BACKLOG_BYTES = 32 * 1024 * 1024


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request.

    Parameters
    ----------
    method : str
        GET, POST, PUT or DELETE.
    path : str
        Without the query.
    query : str
        The raw query, as it was signed.
    params : dict[str, str]
        The decoded query.
    headers : dict[str, str]
        Names in lower case.
    body : bytes
        Empty if there was none.
    arrived_ns : int
        When its last bytes were read from the socket, by the monotonic clock.

    """

    method: str
    path: str
    query: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    arrived_ns: int = 0


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer; ``drop`` closes the connection instead of answering."""

    payload: Any = None
    status: int = 200
    headers: dict[str, str] = {}
    drop: bool = False


class _Reader(asyncio.StreamReader):
    """A stream that knows when its latest bytes were read, before anybody waits for them."""

    arrived_ns = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Take what the socket has given."""
        self.arrived_ns = time.perf_counter_ns()
        super().feed_data(data)


class Socket:
    """One accepted WebSocket connection.

    Parameters
    ----------
    reader, writer : _Reader, asyncio.StreamWriter
        The connection after its handshake.

    """

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._fileno = writer.get_extra_info("socket").fileno()

    @property
    def arrived_ns(self) -> int:
        """When the latest bytes were read, by the monotonic clock."""
        return self._reader.arrived_ns

    def send(self, payload: bytes) -> None:
        """Queue one text message; a closed connection takes it silently, as networks do.

        Parameters
        ----------
        payload : bytes
            UTF-8 text.

        """
        self._write(_TEXT, payload)

    def _write(self, opcode: int, payload: bytes) -> None:
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > _MAX_BACKLOG_BYTES:
            self.abort()
            return
        size = len(payload)
        if size <= _SHORT:
            head = bytes((_FINAL | opcode, size))
        elif size <= _MAX_16:
            head = bytes((_FINAL | opcode, _LONG_16)) + size.to_bytes(2)
        else:
            head = bytes((_FINAL | opcode, _LONG_64)) + size.to_bytes(8)
        self._send_now(head + payload)

    def _send_now(self, frame: bytes) -> None:
        """Send at once what the kernel takes: the event loop would wait until its round is over."""
        sent = 0
        if self._writer.transport.get_write_buffer_size() == 0:
            with suppress(BlockingIOError, ConnectionError):  # the transport handles both
                sent = os.write(self._fileno, frame)
        if sent < len(frame):
            self._writer.write(frame[sent:])

    def abort(self) -> None:
        """Cut the connection without a closing handshake."""
        self._writer.transport.abort()

    async def receive(self) -> bytes | None:
        """Wait for the next text message.

        Returns
        -------
        bytes or None
            None once the other side is gone.

        """
        while True:
            try:
                opcode, payload = await self._frame()
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if opcode == _CLOSE:
                self._write(_CLOSE, payload[:2])
                return None
            if opcode == _PING:
                self._write(_PONG, payload)
            elif opcode != _PONG:
                return payload

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self._reader.readexactly(2)
        size = second & ~_MASKED
        if size == _LONG_16:
            size = int.from_bytes(await self._reader.readexactly(2))
        elif size == _LONG_64:
            size = int.from_bytes(await self._reader.readexactly(8))
        mask = await self._reader.readexactly(4) if second & _MASKED else bytes(4)
        masked = await self._reader.readexactly(size)
        keystream = (mask * (size // 4 + 1))[:size]
        plain = int.from_bytes(masked) ^ int.from_bytes(keystream)
        return first & 0x0F, plain.to_bytes(size)


type HttpHandler = Callable[[Request], Awaitable[Response]]
type SocketHandler = Callable[[Request, Socket], Awaitable[None]]


class Server:
    """An HTTP and WebSocket server on 127.0.0.1.

    Parameters
    ----------
    http : HttpHandler
        Answers requests.
    socket : SocketHandler
        Serves a WebSocket until it returns.

    """

    def __init__(self, http: HttpHandler, socket: SocketHandler) -> None:
        self._http = http
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> int:
        """Start to listen.

        Parameters
        ----------
        port : int
            0 takes a free one.

        Returns
        -------
        int
            The port.

        """
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.StreamReaderProtocol:
            reader = _Reader(loop=loop)
            return asyncio.StreamReaderProtocol(
                reader, lambda _same, writer: self._serve(reader, writer), loop=loop
            )

        self._server = await loop.create_server(protocol, "127.0.0.1", port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._connections):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while (request := await _read_request(reader)) is not None:
                if request.headers.get("upgrade", "").lower() == "websocket":
                    writer.write(_handshake(request))
                    await self._socket(request, Socket(reader, writer))
                    break
                answer = await self._http(request)
                if answer.drop:
                    break
                writer.write(_encode(answer))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away; there is nobody left to answer
        finally:
            self._connections.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read_request(reader: _Reader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(
        method=method,
        path=parts.path,
        query=parts.query,
        params=dict(parse_qsl(parts.query)),
        headers=headers,
        body=body,
        arrived_ns=reader.arrived_ns,
    )


def _handshake(request: Request) -> bytes:
    key = request.headers["sec-websocket-key"].encode()
    digest = hashlib.sha1(key + _ACCEPT_GUID, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def _encode(answer: Response) -> bytes:
    body = msgspec.json.encode(answer.payload)
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
