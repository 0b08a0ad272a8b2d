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
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState


SECOND_NS = 1_000_000_000
MOVES = MovesParams(least_samples=2)
WIDE = {
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
        for key in range(count):
            mid = 10.0 * math.exp(1e-3 * rng.standard_normal())
            portfolio.on_mid(key, second * SECOND_NS, mid)
    portfolio.on_equity(1_000.0, 0)
    return portfolio, states


def buy(qty: float, price: float = 10.0) -> OrderIntent:
    return OrderIntent(BUY, qty, price)


def test_exposure_of_one_asset_and_of_all() -> None:
    portfolio, states = portfolio_of(max_asset_share=0.2, max_exposure_share=0.3)
    assert portfolio.review(0, buy(20.0)) is APPROVED
    assert portfolio.review(0, buy(20.1)) == Refused("max_asset_exposure")
    states[1].working_sell_qty = 15.0
    assert portfolio.review(0, buy(15.0)) is APPROVED
    assert portfolio.review(0, buy(15.1)) == Refused("max_portfolio_exposure")


def test_two_strategies_on_one_asset_share_its_limit() -> None:
    portfolio, states = portfolio_of(max_asset_share=0.2)
    portfolio.join("other", "I0", "A0", states[1])
    states[1].position_qty = -15.0
    assert portfolio.review(0, buy(5.0)) is APPROVED
    assert portfolio.review(0, buy(5.1)) == Refused("max_asset_exposure")


def test_leverage_widens_exposure_but_not_value_at_risk() -> None:
    portfolio, _ = portfolio_of(max_asset_share=0.2)
    portfolio.leverage = 2.0
    assert portfolio.review(0, buy(40.0)) is APPROVED
    assert portfolio.review(0, buy(40.1)) == Refused("max_asset_exposure")


def test_an_emergency_closes_what_is_too_much_and_is_over_when_it_is_gone() -> None:
    portfolio, states = portfolio_of(max_exposure_share=0.8)
    states[0].position_qty = 50.0  # worth 500
    portfolio.on_leverage(0.5, emergency=False)
    assert portfolio.halted is None
    portfolio.on_leverage(0.7, emergency=True)
    assert portfolio.halted is None
    portfolio.on_leverage(0.5, emergency=True)
    assert portfolio.halted == "leverage_reduction"
    states[0].position_qty = 0.0
    portfolio.on_leverage(0.5, emergency=True)
    assert portfolio.halted is None


def test_number_of_positions_and_the_regimes_own_limit() -> None:
    portfolio, states = portfolio_of(3, max_positions=2)
    states[1].position_qty = 1.0
    assert portfolio.review(0, buy(1.0)) is APPROVED
    states[2].working_buy_qty = 1.0
    assert portfolio.review(0, buy(1.0)) == Refused("max_positions")
    assert portfolio.review(1, buy(1.0)) is APPROVED  # it is one of the two
    assert portfolio.review(0, buy(1.0), max_positions=3) is APPROVED


def test_instruments_that_move_as_one_are_limited_as_one() -> None:
    portfolio, states = portfolio_of(max_correlated_share=0.3)
    for second in range(200, 2_000):
        mid = 10.0 * math.exp(0.01 * (second % 2))
        for key in range(2):
            portfolio.on_mid(key, second * SECOND_NS, mid)
    states[1].position_qty = -20.0
    assert portfolio.review(0, buy(11.0)) == Refused("max_correlated_exposure")
    assert portfolio.review(0, buy(9.9)) is APPROVED


def test_value_at_risk_by_hand() -> None:
    moves = Comovement(MovesParams(half_life_samples=1e12, least_samples=2))
    places = [moves.add("x"), moves.add("y"), moves.add("x")]
    assert places == [0, 1, 0]
    prices = ((0.0, 0.01, 0.0, 0.0), (0.0, -0.02, 0.0, 0.0))
    for second in range(4):
        for place, path in enumerate(prices):
            moves.on_mid(place, second * SECOND_NS, math.exp(path[second]))
    # Moves of x: +1 %, -1 %; of y: -2 %, +2 % (the third second's is not over): they are opposite.
    assert moves.known
    assert moves.correlations == pytest.approx(np.ones((2, 2)))
    exposures = np.array([100.0, 50.0])
    by_hand = 1.6448536 * (100.0 * 0.01 + 50.0 * 0.02) * math.sqrt(86_400)
    assert moves.value_at_risk(exposures) == pytest.approx(by_hand)


def test_value_at_risk_limit_and_its_absence() -> None:
    portfolio, _ = portfolio_of(max_daily_var_share=0.05)
    assert portfolio.review(0, buy(50.0)) == Refused("max_value_at_risk")
    fresh = Portfolio(PortfolioLimits(**WIDE), KillSwitch())
    fresh.join(0, "I0", "A0", RiskState(bid=9.99, ask=10.01))
    fresh.on_equity(1_000.0, 0)
    assert fresh.review(0, buy(1.0)) == Refused("value_at_risk_unknown")


def test_drawdown_engages_the_kill_switch_for_good() -> None:
    portfolio, states = portfolio_of(max_drawdown_share=0.15)
    portfolio.on_equity(1_200.0, 1)
    portfolio.on_equity(1_021.0, 2)
    assert portfolio.review(0, buy(1.0)) is APPROVED
    portfolio.on_equity(1_020.0, 3)
    assert portfolio.halted == "kill_switch"
    portfolio.on_equity(2_000.0, 4)
    assert portfolio.review(0, buy(1.0)) == Refused("kill_switch")
    states[0].position_qty = 1.0
    assert portfolio.review(0, OrderIntent(SELL, 1.0, reduce_only=True)) is APPROVED


@pytest.mark.parametrize("equity", [math.nan, math.inf, 0.0, -5.0])
def test_nothing_is_opened_on_an_unknown_equity(equity: float) -> None:
    portfolio = Portfolio(PortfolioLimits(), KillSwitch())
    portfolio.join(0, "I", "A", RiskState(bid=9.99, ask=10.01))
    portfolio.on_equity(equity, 0)
    assert portfolio.review(0, buy(1.0)) == Refused("equity_unknown")


def test_what_another_holds_without_a_price_is_unknown() -> None:
    portfolio, states = portfolio_of()
    states[1].bid = math.nan
    assert portfolio.review(0, buy(1.0)) is APPROVED  # it holds nothing
    states[1].position_qty = 1.0
    assert portfolio.review(0, buy(1.0)) == Refused("portfolio_unknown")


def test_worst_value_takes_the_worse_side_and_the_higher_price() -> None:
    state = RiskState(bid=9.0, ask=11.0, position_qty=2.0, working_buy_qty=1.0)
    state.working_sell_qty = 5.0
    assert worst_notional(state) == 50.0
    assert worst_notional(state, OrderIntent(BUY, 4.0, 12.0)) == 84.0
    assert worst_notional(state, OrderIntent(SELL, 1.0, 9.5)) == 60.0
    assert math.isnan(worst_notional(RiskState(bid=9.0, ask=11.0, position_qty=math.nan)))
