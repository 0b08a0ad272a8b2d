"""Whatever is sent to the practice venue, its books add up."""

from decimal import Decimal

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.refusals import Refused
from nautilus_scalp.runtime.practice.venue import Venue


D = Decimal
OPENING = D(10_000)
RULES = Rules(
    symbol="X",
    base="X",
    quote="USDT",
    tick=D("0.1"),
    step=D(1),
    min_qty=D(1),
    max_qty=D(50),
    min_notional=D(5),
    maker_fee=D("0.0002"),
    taker_fee=D("0.0005"),
)
SIDES = st.sampled_from((BUY, SELL))
PRICES = st.integers(950, 1_050).map(lambda ticks: D(ticks) / 10)
ORDERS = st.tuples(
    st.just("order"),
    SIDES,
    st.integers(1, 20).map(D),
    st.none() | PRICES,
    st.sampled_from(("GTC", "IOC", "FOK", "GTX")),
    st.booleans(),
)
EVENTS = st.one_of(
    ORDERS,
    st.tuples(st.just("quote"), PRICES, st.integers(1, 30).map(D)),
    st.tuples(st.just("trade"), SIDES, PRICES, st.integers(1, 30).map(D)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("fund"), st.sampled_from((D("0.001"), D("-0.001")))),
)


def play(venue: Venue, number: int, event: tuple[object, ...]) -> None:
    """Let one event happen; a refusal is an answer like any other."""
    kind, *rest = event
    if kind == "order":
        side, qty, price, time_in_force, reduce_only = rest
        ticket = Ticket(
            symbol="X",
            client_id=str(number),
            side=side,
            qty=qty,
            price=price,
            time_in_force="GTC" if price is None else time_in_force,
            reduce_only=reduce_only,
        )
        try:
            venue.submit(ticket)
        except Refused:
            return
    elif kind == "quote":
        bid, size = rest
        venue.on_quote("X", Top(bid=bid, ask=bid + RULES.tick, bid_qty=size, ask_qty=size))
    elif kind == "trade":
        side, price, size = rest
        venue.on_trade("X", price, size, side)
    elif kind == "fund":
        venue.pay_funding("X", rest[0])
    elif venue.orders.working():
        venue.cancel(venue.orders.working()[rest[0] % len(venue.orders.working())])


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=60))
def test_books_add_up(events: list[tuple[object, ...]]) -> None:
    venue = Venue([RULES], OPENING, 20, lambda: 1_000)
    play(venue, 0, ("quote", D(100), D(10)))
    for number, event in enumerate(events, start=1):
        play(venue, number, event)
    position = venue.positions["X"]
    assert position.qty == sum(trade.side * trade.qty for trade in venue.trades)
    assert venue.fees == sum(trade.fee for trade in venue.trades)
    realized = sum((trade.realized for trade in venue.trades), D(0))
    funding = sum((payment.amount for payment in venue.payments), D(0))
    assert abs(venue.balance - (OPENING + realized - venue.fees + funding)) < D("1e-18")
    spent = -sum(trade.side * trade.qty * trade.price for trade in venue.trades)
    assert abs(realized - (spent + position.qty * position.entry)) < D("1e-18")
    for order in venue.orders:
        mine = [trade for trade in venue.trades if trade.order_id == order.order_id]
        assert order.filled == sum(trade.qty for trade in mine) <= order.qty
        assert order.is_open == (order in venue.orders.working())
        assert all((trade.price - (order.price or trade.price)) * trade.side <= 0 for trade in mine)
