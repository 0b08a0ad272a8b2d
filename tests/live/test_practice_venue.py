"""The practice venue's matching, by hand-made books."""

from decimal import Decimal

import pytest

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.account import Top
from nautilus_scalp.runtime.practice.venue import OrderEvent
from nautilus_scalp.runtime.practice.venue import Reason
from nautilus_scalp.runtime.practice.venue import Refused
from nautilus_scalp.runtime.practice.venue import Venue


D = Decimal
RULES = Rules(
    symbol="X",
    base="X",
    quote="USDT",
    tick=D("0.1"),
    step=D("0.01"),
    min_qty=D("0.01"),
    max_qty=D(1000),
    min_notional=D(5),
    maker_fee=D("0.0002"),
    taker_fee=D("0.0005"),
)


@pytest.fixture
def venue() -> Venue:
    made = Venue([RULES], D(10_000), 20, lambda: 1_000)
    made.on_quote("X", top("100.0", "100.1"))
    return made


def top(bid: str, ask: str, size: str = "10") -> Top:
    return Top(bid=D(bid), ask=D(ask), bid_qty=D(size), ask_qty=D(size))


def ticket(side: int, qty: str, price: str | None = None, **more: object) -> Ticket:
    client_id = str(more.pop("client_id", "a"))
    return Ticket(
        symbol="X",
        client_id=client_id,
        side=side,
        qty=D(qty),
        price=None if price is None else D(price),
        **more,
    )


def test_market_order_takes_the_displayed_size_and_the_rest_one_tick_worse(venue: Venue) -> None:
    order = venue.submit(ticket(BUY, "15"))
    assert order.status == "FILLED"
    assert [(trade.price, trade.qty) for trade in venue.trades] == [
        (D("100.1"), D(10)),
        (D("100.2"), D(5)),
    ]
    assert venue.fees == (D(1001) + D(501)) * D("0.0005")
    assert venue.balance == D(10_000) - venue.fees


def test_resting_order_waits_behind_the_displayed_size(venue: Venue) -> None:
    order = venue.submit(ticket(BUY, "2", "100.0", time_in_force="GTX"))
    venue.on_trade("X", D("100.0"), D(6), SELL)
    assert order.filled == 0
    venue.on_trade("X", D("100.0"), D(5), SELL)
    assert order.filled == 1
    venue.on_trade("X", D("100.0"), D(9), BUY)
    assert order.filled == 1
    venue.on_trade("X", D("100.0"), D(9), SELL)
    assert order.status == "FILLED"
    assert all(trade.is_maker for trade in venue.trades)
    assert venue.fees == D(200) * D("0.0002")


def test_trade_through_the_price_and_crossing_quote_fill_at_the_limit(venue: Venue) -> None:
    through = venue.submit(ticket(SELL, "1", "100.2", client_id="a"))
    venue.on_trade("X", D("100.3"), D("0.5"), BUY)
    assert through.filled == D("0.5")
    venue.on_quote("X", top("100.2", "100.3"))
    assert through.status == "FILLED"
    assert {trade.price for trade in venue.trades} == {D("100.2")}


def test_better_price_is_served_first_then_the_older_order(venue: Venue) -> None:
    worse = venue.submit(ticket(BUY, "1", "99.8", client_id="worse"))
    better = venue.submit(ticket(BUY, "1", "99.9", client_id="better"))
    venue.on_trade("X", D("99.8"), D("1.4"), SELL)
    assert (better.filled, worse.filled) == (D(1), D("0.4"))


def test_amended_order_goes_to_the_back(venue: Venue) -> None:
    order = venue.submit(ticket(BUY, "1", "99.9"))
    venue.amend(order, D(1), D("100.0"))
    assert order.ahead == D(10)
    with pytest.raises(Refused) as refused:
        venue.amend(order, D(1), D("100.0"))
    assert refused.value.reason is Reason.NO_CHANGE
    with pytest.raises(Refused):
        venue.submit(ticket(BUY, "1", "99.9"))  # the client id is in use


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (ticket(BUY, "1", "100.1", time_in_force="GTX"), Reason.POST_ONLY_WOULD_TAKE),
        (ticket(BUY, "1", "100.05"), Reason.TICK_SIZE),
        (ticket(BUY, "0.001", "100.0"), Reason.STEP_SIZE),
        (ticket(BUY, "0.01", "100.0"), Reason.MIN_NOTIONAL),
        (ticket(SELL, "1", reduce_only=True), Reason.REDUCE_ONLY),
        (ticket(BUY, "999", "300.0"), Reason.INSUFFICIENT_MARGIN),
        (ticket(BUY, "11", "100.1", time_in_force="FOK"), Reason.FILL_OR_KILL),
    ],
)
def test_refusals(venue: Venue, asked: Ticket, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        venue.submit(asked)
    assert refused.value.reason is reason
    assert not venue.orders


def test_reduce_only_is_cut_to_the_position_and_expires_when_it_is_gone(venue: Venue) -> None:
    venue.submit(ticket(BUY, "2", client_id="open"))
    exit_order = venue.submit(ticket(SELL, "5", "100.2", client_id="exit", reduce_only=True))
    assert exit_order.qty == 2
    venue.submit(ticket(SELL, "2", client_id="close"))
    venue.on_trade("X", D("100.3"), D(5), BUY)
    assert exit_order.status == "EXPIRED"
    assert venue.positions["X"].qty == 0


def test_immediate_order_expires_what_it_does_not_get(venue: Venue) -> None:
    order = venue.submit(ticket(BUY, "15", "100.1", time_in_force="IOC"))
    assert (order.status, order.filled) == ("EXPIRED", D(10))


def test_pieces_and_their_events(venue: Venue) -> None:
    seen: list[OrderEvent] = []
    venue.listener = seen.append
    venue.max_fill = D("0.4")
    venue.submit(ticket(BUY, "1"))
    assert [event.kind for event in seen] == ["NEW", "TRADE", "TRADE", "TRADE"]
    assert [event.trade.qty for event in seen if event.trade] == [D("0.4"), D("0.4"), D("0.2")]


def test_a_resting_order_gets_one_piece_for_each_event_of_the_market(venue: Venue) -> None:
    venue.max_fill = D("0.4")
    best = venue.tops["X"]
    order = venue.submit(ticket(BUY, "1", str(best.bid)))
    through = Top(bid=best.bid - 2, ask=best.bid - 1, bid_qty=D(1), ask_qty=D(1))
    filled = []
    for _ in range(4):
        venue.on_quote("X", through)
        filled.append(order.filled)
    assert filled == [D("0.4"), D("0.8"), D(1), D(1)]
    assert order.status == "FILLED"


def test_books_add_up_over_a_round_trip(venue: Venue) -> None:
    venue.submit(ticket(BUY, "1", client_id="in"))
    venue.on_quote("X", top("105.0", "105.1"))
    assert venue.unrealized("X") == D("105.05") - D("100.1")
    venue.submit(ticket(SELL, "1", client_id="out"))
    assert venue.balance == D(10_000) + D("4.9") - (D("100.1") + D("105.0")) * D("0.0005")
