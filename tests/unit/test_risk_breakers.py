"""Circuit breakers, round trip by round trip."""

import math

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.breakers import CircuitBreaker
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState


DAY_NS = 86_400_000_000_000
NS_PER_MS = 1_000_000


def test_consecutive_losses_pause_and_the_pause_ends() -> None:
    breaker = CircuitBreaker(BreakerParams(max_consecutive_losses=2, pause_ms=10.0))
    for pnl in (-1.0, 1.0, -1.0):
        breaker.on_round_trip(pnl, 0)
        assert breaker.blocked(0) is None
    breaker.on_round_trip(-1.0, 0)
    assert breaker.blocked(10 * NS_PER_MS - 1) == "consecutive_losses"
    assert breaker.blocked(10 * NS_PER_MS) is None
    breaker.on_round_trip(-1.0, 11 * NS_PER_MS)  # the row begins anew after a pause
    assert breaker.blocked(11 * NS_PER_MS) is None


def test_what_is_on_without_a_word() -> None:
    """Five losses in a row pause for five minutes, and a hundred trades are a day's work."""
    breaker = CircuitBreaker(BreakerParams())
    for _ in range(4):
        breaker.on_round_trip(-1.0, 0)
    assert breaker.blocked(0) is None
    breaker.on_round_trip(-1.0, 0)
    assert breaker.blocked(300_000 * NS_PER_MS - 1) == "consecutive_losses"
    assert breaker.blocked(300_000 * NS_PER_MS) is None
    for _ in range(95):
        assert breaker.blocked(300_000 * NS_PER_MS) is None
        breaker.on_round_trip(1.0, 0)
    assert breaker.blocked(300_000 * NS_PER_MS) == "max_trades_per_day"


def test_a_clock_that_goes_back_forgets_no_loss() -> None:
    breaker = CircuitBreaker(BreakerParams(max_daily_loss=5.0))
    breaker.on_round_trip(-5.0, DAY_NS)
    assert breaker.blocked(DAY_NS - 1) == "max_daily_loss"
    breaker.on_round_trip(1.0, DAY_NS - 1)
    breaker.on_round_trip(-1.0, DAY_NS)
    assert breaker.blocked(DAY_NS) == "max_daily_loss"


def test_daily_loss_ends_at_midnight() -> None:
    breaker = CircuitBreaker(BreakerParams(max_daily_loss=5.0))
    breaker.on_round_trip(-3.0, DAY_NS)
    assert breaker.blocked(DAY_NS) is None
    breaker.on_round_trip(-2.0, DAY_NS + 1)
    assert breaker.blocked(2 * DAY_NS - 1) == "max_daily_loss"
    assert breaker.blocked(2 * DAY_NS) is None


def test_trades_of_a_day_are_counted() -> None:
    breaker = CircuitBreaker(BreakerParams(max_trades_per_day=1))
    breaker.on_round_trip(3.0, DAY_NS)
    assert breaker.blocked(DAY_NS + 1) == "max_trades_per_day"
    assert breaker.blocked(2 * DAY_NS) is None


def test_drawdown_stops_for_good() -> None:
    breaker = CircuitBreaker(BreakerParams(max_drawdown=4.0))
    for pnl in (10.0, -3.0):
        breaker.on_round_trip(pnl, 0)
    assert breaker.blocked(0) is None
    breaker.on_round_trip(-1.0, 0)
    assert breaker.blocked(50 * DAY_NS) == "max_drawdown"
    breaker.on_round_trip(100.0, 0)
    assert breaker.blocked(50 * DAY_NS) == "max_drawdown"
    breaker.reset()
    assert breaker.blocked(0) is None


def test_an_unknown_result_stops() -> None:
    breaker = CircuitBreaker(BreakerParams())
    breaker.on_round_trip(math.nan, 0)
    assert breaker.blocked(0) == "max_drawdown"


def test_without_limits_nothing_is_blocked_and_the_record_is_kept() -> None:
    breaker = CircuitBreaker(BreakerParams())
    for pnl in (2.0, -1.0, 0.0, -4.0):
        breaker.on_round_trip(pnl, 0)
    assert breaker.blocked(0) is None
    log = breaker.log
    assert (log.wins, log.losses, log.won, log.lost) == (1, 2, 2.0, 5.0)


def test_a_blocked_strategy_may_only_reduce() -> None:
    rules = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.1, size_precision=1)
    gate = RiskGate(RiskLimits(), rules)
    state = RiskState(position_qty=1.0, blocked="max_daily_loss")
    assert gate.review(OrderIntent(BUY, 1.0), state) == Refused("max_daily_loss")
    assert gate.review(OrderIntent(SELL, 1.0, reduce_only=True), state) is APPROVED


def test_a_market_that_gapes_or_jumps_is_abnormal_for_a_while() -> None:
    params = BreakerParams(max_spread_bps=20.0, max_jump_bps=50.0, abnormal_pause_ms=10.0)
    breaker = CircuitBreaker(params)
    breaker.on_market(99.9, 100.1, 0)  # 20 bps, and nothing to jump from
    breaker.on_market(math.nan, 100.1, 1)
    breaker.on_market(100.3, 100.5, 2)  # 40 bps further, 19.9 wide
    assert breaker.blocked(2) is None
    breaker.on_market(100.3, 100.6, 3)  # 29.9 bps wide
    assert breaker.blocked(3) == "abnormal_market"
    breaker.on_market(101.0, 101.1, NS_PER_MS)  # 59.7 bps further
    assert breaker.blocked(11 * NS_PER_MS - 1) == "abnormal_market"
    assert breaker.blocked(11 * NS_PER_MS) is None
