"""The judge of the model, signal by signal."""

import pytest

from nautilus_scalp.signals.model_guard import ModelGuard
from nautilus_scalp.signals.model_guard import ModelGuardParams


MS = 1_000_000
PARAMS = ModelGuardParams(half_life_signals=1e12, least_signals=4)  # plain averages


def feed(guard: ModelGuard, *moves: float) -> None:
    """Let the model say "up" at 100, and the price move by so much until its horizon is over."""
    for move in moves:
        guard.on_mid(0, 100.0, 1, 10)
        guard.on_mid(10 * MS, 100.0 + move, 0, 10)


def test_accuracy_is_the_share_of_signals_that_were_right() -> None:
    guard = ModelGuard(PARAMS)
    feed(guard, 0.1, -0.1, 0.1, 0.1)
    assert guard.judged == 4
    assert guard.accuracy == pytest.approx(0.75)
    assert not guard.degraded


def test_a_price_that_did_not_move_judges_nobody() -> None:
    guard = ModelGuard(PARAMS)
    feed(guard, 0.0, 0.0)
    assert guard.judged == 0


def test_one_signal_at_a_time_and_only_when_its_horizon_is_over() -> None:
    guard = ModelGuard(PARAMS)
    guard.on_mid(0, 100.0, -1, 10)
    guard.on_mid(9 * MS, 101.0, 1, 10)  # neither judged nor taken in
    assert guard.judged == 0
    guard.on_mid(10 * MS, 99.0, 1, 10)  # the first was right; this is the second
    assert (guard.judged, guard.accuracy) == (1, 1.0)
    guard.on_mid(20 * MS, 98.0, 0, 10)
    assert (guard.judged, guard.accuracy) == (2, pytest.approx(0.5))


def test_a_model_that_is_wrong_too_often_is_shut_down_until_it_recovers() -> None:
    guard = ModelGuard(PARAMS)
    feed(guard, -0.1, -0.1, -0.1)
    assert not guard.degraded  # too few to tell
    feed(guard, 0.1)
    assert guard.degraded  # a quarter
    feed(guard, 0.1)
    assert guard.degraded  # two fifths: less than half
    feed(guard, 0.1)
    assert not guard.degraded
    guard.reset()
    assert (guard.judged, guard.accuracy, guard.degraded) == (0, 0.0, False)
