"""When quotes are pulled, and which place in a queue is worth keeping."""

import math

import pytest

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.quoting.diff import Amend
from nautilus_scalp.quoting.diff import diff
from nautilus_scalp.quoting.ladder import Quote
from nautilus_scalp.quoting.pull import PullGuard
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.quoting.queue import QueueParams
from nautilus_scalp.quoting.queue import see_best
from nautilus_scalp.quoting.queue import see_trade


MS = 1_000_000
RULES = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
QUOTES = [Quote(BUY, 999, 1.0), Quote(SELL, 1001, 1.0)]
FLOW = PullParams(flow_threshold=0.8, flow_half_life_ms=100.0, least_trades=2.0)


def test_the_side_that_one_sided_flow_runs_into_is_pulled() -> None:
    guard = PullGuard(FLOW)
    guard.on_trade(0, 9.0, 1)
    assert guard.allowed(QUOTES) == (QUOTES, None)  # one trade is no flow
    guard.on_trade(0, 1.0, -1)  # 8 of 10: just at the threshold
    assert guard.threatened == SELL
    assert guard.allowed(QUOTES) == (QUOTES[:1], "toxic_flow")
    guard.on_trade(0, 0.1, -1)
    assert guard.allowed(QUOTES) == (QUOTES, None)


def test_sellers_threaten_the_bids_until_they_are_forgotten() -> None:
    guard = PullGuard(FLOW)
    for _ in range(4):
        guard.on_trade(0, 1.0, -1)
    assert guard.allowed(QUOTES) == (QUOTES[1:], "toxic_flow")
    guard.on_market(100 * MS, 99.9, 100.1)  # half of four is two: still a flow
    assert guard.threatened == BUY
    guard.on_market(101 * MS, 99.9, 100.1)
    assert guard.threatened == 0


@pytest.mark.parametrize("size", [math.nan, math.inf, 0.0, -1.0])
def test_a_malformed_trade_is_no_flow(size: float) -> None:
    guard = PullGuard(FLOW)
    guard.on_trade(0, 1.0, 1)
    guard.on_trade(0, size, 1)
    assert guard.threatened == 0


def test_without_a_threshold_flow_does_not_matter() -> None:
    guard = PullGuard(PullParams(flow_threshold=None, least_trades=1.0))
    guard.on_trade(0, 1.0, 1)
    assert guard.threatened == 0


def test_a_collapsed_spread_pulls_everything_once_the_usual_one_is_known() -> None:
    guard = PullGuard(PullParams(collapse_share=0.5, spread_half_life_ms=100.0))
    guard.on_market(0, 99.0, 101.0)
    guard.on_market(50 * MS, 99.9, 100.1)
    assert not guard.collapsed  # too early to say what is usual
    guard.on_market(60 * MS, 99.0, 101.0)
    guard.on_market(100 * MS, 99.9, 100.1)  # 0.2 where 2 is usual
    assert guard.allowed(QUOTES) == ([], "spread_collapse")
    # The usual spread gets used to it: half of what was above 0.2 is left after each half life.
    guard.on_market(900 * MS, 99.9, 100.1)
    assert guard.allowed(QUOTES) == (QUOTES, None)


def order(name: str, side: int, price: float, *, pending: bool = False) -> WorkingOrder:
    return WorkingOrder(name, side, price, 1.0, pending=pending)


def jumping(params: PullParams, jumps: int = 20, size: float = 0.4) -> PullGuard:
    """Return a guard that has seen the mid go up and down by as much, a millisecond apart."""
    guard = PullGuard(params)
    for k in range(jumps + 1):
        up = size * (k % 2)
        guard.on_market(k * MS, 100.0 + up, 100.1 + up)
    return guard


@pytest.mark.parametrize(
    ("move", "sides"),
    [(0.81, [BUY]), (0.79, []), (-0.79, []), (-0.81, [SELL]), (0.0, [])],
)
def test_a_quote_has_to_be_worth_the_jump_that_runs_over_it(move: float, sides: list[int]) -> None:
    guard = jumping(PullParams(paid_jumps=2.0))
    left, reason = guard.allowed(QUOTES, move, 5.0)
    assert [quote.side for quote in left] == sides
    assert reason == "jump_not_paid"


def test_without_an_opinion_only_the_way_out_is_quoted() -> None:
    guard = jumping(PullParams(paid_jumps=0.0))
    assert guard.allowed(QUOTES, math.nan, 2.0) == (QUOTES[1:], "jump_not_paid")
    assert guard.allowed(QUOTES, math.nan, -2.0) == (QUOTES[:1], "jump_not_paid")
    assert guard.allowed(QUOTES, math.nan, 0.0) == ([], "jump_not_paid")
    assert guard.allowed(QUOTES, 0.0, 0.0) == (QUOTES, None)  # nought is an opinion


def test_nothing_is_worth_a_jump_whose_size_is_not_known() -> None:
    assert jumping(PullParams(paid_jumps=1.0), jumps=19).allowed(QUOTES, 9.0)[0] == []
    assert jumping(PullParams(paid_jumps=1.0), jumps=20).allowed(QUOTES, 9.0)[0] == QUOTES[:1]


def test_the_usual_jump_is_that_of_the_last_ones() -> None:
    guard = jumping(PullParams(paid_jumps=1.0, jump_memory=25), size=0.2)
    assert guard.allowed(QUOTES, 0.21)[0] == QUOTES[:1]
    for k in range(200):
        up = 0.6 * (k % 2)
        guard.on_market((30 + k) * MS, 100.0 + up, 100.1 + up)
    assert guard.allowed(QUOTES, 0.59)[0] == []  # (24 / 25)^200 of the smaller ones is left
    assert guard.allowed(QUOTES, 0.61)[0] == QUOTES[:1]


def test_the_queue_ahead_shrinks_with_trades_and_with_what_is_shown() -> None:
    bid, ask, waits = order("b", BUY, 99.9), order("a", SELL, 100.0), order("p", BUY, 99.9)
    waits.pending = True
    orders = [bid, ask, waits]
    see_best(orders, 99.9, 100.1, 8.0, 5.0)
    assert (bid.queue_qty, bid.ahead_qty) == (8.0, 8.0)
    assert (ask.queue_qty, ask.ahead_qty) == (math.inf, 0.0)  # alone in front of the best price
    see_trade(orders, 99.9, 3.0, -1)
    see_trade(orders, 99.9, 1.0, 1)  # a buyer takes nothing from the bids
    assert bid.ahead_qty == 5.0
    see_best(orders, 99.9, 100.1, 4.0, 5.0)  # cancelled ahead, at least
    see_best(orders, 99.9, 100.1, 9.0, 5.0)  # joined behind
    assert (bid.queue_qty, bid.ahead_qty) == (8.0, 4.0)
    assert waits.ahead_qty == math.inf
    assert QueueParams(good_share=0.5).is_good(bid)
    assert not QueueParams(good_share=0.4).is_good(bid)
    assert not QueueParams().is_good(ask)


def test_a_good_place_is_kept_while_the_edge_allows_it() -> None:
    queue = QueueParams(good_share=0.5, least_edge_share=0.5)
    good = order("b", BUY, 99.9)
    good.queue_qty, good.ahead_qty = 8.0, 2.0
    # Quotes 10 ticks apart: half of it is 5, of which half may be given away: 2.
    two_off = [Quote(BUY, 997, 1.0), Quote(SELL, 1007, 1.0)]
    three_off = [Quote(BUY, 996, 1.0), Quote(SELL, 1006, 1.0)]
    ask = order("a", SELL, 100.7)
    assert diff(two_off, [good, ask], RULES, 0, queue) == []
    assert diff(two_off, [good, ask], RULES) == [Amend(good, 997)]
    moved = diff(three_off, [good, ask], RULES, 0, queue)
    assert moved == [Amend(good, 996), Amend(ask, 1006)]
    good.ahead_qty = 5.0
    assert diff(two_off, [good, ask], RULES, 0, queue) == [Amend(good, 997)]
    assert queue.tolerance_ticks(two_off[:1]) == 0
