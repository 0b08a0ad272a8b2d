"""What a venue's client tells Nautilus: real fills, unfinished orders, and nothing that is guessed.

Three habits of nautilus_trader 1.231 make orders and positions that nobody ever had:

* At the start it asks for orders, fills and positions one after the other, replays the history,
  and books what the streams say meanwhile. An exit that is filled in between is refused as
  "reduce-only fill" without a position, and the position of the older answer is left over.
* An adapter's report is empty when the request fails, and an empty report says "you are flat".
* A fill that was not heard is inferred from the order's average price, without a fee; when it
  is heard after all, it has another id and is booked twice.
"""

import asyncio
from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateFillReports
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.messages import QueryOrder
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.orders import Order

from nautilus_scalp.runtime.live.answers import Unanswered
from nautilus_scalp.runtime.live.booked import BookedFills
from nautilus_scalp.runtime.live.inquiry import Inquiry
from nautilus_scalp.runtime.live.takeover import TAKEN_OVER
from nautilus_scalp.runtime.live.takeover import Picture
from nautilus_scalp.runtime.live.takeover import TakenOver
from nautilus_scalp.runtime.live.takeover import openings
from nautilus_scalp.runtime.live.takeover import still_picture


_NS_PER_MS = 1_000_000
_MS_PER_S = 1_000
# What happened to an order last may be younger than what the venue's books show.
_FRESH_NS = 2_000_000_000
# By then the venues' receive window of five seconds is over: a request that was lost on its way
# cannot arrive any more.
_GIVE_UP_NS = 5_500_000_000
# Fills that are older were compared often enough.
_LOOKBACK_MS = 15 * 60 * _MS_PER_S
_LAG_S = 0.3
_MOST_ASKED = 3
_MOST_QUERIES = 10


class Mending:
    """Stands between a venue's client and Nautilus's execution engine.

    Parameters
    ----------
    client : LiveExecutionClient
        The adapter's own; its ways to report are replaced.
    inquiry : Inquiry
        Asks the same venue.

    """

    def __init__(self, client: LiveExecutionClient, inquiry: Inquiry) -> None:
        self._client = client
        self._inquiry = inquiry
        self._cache = client._cache  # noqa: SLF001 (a client's own parts, here and below)
        self._clock = client._clock  # noqa: SLF001
        self._log = client._log  # noqa: SLF001
        self._msgbus = client._msgbus  # noqa: SLF001
        self._pass_on = client._send_order_status_report  # noqa: SLF001
        self._since_ms: int | None = None
        self._early: dict[VenueOrderId, OrderStatusReport] = {}
        self._booked = BookedFills()
        self._msgbus.subscribe("events.order.*", self._booked.on_event)
        replaced = {
            "generate_mass_status": self.mass_status,
            "generate_order_status_reports": self.order_reports,
            "generate_fill_reports": self.fill_reports,
            "generate_position_status_reports": self.position_reports,
            "_query_order": self.query,
            "_send_order_status_report": self.tell,
        }
        for name, method in replaced.items():
            setattr(client, name, method)

    async def mass_status(self, lookback_mins: int | None = None) -> ExecutionMassStatus | None:  # noqa: ARG002 (Nautilus's own signature)
        """Report what is unfinished: at the start, and when a stream was lost.

        Parameters
        ----------
        lookback_mins : int, optional
            What is unfinished has no age.

        Returns
        -------
        ExecutionMassStatus or None
            None if the venue does not answer; a start then fails.

        """
        try:
            if self._since_ms is None:
                return await self._take_over()
            orders = await self._inquiry.open_orders()
            return await self._status(orders + await self._absent(orders, 0))
        except Unanswered as error:
            self._log.error(f"the venue does not say what is unfinished: {error}")
            return None

    async def _take_over(self) -> ExecutionMassStatus:
        """Take the account over as it is: positions, and what works with its fills."""
        picture = await still_picture(self._inquiry)
        status = await self._status(picture.orders)
        held: dict[InstrumentId, tuple[Decimal, Decimal]] = {}
        for report in openings(picture, self._unbooked_by_instrument(picture), status):
            self._client._send_position_status_report(report)  # noqa: SLF001
            price = report.avg_px_open or Decimal(0)
            held[report.instrument_id] = (report.signed_decimal_qty, price)
        self._since_ms = picture.taken_ms + 1
        beginning = TakenOver(since_ms=self._since_ms, held=held, orders=len(picture.orders))
        self._msgbus.publish(TAKEN_OVER, beginning)
        self._client.create_task(self._ask_after_early())
        return status

    async def _ask_after_early(self) -> None:
        """Find out what came of orders that a stream spoke of before the account was taken over."""
        for told in self._early.values():
            name = told.venue_order_id
            if self._cache.client_order_id(name) is None:
                report = await self._ask(told.instrument_id, name)
                if report is not None:
                    self.tell(report)
        self._early.clear()

    async def _ask(
        self, instrument_id: InstrumentId, name: VenueOrderId
    ) -> OrderStatusReport | None:
        try:
            return await self._inquiry.order(instrument_id, None, name)
        except Unanswered as error:
            self._log.warning(f"no answer about {name}: {error}")
            return None

    def _unbooked_by_instrument(self, picture: Picture) -> dict[InstrumentId, Decimal]:
        unbooked: dict[InstrumentId, Decimal] = {}
        for order in picture.orders:
            qty = self._unbooked(order) * (1 if order.order_side == OrderSide.BUY else -1)
            if qty:
                unbooked[order.instrument_id] = unbooked.get(order.instrument_id, Decimal(0)) + qty
        return unbooked

    async def order_reports(self, command: GenerateOrderStatusReports) -> list[OrderStatusReport]:
        """Return what works at the venue, and what we believe to work and does not.

        Parameters
        ----------
        command : GenerateOrderStatusReports
            For one instrument, or for all.

        Returns
        -------
        list[OrderStatusReport]
            Empty, and logged, if the venue does not answer: nothing follows from it then.

        """
        try:
            orders = await self._inquiry.open_orders()
            orders += await self._absent(orders, _FRESH_NS)
            await self._book(orders)
            await self._withdraw_orphans(orders)
        except Unanswered as error:
            self._log.warning(f"the venue does not say which orders work: {error}")
            return []
        return [one for one in orders if command.instrument_id in (None, one.instrument_id)]

    async def _withdraw_orphans(self, orders: list[OrderStatusReport]) -> None:
        """Cancel what works at the venue and was given up here: nobody else would."""
        for report in orders:
            order = self._cache.order(report.client_order_id) if report.client_order_id else None
            is_over = order is not None and order.is_closed and self._silence_ns(order) >= _FRESH_NS
            if report.is_open and is_over:
                self._log.error(f"{report.client_order_id} works though it was given up: cancelled")
                await self._inquiry.withdraw(report)

    async def position_reports(
        self, command: GeneratePositionStatusReports
    ) -> list[PositionStatusReport]:
        """Return the venue's positions; a question without an answer is an error, not "flat".

        Fills that explain a difference to ours are booked first, however busy trading is.

        Parameters
        ----------
        command : GeneratePositionStatusReports
            For one instrument, or for all.

        Returns
        -------
        list[PositionStatusReport]
            A flat one, if one instrument is asked for and it is.

        """
        positions = await self._inquiry.positions()
        name = command.instrument_id
        if self._since_ms is not None:
            for changed in self._changed(positions):
                await self._catch_up(changed, self._since_ms)
        if name is None:
            return positions
        precision = self._cache.instrument(name).size_precision
        now = self._clock.timestamp_ns()
        flat = PositionStatusReport.create_flat(self._client.account_id, name, precision, now)
        return [one for one in positions if one.instrument_id == name] or [flat]

    async def fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        """Book the fills that nobody heard, and leave none to Nautilus, which knows no orders.

        Parameters
        ----------
        command : GenerateFillReports
            For one instrument, from a time on.

        Returns
        -------
        list[FillReport]
            Empty.

        """
        since_ms = self._since_ms or 0
        if command.start is not None:
            since_ms = max(since_ms, int(command.start.timestamp() * _MS_PER_S))
        await self._catch_up(command.instrument_id, since_ms)
        return []

    def _changed(self, positions: list[PositionStatusReport]) -> list[InstrumentId]:
        """Return the instruments whose positions are not what ours are."""
        theirs = {one.instrument_id: one.signed_decimal_qty for one in positions}
        ours: dict[InstrumentId, Decimal] = {}
        for one in self._cache.positions_open(venue=self._client.venue):
            name = one.instrument_id
            ours[name] = ours.get(name, Decimal(0)) + one.signed_decimal_qty()
        names = [name for name in theirs | ours if self._cache.instrument(name) is not None]
        return [name for name in names if theirs.get(name, 0) != ours.get(name, 0)]

    async def _catch_up(self, name: InstrumentId, since_ms: int) -> None:
        """Book the fills that nobody heard, with their orders: by number, so never twice."""
        recent_ms = self._clock.timestamp_ms() - _LOOKBACK_MS
        fills = await self._inquiry.fills_since(name, max(since_ms, recent_ms))
        numbers = sorted({one.venue_order_id.value for one in fills if one not in self._booked})
        orders = [await self._inquiry.order(name, None, VenueOrderId(number)) for number in numbers]
        await self._book([order for order in orders if order is not None])

    async def query(self, command: QueryOrder) -> None:
        """Find out what became of an order; only the venue's word ends it.

        Parameters
        ----------
        command : QueryOrder
            Which.

        """
        names = (command.client_order_id, command.venue_order_id)
        try:
            report = await self._inquiry.order(command.instrument_id, *names)
        except Unanswered as error:
            self._log.warning(f"no answer about {command.client_order_id}: {error}")
            return
        order = self._cache.order(command.client_order_id)
        if report is not None:
            self.tell(report)
        elif order is not None and self._silence_ns(order) >= _GIVE_UP_NS:
            self._end(order)

    def _end(self, order: Order) -> None:
        """End an order that the venue does not know."""
        event = {
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
            "ts_event": self._clock.timestamp_ns(),
        }
        if order.status == OrderStatus.SUBMITTED:
            self._client.generate_order_rejected(**event, reason="the venue never got it")
        elif order.is_inflight:
            self._client.generate_order_canceled(**event, venue_order_id=order.venue_order_id)

    def tell(self, report: OrderStatusReport) -> None:
        """Pass a report on; if it names fills that nobody heard, with them.

        Parameters
        ----------
        report : OrderStatusReport
            From a stream, or the answer to a question.

        """
        if self._since_ms is None:
            self._early[report.venue_order_id] = report
        elif self._unbooked(report):
            self._client.create_task(self._tell_with_fills(report))
        else:
            self._pass_on(report)

    async def _tell_with_fills(self, report: OrderStatusReport) -> None:
        try:
            await self._book([report])
        except Unanswered as error:
            self._log.warning(f"fills of {report.client_order_id} are inferred: {error}")
            self._pass_on(report)

    async def _book(self, orders: list[OrderStatusReport]) -> None:
        behind = [order for order in orders if self._unbooked(order)]
        if behind:
            self._client._send_mass_status_report(await self._status(behind))  # noqa: SLF001

    async def _status(self, orders: list[OrderStatusReport]) -> ExecutionMassStatus:
        """Return orders, with the fills of those that have any that we do not know."""
        client = self._client
        status = ExecutionMassStatus(
            client.id, client.account_id, client.venue, UUID4(), self._clock.timestamp_ns()
        )
        for order in orders:
            fills = await self._fills(order) if self._unbooked(order) else []
            if not self._is_history(order, fills):
                status.add_order_reports([order])
                status.add_fill_reports([one for one in fills if one not in self._booked])
        return status

    def _is_history(self, order: OrderStatusReport, fills: list[FillReport]) -> bool:
        """Tell whether an order was done when the account was taken over: positions include it."""
        is_known = self._cache.client_order_id(order.venue_order_id) is not None
        if self._since_ms is None or is_known or not fills:
            return False
        return all(round(fill.ts_event / _NS_PER_MS) < self._since_ms for fill in fills)

    async def _fills(self, order: OrderStatusReport) -> list[FillReport]:
        """Return an order's fills; their list may lag behind the order itself."""
        fills: list[FillReport] = []
        for _ in range(_MOST_ASKED):
            fills = await self._inquiry.fills(order)
            total = sum((fill.last_qty.as_decimal() for fill in fills), Decimal(0))
            if total >= order.filled_qty.as_decimal():
                break
            await asyncio.sleep(_LAG_S)
        return fills

    async def _absent(
        self, orders: list[OrderStatusReport], fresh_ns: int
    ) -> list[OrderStatusReport]:
        """Ask after orders that should work and are not listed."""
        listed = {order.client_order_id for order in orders}
        absent = [
            order
            for order in self._cache.orders_open(venue=self._client.venue)
            if order.client_order_id not in listed and self._silence_ns(order) >= fresh_ns
        ]
        reports = [
            await self._inquiry.order(one.instrument_id, one.client_order_id, one.venue_order_id)
            for one in absent[:_MOST_QUERIES]
        ]
        return [report for report in reports if report is not None]

    def _silence_ns(self, order: Order) -> int:
        silence_ns: int = self._clock.timestamp_ns() - order.last_event.ts_init
        return silence_ns

    def _unbooked(self, report: OrderStatusReport) -> Decimal:
        """Return the filled quantity that is not in our books."""
        name = report.client_order_id or self._cache.client_order_id(report.venue_order_id)
        booked = Decimal(0) if name is None else self._booked.qty(name)
        filled: Decimal = report.filled_qty.as_decimal()
        return max(filled - booked, Decimal(0))
