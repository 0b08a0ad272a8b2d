"""Mean reversion and breakout in Nautilus's engine: from the entry to every kind of exit."""

from collections.abc import Callable
from collections.abc import Mapping

import msgspec
import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.take_profit import TakeProfitParams
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.signals.breakout import BreakoutParams
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.model_guard import ModelGuardParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakout
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakoutConfig
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

REVERSION = ReversionParams(
    deviation_threshold=1.0, lookback_ticks=5, flow_ticks=1, rsi_length=2, bollinger_width=1.0
)
BREAKOUT = BreakoutParams(
    momentum_threshold=1.0,
    momentum_ticks=4,
    volume_multiplier=1.5,
    volume_window=10,
    breakout_window=5,
    flow_threshold=0.5,
)
TRAIL = TakeProfitParams(activation=0.5, distance=0.3)
ENTRY = EntryParams(order_notional=98.0, max_size_multiple=1.0)


def reversion(desk: Desk, **settings: object) -> MeanReversion:
    defaults = {"rule": REVERSION, "entry": ENTRY, "exit_at_fair_value": False}
    return MeanReversion(
        MeanReversionConfig(instrument_id=desk.instrument_id, **(defaults | settings))
    )


def breakout(desk: Desk, **settings: object) -> MomentumBreakout:
    defaults = {"rule": BREAKOUT, "entry": EntryParams(order_notional=101.0)}
    return MomentumBreakout(
        MomentumBreakoutConfig(instrument_id=desk.instrument_id, **(defaults | settings))
    )


def write_fall(desk: Desk) -> None:
    """Write trades at 100 and a fall to 98 with a buyer; fair value is 99.1, the market 97.9/98."""
    desk.at(0).quote(99.9, 100.0)
    for _ in range(4):
        desk.trade(100.0, 1.0, -1)
    desk.at(100).trade(98.0, 3.0, 1).quote(97.9, 98.0).at(110).quote(97.9, 98.0)


def write_rise(desk: Desk) -> None:
    """Write quiet trades at 100 and a run to 101.4 on heavy buying; the market is 101.3/101.4."""
    desk.at(0).quote(99.9, 100.0)
    for _ in range(6):
        desk.trade(100.0, 1.0, -1)
    for price in (100.2, 100.4, 100.8, 101.4):
        desk.trade(price, 4.0, 1)
    desk.at(100).quote(101.3, 101.4).at(110).quote(101.3, 101.4)


def write_quotes(desk: Desk, bids: Mapping[float, float]) -> None:
    """Write bids at given milliseconds, the ask one tick above."""
    for ms, bid in bids.items():
        desk.at(ms).quote(bid, bid + 0.1).at(ms + 5).quote(bid, bid + 0.1)


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


class Oracle(Actor):
    """Publishes one signal with every quote."""

    def __init__(
        self, instrument_id: InstrumentId, strength: float, confidence: float, horizon_ms: int = 500
    ) -> None:
        super().__init__(ActorConfig())
        self._instrument_id = instrument_id
        self._horizon_ms = horizon_ms
        self._strength = strength
        self._confidence = confidence

    def on_start(self) -> None:
        """Subscribe to quotes, before the strategies do."""
        self.subscribe_quote_ticks(self._instrument_id)

    def on_stop(self) -> None:
        """Do nothing."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Publish."""
        signal = AlphaSignal(
            tick.ts_event,
            tick.ts_init,
            instrument_id=self._instrument_id,
            strength=self._strength,
            confidence=self._confidence,
            expected_move_bps=self._strength,
            horizon_ms=self._horizon_ms,
        )
        self.msgbus.publish(signal_topic(self._instrument_id), signal)


@pytest.mark.parametrize(
    ("mode", "strength", "confidence", "first_fill"),
    [
        ("rules", -1.6, 0.9, (98.0, 1.0)),
        ("combined", 1.0, 0.3, (98.0, 1.5)),  # agree: half as much again
        ("combined", -1.0, 0.3, None),  # disagree: hold
        ("combined", -1.6, 0.9, (97.9, -0.8)),  # sure: the model wins
        ("signal", -1.0, 0.3, (97.9, -0.5)),
    ],
)
def test_rule_and_model_together(
    desk: Desk,
    mode: str,
    strength: float,
    confidence: float,
    first_fill: tuple[float, float] | None,
) -> None:
    for ms in range(0, 50, 10):
        desk.at(ms).quote(97.9, 98.0)
    write_fall(desk)
    strategy = reversion(
        desk,
        rule=ReversionParams(
            deviation_threshold=1.2,  # just met: 97.95 is 1.203 % below 99.143
            lookback_ticks=5,
            flow_ticks=1,
            rsi_length=2,
            bollinger_width=1.0,
        ),
        entry=EntryParams(order_notional=98.0, cooldown_ms=60_000.0),
        exits=ExitParams(profit_target=5.0),
        signal=CombinationParams(mode=mode),  # type: ignore[arg-type]
    )
    desk.play(strategy, Oracle(desk.instrument_id, strength, confidence))
    entries = desk.fills()[:1]
    if first_fill is None:
        assert entries == []
    else:
        assert entries == [pytest.approx(first_fill, abs=0.005)]
    assert (strategy.signals_received > 0) == (mode != "rules")


def test_what_the_model_alone_opens_is_not_left_at_fair_value(desk: Desk) -> None:
    write_fall(desk)  # the rule would buy below fair value; a sure model sells there
    write_quotes(desk, {200: 97.9, 300: 97.9, 400: 97.9, 500: 97.9})
    strategy = reversion(
        desk,
        entry=EntryParams(order_notional=98.0, cooldown_ms=60_000.0),
        exits=ExitParams(timeout_ms=250.0),
        exit_at_fair_value=True,
        signal=CombinationParams(mode="combined"),
    )
    desk.play(Oracle(desk.instrument_id, -1.6, 0.9), strategy)
    assert [qty < 0.0 for _, qty in desk.fills()] == [True, False]
    assert strategy.exit_reasons == {"time_out": 1}


@pytest.mark.parametrize(
    ("mode", "strength", "confidence", "first_fill"),
    [
        ("rules", -1.6, 0.9, (101.4, 1.0)),
        ("combined", 1.0, 0.3, (101.4, 1.5)),  # agree: half as much again
        ("combined", -1.0, 0.3, None),  # disagree: hold
        ("combined", -1.6, 0.9, (99.9, -0.8)),  # sure: the model wins, before there is a run
        ("signal", 1.0, 0.3, (100.0, 0.5)),
    ],
)
def test_breakout_and_model_together(
    desk: Desk,
    mode: str,
    strength: float,
    confidence: float,
    first_fill: tuple[float, float] | None,
) -> None:
    write_rise(desk)
    strategy = breakout(
        desk,
        rule=msgspec.structs.replace(BREAKOUT, momentum_threshold=1.393),  # just met
        entry=EntryParams(order_notional=101.4, cooldown_ms=60_000.0),
        exits=ExitParams(profit_target=9.0),
        signal=CombinationParams(mode=mode),  # type: ignore[arg-type]
    )
    desk.play(Oracle(desk.instrument_id, strength, confidence), strategy)
    entries = desk.fills()[:1]
    if first_fill is None:
        assert entries == []
    else:
        assert entries == [pytest.approx(first_fill, rel=0.03)]


def test_a_model_that_is_always_wrong_is_shut_down(desk: Desk) -> None:
    bid = 100.0
    for ms in range(0, 3_000, 10):
        bid -= 0.1 * (ms % 100 == 0)
        desk.at(ms).quote(bid, bid + 0.1)
    strategy = reversion(
        desk,
        entry=EntryParams(order_notional=98.0, cooldown_ms=0.0),
        exits=ExitParams(timeout_ms=50.0),
        signal=CombinationParams(mode="signal", guard=ModelGuardParams(least_signals=5)),
        risk=RiskLimits(breakers=BreakerParams(max_consecutive_losses=1_000)),
    )
    desk.play(strategy, Oracle(desk.instrument_id, 1.6, 0.9, horizon_ms=150))
    times = sorted(event.ts_event for event in desk.events(OrderFilled))
    assert times[0] < desk.ns_at(100)
    # Five judgements of 150 ms and a quote each; later nothing is opened any more.
    assert desk.ns_at(700) < times[-1] < desk.ns_at(1_000)
    assert strategy.refusals["model_degraded"] > 100


class Switch(Actor):
    """Stops a strategy at one moment and resumes it at another."""

    def __init__(self, strategy: Strategy, stop_ns: int, resume_ns: int) -> None:
        super().__init__(ActorConfig())
        self._strategy = strategy
        self._moments = (stop_ns, resume_ns)
        self.stop_strategy: Callable[[TimeEvent], None] = lambda _event: strategy.stop()

    def on_start(self) -> None:
        """Set both alarms."""
        stop_ns, resume_ns = self._moments
        self.clock.set_time_alert_ns("stop", stop_ns, self.stop_strategy)
        self.clock.set_time_alert_ns("resume", resume_ns, self._resume)

    def on_stop(self) -> None:
        """Do nothing."""

    def _resume(self, _event: TimeEvent) -> None:
        assert self._strategy.is_stopped
        self._strategy.resume()


def test_a_pause_leaves_the_position_and_begins_anew(desk: Desk) -> None:
    write_fall(desk)
    write_quotes(desk, {200: 97.9, 300: 97.9})
    strategy = reversion(desk, exits=ExitParams(profit_target=5.0))
    switch = Switch(strategy, desk.ns_at(250), desk.ns_at(400))
    write_quotes(desk, {500: 97.9, 600: 97.9})
    desk.play(strategy, switch)
    assert desk.fills() == [(98.0, 1.0), (97.9, -1.0)]  # after the pause the rule is not warm
    assert strategy.is_stopped


def test_a_position_that_survived_a_crash_gets_its_exits_back(desk: Desk) -> None:
    write_fall(desk)
    write_quotes(desk, {200: 97.9, 300: 97.9})
    strategy = reversion(
        desk,
        rule=REVERSION,
        exits=ExitParams(stop_loss=2.0, threshold_unit="volatility"),
        volatility=VolatilityParams(half_life_ms=100.0, horizon_ms=1_000.0),
    )

    def crash(_event: TimeEvent) -> None:
        super(MeanReversion, strategy).stop()  # stops dead, position and all

    switch = Switch(strategy, desk.ns_at(250), desk.ns_at(400))
    switch.stop_strategy = crash
    # Volatility is known again after 60 ms, from a step of 0.1 in 98; the fall to 90 is a stop.
    for ms in range(450, 700, 10):
        desk.at(ms).quote(97.9 + 0.1 * (ms % 20 == 0), 98.1)
    write_quotes(desk, {700: 90.0, 800: 90.0})
    desk.play(strategy, switch)
    assert desk.fills() == [(98.0, 1.0), (90.0, -1.0)]
    assert strategy.exit_reasons == {"stop_loss": 1}
    assert strategy.refusals["volatility_unknown"] > 0


def test_reset_gives_the_same_run_again(desk: Desk) -> None:
    write_rise(desk)
    write_quotes(desk, {200: 103.0, 300: 102.4, 400: 102.4})
    strategy = breakout(desk, exits=ExitParams(trailing_stop=0.5))
    desk.play(strategy)
    first = desk.fills()
    assert desk.engine is not None
    desk.engine.reset()
    desk.engine.run()
    assert desk.fills() == first
    assert strategy.exit_reasons == {"trailing_stop": 1}
