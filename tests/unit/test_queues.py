import numpy as np
import pytest

from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.queues import LOGARITHM
from nautilus_scalp.evaluation.queues import QUEUE_MODELS
from nautilus_scalp.evaluation.queues import RISK_AVERSE
from nautilus_scalp.evaluation.queues import RestingOrders
from nautilus_scalp.evaluation.queues import judge_queues
from nautilus_scalp.evaluation.queues import queue_fills
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


FACTS = InstrumentFacts(instrument_id="X.Y", price_precision=1, size_precision=3, tick_size=0.1)


def quote(bid: float, bid_size: float, ask: float = 101.0) -> tuple[int, list[float]]:
    return QUOTE, [bid, ask, bid_size, 10.0]


def sell(price: float, size: float) -> tuple[int, list[float]]:
    return TRADE, [price, size, -1.0, 0.0]


def tape(*events: tuple[int, list[float]]) -> Tape:
    times = np.arange(len(events), dtype=np.int64)
    return Tape(
        instruments=(FACTS,),
        kind=np.array([kind for kind, _ in events], np.uint8),
        instrument=np.zeros(len(events), np.int16),
        ts_event_ns=times,
        ts_init_ns=times,
        values=np.array([values for _, values in events]),
    )


def bid_at(price: float, *rests: tuple[int, int]) -> RestingOrders:
    n = len(rests)
    return RestingOrders(
        order=np.zeros(n, np.int64),
        start_ns=np.array([start for start, _ in rests], np.int64),
        end_ns=np.array([end for _, end in rests], np.int64),
        side=np.ones(n, np.int8),
        price=np.full(n, price),
        qty=np.full(n, 1.0),
    )


def filled_at(orders: RestingOrders, events: Tape, exponent: float) -> list[int]:
    return list(queue_fills(orders, events, exponent).ts_event_ns)


def test_a_queue_of_exactly_the_traded_size_fills_nothing() -> None:
    events = tape(quote(100.0, 0.3), sell(100.0, 0.1), sell(100.0, 0.2), sell(100.0, 0.1))
    assert filled_at(bid_at(100.0, (0, 3)), events, RISK_AVERSE) == [3]


def test_cancellations_move_the_queue_of_a_probability_model_alone() -> None:
    # 10 ahead, 10 join behind; then 8 are cancelled. ln(1 + 10) on both sides: half come from
    # ahead, which leaves 6: 7 traded fill us. Without cancellations 10 have to trade.
    events = tape(quote(100.0, 10.0), quote(100.0, 20.0), quote(100.0, 12.0), sell(100.0, 7.0))
    orders = bid_at(100.0, (0, 3))
    assert filled_at(orders, events, LOGARITHM) == [3]
    assert filled_at(orders, events, RISK_AVERSE) == []


def test_a_trade_is_not_taken_off_twice() -> None:
    # 4 of the 10 trade, and the quote then shows the remaining 6: nothing was cancelled.
    events = tape(quote(100.0, 10.0), sell(100.0, 4.0), quote(100.0, 6.0), sell(100.0, 6.0))
    for exponent in QUEUE_MODELS.values():
        assert filled_at(bid_at(100.0, (0, 3)), events, exponent) == []


@pytest.mark.parametrize("exponent", QUEUE_MODELS.values())
def test_a_trade_through_and_a_crossing_quote_fill(exponent: float) -> None:
    through = tape(quote(100.0, 10.0), sell(99.9, 0.001))
    crossed = tape(quote(100.0, 10.0), quote(99.0, 1.0, ask=100.0))
    assert filled_at(bid_at(100.0, (0, 1)), through, exponent) == [1]
    assert filled_at(bid_at(100.0, (0, 1)), crossed, exponent) == [1]


def test_a_level_behind_the_best_queues_when_it_becomes_the_best() -> None:
    events = tape(quote(100.5, 1.0), quote(100.0, 3.0), sell(100.0, 2.0), sell(100.0, 2.0))
    assert filled_at(bid_at(100.0, (0, 3)), events, RISK_AVERSE) == [3]


def test_a_price_inside_the_spread_has_nobody_ahead() -> None:
    assert filled_at(bid_at(100.5, (0, 1)), tape(quote(100.0, 9.0), sell(100.5, 1.0)), 2.0) == [1]


def test_nothing_is_filled_before_arrival_or_after_the_end() -> None:
    events = tape(quote(100.0, 1.0), sell(100.0, 9.0), quote(100.0, 1.0), sell(100.0, 9.0))
    assert filled_at(bid_at(100.0, (1, 2)), events, RISK_AVERSE) == []


def test_an_amended_order_is_filled_once() -> None:
    events = tape(quote(100.0, 1.0), sell(100.0, 9.0), quote(100.0, 1.0), sell(100.0, 9.0))
    assert filled_at(bid_at(100.0, (0, 2), (2, 3)), events, RISK_AVERSE) == [1]


def test_a_verdict_has_volume_and_markouts_and_adds_up() -> None:
    events = tape(quote(100.0, 1.0), sell(100.0, 9.0))
    mids = MidSeries(ts_ns=np.array([0, 2_000_000_000]), mid=np.array([100.5, 99.0]))
    verdict = judge_queues(bid_at(100.0, (0, 1)), events, mids, (1_000,))["risk averse"]
    assert (verdict.fills, verdict.volume) == (1, 100.0)
    assert verdict.markouts[1_000].bps == pytest.approx(50.0)
    assert (verdict + verdict).volume == 200.0
