"""Whatever the market: quotes rest, never cross, and fit under the inventory limit."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.quoting.diff import Amend
from nautilus_scalp.quoting.diff import Cancel
from nautilus_scalp.quoting.diff import Place
from nautilus_scalp.quoting.diff import diff
from nautilus_scalp.quoting.ladder import Ladder
from nautilus_scalp.quoting.ladder import Quote
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pricing import Market
from nautilus_scalp.quoting.queue import QueueParams


RULES = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
LIMIT = 3.0

anything = st.floats(allow_nan=True, allow_infinity=True)
params = st.builds(
    LadderParams,
    model=st.sampled_from(["volatility", "avellaneda_stoikov", "glft"]),
    risk_aversion=st.floats(1e-6, 10.0),
    horizon_ms=st.floats(1.0, 1e6),
    spread_target=st.floats(0.0, 5.0),
    threshold_unit=st.sampled_from(["percent", "volatility"]),
    volatility_multiplier=st.floats(0.0, 5.0),
    quote_depth=st.integers(1, 6),
    level_spacing=st.floats(0.0, 3.0),
    inventory_skew=st.floats(0.0, 3.0),
    imbalance_weight=st.floats(0.0, 2.0),
    signal_weight=st.floats(0.0, 2.0),
)


@given(
    params,
    st.integers(10, 100_000),
    st.integers(1, 50),
    st.floats(0.0, 100.0),
    st.floats(0.0, 100.0),
    st.floats(0.0, 0.05),
    st.floats(-50.0, 50.0),
    st.floats(1e-3, 100.0),
    st.floats(1e-4, 5.0),
    st.floats(-LIMIT, LIMIT),
)
@settings(max_examples=300)
def test_quotes_rest_and_fit(  # noqa: PLR0913, PLR0917
    params: LadderParams,
    bid_ticks: int,
    spread_ticks: int,
    bid_size: float,
    ask_size: float,
    volatility: float,
    move_bps: float,
    rate: float,
    decay: float,
    position: float,
) -> None:
    bid, ask = RULES.price_at(bid_ticks), RULES.price_at(bid_ticks + spread_ticks)
    market = Market(bid, ask, bid_size, ask_size, volatility, move_bps, rate, decay)
    quotes = Ladder(params, RULES, 0.7, LIMIT).quote(market, position)
    bids = [quote for quote in quotes if quote.side == BUY]
    asks = [quote for quote in quotes if quote.side == SELL]
    assert all(quote.ticks < bid_ticks + spread_ticks for quote in bids)
    assert all(quote.ticks > bid_ticks for quote in asks)
    assert max((q.ticks for q in bids), default=0) < min((q.ticks for q in asks), default=10**9)
    assert len({(quote.side, quote.ticks) for quote in quotes}) == len(quotes)
    assert position + sum(quote.qty for quote in bids) <= LIMIT + 1e-9
    assert -position + sum(quote.qty for quote in asks) <= LIMIT + 1e-9


@given(params, st.tuples(*[anything] * 9))
def test_no_number_breaks_the_ladder(params: LadderParams, numbers: tuple[float, ...]) -> None:
    quotes = Ladder(params, RULES, 0.7, LIMIT).quote(Market(*numbers[:8]), numbers[8])
    assert all(quote.qty > 0.0 and quote.ticks > 0 for quote in quotes)


@given(
    params,
    st.lists(
        st.tuples(st.integers(10, 14), st.integers(1, 3), st.sampled_from([-0.7, 0.0, 0.1, 3.0])),
        min_size=2,
        max_size=8,
    ),
)
def test_a_ladder_that_remembers_says_what_a_new_one_says(
    params: LadderParams, steps: list[tuple[int, int, float]]
) -> None:
    ladder = Ladder(params, RULES, 0.7, LIMIT)
    for bid_ticks, spread_ticks, position in steps:
        bid, ask = RULES.price_at(bid_ticks), RULES.price_at(bid_ticks + spread_ticks)
        market = Market(bid, ask, 1.0, 2.0, 1e-3, 0.0, 1.0, 0.5)
        fresh = Ladder(params, RULES, 0.7, LIMIT).quote(market, position)
        assert ladder.quote(market, position) == fresh


quotes_lists = st.lists(
    st.builds(Quote, st.sampled_from([BUY, SELL]), st.integers(1, 30), st.just(1.0)),
    max_size=8,
    unique_by=lambda quote: (quote.side, quote.ticks),
)
orders_lists = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(1, 30),
        st.sampled_from([0.5, 1.0, 2.0]),
        st.booleans(),
    ),
    max_size=8,
)


@given(quotes_lists, orders_lists, st.integers(0, 3))
def test_diff_touches_each_order_once_and_reaches_the_quotes(
    quotes: list[Quote], rows: list[tuple[int, int, float, bool]], tolerance: int
) -> None:
    orders = [
        WorkingOrder(str(n), side, RULES.price_at(ticks), qty, pending=pending)
        for n, (side, ticks, qty, pending) in enumerate(rows)
    ]
    actions = diff(quotes, orders, RULES, tolerance)
    touched = [action.order for action in actions if not isinstance(action, Place)]
    assert len({order.order_id for order in touched}) == len(touched)
    assert not any(order.pending for order in touched)
    for action in actions:
        if isinstance(action, Cancel):
            orders.remove(action.order)
        elif isinstance(action, Amend):
            action.order.price = RULES.price_at(action.ticks)
        else:
            quote = action.quote
            price = RULES.price_at(quote.ticks)
            orders.append(WorkingOrder(object(), quote.side, price, quote.qty))
    for side in (BUY, SELL):
        wanted = sum(quote.side == side for quote in quotes)
        have = [order for order in orders if order.side == side]
        assert len(have) <= max(wanted, sum(order.pending for order in have))
    if not any(order.pending for order in orders if isinstance(order.order_id, str)):
        leftovers = diff(quotes, orders, RULES, tolerance)
        assert all(isinstance(action, Place) for action in leftovers)  # what was too large


@given(quotes_lists, orders_lists, st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8))
def test_only_a_good_place_is_kept_and_only_near_its_quote(
    quotes: list[Quote], rows: list[tuple[int, int, float, bool]], ahead: list[float]
) -> None:
    queue = QueueParams(good_share=0.5, least_edge_share=0.5)
    orders = [
        WorkingOrder(str(n), side, RULES.price_at(ticks), qty, pending=pending, queue_qty=1.0)
        for n, (side, ticks, qty, pending) in enumerate(rows)
    ]
    for order, left in zip(orders, ahead, strict=False):
        order.ahead_qty = left
    actions = diff(quotes, orders, RULES, 0, queue)
    touched = {action.order.order_id for action in actions if not isinstance(action, Place)}
    reach = max(queue.tolerance_ticks(quotes), 0)
    for order in orders:
        if order.order_id in touched or order.pending:
            continue
        off = min(
            abs(quote.ticks - RULES.floor_ticks(order.price))
            for quote in quotes
            if quote.side == order.side
        )
        assert off <= (reach if order.ahead_qty <= 0.5 else 0)
