"""When a market maker in Nautilus's engine takes its quotes away."""

from pathlib import Path

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.model.enums import OrderSide

from nautilus_scalp.actors.portfolio import PortfolioGuard
from nautilus_scalp.actors.portfolio import PortfolioGuardConfig
from nautilus_scalp.errors import UsageError
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.signals.combination import CombinationParams
from tests.integration.conftest import Desk
from tests.integration.players import WIDE
from tests.integration.players import market_maker


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


def working_sides(desk: Desk, ms: float) -> list[OrderSide]:
    """Return the sides of the quotes that worked at a moment of the tape."""
    now_ns = desk.ns_at(ms)
    return sorted(
        order.side
        for order in desk.cache.orders()
        if order.is_post_only and order.ts_init < now_ns and not order.ts_closed <= now_ns
    )


def test_one_sided_flow_pulls_the_asks_at_once(desk: Desk) -> None:
    for ms in range(0, 100, 20):
        desk.at(ms).quote(100.0, 100.1)
    for ms in range(100, 120):
        desk.at(ms).trade(100.1, 1.0, 1)
    for ms in range(120, 2_000, 20):
        desk.at(ms).quote(100.0, 100.1)
    strategy = market_maker(
        desk, ladder=WIDE, pull=PullParams(flow_half_life_ms=100.0, least_trades=10.0)
    )
    desk.play(strategy)
    assert working_sides(desk, 95) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 118) == [OrderSide.BUY]
    assert working_sides(desk, 1_500) == [OrderSide.BUY, OrderSide.SELL]
    assert strategy.refusals["toxic_flow"] > 0


def test_quotes_are_pulled_when_the_feed_falls_silent_or_lags(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(50).quote(100.0, 100.1)
    desk.at(700).trade(100.0, 0.1, -1)  # something happens, but the market is not quoted
    desk.at(1_000).quote(100.0, 100.1).at(1_010).quote(100.0, 100.1)
    limits = RiskLimits(max_data_age_ms=200.0)
    strategy = market_maker(desk, ladder=WIDE, risk=limits)
    desk.play(strategy)
    assert working_sides(desk, 60) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 690) == []
    assert strategy.refusals["stale_data"] == 1
    assert working_sides(desk, 1_005) == [OrderSide.BUY, OrderSide.SELL]


class Finger(Actor):
    """Makes the file of a kill switch at a moment of the tape."""

    def __init__(self, ts_ns: int, path: Path) -> None:
        super().__init__()
        self._ts_ns = ts_ns
        self._path = path

    def on_start(self) -> None:
        """Wait."""
        self.clock.set_time_alert_ns("press", self._ts_ns, lambda _event: self._path.touch())


def test_the_kill_switch_is_seen_at_a_glance(desk: Desk, tmp_path: Path) -> None:
    for ms in range(0, 1_000, 10):  # prices stand, and the quotes are not to be reviewed for long
        desk.at(ms).quote(100.0, 100.1)
    limits = PortfolioLimits(
        max_daily_var_share=100.0,
        max_correlated_share=1.0,
        reference_volatility=1e9,
        moves=MovesParams(sample_ms=10.0, least_samples=2),
    )
    kill_file = tmp_path / "kill"
    guard = PortfolioGuard(
        PortfolioGuardConfig(
            venue="BINANCE", limits=limits, kill_file=str(kill_file), interval_ms=10.0
        )
    )
    strategy = market_maker(desk, ladder=WIDE, refresh_interval_ms=300.0)
    desk.play(Finger(desk.ns_at(705), kill_file), guard, strategy)
    assert working_sides(desk, 700) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 700 + 10 + 100 + 10) == []
    assert strategy.refusals["kill_switch"] > 0


def test_a_collapsing_spread_pulls_both_sides(desk: Desk) -> None:
    for ms in range(0, 500, 20):
        desk.at(ms).quote(100.0, 101.0)
    for ms in range(500, 600, 20):
        desk.at(ms).quote(100.4, 100.5)
    strategy = market_maker(desk, ladder=WIDE, pull=PullParams(spread_half_life_ms=400.0))
    desk.play(strategy)
    assert working_sides(desk, 490) == [OrderSide.BUY, OrderSide.SELL]
    assert working_sides(desk, 590) == []
    assert strategy.refusals["spread_collapse"] > 0


class _Opinion(Actor):
    """Says at one moment what the mid will do, and nothing afterwards."""

    def __init__(self, desk: Desk, ms: float, move_bps: float) -> None:
        super().__init__()
        self._desk, self._ms, self._move_bps = desk, ms, move_bps

    def on_start(self) -> None:
        """Set the clock."""
        at_ns = self._desk.ns_at(self._ms)
        self.clock.set_time_alert_ns("opinion", at_ns, lambda _event: self._say(at_ns))

    def _say(self, at_ns: int) -> None:
        lean = 1.0 if self._move_bps > 0.0 else -1.0
        signal = AlphaSignal(
            at_ns,
            at_ns,
            instrument_id=self._desk.instrument_id,
            horizon_ms=1_000,
            p_down=0.5 - 0.3 * lean,
            p_flat=0.0,
            p_up=0.5 + 0.3 * lean,
            expected_move_bps=self._move_bps,
            confidence=0.5,
            strength=lean,
        )
        self.msgbus.publish(signal_topic(self._desk.instrument_id), signal)


def test_only_what_the_model_pays_for_is_quoted_and_without_it_only_the_way_out(
    desk: Desk,
) -> None:
    for ms in range(0, 500, 10):  # the mid jumps by a tick, which is 10 bps
        up = 0.1 * (ms // 10 % 2)
        desk.at(ms).quote(100.0 + up, 100.1 + up)
    for ms in range(500, 700, 20):
        desk.at(ms).quote(100.0, 100.1, 0.1, 0.1)
    desk.at(710).trade(100.0, 5.0, -1).at(720).quote(100.0, 100.1)
    for ms in range(740, 2_000, 20):
        desk.at(ms).quote(100.0, 100.1)
    strategy = market_maker(
        desk,
        signal=CombinationParams(mode="combined", max_age_ms=300.0, guard=None),
        pull=PullParams(paid_jumps=1.0, flow_threshold=None, collapse_share=None),
    )
    desk.play(strategy, _Opinion(desk, 590, 11.0))
    assert working_sides(desk, 585) == []  # no opinion, no position
    assert working_sides(desk, 650) == [OrderSide.BUY]  # 11 bps upwards pay for a bid
    assert desk.fills()[0] == (100.0, 0.999)
    assert working_sides(desk, 1_500) == [OrderSide.SELL]  # the opinion is old: out, and no more
    assert strategy.refusals["jump_not_paid"] > 0


def test_rules_expect_no_move_that_could_pay_for_a_jump(desk: Desk) -> None:
    with pytest.raises(UsageError, match="paid_jumps"):
        market_maker(desk, pull=PullParams(paid_jumps=1.0))
