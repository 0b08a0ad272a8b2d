"""No sequence of events, NaN included, gets an order past a limit of a strategy or of all of them.

Four strategies trade three instruments at a venue that fills, overfills, cuts and cancels what it
likes, on prices that may be sick, by clocks that may go back, through changes of leverage and
through restarts. What is approved is held against sums that begin anew each time, from the orders
and fills themselves.
"""

import math
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from tests.fakes.risk_desk import LIMITS
from tests.fakes.risk_desk import MAX_QTY
from tests.fakes.risk_desk import RULES
from tests.fakes.risk_desk import Desk


MS = 1_000_000
SECOND = 1_000 * MS
DAY = 86_400 * SECOND
ROOM = 1.0 + 1e-5
# Each limit is the first to be met now and then.
SHARED = PortfolioLimits(
    max_trade_share=0.08,
    max_loss_per_trade_share=0.005,
    max_exposure_share=0.25,
    max_asset_share=0.18,
    max_heat_share=0.012,
    max_positions=3,
    moves=MovesParams(least_samples=5),
)
INSTRUMENTS = ("X", "X", "Y", "Z")  # of the four strategies
ASSETS = ("BTC", "BTC", "BTC", "ETH")
EQUITY = 1_000.0

desks = st.integers(0, len(INSTRUMENTS) - 1)
sides = st.sampled_from([BUY, SELL])
offsets = st.floats(-0.03, 0.03)
orders = st.tuples(desks, sides, st.integers(500, 6_000), offsets)
sick = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0])


def mostly(sound: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    """Return numbers one in five of which is sick."""
    return st.one_of(*[sound] * 4, sick)


class Market(RuleBasedStateMachine):
    """Everything that can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 20_000 * DAY
        self.desks = [Desk() for _ in INSTRUMENTS]
        self.equity = EQUITY
        self.account = (EQUITY, 5.0)
        self.prices = dict.fromkeys(INSTRUMENTS, (9.99, 10.01))
        self.leverage, self.ids, self.killed = 1.0, 0, False
        self.day, self.opening, self.lost_day = self.now // DAY, EQUITY, -1
        self.portfolio = self.new_portfolio()
        self.live_on(10)

    def live_on(self, seconds: int) -> None:
        """Let some quiet seconds pass, in which everything is sound again."""
        if seconds:
            self.account = (EQUITY, 5.0)
            self.revalue(EQUITY)
        for step in range(seconds):
            self.pass_time(1_000)
            self.move(5e-6 * (step % 3))

    def teardown(self) -> None:
        """Remove the kill switch's file."""
        self.folder.cleanup()

    def new_portfolio(self) -> Portfolio:
        """Return the shared limits of a new session."""
        portfolio = Portfolio(SHARED, KillSwitch(Path(self.folder.name) / "KILL"))
        for key, desk in enumerate(self.desks):
            portfolio.join(key, INSTRUMENTS[key], ASSETS[key], desk.state)
            self.show(key)
        portfolio.on_equity(self.equity, self.now)
        portfolio.on_leverage(self.leverage, emergency=False)
        return portfolio

    def show(self, key: int) -> None:
        """Let a strategy see the market, the account and its breaker."""
        state = self.desks[key].state
        state.bid, state.ask = self.prices[INSTRUMENTS[key]]
        state.now_ns = state.quote_ns = self.now
        state.equity, state.leverage = self.account
        state.blocked = self.desks[key].breaker.blocked(self.now)
        state.revision += 1

    # --- the market and the account ---

    @rule(move=st.floats(-5e-5, 5e-5))
    def move(self, move: float) -> None:
        """Let all prices move, by different shares, and everybody see it."""
        for pace, (name, (bid, _)) in enumerate(self.prices.items(), start=1):
            new = (bid if 5.0 < bid < 20.0 else 9.99) * math.exp(move * pace)
            self.prices[name] = (new, new + 0.02)
        for key in range(len(self.desks)):
            self.show(key)
        self.portfolio.on_time(self.now)

    @rule(name=st.sampled_from(INSTRUMENTS), bid=st.one_of(st.floats(8.0, 12.0), sick), width=sick)
    def show_a_sick_price(self, name: str, bid: float, width: float) -> None:
        """Show a quote that is not sound."""
        self.prices[name] = (bid, bid + width)
        for key, instrument in enumerate(INSTRUMENTS):
            if instrument == name:
                self.show(key)

    @rule(ms=st.sampled_from([0, 100, 900, 1_500, 2_500, 5_000, -500, -3_000, -3_600_000]))
    def pass_time(self, ms: int) -> None:
        """Time passes without a quote; now and then a clock goes back."""
        self.now += ms * MS
        for desk in self.desks:
            desk.state.now_ns = self.now
            desk.state.blocked = desk.breaker.blocked(self.now)

    @rule(equity=mostly(st.one_of(*[st.floats(951.0, 1_000.0)] * 8, st.floats(840.0, 1_050.0))))
    def revalue(self, equity: float) -> None:
        """Let the account be worth something else."""
        self.equity = equity
        if 0.0 < equity < math.inf and self.now // DAY > self.day:
            self.day, self.opening = self.now // DAY, equity
        if equity <= (1.0 - SHARED.max_daily_loss_share) * self.opening:
            self.lost_day = self.day
        self.portfolio.on_equity(equity, self.now)

    @rule(equity=mostly(st.floats(100.0, 2_000.0)), own=mostly(st.floats(1.0, 10.0)))
    def change_account(self, equity: float, own: float) -> None:
        """Balance or leverage of the account change under the strategies."""
        self.account = (equity, own)
        for key in range(len(self.desks)):
            self.show(key)

    @rule(leverage=st.floats(0.5, 3.0), emergency=st.booleans())
    def relever(self, leverage: float, *, emergency: bool) -> None:
        """Allow another leverage; in an emergency what is held beyond it is too much."""
        self.leverage = leverage
        self.portfolio.on_leverage(leverage, emergency=emergency)

    @rule(key=desks, fraction=st.one_of(st.floats(0.001, 0.5), sick))
    def move_stop(self, key: int, fraction: float) -> None:
        """Move a strategy's stop."""
        self.desks[key].state.stop_fraction = fraction
        self.desks[key].state.revision += 1

    # --- orders ---

    @rule(batch=st.lists(orders, min_size=2, max_size=8), seconds=st.sampled_from([0, 0, 1, 1]))
    def submit(self, batch: list[tuple[int, int, int, float]], seconds: int) -> None:
        """Send what looks like orders."""
        self.live_on(seconds)
        for key, side, steps, offset in batch:
            price = self.desks[key].state.mid + offset
            self.send(key, OrderIntent(side, round(steps * RULES.qty_step, 3), price))

    @rule(
        key=desks,
        side=st.integers(-2, 2),
        qty=st.floats(),
        price=st.floats(),
        reduce_only=st.booleans(),
    )
    def submit_anything(
        self, key: int, side: int, qty: float, price: float, *, reduce_only: bool
    ) -> None:
        """Send whatever, as a signal of NaN would."""
        self.send(key, OrderIntent(side, qty, price, reduce_only=reduce_only))

    @rule(key=desks, side=sides, qty=sick, price=st.floats())
    def ask(self, key: int, side: int, qty: float, price: float) -> None:
        """Ask the portfolio alone: it does not approve a quantity that is none either."""
        verdict = self.portfolio.review(key, OrderIntent(side, qty, price))
        assert math.isfinite(qty) or isinstance(verdict, Refused)

    @rule(key=desks)
    def close(self, key: int) -> None:
        """Go flat: whatever the state of market, account and limits, that way is open."""
        desk = self.desks[key]
        if desk.position:
            side = SELL if desk.position > 0.0 else BUY
            qty = min(abs(desk.position), RULES.max_qty)
            assert self.send(key, OrderIntent(side, qty, reduce_only=True))

    @rule(
        key=desks,
        index=st.integers(0, 9),
        share=st.sampled_from([0.3, 0.7, 1.0, 1.0, 1.0, 1.5]),
        price=st.floats(9.0, 11.0),
    )
    def fill(self, key: int, index: int, share: float, price: float) -> None:
        """Fill a part of an order, all of it, or more; one that reduces never turns a position."""
        desk = self.desks[key]
        if not desk.orders:
            return
        order = desk.orders[index % len(desk.orders)]
        qty = round(order.leaves_qty * share, 3)
        if order.reduce_only:
            qty = min(qty, max(-order.side * desk.position, 0.0))
        if not qty:
            self.drop(desk, order)
            return
        desk.overfilled += max(qty - order.leaves_qty, 0.0)
        desk.position = round(desk.position + order.side * qty, 3)
        made = desk.ledger.book(order.side * qty, price, self.now)
        if made is not None:
            desk.breaker.on_round_trip(made, self.now)
            desk.state.blocked = desk.breaker.blocked(self.now)
        order.leaves_qty = round(max(order.leaves_qty - qty, 0.0), 3)
        desk.ledger.count()
        if not order.leaves_qty:
            self.drop(desk, order)

    @rule(key=desks, pnl=st.floats(-3.0, -1.0))
    def lose(self, key: int, pnl: float) -> None:
        """Lose once more."""
        desk = self.desks[key]
        desk.breaker.on_round_trip(pnl, self.now)
        desk.state.blocked = desk.breaker.blocked(self.now)

    @rule(key=desks, index=st.integers(0, 9))
    def cancel(self, key: int, index: int) -> None:
        """Let the venue cancel or reject an order, or what was left of it."""
        desk = self.desks[key]
        if desk.orders:
            self.drop(desk, desk.orders[index % len(desk.orders)])

    @rule(seconds=st.sampled_from([0, 10, 10]))
    def restart(self, seconds: int) -> None:
        """Crash, and begin anew from the venue's books, the saved state and the kill switch."""
        marks = self.portfolio.equity.marks
        for desk in self.desks:
            desk.start()
        self.portfolio = self.new_portfolio()
        self.portfolio.equity.marks = marks
        self.portfolio.on_equity(self.equity, self.now)
        self.live_on(seconds)

    # --- what must hold ---

    @invariant()
    def no_position_is_over_its_limit(self) -> None:
        """Only what the venue filled beyond an order may be beyond the limit."""
        for desk in self.desks:
            assert abs(desk.position) <= MAX_QTY * ROOM + desk.overfilled
            assert desk.state.position_qty == desk.position

    @invariant()
    def a_kill_switch_stays_on(self) -> None:
        """Neither time nor equity nor a restart releases it."""
        engaged = self.portfolio.kill_switch.engaged
        assert engaged or not self.killed
        self.killed = engaged

    @precondition(lambda self: self.portfolio.halted is not None)
    @rule(key=desks, side=sides, price=st.floats(9.9, 10.1))
    def nothing_opens_while_halted(self, key: int, side: int, price: float) -> None:
        """See that a kill switch, a lost day or an emergency lets nothing through that opens."""
        assert self.portfolio.review(key, OrderIntent(side, 1.0, price)) is not APPROVED

    def drop(self, desk: Desk, order: WorkingOrder) -> None:
        """Forget an order that is over."""
        desk.orders.remove(order)
        desk.ledger.drop(order.order_id)

    def send(self, key: int, intent: OrderIntent) -> bool:
        """Ask both limits as a strategy does, and send what they approve."""
        desk = self.desks[key]
        verdict = desk.gate.review(intent, desk.state)
        if verdict is APPROVED:
            verdict = self.portfolio.review(key, intent)
        if verdict is not APPROVED:
            assert isinstance(verdict, Refused)
            return False
        held = -intent.side * desk.position
        assert intent.side in (BUY, SELL)
        assert 0.0 < intent.qty < math.inf
        added = desk.worst(desk.state.mid)
        self.ids += 1
        order = WorkingOrder(
            self.ids, intent.side, intent.price, intent.qty, reduce_only=intent.reduce_only
        )
        desk.orders.append(order)
        desk.ledger.add(order)
        if intent.reduce_only:
            assert intent.qty <= held * ROOM
            return True
        desk.gate.sent(self.now)
        desk.sent.append(self.now)
        self.check_own(desk, intent)
        self.check_shared(key, intent, added)
        return True

    def check_own(self, desk: Desk, intent: OrderIntent) -> None:
        """See every limit of the strategy hold."""
        state = desk.state
        bid, ask = state.bid, state.ask
        assert 0.0 < bid < ask < math.inf
        assert abs(self.now - state.quote_ns) <= LIMITS.max_data_age_ms * MS
        assert desk.breaker.blocked(self.now) is None
        price = intent.price if not math.isnan(intent.price) else (ask if intent.side > 0 else bid)
        worst = max(intent.side * desk.position, 0.0) + desk.working(intent.side)
        value = worst * state.mid
        assert intent.qty * price <= LIMITS.max_order_notional * ROOM
        assert worst <= MAX_QTY * ROOM
        assert value <= LIMITS.max_position_notional * ROOM
        assert value <= min(LIMITS.max_leverage, state.leverage) * state.equity * ROOM
        assert len(desk.orders) <= LIMITS.max_working_orders + sum(
            order.reduce_only for order in desk.orders
        )
        last = desk.sent[-LIMITS.max_orders_per_second - 1 :]
        full = len(last) > LIMITS.max_orders_per_second
        assert not full or self.now - last[0] >= SECOND

    def check_shared(self, key: int, intent: OrderIntent, before: float) -> None:
        """See every limit of the portfolio hold."""
        assert self.portfolio.halted is None
        assert self.lost_day != self.day
        assert 0.0 < self.equity < math.inf
        capital = self.equity * self.leverage * ROOM
        mine = self.desks[key]
        mids = [desk.state.mid for desk in self.desks]
        price = max(mids[key], intent.price if not math.isnan(intent.price) else 0.0)
        stop = mine.state.stop_fraction
        loss = stop if stop > 0.0 else SHARED.unstopped_loss
        assert intent.qty * price <= SHARED.max_trade_share * capital
        assert intent.qty * price * loss <= SHARED.max_loss_per_trade_share * self.equity * ROOM
        worst = [desk.worst(mid) for desk, mid in zip(self.desks, mids, strict=True)]
        if worst[key] <= before:
            return  # it leads away from what is held, and how much that is does not matter
        assert all(map(math.isfinite, worst))
        assert sum(worst) <= SHARED.max_exposure_share * capital
        same = [w for w, asset in zip(worst, ASSETS, strict=True) if asset == ASSETS[key]]
        assert sum(same) <= SHARED.max_asset_share * capital
        heat = sum(
            w * (s if (s := desk.state.stop_fraction) > 0.0 else SHARED.unstopped_loss)
            for w, desk in zip(worst, self.desks, strict=True)
            if w
        )
        assert heat <= SHARED.max_heat_share * self.equity * ROOM
        assert sum(w > 0.0 for w in worst) <= SHARED.max_positions


Market.TestCase.settings = settings(max_examples=80, stateful_step_count=40)
test_no_order_gets_past_a_limit = Market.TestCase
