"""What a pause, a crash or a reset leaves of a strategy in Nautilus's engine."""

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from tests.integration.conftest import Desk
from tests.integration.players import REVERSION
from tests.integration.players import breakout
from tests.integration.players import reversion
from tests.integration.players import write_fall
from tests.integration.players import write_quotes
from tests.integration.players import write_rise


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


class Switch(Actor):
    """Stops a strategy at one moment and resumes it at another."""

    def __init__(self, strategy: Strategy, stop_ns: int, resume_ns: int) -> None:
        super().__init__(ActorConfig())
        self._strategy = strategy
        self._moments = (stop_ns, resume_ns)
        self.stop_strategy = lambda _event: strategy.stop()

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
