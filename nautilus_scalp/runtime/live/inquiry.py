"""Asks a venue about an account: the answer is the truth or an error, never a guess.

The adapters' own reports (nautilus_trader 1.231) are empty when a request fails, which reads like
"there is nothing", and like "no such order".
"""

from typing import Any
from typing import Protocol

from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient
from nautilus_trader.adapters.bybit.execution import BybitExecutionClient
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_scalp.runtime.live.answers import Unanswered
from nautilus_scalp.runtime.live.answers import answer


_NS_PER_MS = 1_000_000
_NO_SUCH_ORDER = -2013
_BINANCE_ROWS = 1_000
_LINEAR = nautilus_pyo3.BybitProductType.LINEAR
# An order's fills are not older than the order, but for rounding.
_MARGIN_MS = 1_000


class Inquiry(Protocol):
    """What a venue can be asked about an account."""

    async def now_ms(self) -> int:
        """Return the venue's clock."""

    async def open_orders(self) -> list[OrderStatusReport]:
        """Return every order that works."""

    async def positions(self) -> list[PositionStatusReport]:
        """Return every position that is not flat."""

    async def order(
        self,
        instrument_id: InstrumentId,
        client_order_id: ClientOrderId | None,
        venue_order_id: VenueOrderId | None,
    ) -> OrderStatusReport | None:
        """Return one order, or None if the venue says that there is none."""

    async def fills(self, order: OrderStatusReport) -> list[FillReport]:
        """Return the fills of one order, oldest first."""

    async def fills_since(self, instrument_id: InstrumentId, since_ms: int) -> list[FillReport]:
        """Return every fill in an instrument from then on, oldest first."""

    async def withdraw(self, order: OrderStatusReport) -> None:
        """Have an order cancelled."""


class BinanceInquiry:
    """Asks Binance USD-M futures through the adapter's own HTTP clients.

    Parameters
    ----------
    client : BinanceFuturesExecutionClient
        Whose requests and parsers.

    """

    def __init__(self, client: BinanceFuturesExecutionClient) -> None:
        self._client = client
        self._http = client._http_account  # noqa: SLF001 (the client's own connection)

    async def now_ms(self) -> int:
        """Return the venue's clock."""
        return await answer(self._client._http_market.request_server_time())  # noqa: SLF001

    async def open_orders(self) -> list[OrderStatusReport]:
        """Return every order that works, those with a trigger included."""
        orders = await answer(self._http.query_open_orders())
        triggered = self._client._generate_algo_order_status_reports(  # noqa: SLF001
            symbol=None, active_symbols=set(), open_only=True, start_ms=None, end_ms=None
        )
        return self._reports(orders) + await answer(triggered)

    async def positions(self) -> list[PositionStatusReport]:
        """Return every position that is not flat."""
        return await answer(self._client._get_binance_position_status_reports())  # noqa: SLF001

    async def order(
        self,
        instrument_id: InstrumentId,
        client_order_id: ClientOrderId | None,
        venue_order_id: VenueOrderId | None,
    ) -> OrderStatusReport | None:
        """Return one order, or None if the venue says that there is none."""
        question = self._http.query_order(
            symbol=instrument_id.symbol.value,
            order_id=int(venue_order_id.value) if venue_order_id else None,
            orig_client_order_id=None if venue_order_id else _value(client_order_id),
        )
        try:
            found = await answer(question)
        except Unanswered as error:
            if f"'code': {_NO_SUCH_ORDER}" in error.message:
                return None
            raise
        return self._reports([found])[0]

    async def fills(self, order: OrderStatusReport) -> list[FillReport]:
        """Return the fills of one order, oldest first."""
        symbol, number = order.instrument_id.symbol.value, int(order.venue_order_id.value)
        trades = await answer(self._http.query_user_trades(symbol=symbol, order_id=number))
        return self._fills([one for one in trades if one.orderId == number], order.instrument_id)

    async def fills_since(self, instrument_id: InstrumentId, since_ms: int) -> list[FillReport]:
        """Return every fill in an instrument from then on, oldest first."""
        found: dict[object, Any] = {}
        while True:
            question = self._http.query_user_trades(
                symbol=instrument_id.symbol.value, start_time=since_ms, limit=_BINANCE_ROWS
            )
            page, before = await answer(question), len(found)
            found |= {one.id: one for one in page}
            if len(page) < _BINANCE_ROWS or len(found) == before:
                return self._fills(list(found.values()), instrument_id)
            since_ms = max(since_ms, page[-1].time or 0)

    async def withdraw(self, order: OrderStatusReport) -> None:
        """Have an order cancelled."""
        symbol, number = order.instrument_id.symbol.value, int(order.venue_order_id.value)
        await answer(self._http.cancel_order(symbol=symbol, order_id=number))

    def _fills(self, trades: list[Any], instrument_id: InstrumentId) -> list[FillReport]:
        return _oldest_first(
            [
                trade.parse_to_fill_report(
                    account_id=self._client.account_id,
                    instrument_id=instrument_id,
                    report_id=UUID4(),
                    ts_init=self._client._clock.timestamp_ns(),  # noqa: SLF001 (the client's own)
                    use_position_ids=self._client.use_position_ids,
                )
                for trade in trades
            ]
        )

    def _reports(self, orders: list[Any]) -> list[OrderStatusReport]:
        return self._client._parse_order_status_reports(orders, None, None)  # noqa: SLF001


class BybitInquiry:
    """Asks Bybit about linear contracts through the adapter's own HTTP client.

    Parameters
    ----------
    client : BybitExecutionClient
        Whose requests and account.

    """

    def __init__(self, client: BybitExecutionClient) -> None:
        self._client = client
        self._http = client._http_client  # noqa: SLF001 (the client's own connection)
        self._clock = nautilus_pyo3.BybitRawHttpClient(base_url=self._http.base_url)

    async def now_ms(self) -> int:
        """Return the venue's clock."""
        time = await answer(self._clock.get_server_time())
        return int(time.time_nano) // _NS_PER_MS

    async def open_orders(self) -> list[OrderStatusReport]:
        """Return every order that works, those with a trigger included."""
        request = self._http.request_order_status_reports(
            account_id=self._client.pyo3_account_id, product_type=_LINEAR, open_only=True
        )
        reports = [OrderStatusReport.from_pyo3(one) for one in await answer(request)]
        return [one for one in reports if one.is_open]  # the venue adds what has just been closed

    async def positions(self) -> list[PositionStatusReport]:
        """Return every position that is not flat."""
        request = self._http.request_position_status_reports(
            account_id=self._client.pyo3_account_id, product_type=_LINEAR
        )
        return [PositionStatusReport.from_pyo3(one) for one in await answer(request)]

    async def order(
        self,
        instrument_id: InstrumentId,
        client_order_id: ClientOrderId | None,
        venue_order_id: VenueOrderId | None,
    ) -> OrderStatusReport | None:
        """Return one order, or None if the venue says that there is none."""
        request = self._http.query_order(
            account_id=self._client.pyo3_account_id,
            product_type=_LINEAR,
            instrument_id=nautilus_pyo3.InstrumentId.from_str(instrument_id.value),
            client_order_id=client_order_id and nautilus_pyo3.ClientOrderId(client_order_id.value),
            venue_order_id=venue_order_id and nautilus_pyo3.VenueOrderId(venue_order_id.value),
        )
        found = await answer(request)
        return None if found is None else OrderStatusReport.from_pyo3(found)

    async def fills(self, order: OrderStatusReport) -> list[FillReport]:
        """Return the fills of one order, oldest first."""
        since_ms = order.ts_accepted // _NS_PER_MS - _MARGIN_MS
        fills = await self.fills_since(order.instrument_id, since_ms)
        return [one for one in fills if one.venue_order_id == order.venue_order_id]

    async def fills_since(self, instrument_id: InstrumentId, since_ms: int) -> list[FillReport]:
        """Return every fill in an instrument from then on, oldest first."""
        request = self._http.request_fill_reports(
            account_id=self._client.pyo3_account_id,
            product_type=_LINEAR,
            instrument_id=nautilus_pyo3.InstrumentId.from_str(instrument_id.value),
            start=since_ms,
        )
        return _oldest_first([FillReport.from_pyo3(one) for one in await answer(request)])

    async def withdraw(self, order: OrderStatusReport) -> None:
        """Have an order cancelled."""
        request = self._http.cancel_order(
            account_id=self._client.pyo3_account_id,
            product_type=_LINEAR,
            instrument_id=nautilus_pyo3.InstrumentId.from_str(order.instrument_id.value),
            venue_order_id=nautilus_pyo3.VenueOrderId(order.venue_order_id.value),
        )
        await answer(request)


def _oldest_first(fills: list[FillReport]) -> list[FillReport]:
    """Sort by time, and by number within one millisecond; as text, 9 would come after 10."""
    return sorted(
        fills, key=lambda one: (one.ts_event, len(one.trade_id.value), one.trade_id.value)
    )


def _value(name: ClientOrderId | None) -> str | None:
    return None if name is None else name.value
