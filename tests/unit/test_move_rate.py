"""The correction by known outcomes, worked out by hand, and what it must never do."""

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.calibration import NO_HINTS
from nautilus_scalp.models.move_rate import CAPACITY
from nautilus_scalp.models.move_rate import RateState
from nautilus_scalp.models.move_rate import follow
from nautilus_scalp.models.move_rate import follow_rows
from nautilus_scalp.models.move_rate import forget
from nautilus_scalp.models.move_rate import new_state


NS_PER_MS = 1_000_000
FOR_EVER = 1e30


def _rate(  # noqa: PLR0913 - one for each setting
    *,
    half_life: float = FOR_EVER,
    burst: float = FOR_EVER,
    bias: float = 1.0,
    gain: float = 0.0,
    bend: float = 0.0,
    gap: float = 0.0,
    direction: float = 0.0,
) -> npt.NDArray[np.float64]:
    return np.array([100.0 * NS_PER_MS, half_life, burst, bias, gain, bend, gap, direction])


def _say(  # noqa: PLR0913, PLR0917 - what there is to say
    move: float,
    direction: float,
    ms: int,
    mid: float,
    rate: npt.NDArray[np.float64],
    state: RateState,
    gap: float = 0.0,
) -> tuple[float, float]:
    return follow((move, direction), gap, (ms * NS_PER_MS, mid), rate, state)


def _follow_all(
    told: npt.NDArray[np.float64],
    segment: npt.NDArray[np.int32],
    ts: npt.NDArray[np.int64],
    mid: npt.NDArray[np.float64],
    rate: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    plain, hint = np.array(IDENTITY), np.zeros((len(told), len(NO_HINTS)))
    return follow_rows(np.log(told), hint, plain, segment, ts, mid, rate)


def test_an_outcome_by_hand() -> None:
    state, rate = new_state(), _rate(direction=0.2)
    assert _say(0.0, 2.0, 0, 10.0, rate, state) == (0.0, 2.0)
    # at 100 ms the horizon is not over: this quote may still be followed by one of its time
    assert _say(0.0, 2.0, 100, 11.0, rate, state) == (0.0, 2.0)
    # at 101 ms it is: the mid rose. The first quote was all of its burst, the second half of it, so
    # an outcome is w = 3/4 of an observation. y = 1 at p = 1/2 with prior variance 1 gives
    # c = 1 x 3/4 x (1 - 1/2) / (1 + 3/4 x 1/4)
    move, direction = _say(0.0, 2.0, 101, 11.0, rate, state)
    assert move == pytest.approx(0.375 / 1.1875)
    # and up was foretold with p = sigmoid(2): u = v w d (1 - p) / (1 + w p (1 - p) d^2 v)
    p, v = 1.0 / (1.0 + np.exp(-2.0)), 0.04
    turn = v * 0.75 * 2.0 * (1.0 - p) / (1.0 + 0.75 * p * (1.0 - p) * 4.0 * v)
    assert direction == pytest.approx(2.0 * (1.0 + turn))


def test_constant_and_slope_are_learned_together_by_hand() -> None:
    state, rate = new_state(), _rate(gain=0.5)
    _say(-2.0, 0.0, 0, 10.0, rate, state)
    move, _ = _say(1.0, 0.0, 101, 10.0, rate, state)  # the first did not move: one observation
    p = 1.0 / (1.0 + np.exp(2.0))
    variance, covariance = 1.0 + 0.25 * -2.0 * -2.0, 1.0 + 0.25 * -2.0 * 1.0
    surprise = (0.0 - p) / (1.0 + p * (1.0 - p) * variance)
    assert move == pytest.approx(1.0 + covariance * surprise)


def test_a_bend_is_learned_where_the_forecast_was() -> None:
    state, rate = new_state(), _rate(bias=0.0, bend=0.5)
    _say(-3.0, 0.0, 0, 10.0, rate, state)  # a knot
    at_it, _ = _say(-3.0, 0.0, 101, 10.0, rate, state)
    p = 1.0 / (1.0 + np.exp(3.0))
    assert at_it == pytest.approx(-3.0 - 0.25 * p / (1.0 + 0.25 * p * (1.0 - p)))
    half_way, _ = _say(-2.25, 0.0, 101, 10.0, rate, state)
    assert half_way + 2.25 == pytest.approx((at_it + 3.0) / 2.0)
    assert _say(-1.5, 0.0, 101, 10.0, rate, state)[0] == -1.5  # the next knot


def test_what_a_gap_means_is_learned_apart() -> None:
    state, rate = new_state(), _rate(bias=0.0, gap=1.0)
    _say(0.0, 0.0, 0, 10.0, rate, state, gap=1.0)
    assert _say(0.0, 0.0, 101, 10.0, rate, state) == (0.0, 0.0)
    assert _say(0.0, 0.0, 101, 10.0, rate, state, gap=1.0)[0] == pytest.approx(-0.5 / 1.25)


def test_a_half_life_forgets_what_was_learned_and_how_sure_it_was() -> None:
    state, rate = new_state(), _rate(half_life=100.0 * NS_PER_MS, burst=1.0)
    _say(0.0, 0.0, 0, 10.0, rate, state)
    first, _ = _say(0.0, 0.0, 101, 10.0, rate, state)
    later, _ = _say(0.0, 0.0, 201, 10.0, rate, state)
    assert first == pytest.approx(-0.5 / 1.25)  # quotes far apart are an observation each
    assert later == pytest.approx(first / 2.0)  # the second is known only after 201 ms
    variance = 1.0 / 1.25
    assert state[2][0, 0] == pytest.approx(1.0 + (variance - 1.0) / 4.0)


def test_the_more_quotes_share_a_burst_the_less_each_tells() -> None:
    found = []
    for quotes in (1, 10):
        state, rate = new_state(), _rate(burst=20.0 * NS_PER_MS)
        for _ in range(quotes):
            _say(0.0, 0.0, 0, 10.0, rate, state)
        found.append(_say(0.0, 0.0, 101, 10.0, rate, state)[0])
    # ten quotes of one burst: together 1 + 1/2 .. + 1/10 = 2.93 observations and not ten
    assert found[0] == pytest.approx(-0.5 / 1.25)
    assert 2.93 * found[0] < found[1] < found[0]


def test_rates_and_odds_that_are_wrong_are_followed() -> None:
    rng = np.random.default_rng(1)
    rows = 8_000
    ts = np.arange(rows) * 10 * NS_PER_MS
    moves = rng.random(rows) < 0.04  # within ten quotes the mid moves in a third of the cases
    mid = 100.0 + np.cumsum(moves * rng.choice((-1, 1), rows))
    told = np.tile([0.01, 0.9, 0.09], (rows, 1))  # too rarely, and up nine times of ten
    rate = _rate(burst=100.0 * NS_PER_MS, gain=0.5, bend=0.3, direction=1.0)
    out = _follow_all(told, np.zeros(rows, np.int32), ts, mid, rate)[rows // 2 :]
    here = np.arange(rows // 2, rows - 10)
    true = np.mean(mid[here + 10] != mid[here])
    assert abs((1.0 - out[:, 1]).mean() - true) < 0.05
    np.testing.assert_allclose(out.sum(axis=1), 1.0)
    assert abs(np.log(out[:, 2] / out[:, 0])).max() < 0.5 * np.log(9.0)
    assert (out[:, 2] >= out[:, 0]).all()


def test_no_later_quote_changes_what_was_published() -> None:
    rng = np.random.default_rng(2)
    ts = np.cumsum(rng.integers(0, 30, 500)) * NS_PER_MS
    mid = 100.0 + np.cumsum(rng.integers(-1, 2, 500))
    told = rng.dirichlet([1.0, 3.0, 1.0], 500)
    segment = (np.arange(500) > 250).astype(np.int32)
    rate = _rate(half_life=500.0 * NS_PER_MS, burst=2e7, gain=0.5, bend=0.3, gap=1.0, direction=0.2)
    whole = _follow_all(told, segment, ts, mid, rate)
    changed = mid.copy()
    changed[301:] += 5.0
    np.testing.assert_array_equal(_follow_all(told, segment, ts, changed, rate)[:301], whole[:301])
    # a segment remembers nothing of the one before
    alone = _follow_all(told[251:], segment[251:], ts[251:], mid[251:], rate)
    np.testing.assert_array_equal(alone, whole[251:])


def test_a_half_life_of_zero_changes_nothing() -> None:
    told = np.random.default_rng(3).dirichlet([1.0, 1.0, 1.0], 50)
    ts, segment = np.arange(50) * 200 * NS_PER_MS, np.zeros(50, np.int32)
    out = _follow_all(told, segment, ts, np.arange(50.0), _rate(half_life=0.0))
    np.testing.assert_allclose(out, told, rtol=1e-12)
    assert not np.allclose(_follow_all(told, segment, ts, np.arange(50.0), _rate()), told)


def test_a_full_queue_drops_new_forecasts_and_goes_on() -> None:
    state, rate = new_state(), _rate()
    for _ in range(CAPACITY + 10):
        _say(0.0, 0.0, 0, 10.0, rate, state)
    move, _ = _say(0.0, 0.0, 200, 10.0, rate, state)
    assert -3.0 < move < -1.0  # thousands that did not move, together some nine observations
    assert state[5][1] == 1  # nothing but this quote waits now
    forget(state)
    assert _say(0.0, 0.0, 200, 10.0, rate, state) == (0.0, 0.0)


def test_extreme_forecasts_stay_finite() -> None:
    state, rate = new_state(), _rate(gain=0.5, bend=0.3, direction=0.2)
    for k in range(300):
        move, direction = _say(-1e6, -1e6, 60 * k, 10.0 + k % 2, rate, state)
        assert np.isfinite(move)
        assert np.isfinite(direction)


def test_no_outcome_turns_the_order_of_forecasts_around() -> None:
    state, rate = new_state(), _rate(burst=1.0, gain=3.0, bend=3.0)
    for k in range(200):  # what is said to be unlikely moves, and what is likely does not
        _say(-4.5 if k % 2 == 0 else 3.0, 0.0, 60 * k, 10.0 + (k + 1) // 2, rate, state)
    said = np.linspace(-6.0, 5.0, 50)
    told = [_say(float(move), 0.0, 60 * 200, 110.0, rate, state)[0] for move in said]
    assert told[0] - said[0] > 1.0
    assert told[-1] - said[-1] < 0.0
    assert (np.diff(told) > 0.0).all()
