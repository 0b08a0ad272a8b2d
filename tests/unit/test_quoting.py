"""The ladder and the diff, against figures worked out by hand."""

import math

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


RULES = TradingRules(
    tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3, min_qty=0.001
)
PLAIN = {"imbalance_weight": 0.0, "inventory_skew": 0.0}


def ladder(qty: float = 1.0, limit: float = 5.0, rules: TradingRules = RULES, **params: object):  # noqa: ANN201
    return Ladder(LadderParams(**{**PLAIN, **params}), rules, qty, limit)


def market(volatility: float = 0.0, move_bps: float = 0.0, sizes: tuple[float, float] = (1, 1)):  # noqa: ANN201
    return Market(100.0, 100.1, *sizes, volatility, move_bps)


def prices(quotes: list[Quote]) -> list[tuple[int, int]]:
    return [(quote.side, quote.ticks) for quote in quotes]


def test_spread_target_in_percent_rounds_away_from_the_market() -> None:
    # Mid 100.05, 0.2 % of it is 0.2001: 99.94995 and 100.15005.
    quotes = ladder(spread_target=0.2, quote_depth=1).quote(market(), 0.0)
    assert prices(quotes) == [(BUY, 999), (SELL, 1002)]


def test_spread_is_at_least_the_volatility_multiple() -> None:
    # 1.5 x 0.4 % of 100.05 is 0.6003: 99.74985 and 100.35015.
    quotes = ladder(spread_target=0.2, quote_depth=1).quote(market(volatility=0.004), 0.0)
    assert prices(quotes) == [(BUY, 997), (SELL, 1004)]


def test_spread_target_in_volatility_units() -> None:
    # 2 x 0.1 % of 100.05, against 1.5 x 0.1 %: the same as 0.2 %.
    quotes = ladder(spread_target=2.0, threshold_unit="volatility", quote_depth=1).quote(
        market(volatility=0.001), 0.0
    )
    assert prices(quotes) == [(BUY, 999), (SELL, 1002)]


def test_nothing_is_quoted_while_volatility_is_unknown() -> None:
    assert ladder().quote(market(volatility=math.nan), 0.0) == []


def test_levels_step_by_a_share_of_the_half_spread() -> None:
    # Half a spread is 0.50025 and half of that 2.5 ticks and a bit: steps of 3.
    quotes = ladder(spread_target=1.0, quote_depth=3, level_spacing=0.5).quote(market(), 0.0)
    assert prices(quotes) == [
        (BUY, 995),
        (BUY, 992),
        (BUY, 989),
        (SELL, 1006),
        (SELL, 1009),
        (SELL, 1012),
    ]


def test_inventory_shifts_both_sides_against_it() -> None:
    # Half full long: both shift down by half of half a spread, 0.2501, to around 99.7999.
    quotes = ladder(spread_target=1.0, quote_depth=1, inventory_skew=1.0).quote(market(), 2.5)
    assert prices(quotes) == [(BUY, 992), (SELL, 1004)]


def test_imbalance_leans_towards_the_thinner_side() -> None:
    # Sizes 3 to 1: imbalance 0.5, fair price 100.05 + 0.5 x 0.05 = 100.075.
    thin_ask = market(sizes=(3.0, 1.0))
    quotes = ladder(spread_target=0.0, volatility_multiplier=0.0, imbalance_weight=1.0).quote(
        thin_ask, 0.0
    )
    assert prices(quotes)[0] == (BUY, 1000)
    wide = Market(100.0, 100.4, 3.0, 1.0, 0.0)  # fair 100.2 + 0.5 x 0.2 = 100.3
    quotes = ladder(
        spread_target=0.0, volatility_multiplier=0.0, imbalance_weight=1.0, quote_depth=1
    ).quote(wide, 0.0)
    assert prices(quotes) == [(BUY, 1003), (SELL, 1004)]


def test_signal_shifts_both_sides_with_the_expected_move() -> None:
    # +20 bps of 100.05 is 0.2001: around 100.2501 with half a spread of 0.50025.
    quotes = ladder(spread_target=1.0, quote_depth=1).quote(market(move_bps=20.0), 0.0)
    assert prices(quotes) == [(BUY, 997), (SELL, 1008)]


def test_a_strong_signal_never_crosses_the_market() -> None:
    quotes = ladder(spread_target=0.0, volatility_multiplier=0.0, quote_depth=1).quote(
        market(move_bps=500.0), 0.0
    )
    assert quotes[0] == Quote(BUY, 1000, 1.0)
    assert quotes[1].ticks > 1001


def test_all_quotes_of_a_side_fit_under_the_inventory_limit() -> None:
    quotes = ladder(qty=1.0, limit=2.5, quote_depth=5).quote(market(), 1.0)
    assert [quote.qty for quote in quotes if quote.side == BUY] == [1.0, 0.5]
    # A long position is no extra room to sell: what closes it may be quicker than the quotes.
    assert [quote.qty for quote in quotes if quote.side == SELL] == [1.0, 1.0, 0.5]


def test_a_rest_below_the_least_value_is_not_quoted() -> None:
    rules = TradingRules(
        tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3, min_notional=60.0
    )
    quotes = ladder(qty=1.0, limit=1.5, rules=rules).quote(market(), 0.0)
    assert [quote.qty for quote in quotes if quote.side == BUY] == [1.0]


def order(name: str, side: int, price: float, qty: float = 1.0, *, pending: bool = False):  # noqa: ANN201
    return WorkingOrder(name, side, price, qty, pending=pending)


def test_diff_places_what_is_missing() -> None:
    quotes = [Quote(BUY, 999, 1.0), Quote(SELL, 1002, 1.0)]
    assert diff(quotes, [], RULES) == [Place(quotes[0]), Place(quotes[1])]


def test_diff_leaves_what_stands_within_the_tolerance() -> None:
    resting = order("a", BUY, 99.9)
    assert diff([Quote(BUY, 1000, 1.0)], [resting], RULES, tolerance_ticks=1) == []
    assert diff([Quote(BUY, 1001, 1.0)], [resting], RULES, tolerance_ticks=1) == [
        Amend(resting, 1001)
    ]


def test_diff_keeps_queue_places_when_the_ladder_moves_by_a_level() -> None:
    orders = [order("a", BUY, 100.0), order("b", BUY, 99.9), order("c", BUY, 99.8)]
    quotes = [Quote(BUY, ticks, 1.0) for ticks in (999, 998, 997)]
    assert diff(quotes, orders, RULES) == [Amend(orders[0], 997)]


def test_diff_cancels_what_is_too_much_or_too_large() -> None:
    orders = [order("a", SELL, 100.1), order("b", SELL, 100.2, qty=2.0)]
    assert diff([], orders, RULES) == [Cancel(orders[0]), Cancel(orders[1])]
    assert diff([Quote(SELL, 1002, 1.0)], orders[1:], RULES) == [Cancel(orders[1])]


def test_diff_does_not_top_up_a_partly_filled_order() -> None:
    assert diff([Quote(SELL, 1001, 1.0)], [order("a", SELL, 100.1, qty=0.3)], RULES) == []


def test_diff_leaves_an_order_alone_whose_answer_is_outstanding() -> None:
    on_its_way = order("a", BUY, 99.0, pending=True)
    assert diff([Quote(BUY, 999, 1.0)], [on_its_way], RULES) == []
    assert diff([], [on_its_way], RULES) == []
