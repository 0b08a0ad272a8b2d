"""Portfolio limits: each refuses at its edge; correlation and value at risk by hand."""

import math

import numpy as np
import pytest

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.portfolio import worst_notional
from nautilus_scalp.risk.portfolio_moves import Comovement
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.risk.profile import PROFILES
from nautilus_scalp.risk.profile import RiskProfile
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.signals.regime import Regime


SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
MOVES = MovesParams(least_samples=2)
WIDE = {
    "max_trade_share": 100.0,
    "max_loss_per_trade_share": 100.0,
    "max_heat_share": 100.0,
    "reference_volatility": 1e9,
    "max_exposure_share": 100.0,
    "max_asset_share": 100.0,
    "max_correlated_share": 100.0,
    "max_daily_var_share": 100.0,
    "moves": MOVES,
}


def portfolio_of(count: int = 2, **limits: object) -> tuple[Portfolio, list[RiskState]]:
    """Return a portfolio worth 1,000 with instruments at 10 that move by 0.1 % or so a second."""
    portfolio = Portfolio(PortfolioLimits(**(WIDE | limits)), KillSwitch())
    states = [RiskState(bid=9.99, ask=10.01) for _ in range(count)]
    for key, state in enumerate(states):
        portfolio.join(key, f"I{key}", f"A{key}", state)
    rng = np.random.default_rng(1)
    for second in range(200):
        for state in states:
            show(state, 10.0 * math.exp(1e-3 * rng.standard_normal()))
        portfolio.on_time(second * SECOND_NS)
    for state in states:
        show(state, 10.0)
    portfolio.on_equity(1_000.0, 0)
    return portfolio, states


def show(state: RiskState, mid: float) -> None:
    """Let a strategy see a price."""
    change(state, bid=mid - 0.01, ask=mid + 0.01)


def change(state: RiskState, **numbers: float) -> None:
    """Change a state as its owner does."""
    for name, number in numbers.items():
        setattr(state, name, number)
    state.revision += 1


def buy(qty: float, price: float = 10.0) -> OrderIntent:
    return OrderIntent(BUY, qty, price)


def test_exposure_of_one_asset_and_of_all() -> None:
    portfolio, states = portfolio_of(max_asset_share=0.2, max_exposure_share=0.3)
    assert portfolio.review(0, buy(20.0)) is APPROVED
    assert portfolio.review(0, buy(20.1)) == Refused("max_asset_exposure")
    change(states[1], working_sell_qty=15.0)
    assert portfolio.review(0, buy(15.0)) is APPROVED
    assert portfolio.review(0, buy(15.1)) == Refused("max_portfolio_exposure")


def test_two_strategies_on_one_asset_share_its_limit() -> None:
    portfolio, states = portfolio_of(max_asset_share=0.2)
    portfolio.join("other", "I0", "A0", states[1])
    change(states[1], position_qty=-15.0)
    assert portfolio.review(0, buy(5.0)) is APPROVED
    assert portfolio.review(0, buy(5.1)) == Refused("max_asset_exposure")


def test_leverage_widens_exposure_but_not_value_at_risk() -> None:
    portfolio, _ = portfolio_of(max_asset_share=0.2)
    portfolio.leverage = 2.0
    assert portfolio.review(0, buy(40.0)) is APPROVED
    assert portfolio.review(0, buy(40.1)) == Refused("max_asset_exposure")


def test_an_emergency_closes_what_is_too_much_and_is_over_when_it_is_gone() -> None:
    portfolio, states = portfolio_of(max_exposure_share=0.8)
    change(states[0], position_qty=50.0)  # worth 500
    portfolio.on_leverage(0.5, emergency=False)
    assert portfolio.halted is None
    portfolio.on_leverage(0.7, emergency=True)
    assert portfolio.halted is None
    portfolio.on_leverage(0.5, emergency=True)
    assert portfolio.halted == "leverage_reduction"
    change(states[0], position_qty=0.0)
    portfolio.on_leverage(0.5, emergency=True)
    assert portfolio.halted is None


def test_number_of_positions_and_the_regimes_own_limit() -> None:
    portfolio, states = portfolio_of(3, max_positions=2)
    change(states[1], position_qty=1.0)
    assert portfolio.review(0, buy(1.0)) is APPROVED
    change(states[2], working_buy_qty=1.0)
    assert portfolio.review(0, buy(1.0)) == Refused("max_positions")
    assert portfolio.review(1, buy(1.0)) is APPROVED  # it is one of the two
    recovery = RiskProfile(
        size_multiple=1.0, stop_multiple=1.0, risk_per_trade=1.0, max_positions=3
    )
    assert portfolio.review(0, buy(1.0), recovery) is APPROVED


def test_one_order_is_a_share_of_the_capital_and_risks_a_share_of_the_equity() -> None:
    portfolio, states = portfolio_of(max_trade_share=0.1, max_loss_per_trade_share=0.02)
    assert portfolio.review(0, buy(10.0)) is APPROVED  # no stop: a tenth of 100 is lost
    assert portfolio.review(0, buy(10.1)) == Refused("max_trade_size")
    change(states[0], stop_fraction=0.25)
    assert portfolio.review(0, buy(8.0)) is APPROVED
    assert portfolio.review(0, buy(8.1)) == Refused("max_loss_per_trade")
    assert portfolio.review(0, buy(2.1), PROFILES[Regime.CRASH]) == Refused("max_loss_per_trade")


def test_heat_is_what_all_stops_together_lose() -> None:
    portfolio, states = portfolio_of(max_heat_share=0.06)
    change(states[0], stop_fraction=0.05)
    change(states[1], position_qty=-20.0)  # worth 200, without a stop: 20 of 60
    assert portfolio.review(0, buy(80.0)) is APPROVED
    assert portfolio.review(0, buy(80.1)) == Refused("max_portfolio_heat")


def test_orders_are_smaller_in_a_wild_market() -> None:
    portfolio, _ = portfolio_of(max_trade_share=0.1, reference_volatility=1.0)
    wild = portfolio.annual_volatility
    assert 5.0 < wild < 12.0  # 0.14 % a second, times the root of 31,536,000
    scale = portfolio.volatility_scale(0)
    assert scale == pytest.approx(1.0 / wild, rel=0.1)  # the wildest is about as wild
    assert portfolio.review(0, buy(9.9 * scale)) is APPROVED
    assert portfolio.review(0, buy(10.1 * scale)) == Refused("volatility_scaling")


def test_layers_refuse_in_their_order() -> None:
    """An order that breaks every limit is refused by the first, then by the next."""
    strict = {
        "max_trade_share": 0.01,
        "max_exposure_share": 0.01,
        "max_asset_share": 0.03,
        "max_daily_var_share": 1e-6,
        "max_drawdown_share": 0.1,
        "reference_volatility": 1e-3,
        "max_correlated_share": 0.001,
    }
    order = (
        ("max_trade_share", "max_trade_size"),
        ("max_exposure_share", "max_portfolio_exposure"),
        ("max_daily_var_share", "max_value_at_risk"),
        ("max_drawdown_share", "portfolio_drawdown"),
        ("reference_volatility", "volatility_scaling"),
        ("max_correlated_share", "max_correlated_exposure"),
        ("", "kill_switch"),
    )
    for limit, reason in order:
        portfolio, _ = portfolio_of(**strict)
        portfolio.kill_switch.engage("by hand", 0)
        portfolio.on_equity(800.0, 1)
        assert portfolio.review(0, buy(1.7)) == Refused(reason)
        if limit:
            strict[limit] = 0.9 if limit == "max_drawdown_share" else 1e9
        if limit == "max_trade_share":  # the layer of volatility has its own share of it
            strict["reference_volatility"] = 1e-12


def test_instruments_that_move_as_one_are_limited_as_one() -> None:
    portfolio, states = portfolio_of(max_correlated_share=0.3)
    for second in range(200, 2_000):
        for state in states:
            show(state, 10.0 * math.exp(0.01 * (second % 2)))
        portfolio.on_time(second * SECOND_NS)
    show(states[0], 10.0)
    show(states[1], 10.0)
    change(states[1], position_qty=-20.0)
    assert portfolio.review(0, buy(11.0)) == Refused("max_correlated_exposure")
    assert portfolio.review(0, buy(9.9)) is APPROVED


def test_value_at_risk_by_hand() -> None:
    moves = Comovement(MovesParams(half_life_samples=1e12, least_samples=2))
    places = [moves.add("x"), moves.add("y"), moves.add("x")]
    assert places == [0, 1, 0]
    prices = ((0.0, 0.01, 0.0), (0.0, -0.02, 0.0))
    for second in range(3):
        moment = [math.exp(path[second]) for path in prices]
        moves.sample(second * SECOND_NS, moment)
        moves.sample(second * SECOND_NS + 1, [9.0, 9.0])  # the next is not due yet
    # Moves of x: +1 %, -1 %; of y: -2 %, +2 %: they are opposite.
    assert moves.known
    assert moves.correlations == pytest.approx(np.ones((2, 2)))
    exposures = np.array([100.0, 50.0])
    by_hand = 1.6448536 * (100.0 * 0.01 + 50.0 * 0.02) * math.sqrt(86_400)
    assert moves.risk(exposures) == (pytest.approx(by_hand), pytest.approx(150.0))
    more = moves.risk(exposures - np.array([60.0, 0.0]), 0, 60.0)
    assert more == (pytest.approx(by_hand), pytest.approx(150.0))


def test_one_instrument_alone_is_measured_like_one_of_several() -> None:
    alone, both = Comovement(MovesParams(least_samples=2)), Comovement(MovesParams(least_samples=2))
    for moves, names in ((alone, "x"), (both, "xy")):
        for name in names:
            moves.add(name)
    for second, price in enumerate((7.0, 7.1, 7.1, 6.9, 7.3)):
        alone.sample(second * SECOND_NS, [price])
        both.sample(second * SECOND_NS, [price, 3.0])
    assert alone.annual_volatility[0] == both.annual_volatility[0] > 0.0
    assert alone.correlations[0, 0] == both.correlations[0, 0]
    assert alone.risk([5.0]) == both.risk([5.0, 0.0])


def test_a_silence_or_a_missing_price_is_no_move() -> None:
    moves = Comovement(MovesParams(least_samples=1))
    moves.add("x")
    moves.sample(0, [10.0])
    moves.sample(20 * SECOND_NS, [20.0])
    assert not moves.known
    moves.sample(21 * SECOND_NS, [math.nan])
    moves.sample(22 * SECOND_NS, [40.0])
    assert not moves.known
    moves.sample(23 * SECOND_NS, [40.0])
    assert moves.known
    assert moves.risk(np.array([1.0])) == (0.0, 1.0)


def test_value_at_risk_limit_and_its_absence() -> None:
    portfolio, _ = portfolio_of(max_daily_var_share=0.05)
    assert portfolio.review(0, buy(50.0)) == Refused("max_value_at_risk")
    fresh = Portfolio(PortfolioLimits(**WIDE), KillSwitch())
    fresh.join(0, "I0", "A0", RiskState(bid=9.99, ask=10.01))
    fresh.on_equity(1_000.0, 0)
    assert fresh.review(0, buy(1.0)) == Refused("value_at_risk_unknown")


def test_a_way_out_of_too_much_is_open_to_quotes_too() -> None:
    """A maker's quotes are not reduce-only; those against its inventory lead away from a risk."""
    portfolio, states = portfolio_of(max_daily_var_share=1e-9, max_asset_share=1e-9)
    change(states[0], position_qty=10.0)
    assert portfolio.review(0, buy(1.0)) == Refused("max_asset_exposure")
    assert portfolio.review(0, OrderIntent(SELL, 10.0, 10.0)) is APPROVED
    assert portfolio.review(0, OrderIntent(SELL, 10.1, 10.0)) == Refused("max_asset_exposure")
    change(states[0], working_sell_qty=10.0)
    assert portfolio.review(0, OrderIntent(SELL, 0.1, 10.0)) == Refused("max_asset_exposure")


def test_a_daily_loss_closes_everything_until_midnight() -> None:
    portfolio, _ = portfolio_of(max_daily_loss_share=0.05)
    portfolio.on_equity(950.1, DAY_NS - 1)
    assert portfolio.halted is None
    portfolio.on_equity(950.0, DAY_NS - 1)
    assert portfolio.halted == "portfolio_daily_loss"
    assert portfolio.review(0, buy(1.0)) == Refused("portfolio_daily_loss")
    portfolio.on_equity(990.0, DAY_NS - 1)  # won back, and over all the same
    assert portfolio.halted == "portfolio_daily_loss"
    portfolio.on_equity(950.0, DAY_NS)
    assert portfolio.halted is None
    portfolio.on_equity(900.0, DAY_NS + 1)
    portfolio.on_equity(900.0, 0)  # a clock that goes back is no new day
    assert portfolio.halted == "portfolio_daily_loss"


def test_one_stamp_from_the_future_does_not_stop_the_clock() -> None:
    portfolio, states = portfolio_of()
    portfolio.on_time(10**6 * SECOND_NS)
    before = portfolio.annual_volatility
    for second in range(200, 260):
        show(states[0], 10.0 * math.exp(1e-2 * (-1) ** second))
        portfolio.on_time(second * SECOND_NS)
    assert portfolio.annual_volatility > 2.0 * before


def test_drawdown_engages_the_kill_switch_for_good() -> None:
    portfolio, states = portfolio_of(max_drawdown_share=0.15)
    portfolio.on_equity(1_200.0, 1)
    portfolio.on_equity(1_021.0, 2)
    assert portfolio.review(0, buy(1.0)) is APPROVED
    portfolio.on_equity(1_020.0, 3)
    assert portfolio.halted == "portfolio_drawdown"
    portfolio.on_equity(2_000.0, 4)
    assert portfolio.halted == "kill_switch"
    assert portfolio.review(0, buy(1.0)) == Refused("kill_switch")
    change(states[0], position_qty=1.0)
    assert portfolio.review(0, OrderIntent(SELL, 1.0, reduce_only=True)) is APPROVED


@pytest.mark.parametrize("equity", [math.nan, math.inf, 0.0, -5.0])
def test_nothing_is_opened_on_an_unknown_equity(equity: float) -> None:
    portfolio = Portfolio(PortfolioLimits(), KillSwitch())
    portfolio.join(0, "I", "A", RiskState(bid=9.99, ask=10.01))
    portfolio.on_equity(equity, 0)
    assert portfolio.review(0, buy(1.0)) == Refused("equity_unknown")


def test_what_another_holds_without_a_price_is_unknown() -> None:
    portfolio, states = portfolio_of()
    change(states[1], bid=math.nan)
    assert portfolio.review(0, buy(1.0)) is APPROVED  # it holds nothing
    change(states[1], position_qty=1.0)
    assert portfolio.review(0, buy(1.0)) == Refused("portfolio_unknown")


def test_worst_value_takes_the_worse_side_and_the_higher_price() -> None:
    state = RiskState(bid=9.0, ask=11.0, position_qty=2.0, working_buy_qty=1.0)
    state.working_sell_qty = 5.0
    assert worst_notional(state) == 50.0
    assert worst_notional(state, OrderIntent(BUY, 4.0, 12.0)) == 84.0
    assert worst_notional(state, OrderIntent(SELL, 1.0, 9.5)) == 60.0
    assert math.isnan(worst_notional(RiskState(bid=9.0, ask=11.0, position_qty=math.nan)))


def test_win_rate_of_all_strategies_once_there_are_enough_round_trips() -> None:
    portfolio, states = portfolio_of()
    change(states[0], wins=10, losses=9)
    change(states[1], wins=2, losses=8)
    assert portfolio.win_rate == 1.0
    change(states[1], losses=9)
    assert portfolio.win_rate == 12 / 30
