"""Several strategies on one instrument in Nautilus's engine: one at a time, and never twice."""

import itertools
from collections.abc import Iterable

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled

from nautilus_scalp.actors.arbiter import Arbiter
from nautilus_scalp.actors.arbiter import ArbiterConfig
from nautilus_scalp.errors import UsageError
from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.market_making import MarketMaking
from nautilus_scalp.strategies.market_making import MarketMakingConfig
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakout
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakoutConfig
from nautilus_scalp.strategies.regime_watch import ArbiterParams
from tests.integration.conftest import Desk
from tests.integration.players import BREAKOUT
from tests.integration.players import Oracle
from tests.integration.test_regime import Herald


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

MAKER, REVERSION, RUNNER = "MarketMaking", "MeanReversion", "MomentumBreakout"


def arbiter(desk: Desk, wait_ms: float = 500.0) -> Arbiter:
    return Arbiter(ArbiterConfig(instrument_ids=[desk.instrument_id], wait_ms=wait_ms))


def maker(desk: Desk) -> MarketMaking:
    return MarketMaking(
        MarketMakingConfig(
            instrument_id=desk.instrument_id,
            order_notional=100.0,
            inventory_limit=200.0,
            refresh_interval_ms=0.0,
            ladder=LadderParams(spread_target=0.2, volatility_multiplier=0.0, quote_depth=1),
        )
    )


def breakout(
    desk: Desk, mode: str = "rules", regime: ArbiterParams | None = None
) -> MomentumBreakout:
    return MomentumBreakout(
        MomentumBreakoutConfig(
            instrument_id=desk.instrument_id,
            rule=BREAKOUT,
            entry=EntryParams(order_notional=102.0, max_size_multiple=1.0),
            exits=ExitParams(stop_loss=5.0),
            signal=CombinationParams(mode=mode),  # type: ignore[arg-type]
            regime=regime,
        )
    )


def reversion(desk: Desk, regime: ArbiterParams | None = None, **exits: float) -> MeanReversion:
    return MeanReversion(
        MeanReversionConfig(
            instrument_id=desk.instrument_id,
            rule=ReversionParams(
                deviation_threshold=1.0,
                lookback_ticks=5,
                flow_ticks=1,
                rsi_length=2,
                bollinger_width=1.0,
            ),
            entry=EntryParams(order_notional=98.0, max_size_multiple=1.0),
            exits=ExitParams(**(exits or {"stop_loss": 20.0})),
            exit_at_fair_value=False,
            regime=regime,
        )
    )


def write_inventory(desk: Desk) -> None:
    """Write a quiet market in which somebody sells through a maker's bid."""
    for ms in range(0, 50, 10):
        desk.at(ms).quote(99.9, 100.0)
    desk.at(50).trade(99.7, 3.0, -1)


def write_market(desk: Desk, times_ms: Iterable[int], bid: float) -> None:
    for ms in times_ms:
        desk.at(ms).quote(bid, bid + 0.1)


def fills_of(desk: Desk) -> list[tuple[str, float]]:
    """Return who filled what signed quantity, by time."""
    return [
        (
            fill.strategy_id.value.split("-")[0],
            fill.last_qty.as_double() * (1 if fill.order_side == OrderSide.BUY else -1),
        )
        for fill in desk.events(OrderFilled)
    ]


def most_holders(desk: Desk) -> int:
    """Return how many strategies held a position at once, at most."""
    held: dict[str, float] = {}
    most = 0
    for name, qty in fills_of(desk):
        held[name] = round(held.get(name, 0.0) + qty, 3)
        most = max(most, sum(map(bool, held.values())))
    return most


def write_maker_then_run(desk: Desk) -> None:
    """Write a maker's purchase, and then a run downwards on heavy selling to 98.5/98.6."""
    write_inventory(desk)
    write_market(desk, (52, 54), 99.9)
    desk.at(60)
    for _ in range(6):
        desk.trade(100.0, 1.0, 1)
    for price in (99.8, 99.6, 99.2, 98.6):
        desk.trade(price, 4.0, -1)
    write_market(desk, range(100, 400, 10), 98.5)


def test_without_an_arbiter_two_strategies_hold_at_once(desk: Desk) -> None:
    write_maker_then_run(desk)
    desk.play(maker(desk), breakout(desk), latency_ms=5.0)
    assert most_holders(desk) == 2


@pytest.mark.parametrize("maker_first", [True, False])
def test_a_maker_makes_room_for_a_breakout(desk: Desk, *, maker_first: bool) -> None:
    write_maker_then_run(desk)
    judge, quotes, runner = arbiter(desk), maker(desk), breakout(desk)
    pair = (quotes, runner) if maker_first else (runner, quotes)
    desk.play(judge, *pair, latency_ms=5.0)
    fills = fills_of(desk)
    bought, opened = fills[0], next(fill for fill in fills if fill[0] == RUNNER)
    assert bought == (MAKER, 1.0)
    assert opened == (RUNNER, pytest.approx(-1.035, abs=0.01))
    assert sum(qty for _, qty in fills[: fills.index(opened)]) == 0.0  # the maker left flat
    assert most_holders(desk) == 1
    assert judge.floors[desk.instrument_id].hand_overs == 1
    assert runner.refusals["waits_for_hand_over"] > 0
    assert quotes.refusals["instrument_taken"] > 0
    # Nothing of the maker works while the breakout holds: it has no order after its last fill.
    runner_opened = next(f for f in desk.events(OrderFilled) if RUNNER in f.strategy_id.value)
    ended = [o.ts_last for o in desk.cache.orders() if MAKER in o.strategy_id.value]
    assert max(ended) <= runner_opened.ts_event


def test_a_hand_over_that_takes_too_long_does_not_happen(desk: Desk) -> None:
    write_maker_then_run(desk)
    runner = breakout(desk)
    desk.play(arbiter(desk, wait_ms=15.0), maker(desk), runner, latency_ms=30.0)
    assert RUNNER not in {name for name, _ in fills_of(desk)}
    assert runner.refusals["waits_for_hand_over"] > 0


def test_what_the_risk_gate_refuses_makes_nobody_leave(desk: Desk) -> None:
    write_maker_then_run(desk)
    judge = arbiter(desk)
    runner = MomentumBreakout(
        MomentumBreakoutConfig(
            instrument_id=desk.instrument_id,
            rule=BREAKOUT,
            entry=EntryParams(order_notional=50_000.0),
        )
    )
    desk.play(judge, maker(desk), runner, latency_ms=5.0)
    assert runner.refusals["max_order_notional"] > 0
    assert runner.refusals["waits_for_hand_over"] == 0
    assert judge.floors[desk.instrument_id].hand_overs == 0


def write_fall_then_run(desk: Desk) -> None:
    """Write a fall that a reversion buys, and then a run upwards on heavy buying."""
    desk.at(0).quote(99.9, 100.0)
    for _ in range(4):
        desk.trade(100.0, 1.0, -1)
    desk.at(100).trade(98.0, 3.0, 1)
    write_market(desk, range(100, 200, 10), 97.9)
    for _ in range(6):
        desk.trade(98.0, 1.0, -1)
    for price in (98.2, 98.4, 98.8, 99.4):
        desk.trade(price, 4.0, 1)
    write_market(desk, range(200, 400, 10), 99.3)


@pytest.mark.parametrize(
    ("mode", "strength", "hands_over"), [("combined", 1.0, True), ("rules", 1.0, False)]
)
def test_only_a_breakout_that_the_model_confirms_ends_a_reversion(
    desk: Desk, mode: str, strength: float, *, hands_over: bool
) -> None:
    write_fall_then_run(desk)
    faded, runner = reversion(desk), breakout(desk, mode)
    oracle = Oracle(desk.instrument_id, strength, 0.5)
    desk.play(arbiter(desk), faded, runner, oracle, latency_ms=5.0)
    names = [name for name, _ in fills_of(desk)]
    assert names[0] == REVERSION
    assert (RUNNER in names) == hands_over
    assert most_holders(desk) == 1
    if hands_over:
        assert names[:3] == [REVERSION, REVERSION, RUNNER]
        assert faded.exit_reasons == {"hand_over": 1}
    else:
        assert runner.refusals["instrument_taken"] == 1


def test_a_change_of_regime_passes_the_floor_on(desk: Desk) -> None:
    write_fall_then_run(desk)
    faded = reversion(desk, ArbiterParams(trade_in=(Regime.RANGING,)))
    runner = breakout(desk, regime=ArbiterParams(trade_in=(Regime.TRENDING,)))
    herald = Herald(desk, {50: Regime.RANGING, 195: Regime.TRENDING})
    desk.play(arbiter(desk), herald, faded, runner, latency_ms=5.0)
    names = [name for name, _ in fills_of(desk)]
    assert names[:3] == [REVERSION, REVERSION, RUNNER]
    assert faded.exit_reasons == {"regime_trending": 1}
    assert most_holders(desk) == 1


def test_a_position_may_run_off_when_its_regime_ends(desk: Desk) -> None:
    write_fall_then_run(desk)
    params = ArbiterParams(trade_in=(Regime.RANGING,), on_leave="run_off")
    write_market(desk, range(450, 480, 10), 100.0)
    faded = reversion(desk, params, profit_target=2.0)
    runner = breakout(desk)
    herald = Herald(desk, {50: Regime.RANGING, 150: Regime.NORMAL})
    desk.play(arbiter(desk), herald, faded, runner)
    assert faded.exit_reasons == {"profit_target": 1}  # 99.96, long after the run
    assert runner.refusals["instrument_taken"] == 1
    assert [qty for name, qty in fills_of(desk) if name == REVERSION] == [1.0, -1.0]


def test_a_crash_ends_a_position_that_runs_off(desk: Desk) -> None:
    write_fall_then_run(desk)
    params = ArbiterParams(trade_in=(Regime.RANGING,), on_leave="run_off")
    faded = reversion(desk, params)
    script = {50: Regime.RANGING, 150: Regime.NORMAL, 180: Regime.CRASH}
    desk.play(Herald(desk, script), faded)
    assert faded.exit_reasons == {"regime_crash": 1}


def test_a_maker_cannot_run_off(desk: Desk) -> None:
    with pytest.raises(UsageError, match="run_off"):
        MarketMakingConfig(
            instrument_id=desk.instrument_id, regime=ArbiterParams(on_leave="run_off")
        )


def test_three_strategies_never_hold_together_on_a_random_tape(
    desk: Desk, rng_tape: object
) -> None:
    rng_tape(desk, 5)  # type: ignore[operator]
    last = desk.tape[-1].ts_event
    quick = ReversionParams(
        deviation_threshold=0.01,
        lookback_ticks=5,
        flow_ticks=1,
        flow_threshold=-1.0,
        volume_multiplier=0.1,
        rsi_length=2,
        rsi_oversold=90.0,
        bollinger_width=0.1,
    )
    faded = MeanReversion(
        MeanReversionConfig(
            instrument_id=desk.instrument_id,
            rule=quick,
            entry=EntryParams(order_notional=100.0, cooldown_ms=200.0),
            exits=ExitParams(timeout_ms=100.0),
        )
    )
    desk.play(arbiter(desk), maker(desk), faded, breakout(desk), latency_ms=3.0)
    holders = [name for name, _ in fills_of(desk)]
    assert {MAKER, REVERSION} <= set(holders)
    assert sum(a != b for a, b in itertools.pairwise(holders)) > 10  # the floor changed hands
    assert most_holders(desk) == 1
    assert max(o.ts_last for o in desk.cache.orders()) <= last + 10_000_000
