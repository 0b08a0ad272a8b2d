"""A history before the start: the first live signal is what it would be after running all along."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nautilus_scalp.features.tape import Tape
from tests.fakes.small_model import write_artifact
from tests.integration.conftest import Desk
from tests.integration.test_actor_ensemble import Listener
from tests.integration.test_actor_ensemble import actor_for
from tests.integration.test_actor_ensemble import as_tape


pytestmark = [
    pytest.mark.filterwarnings("ignore:Timestamp.utcnow"),
    pytest.mark.filterwarnings("ignore:'d' is deprecated"),  # Nautilus, on subscribing to a book
]

PROBABILITIES = ("p_down", "p_flat", "p_up", "disagreement", "strength")


def split(tape: Tape, row: int) -> Tape:
    """Return what came before a row."""
    columns = ("kind", "instrument", "ts_event_ns", "ts_init_ns", "values")
    return msgspec.structs.replace(tape, **{name: getattr(tape, name)[:row] for name in columns})


def test_first_signal_is_as_good_as_the_thousandth(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    path = write_artifact(tmp_path / "model")
    rng_tape(desk, 1)
    ticks, half = list(desk.tape), len(desk.tape) // 2
    history = split(as_tape(desk), half)
    all_along = Listener(desk)
    desk.play(actor_for(path, desk), all_along)

    later = Desk()
    later.tape = ticks[half:]
    actor, listener = actor_for(path, later), Listener(later)
    actor.live_through(lambda _names: history)
    later.play(actor, listener)
    assert actor.warming_up == []

    live = [s for s in all_along.signals if s.ts_init >= ticks[half].ts_init]
    assert len(live) > 100
    assert [s.ts_event for s in listener.signals] == [s.ts_event for s in live]
    got = [[getattr(s, name) for name in PROBABILITIES] for s in listener.signals]
    expected = [[getattr(s, name) for name in PROBABILITIES] for s in live]
    np.testing.assert_array_equal(np.array(got), np.array(expected))


def test_without_a_history_signals_wait_for_the_features(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    rng_tape(desk, 1)
    actor, listener = actor_for(write_artifact(tmp_path / "model"), desk), Listener(desk)
    desk.play(actor, listener)
    first = listener.signals[0].ts_event - desk.tape[0].ts_event
    assert first >= 500_000_000  # the scale's half-life


def test_a_history_that_ended_long_ago_is_no_history(
    desk: Desk, rng_tape: Callable[[Desk, int], None], tmp_path: Path
) -> None:
    rng_tape(desk, 1)
    history = as_tape(desk)
    hour_ns = 3_600_000_000_000
    old = msgspec.structs.replace(history, ts_event_ns=history.ts_event_ns - hour_ns)
    actor, listener = actor_for(write_artifact(tmp_path / "model"), desk), Listener(desk)
    actor.live_through(lambda _names: old)
    desk.play(actor, listener)
    assert listener.signals[0].ts_event - desk.tape[0].ts_event >= 500_000_000
