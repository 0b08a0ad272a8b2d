"""The correction of the move rate, worked out by hand, and what it must never do."""

import numpy as np
import pytest

from nautilus_scalp.models.move_rate import CAPACITY
from nautilus_scalp.models.move_rate import follow
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.models.move_rate import forget
from nautilus_scalp.models.move_rate import new_state


NS_PER_MS = 1_000_000
RATE = np.array([100.0 * NS_PER_MS, 1e30, 2.0])  # nothing fades; two outcomes assumed


def _logit(p: float) -> float:
    return float(np.log(p / (1.0 - p)))


def test_by_hand() -> None:
    state = new_state()
    assert follow(0.2, 0, 10.0, RATE, state) == 0.2
    assert follow(0.4, 50 * NS_PER_MS, 11.0, RATE, state) == 0.4
    # at 100 ms the first horizon is not over: this quote may still be followed by one of its time
    assert follow(0.3, 100 * NS_PER_MS, 10.0, RATE, state) == 0.3
    # at 101 ms it is: the mid at 100 ms is 10, no move; expected 0.2, observed 2 x 0.2 / 3
    shifted = follow(0.3, 101 * NS_PER_MS, 12.0, RATE, state)
    assert _logit(shifted) == pytest.approx(_logit(0.3) + _logit(0.4 / 3) - _logit(0.2))
    # at 151 ms the second is over: 11 -> 12 moved; expected 0.3 of two, observed (1 + 2 x 0.3) / 4
    shifted = follow(0.5, 151 * NS_PER_MS, 12.0, RATE, state)
    assert _logit(shifted) == pytest.approx(_logit(1.6 / 4) - _logit(0.3))


def test_a_half_life_forgets() -> None:
    state = new_state()
    rate = np.array([10.0 * NS_PER_MS, 100.0 * NS_PER_MS, 1.0])
    follow(0.5, 0, 10.0, rate, state)
    follow(0.5, 11 * NS_PER_MS, 10.0, rate, state)  # the first did not move
    first = follow(0.5, 12 * NS_PER_MS, 10.0, rate, state)
    # one outcome, faded over 1 ms: observed 0.5 / (f + 1)
    fade = 0.5**0.01
    assert _logit(first) == pytest.approx(_logit(0.5 / (fade + 1.0)))


def test_a_rate_that_is_too_low_is_followed_and_direction_kept() -> None:
    rng = np.random.default_rng(1)
    rows = 4_000
    ts = np.arange(rows) * 10 * NS_PER_MS
    moves = rng.random(rows) < 0.04  # within ten quotes the mid moves in a third of the cases
    mid = 100.0 + np.cumsum(moves)
    told = np.tile([0.03, 0.9, 0.07], (rows, 1))
    rate = np.array([100.0 * NS_PER_MS, 20_000.0 * NS_PER_MS, 50.0])
    out = follow_rows(told, np.zeros(rows, np.int32), ts, mid, rate)
    true = np.mean([mid[i + 10] != mid[i] for i in range(rows - 10)])
    assert abs((1.0 - out[1_000:, 1]).mean() - true) < 0.05
    np.testing.assert_allclose(out.sum(axis=1), 1.0)
    np.testing.assert_allclose(out[:, 2] / out[:, 0], 7.0 / 3.0)


def test_no_later_quote_changes_what_was_published() -> None:
    rng = np.random.default_rng(2)
    ts = np.cumsum(rng.integers(0, 30, 500)) * NS_PER_MS
    mid = 100.0 + np.cumsum(rng.integers(-1, 2, 500))
    told = rng.dirichlet([1.0, 3.0, 1.0], 500)
    segment = (np.arange(500) > 250).astype(np.int32)
    whole = follow_rows(told, segment, ts, mid, RATE)
    changed = mid.copy()
    changed[301:] += 5.0
    np.testing.assert_array_equal(follow_rows(told, segment, ts, changed, RATE)[:301], whole[:301])
    # a segment remembers nothing of the one before
    alone = follow_rows(told[251:], segment[251:], ts[251:], mid[251:], RATE)
    np.testing.assert_array_equal(alone, whole[251:])


def test_a_half_life_of_zero_changes_nothing() -> None:
    told = np.random.default_rng(3).dirichlet([1.0, 1.0, 1.0], 50)
    rate = np.array([1.0, 0.0, 1.0])
    out = follow_rows(
        told, np.zeros(50, np.int32), np.arange(50) * NS_PER_MS, np.arange(50.0), rate
    )
    np.testing.assert_array_equal(out, told)


def test_a_full_queue_drops_new_forecasts_and_goes_on() -> None:
    state = new_state()
    for _ in range(CAPACITY + 10):
        follow(0.5, 0, 10.0, RATE, state)
    later = 200 * NS_PER_MS
    shifted = follow(0.5, later, 10.0, RATE, state)
    # none of the forecasts that fitted moved
    assert _logit(shifted) == pytest.approx(_logit(1.0 / (CAPACITY + 2)))
    forget(state)
    assert follow(0.5, later, 10.0, RATE, state) == 0.5
