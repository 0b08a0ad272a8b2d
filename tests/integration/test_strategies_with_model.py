"""Rules and a model's opinion in Nautilus's engine: who decides, and when a model is not heard."""

import msgspec
import pytest
from nautilus_trader.model.events import OrderFilled

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.model_guard import ModelGuardParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.strategies.directional_config import EntryParams
from tests.integration.conftest import Desk
from tests.integration.players import BREAKOUT
from tests.integration.players import Oracle
from tests.integration.players import breakout
from tests.integration.players import reversion
from tests.integration.players import write_fall
from tests.integration.players import write_quotes
from tests.integration.players import write_rise


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")


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
