"""Clocks the way of a tick through a trader: from the socket's thread to the signed request.

Importing this module wraps what a tick and its order pass in Nautilus's Binance adapter and in
`runtime.live.direct`; it must happen before the node is built. A mark costs well below a
microsecond. All clocks are the machine's monotonic one, so that they compare with the exchange's.
"""

# ruff: noqa: ANN401, SLF001 (it stands between callers whose types it does not know)

import functools
import re
import time
from collections import deque
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any

from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient
from nautilus_trader.adapters.binance.http import client as http
from nautilus_trader.adapters.binance.websocket import client as stream
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.live.risk_engine import LiveRiskEngine
from nautilus_trader.model.data import QuoteTick

from nautilus_scalp.runtime.live.direct import DirectCall


type Frame = tuple[bytes, int, int]
type Stamps = dict[str, int]

now = time.perf_counter_ns
_NUMBER = re.compile(rb'"u":(\d+)')
_frame: Frame = (b"", 0, 0)
_made: deque[tuple[Frame, int]] = deque()
_orders: dict[str, Stamps] = {}
_handled: list[tuple[int, int, int]] = []


def next_quote() -> tuple[Frame, int]:
    """Return the frame of the quote that the first handler gets now, and when it was decoded."""
    return _made.popleft()


def number_of(frame: Frame) -> int:
    """Return the venue's sequence number of a quote."""
    found = _NUMBER.search(frame[0])
    assert found is not None
    return int(found[1])


def stamps_of(client_id: str) -> Stamps:
    """Return when an order passed what, by name."""
    return _orders.setdefault(client_id, {})


def take_handled() -> list[tuple[int, int, int]]:
    """Return when frames came, were taken up and were done with, since the last call."""
    handled = _handled.copy()
    _handled.clear()
    return handled


class _Loop:
    """The event loop as the socket's thread sees it."""

    def __init__(self, loop: Any) -> None:
        self._call = loop.call_soon_threadsafe

    def call_soon_threadsafe(self, handler: Callable[[bytes], None], raw: bytes) -> None:
        self._call(_handle, handler, raw, now())


def _handle(handler: Callable[[bytes], None], raw: bytes, came_ns: int) -> None:
    global _frame  # noqa: PLW0603 (one node a process)
    begun_ns = now()
    _frame = (raw, came_ns, begun_ns)
    handler(raw)
    _handled.append((came_ns, begun_ns, now()))


class _Stream:
    """Nautilus's WebSocket client, given the loop above."""

    @staticmethod
    async def connect(loop_: Any, **parts: Any) -> Any:
        return await _web_socket_client.connect(loop_=_Loop(loop_), **parts)


class _Http:
    """Nautilus's HTTP client."""

    def __init__(self, **parts: Any) -> None:
        self._client = _http_client(**parts)

    def request(self, method: Any, url: str, **parts: Any) -> Any:
        begun_ns = now()
        answer = self._client.request(method, url=url, **parts)
        _before, named, rest = url.partition("newClientOrderId=")
        if named:
            stamps = stamps_of(rest.partition("&")[0])
            stamps["request"] = begun_ns
            stamps["handed"] = now()
        return answer


def _marked_engine(call: Callable[[DirectCall, Any], None]) -> Callable[[DirectCall, Any], None]:
    def marked(self: DirectCall, message: Any) -> None:
        kind = type(message)
        if kind is QuoteTick:
            _made.append((_frame, now()))
        elif kind is SubmitOrder:
            engine = "risk" if isinstance(self._engine, LiveRiskEngine) else "execution"
            stamps_of(message.order.client_order_id.value)[engine] = now()
        call(self, message)

    return marked


def _marked_request(
    submit: Callable[[Any, SubmitOrder], Coroutine[Any, Any, None]],
) -> Callable[[Any, SubmitOrder], Coroutine[Any, Any, None]]:
    @functools.wraps(submit)
    async def _submit_order(self: Any, command: SubmitOrder) -> None:
        stamps_of(command.order.client_order_id.value)["client"] = now()
        await submit(self, command)

    return _submit_order


_web_socket_client, stream.WebSocketClient = stream.WebSocketClient, _Stream
_http_client, http.HttpClient = http.HttpClient, _Http
DirectCall.__call__ = _marked_engine(DirectCall.__call__)
BinanceFuturesExecutionClient._submit_order = _marked_request(
    BinanceFuturesExecutionClient._submit_order
)
