"""No sequence of events, NaN included, gets an order past a limit of the portfolio."""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState


SECOND_NS = 1_000_000_000
# Strategies 0 and 1 trade one instrument, 2 another instrument of the same asset, 3 another asset.
MEMBERS = (("X", "BTC"), ("X", "BTC"), ("Y", "BTC"), ("Z", "ETH"))
LIMITS = PortfolioLimits(max_positions=3, moves=MovesParams(least_samples=5))
ROUNDING = 1.0 + 1e-9

members = st.integers(0, len(MEMBERS) - 1)
sides = st.sampled_from([BUY, SELL])
sick = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0])
amounts = st.one_of(st.floats(0.01, 12.0), sick)
prices = st.one_of(st.floats(5.0, 15.0), st.just(math.nan))


class Desks(RuleBasedStateMachine):
    """Strategies that send what they like, at a venue that fills and cancels as it pleases."""

    def __init__(self) -> None:
        super().__init__()
        self.portfolio = Portfolio(LIMITS, KillSwitch())
        self.states = [RiskState(bid=9.9, ask=10.1) for _ in MEMBERS]
        self.orders: list[tuple[int, int, float]] = []
        self.halted = False
        self.equity = self.peak = 1_000.0
        self.second = 0
        for key, (instrument, asset) in enumerate(MEMBERS):
            self.portfolio.join(key, instrument, asset, self.states[key])
        self.portfolio.on_equity(self.equity, 0)
        for step in range(20):
            self.tick(1e-5 * (step % 3))

    @rule(move=st.floats(-1e-4, 1e-4))
    def tick(self, move: float) -> None:
        """Time passes, and sound prices move."""
        self.second += 1
        for key, state in enumerate(self.states):
            if 0.0 < state.bid < state.ask < 20.0:
                state.bid *= math.exp(move * (1 + key))
                state.ask = state.bid + 0.1
                state.revision += 1
        self.portfolio.on_time(self.second * SECOND_NS)

    @rule(
        key=members, bid=st.one_of(st.floats(8.0, 11.0), sick), width=st.one_of(st.just(0.1), sick)
    )
    def quote(self, key: int, bid: float, width: float) -> None:
        """Show a strategy a price, sound or not."""
        self.states[key].bid, self.states[key].ask = bid, bid + width
        self.states[key].revision += 1

    @rule(key=members, fraction=st.one_of(st.floats(0.001, 0.5), sick))
    def stop(self, key: int, fraction: float) -> None:
        """Place a strategy's stop somewhere else."""
        self.states[key].stop_fraction = fraction
        self.states[key].revision += 1

    @rule(equity=st.one_of(st.floats(850.0, 1_100.0), sick))
    def revalue(self, equity: float) -> None:
        """Let the account be worth something else."""
        self.equity = equity
        if equity < math.inf:
            self.peak = max(self.peak, equity)
        self.portfolio.on_equity(equity, self.second)

    @rule(key=members, side=sides, qty=st.floats(0.01, 12.0), price=prices)
    def submit(self, key: int, side: int, qty: float, price: float) -> None:
        """Review an order that passed its strategy's gate; approved, it works."""
        verdict = self.portfolio.review(key, OrderIntent(side, qty, price))
        if verdict is not APPROVED:
            assert isinstance(verdict, Refused)
            return
        self.orders.append((key, side, qty))
        self._count()
        self._check(key, qty, max(self.states[key].mid, price))

    @rule(key=members, side=sides, qty=amounts, price=amounts)
    def ask(self, key: int, side: int, qty: float, price: float) -> None:
        """Whatever the numbers, there is an answer, and no sick quantity is approved."""
        verdict = self.portfolio.review(key, OrderIntent(side, qty, price))
        assert verdict is APPROVED or isinstance(verdict, Refused)
        if not math.isfinite(qty):
            assert verdict is not APPROVED

    @rule(index=st.integers(0, 50), share=st.sampled_from([0.0, 0.4, 1.0]))
    def resolve(self, index: int, share: float) -> None:
        """Part of an order fills and the rest is cancelled."""
        if self.orders:
            key, side, qty = self.orders.pop(index % len(self.orders))
            self.states[key].position_qty += side * qty * share
            self._count()

    @rule(key=members)
    def close(self, key: int) -> None:
        """Leave a position: that way is always open."""
        state = self.states[key]
        side = SELL if state.position_qty > 0.0 else BUY
        intent = OrderIntent(side, abs(state.position_qty), reduce_only=True)
        assert self.portfolio.review(key, intent) is APPROVED
        state.position_qty = 0.0
        state.revision += 1

    @invariant()
    def stays_halted(self) -> None:
        """See that what was halted is never released."""
        now = self.portfolio.halted is not None
        assert now or not self.halted
        self.halted = now

    def _count(self) -> None:
        for key, state in enumerate(self.states):
            mine = [(side, qty) for owner, side, qty in self.orders if owner == key]
            state.working_buy_qty = sum(qty for side, qty in mine if side == BUY)
            state.working_sell_qty = sum(qty for side, qty in mine if side == SELL)
            state.revision += 1

    def _worst(self, key: int) -> float:
        state = self.states[key]
        up = state.position_qty + state.working_buy_qty
        down = state.position_qty - state.working_sell_qty
        largest = max(abs(up), abs(down), abs(state.position_qty))
        return largest * state.mid if largest else 0.0

    def _heat(self, key: int) -> float:
        value, stop = self._worst(key), self.states[key].stop_fraction
        return value * (stop if stop >= 0.0 else LIMITS.unstopped_loss) if value else 0.0

    def _check(self, key: int, qty: float, price: float) -> None:
        """See every layer hold, by sums that begin anew each time."""
        assert not self.halted
        assert 0.0 < self.equity < math.inf
        worst = np.array([self._worst(other) for other in range(len(MEMBERS))])
        assert np.isfinite(worst).all()
        allowed = self.equity * ROUNDING
        assert qty * price <= LIMITS.max_trade_share * allowed
        stop = self.states[key].stop_fraction
        loss = qty * price * (stop if stop >= 0.0 else LIMITS.unstopped_loss)
        assert loss <= LIMITS.max_loss_per_trade_share * allowed
        assert worst.sum() <= LIMITS.max_exposure_share * allowed
        same = np.array([asset == MEMBERS[key][1] for _, asset in MEMBERS])
        assert worst[same].sum() <= LIMITS.max_asset_share * allowed
        heat = sum(self._heat(other) for other in range(len(MEMBERS)))
        assert heat <= LIMITS.max_heat_share * allowed
        assert np.count_nonzero(worst) <= LIMITS.max_positions
        assert self.peak * (1.0 - LIMITS.max_drawdown_share) < self.equity


Desks.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_no_order_gets_past_a_limit = Desks.TestCase
