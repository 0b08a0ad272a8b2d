"""Mean reversion and breakout in Nautilus's engine: from the entry to every kind of exit."""

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.take_profit import TakeProfitParams
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.strategies.directional_config import EntryParams
from tests.integration.conftest import Desk
from tests.integration.players import breakout
from tests.integration.players import reversion
from tests.integration.players import write_fall
from tests.integration.players import write_quotes
from tests.integration.players import write_rise


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


TRAIL = TakeProfitParams(activation=0.5, distance=0.3)


@pytest.mark.parametrize(
    ("exits", "bids", "price", "reason"),
    [
        ({"profit_target": 0.5}, {200: 98.4, 300: 98.5}, 98.5, "profit_target"),
        ({"stop_loss": 0.5}, {200: 97.6, 300: 97.5}, 97.5, "stop_loss"),
        ({"timeout_ms": 250.0}, {200: 97.9, 300: 97.9, 400: 98.0}, 98.0, "time_out"),
        ({"trailing_stop": 0.5}, {200: 98.9, 300: 98.5, 400: 98.4}, 98.4, "trailing_stop"),
        ({"take_profit": TRAIL}, {200: 98.9, 300: 98.7, 400: 98.6}, 98.6, "take_profit"),
    ],
)
def test_reversion_round_trip(
    desk: Desk, exits: dict[str, object], bids: dict[float, float], price: float, reason: str
) -> None:
    write_fall(desk)
    write_quotes(desk, bids)
    strategy = reversion(desk, exits=ExitParams(**exits))
    desk.play(strategy)
    assert desk.fills() == [(98.0, 1.0), (price, -1.0)]
    assert strategy.exit_reasons == {reason: 1}
    entry, exit_ = desk.cache.orders()
    assert not entry.is_reduce_only
    assert exit_.is_reduce_only


def test_reversion_leaves_at_fair_value(desk: Desk) -> None:
    write_fall(desk)
    write_quotes(desk, {200: 99.1, 300: 99.2})  # fair value 694 / 7 = 99.143
    strategy = reversion(desk, exits=ExitParams(stop_loss=5.0), exit_at_fair_value=True)
    desk.play(strategy)
    assert desk.fills() == [(98.0, 1.0), (99.2, -1.0)]
    assert strategy.exit_reasons == {"fair_value": 1}


def test_volatility_units_wait_until_volatility_is_known(desk: Desk) -> None:
    write_fall(desk)
    strategy = reversion(desk, exits=ExitParams(profit_target=1.0, threshold_unit="volatility"))
    desk.play(strategy)
    assert desk.fills() == []
    assert set(strategy.refusals) == {"volatility_unknown"}


def test_aggressive_entry_takes_what_is_there_and_cancels_the_rest(desk: Desk) -> None:
    desk.at(0).quote(99.9, 100.0)
    for _ in range(4):
        desk.trade(100.0, 1.0, -1)
    desk.at(100).trade(98.0, 3.0, 1).quote(97.9, 98.0, ask_size=0.4)
    desk.at(110).quote(97.9, 98.3).at(300).quote(98.5, 98.6).at(310).quote(98.5, 98.6)
    strategy = reversion(desk, exits=ExitParams(profit_target=0.5))
    desk.play(strategy)
    assert desk.fills() == [(98.0, 0.4), (98.5, -0.4)]


def test_losses_in_a_row_pause_the_strategy(desk: Desk) -> None:
    for start in (0, 1_000, 2_000):
        for _ in range(10):
            desk.at(start).trade(100.0, 1.0, -1)
        desk.at(start + 100).trade(98.0, 3.0, 1).quote(97.9, 98.0).at(start + 110).quote(97.9, 98.0)
        desk.at(start + 200).quote(97.0, 97.1).at(start + 210).quote(97.0, 97.1)
    strategy = reversion(
        desk,
        entry=EntryParams(order_notional=98.0, max_size_multiple=1.0, cooldown_ms=500.0),
        exits=ExitParams(stop_loss=0.5),
        risk=RiskLimits(breakers=BreakerParams(max_consecutive_losses=2)),
    )
    desk.play(strategy)
    assert [qty for _, qty in desk.fills()] == [1.0, -1.0] * 2
    assert strategy.exit_reasons == {"stop_loss": 2}
    assert strategy.refusals["consecutive_losses"] > 0


def test_entries_can_be_sized_by_the_balance(desk: Desk) -> None:
    write_fall(desk)
    write_quotes(desk, {200: 98.5, 300: 98.5})
    entry = EntryParams(sizing=SizingParams(method="kelly", base=0.0001))
    strategy = reversion(desk, entry=entry, exits=ExitParams(profit_target=0.5))
    desk.play(strategy)
    assert desk.fills()[0] == (98.0, 1.02)  # a ten-thousandth of a million, at 97.95


def test_a_closing_order_that_the_venue_drops_is_sent_again(desk: Desk) -> None:
    write_fall(desk)
    desk.at(200).quote(98.5, 98.6, bid_size=0.4).at(210).quote(98.5, 98.6, bid_size=0.4)
    write_quotes(desk, {1_100: 98.5, 1_300: 98.5, 1_500: 98.5})
    exits = ExitParams(profit_target=0.5)
    first = reversion(desk, order_id_tag="1", exits=exits)
    second = reversion(desk, order_id_tag="2", exits=exits)
    desk.play(first, second)
    # Both leave on one quote. The first takes the 0.4 BTC there are and slips by a tick; for the
    # second nothing is left, and the simulated venue forgets its order without a word.
    assert first.refusals == {}
    assert second.refusals == {"closing_order_unanswered": 1}
    assert desk.cache.positions_open() == []
    assert first.is_stopped
    assert second.is_stopped


def test_passive_entry_waits_at_the_best_bid_and_times_out(desk: Desk) -> None:
    write_fall(desk)
    write_quotes(desk, {200: 97.9, 300: 97.9, 400: 97.9})
    entry = EntryParams(order_notional=98.0, style="passive", entry_timeout_ms=150.0)
    desk.play(reversion(desk, entry=entry))
    first = desk.cache.orders()[0]
    assert first.is_post_only
    assert (float(first.price), first.status) == (97.9, OrderStatus.CANCELED)
    assert desk.fills() == []


def test_passive_entry_that_fills_in_parts_is_one_position(desk: Desk) -> None:
    write_fall(desk)
    desk.at(120).trade(97.9, 5.4, -1).at(130).trade(97.9, 0.2, -1)  # 5 BTC were ahead
    desk.at(140).quote(97.9, 98.0)
    write_quotes(desk, {200: 98.3, 300: 98.4})
    entry = EntryParams(order_notional=98.0, style="passive", cooldown_ms=10_000.0)
    strategy = reversion(desk, entry=entry, exits=ExitParams(profit_target=0.5))
    desk.play(strategy)
    fills = desk.fills()
    assert fills[:2] == [(97.9, 0.4), (97.9, 0.2)]
    assert fills[2:] == [(98.4, -0.6)]  # 97.9 x 1.005 = 98.39; the rest of the entry is cancelled
    assert desk.cache.orders_open() == []


def test_breakout_follows_the_run_with_a_trailing_stop(desk: Desk) -> None:
    write_rise(desk)
    write_quotes(desk, {200: 103.0, 300: 102.6, 400: 102.4})  # stop: 103 x 0.995 = 102.485
    strategy = breakout(desk, exits=ExitParams(trailing_stop=0.5))
    desk.play(strategy)
    # Momentum 1.3932 % against a threshold of 1 %: 101 USDT x 1.3932 at 101.35 is 1.388 BTC.
    assert desk.fills() == [(101.4, 1.388), (102.4, -1.388)]
    assert strategy.exit_reasons == {"trailing_stop": 1}


def test_breakout_acts_once_on_a_run(desk: Desk) -> None:
    write_rise(desk)
    write_quotes(desk, {200: 101.9, 300: 101.9, 2_000: 101.9})
    strategy = breakout(desk, exits=ExitParams(profit_target=0.2))
    desk.play(strategy)
    assert [qty > 0.0 for _, qty in desk.fills()] == [True, False]
