"""Regimes on the bus: from the actor to the ensemble's signals, sizes, stops and pauses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_scalp.actors.regime import RegimeActor
from nautilus_scalp.actors.regime import RegimeActorConfig
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.regimes import NAMES
from nautilus_scalp.evaluation.regimes import classify
from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.signals.regime import Band
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams
from nautilus_scalp.signals.regime_measures import MeasureParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.market_making import MarketMaking
from nautilus_scalp.strategies.market_making import MarketMakingConfig
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from nautilus_scalp.strategies.regime_watch import ArbiterParams
from tests.integration import test_actor_ensemble as ensemble
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

FAST = RegimeParams(
    measures=MeasureParams(bar_ms=100.0, window_bars=10, warm_up_bars=20),
    min_dwell_ms=0.0,
    least_run_bps=5.0,
)


class Herald(Actor):
    """Announces regimes at given milliseconds."""

    def __init__(self, desk: Desk, regimes: dict[float, str]) -> None:
        super().__init__(ActorConfig())
        self._instrument_id = desk.instrument_id
        self._script = {desk.ns_at(ms): regime for ms, regime in regimes.items()}

    def on_start(self) -> None:
        """Set the alarms."""
        for ns in self._script:
            self.clock.set_time_alert_ns(f"regime-{ns}", ns, self._say)

    def _say(self, event: TimeEvent) -> None:
        ns = event.ts_event
        signal = RegimeSignal(ns, ns, self._instrument_id, self._script[ns])
        self.msgbus.publish(regime_topic(self._instrument_id), signal)


class Listener(Actor):
    """Keeps the regimes that it hears of."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(ActorConfig())
        self._instrument_id = instrument_id
        self.heard: list[RegimeSignal] = []

    def on_start(self) -> None:
        """Subscribe."""
        self.msgbus.subscribe(regime_topic(self._instrument_id), self.heard.append)


def maker(desk: Desk, regime: ArbiterParams | None) -> MarketMaking:
    return MarketMaking(
        MarketMakingConfig(
            instrument_id=desk.instrument_id,
            order_notional=100.0,
            inventory_limit=200.0,
            refresh_interval_ms=0.0,
            ladder=LadderParams(spread_target=0.2, volatility_multiplier=0.0, quote_depth=1),
            regime=regime,
        )
    )


def reversion(desk: Desk, regime: ArbiterParams | None) -> MeanReversion:
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
            exits=ExitParams(stop_loss=0.5),
            exit_at_fair_value=False,
            regime=regime,
        )
    )


def write_fall(desk: Desk) -> None:
    """Write trades at 100 and a fall to 98 with a buyer; the market then is 97.9/98."""
    desk.at(0).quote(99.9, 100.0)
    for _ in range(4):
        desk.trade(100.0, 1.0, -1)
    desk.at(100).trade(98.0, 3.0, 1).quote(97.9, 98.0).at(110).quote(97.9, 98.0)


def quantities(orders: list[Order]) -> list[float]:
    """Return the quantities of orders in the order in which they were made."""
    return [order.quantity.as_double() for order in orders]


def test_with_a_history_the_regime_is_known_on_the_first_quote(desk: Desk) -> None:
    """A late starter that lived through the past tells what one told that was there all along."""
    for step in range(120):
        bid = 100_000.0 + 7.0 * (step // 40 % 2) + 3.0 * (step % 3)
        desk.at(50.0 * step).quote(bid, bid + 0.1)
    tape = ensemble.as_tape(desk)
    always = RegimeClassifier(FAST)
    for ts_ns, (bid, ask, *_) in zip(tape.ts_event_ns.tolist(), tape.values.tolist(), strict=True):
        always.on_mid(ts_ns, 0.5 * (bid + ask))
    always.on_mid(desk.ns_at(6_000), 0.5 * (bid + ask))
    del desk.tape[:]
    desk.at(6_000).quote(bid, ask)
    late = RegimeActor(RegimeActorConfig(instrument_ids=[desk.instrument_id], params=FAST))
    late.live_through(lambda _ids: tape)
    listener = Listener(desk.instrument_id)
    desk.play(late, listener)
    assert always.measures is not None
    told = [signal.regime for signal in listener.heard]
    assert told == [str(always.regime), UNCLASSIFIED]  # the last at the end
    assert listener.heard[0].volatility == always.measures.volatility


def test_the_actor_tells_of_a_crash_and_of_its_end(desk: Desk) -> None:
    bid = 100_000.0
    for step in range(100):
        if 50 <= step < 54:
            bid -= 20.0
        bid += (1.0, -1.0)[step % 2]
        desk.at(100 * step).quote(bid, bid + 0.1)
    desk.quote(bid, bid)  # crossed: counted
    actor = RegimeActor(RegimeActorConfig(instrument_ids=[desk.instrument_id], params=FAST))
    listener = Listener(desk.instrument_id)
    desk.play(actor, listener)
    told = [signal.regime for signal in listener.heard]
    assert told[0] == Regime.NORMAL
    assert Regime.CRASH in told
    assert told[told.index(Regime.CRASH) + 1] == Regime.RECOVERY
    assert told[-1] == "UNCLASSIFIED"  # the actor has stopped
    assert actor.refusals == {"crossed_or_missing_market": 1}
    crash = listener.heard[told.index(Regime.CRASH)]
    assert crash.shift <= -FAST.crash.enter
    assert sum(actor.changes.values()) == len(told)


class Load(Actor):
    """Gives a component its state before it starts."""

    def __init__(self, component: Actor, saved: dict[str, bytes]) -> None:
        super().__init__(ActorConfig())
        self._component = component
        self._saved = saved

    def on_start(self) -> None:
        """Load."""
        self._component.load(self._saved)


def test_the_regime_outlives_a_restart(desk: Desk) -> None:
    config = RegimeActorConfig(instrument_ids=[desk.instrument_id], params=FAST)
    before = RegimeActor(config)
    for step in range(60):
        bid = 100_000.0 + (step % 2)
        desk.at(100 * step).quote(bid, bid + 0.1)
    desk.play(before)
    saved = before.save()  # after its end, as a clean stop does

    later = Desk()
    for step in range(3):
        later.at(6_500 + 10 * step).quote(100_300.0, 100_300.1)
    after, listener = RegimeActor(config), Listener(later.instrument_id)
    later.play(Load(after, saved), listener, after)
    told = [signal.regime for signal in listener.heard]
    assert told == [Regime.NORMAL, "UNCLASSIFIED"]  # with the first quote, and at the end
    assert later.ns_at(6_500) <= listener.heard[0].ts_event < later.ns_at(6_501)
    assert later.engine is not None
    later.engine.dispose()


def test_the_report_finds_the_regimes_that_the_actor_told(
    desk: Desk, rng_tape: Callable[[Desk, int], None]
) -> None:
    rng_tape(desk, 3)
    listener = Listener(desk.instrument_id)
    quick = replace(
        FAST,
        measures=MeasureParams(bar_ms=50.0, window_bars=5, warm_up_bars=10),
        trending=Band(enter=1.0, leave=0.5),
        ranging=Band(enter=0.2, leave=0.1),
    )
    actor = RegimeActor(RegimeActorConfig(instrument_ids=[desk.instrument_id], params=quick))
    desk.play(actor, listener)
    told = [(signal.ts_event, signal.regime) for signal in listener.heard[:-1]]  # and the stop
    quotes = [tick for tick in desk.tape if isinstance(tick, QuoteTick)]
    mids = [0.5 * (tick.bid_price.as_double() + tick.ask_price.as_double()) for tick in quotes]
    ts_ns = np.array([tick.ts_init for tick in quotes])
    found = classify(MidSeries(ts_ns=ts_ns, mid=np.array(mids)), quick)
    names = [str(NAMES[code]) for code in found.code]
    assert len(told) > 10
    assert list(zip(found.ts_ns.tolist(), names, strict=True)) == told


def test_without_an_arbiter_regimes_change_nothing(desk: Desk) -> None:
    write_fall(desk)
    strategy = reversion(desk, None)
    desk.play(Herald(desk, {50: Regime.CRASH}), strategy)
    assert desk.fills() == [(98.0, 1.0), (97.9, -1.0)]  # closed at the end of the tape
    assert strategy.exit_reasons == {}


def test_nothing_is_opened_before_the_regime_is_known(desk: Desk) -> None:
    write_fall(desk)
    strategy = reversion(desk, ArbiterParams())
    desk.play(strategy)
    assert desk.fills() == []
    assert strategy.refusals["regime_unknown"] > 0


def test_a_crash_liquidates_and_pauses(desk: Desk) -> None:
    write_fall(desk)
    desk.at(300).quote(97.8, 97.9).at(310).quote(97.8, 97.9)
    strategy = reversion(desk, ArbiterParams())
    desk.play(Herald(desk, {50: Regime.NORMAL, 200: Regime.CRASH}), strategy)
    assert desk.fills() == [(98.0, 1.0), (97.8, -1.0)]
    assert strategy.exit_reasons == {"regime_crash": 1}
    assert strategy.refusals["regime_crash"] == 0  # the rule wanted nothing afterwards


def test_a_regime_that_is_not_traded_flattens_and_refuses(desk: Desk) -> None:
    write_fall(desk)
    desk.at(300).quote(97.8, 97.9).at(310).quote(97.8, 97.9)
    strategy = reversion(desk, ArbiterParams(trade_in=(Regime.RANGING,)))
    desk.play(Herald(desk, {50: Regime.RANGING, 200: Regime.TRENDING}), strategy)
    assert desk.fills() == [(98.0, 1.0), (97.8, -1.0)]
    assert strategy.exit_reasons == {"regime_trending": 1}


def test_a_refusal_names_the_regime(desk: Desk) -> None:
    write_fall(desk)
    strategy = reversion(desk, ArbiterParams(trade_in=(Regime.RANGING,)))
    desk.play(Herald(desk, {50: Regime.TRENDING}), strategy)
    assert desk.fills() == []
    assert strategy.refusals["regime_trending"] > 0


@pytest.mark.parametrize(
    ("regime", "stop", "qty"),
    [(Regime.NORMAL, 97.5, 1.0), (Regime.VOLATILE, 97.2, 0.5), (Regime.BULL_RUN, 97.6, 1.5)],
)
def test_profile_scales_entry_and_stop(desk: Desk, regime: Regime, stop: float, qty: float) -> None:
    # 0.5 % below 98: 97.51; times 1.5: 97.265; times 0.7: 97.657.
    write_fall(desk)
    for step, bid in enumerate((97.8, 97.7, 97.6, 97.5, 97.4, 97.3, 97.2, 97.1)):
        desk.at(200 + 100 * step).quote(bid, bid + 0.1).at(210 + 100 * step).quote(bid, bid + 0.1)
    desk.play(Herald(desk, {50: regime}), reversion(desk, ArbiterParams()))
    assert desk.fills() == [(98.0, qty), (stop, -qty)]


def test_maker_quotes_smaller_pauses_and_comes_back(desk: Desk) -> None:
    for ms in range(0, 1_000, 10):
        desk.at(ms).quote(100.0, 100.1)
    script = {45: Regime.NORMAL, 245: Regime.VOLATILE, 445: Regime.CRASH, 645: Regime.NORMAL}
    params = ArbiterParams(trade_in=(Regime.NORMAL, Regime.VOLATILE))
    strategy = maker(desk, params)
    desk.play(Herald(desk, script), strategy)
    sent = sorted(desk.cache.orders(), key=lambda order: order.ts_init)
    starts = [(order.ts_init - desk.ns_at(0)) // 1_000_000 for order in sent]
    assert all(50 <= ms < 450 or ms >= 650 for ms in starts)
    assert any(ms >= 650 for ms in starts)
    assert max(quantities([o for o, ms in zip(sent, starts, strict=True) if ms < 250])) == 0.999
    assert max(quantities([o for o, ms in zip(sent, starts, strict=True) if 250 <= ms < 450])) < 0.5
    crash_ns = desk.ns_at(445)
    ended = [order.ts_last for order in sent if order.ts_init < crash_ns]
    assert max(ended) <= desk.ns_at(460)  # nothing works during the pause


def test_the_ensemble_names_the_regime_in_its_signals(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    rng_tape(desk, 1)
    path = ensemble.write_artifact(tmp_path / "model")
    listener = ensemble.Listener(desk)
    desk.play(Herald(desk, {2_000.0: "VOLATILE"}), ensemble.actor_for(path, desk), listener)
    early = {s.regime for s in listener.signals if s.ts_event < desk.ns_at(2_000)}
    late = {s.regime for s in listener.signals if s.ts_event > desk.ns_at(2_000)}
    assert (early, late) == ({"UNCLASSIFIED"}, {"VOLATILE"})
