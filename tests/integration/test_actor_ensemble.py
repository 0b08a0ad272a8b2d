"""The ensemble actor in Nautilus's engine: what it publishes is what the batch computes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nautilus_trader.common.component import Clock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.channel import Channel
from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.ensemble import EnsembleActorConfig
from nautilus_scalp.bridge import instrument_facts
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.bridge import trade_values
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import SIGNAL_TYPE
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.signals.policy import decide_rows
from tests.fakes.small_model import FEATURES
from tests.fakes.small_model import NAMES
from tests.fakes.small_model import write_artifact
from tests.integration.conftest import Desk


pytestmark = [
    pytest.mark.filterwarnings("ignore:Timestamp.utcnow"),
    pytest.mark.filterwarnings("ignore:'d' is deprecated"),  # Nautilus, on subscribing to a book
]


class Listener(Strategy):
    """Keeps every signal, and notes the quotes that came before theirs."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(StrategyConfig(strategy_id=f"Listener-{desk.instrument_id}"))
        self._instrument_id = desk.instrument_id
        self.signals: list[AlphaSignal] = []
        self.late = 0

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(self._instrument_id)
        self.subscribe_data(SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self._instrument_id)

    def on_stop(self) -> None:
        """Do nothing."""

    def on_data(self, data: Data) -> None:
        """Keep it."""
        assert isinstance(data, AlphaSignal)
        self.signals.append(data)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Count quotes whose signal is not there yet."""
        if self.signals and self.signals[-1].ts_event != tick.ts_event:
            self.late += 1


def as_tape(desk: Desk) -> Tape:
    rows = [
        (*quote_values(tick),) if isinstance(tick, QuoteTick) else (*trade_values(tick), 0.0)
        for tick in desk.tape
    ]
    return Tape(
        instruments=(instrument_facts(desk.instrument),),
        kind=np.array([TRADE if isinstance(t, TradeTick) else QUOTE for t in desk.tape], np.uint8),
        instrument=np.zeros(len(rows), np.int16),
        ts_event_ns=np.array([tick.ts_event for tick in desk.tape]),
        ts_init_ns=np.array([tick.ts_init for tick in desk.tape]),
        values=np.array(rows, np.float64),
    )


class Diligent(EnsembleActor):
    """Rehearses after every event, twice: the first time after a quote does nothing."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Predict, and rehearse."""
        super().on_quote_tick(tick)
        self.rehearse()
        self.rehearse()

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Take the trade, and rehearse."""
        super().on_trade_tick(tick)
        self.rehearse()


def actor_for(
    path: Path,
    *desks: Desk,
    indicators: str = "selected",
    kind: type[EnsembleActor] = EnsembleActor,
) -> EnsembleActor:
    ids = [desk.instrument_id for desk in desks]
    config = EnsembleActorConfig(instrument_ids=ids, model_path=str(path), indicators=indicators)
    actor = kind(config)
    actor.rehearses = kind is Diligent
    return actor


@pytest.mark.parametrize(
    ("indicators", "kind"),
    [("selected", EnsembleActor), ("all", EnsembleActor), ("selected", Diligent)],
)
def test_signals_are_those_of_the_batch_for_every_instrument(
    desk: Desk,
    rng_tape: Callable[[Desk, int], None],
    tmp_path: Path,
    indicators: str,
    kind: type[EnsembleActor],
) -> None:
    other = Desk("ETHUSDT-PERP")
    rng_tape(desk, 1)
    rng_tape(other, 2)
    path = write_artifact(tmp_path / "model")
    actor = actor_for(path, desk, other, indicators=indicators, kind=kind)
    listeners = [Listener(desk), Listener(other)]
    desk.play(actor, *listeners, beside=[other])
    ensemble = load_artifact(path)
    for book, listener in zip((desk, other), listeners, strict=True):
        matrix = compute_matrix(as_tape(book), FEATURES, NAMES)
        batch = ensemble.predict_matrix(matrix)
        decisions = decide_rows(batch.probabilities, batch.move_bps)
        expected = np.column_stack((batch.probabilities, batch.disagreement, decisions))
        got = [
            (
                s.p_down,
                s.p_flat,
                s.p_up,
                s.disagreement,
                s.expected_move_bps,
                s.confidence,
                s.strength,
            )
            for s in listener.signals
        ]
        assert len(got) > 100
        np.testing.assert_array_equal(np.array(got), expected[matrix.ready])
        times = [signal.ts_event for signal in listener.signals]
        np.testing.assert_array_equal(times, matrix.ts_event_ns[matrix.ready])
        assert {(s.model_id, s.horizon_ms) for s in listener.signals} == {("tiny", 500)}
        assert listener.late == 0  # the signal on a quote is there before the quote
    assert actor.signals_published == sum(len(listener.signals) for listener in listeners)
    assert (len(actor.all_indicators(desk.instrument_id)) > 1_000) == (indicators == "all")
    assert actor.refusals == {}


def test_a_rehearsal_makes_a_signal_of_its_own_and_none_of_the_actors(
    desk: Desk,
    rng_tape: Callable[[Desk, int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[Channel, AlphaSignal | None]] = []
    answer = Channel.answer

    def note(channel: Channel, tick: QuoteTick, clock: Clock) -> AlphaSignal | None:
        made.append((channel, answer(channel, tick, clock)))
        return made[-1][1]

    names = []

    class Orders(OrderFactory):
        def limit(self, *args: object, **options: object) -> LimitOrder:
            order = super().limit(*args, **options)
            names.append(order.client_order_id)
            return order

    monkeypatch.setattr(Channel, "answer", note)
    monkeypatch.setattr("nautilus_scalp.actors.ensemble.OrderFactory", Orders)
    rng_tape(desk, 1)
    actor = actor_for(write_artifact(tmp_path / "model"), desk, kind=Diligent)
    listener = Listener(desk)
    desk.play(actor, listener)
    own = [signal for channel, signal in made if channel is made[0][0] and signal is not None]
    rehearsed = [signal for channel, signal in made if channel is not made[0][0]]
    assert [s.ts_event for s in own] == [s.ts_event for s in listener.signals]
    assert len(rehearsed) >= len(own) > 100
    assert all(signal is not None for signal in rehearsed)
    assert len(names) == len(rehearsed)
    assert len(set(names)) == 1  # Nautilus never forgets a name: others would fill the memory
    assert desk.engine is not None
    assert desk.engine.cache.orders_total_count() == 0


def test_what_the_features_refuse_is_counted(desk: Desk, tmp_path: Path) -> None:
    desk.at(0).quote(100.0, 100.1).quote(100.0, 100.0).quote(100.0, 100.1)
    actor = actor_for(write_artifact(tmp_path / "model"), desk)
    desk.play(actor)
    assert actor.refusals == {"crossed": 1}
    assert actor.signals_published == 0


def test_a_model_for_other_features_is_refused_at_the_start(desk: Desk, tmp_path: Path) -> None:
    path = write_artifact(tmp_path / "model")
    manifest = path / "manifest.json"
    manifest.write_text(manifest.read_text().replace("spread.now", "thin_side.now"))
    desk.at(0).quote(100.0, 100.1)
    with pytest.raises(InputError):
        desk.play(actor_for(path, desk))


def test_an_unknown_instrument_is_refused_at_the_start(desk: Desk, tmp_path: Path) -> None:
    actor = actor_for(write_artifact(tmp_path / "model"), Desk("ETHUSDT-PERP"))
    desk.at(0).quote(100.0, 100.1)
    with pytest.raises(UsageError, match="ETHUSDT-PERP"):
        desk.play(actor)


def test_a_reset_gives_the_same_signals_again(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    rng_tape(desk, 3)
    actor = actor_for(write_artifact(tmp_path / "model"), desk)
    desk.play(actor)
    first = actor.signals_published
    assert desk.engine is not None
    desk.engine.reset()
    assert actor.signals_published == 0
    desk.engine.run()
    assert actor.signals_published == first > 100
