"""The state of an account at the start of a run: one picture, not three questions in a row."""

import asyncio
from datetime import UTC
from datetime import datetime
from decimal import Decimal

import msgspec
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.runtime.live.answers import Unanswered
from nautilus_scalp.runtime.live.inquiry import Inquiry


# Topic of `TakenOver` on the message bus.
TAKEN_OVER = "live.taken_over"

_MS_PER_S = 1_000
# Two looks with this in between must show the same.
_QUIET_S = 0.2
_MOST_LOOKS = 50


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What an account had at one moment.

    Parameters
    ----------
    orders : list[OrderStatusReport]
        Those that work.
    positions : list[PositionStatusReport]
        Those that are not flat.
    taken_ms : int
        The venue's clock: every fill until then is in the picture, and no later one.

    """

    orders: list[OrderStatusReport]
    positions: list[PositionStatusReport]
    taken_ms: int

    @property
    def content(self) -> tuple[set[object], set[object]]:
        """What is equal in two pictures if nothing has happened between them."""
        orders: set[object] = {(one.venue_order_id, one.filled_qty) for one in self.orders}
        return orders, {(one.instrument_id, one.signed_decimal_qty) for one in self.positions}


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """What a run began with.

    Parameters
    ----------
    since_ms : int
        The venue's clock; what is filled from then on is the run's own.
    held : dict[InstrumentId, tuple[Decimal, Decimal]]
        Signed quantity and average price by instrument, before the fills of orders that work.
    orders : int
        How many work.

    """

    since_ms: int
    held: dict[InstrumentId, tuple[Decimal, Decimal]]
    orders: int

    def words(self) -> str:
        """Return it for the person who watches.

        Examples
        --------
        >>> name = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
        >>> held = {name: (Decimal("-0.003"), Decimal(60_000))}
        >>> TakenOver(since_ms=1_500, held=held, orders=1).words()
        'took the account over at 1970-01-01T00:00:01.500Z: BTCUSDT-PERP -0.003, orders 1'

        """
        at = datetime.fromtimestamp(self.since_ms / _MS_PER_S, UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        held = [f"{name.symbol} {qty:+f}" for name, (qty, _) in self.held.items()]
        return f"took the account over at {stamp}: {' '.join(held) or 'flat'}, orders {self.orders}"


async def still_picture(inquiry: Inquiry) -> Picture:
    """Look at an account until it shows the same twice.

    Between the question for orders and the one for positions an order may be filled; the two
    answers together would then show a position that nobody has. What changes and changes back
    between two looks cannot be seen, and does not matter.

    Parameters
    ----------
    inquiry : Inquiry
        Asks the venue.

    Returns
    -------
    Picture
        The first of two that are the same.

    Raises
    ------
    Unanswered
        If the venue does not answer, or the account never holds still.

    """
    seen: Picture | None = None
    why = "orders and positions change all the time"
    for _ in range(_MOST_LOOKS):
        try:
            orders, positions = await asyncio.gather(inquiry.open_orders(), inquiry.positions())
            now = Picture(orders=orders, positions=positions, taken_ms=await inquiry.now_ms())
        except Unanswered as error:
            seen, why = None, str(error)
        else:
            if seen is not None and seen.content == now.content:
                return seen
            seen = now
        await asyncio.sleep(_QUIET_S)
    raise Unanswered(why)


def openings(
    picture: Picture, unbooked: dict[InstrumentId, Decimal], status: ExecutionMassStatus
) -> list[PositionStatusReport]:
    """Return the positions as they were before the fills that are about to be booked.

    Parameters
    ----------
    picture : Picture
        With positions as they are.
    unbooked : dict[InstrumentId, Decimal]
        Signed quantity of those fills.
    status : ExecutionMassStatus
        With those fills.

    Returns
    -------
    list[PositionStatusReport]
        One for every instrument with a position now or then.

    """
    before = []
    for report in picture.positions:
        qty = report.signed_decimal_qty - unbooked.get(report.instrument_id, Decimal(0))
        before.append(_position(status, report.instrument_id, qty, report.avg_px_open))
    flat = unbooked.keys() - {report.instrument_id for report in picture.positions}
    # Nobody knows any more what those that are flat now were opened at.
    return before + [
        _position(status, name, -unbooked[name], _mean_price(name, status))
        for name in sorted(flat, key=str)
    ]


def _position(
    status: ExecutionMassStatus, name: InstrumentId, qty: Decimal, price: Decimal | None
) -> PositionStatusReport:
    sides = {1: PositionSide.LONG, 0: PositionSide.FLAT, -1: PositionSide.SHORT}
    return PositionStatusReport(
        account_id=status.account_id,
        instrument_id=name,
        position_side=sides[(qty > 0) - (qty < 0)],
        quantity=Quantity.from_str(str(abs(qty))),
        report_id=UUID4(),
        ts_last=status.ts_init,
        ts_init=status.ts_init,
        avg_px_open=price,
    )


def _mean_price(name: InstrumentId, status: ExecutionMassStatus) -> Decimal:
    fills = [f for fills in status.fill_reports.values() for f in fills if f.instrument_id == name]
    qty = sum((fill.last_qty.as_decimal() for fill in fills), Decimal(0))
    paid = sum((fill.last_qty.as_decimal() * fill.last_px.as_decimal() for fill in fills), qty * 0)
    return paid / qty
