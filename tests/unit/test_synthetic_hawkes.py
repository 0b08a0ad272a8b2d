"""The Hawkes process: what is set is what comes out."""

from typing import Any

import msgspec
import numpy as np
import pytest

from nautilus_scalp.data.synthetic.hawkes import HawkesParams
from nautilus_scalp.data.synthetic.hawkes import fit_hawkes
from nautilus_scalp.data.synthetic.hawkes import next_event
from nautilus_scalp.data.synthetic.params import BTCUSDT_2024_07
from nautilus_scalp.errors import UsageError


TWO_TYPES = HawkesParams(
    baseline_per_s=(0.5, 1.0),
    decay_per_s=(50.0, 2.0),
    branching=(((0.3, 0.1), (0.0, 0.2)), ((0.2, 0.0), (0.1, 0.2))),
)


def simulate(params: HawkesParams, seconds: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    baseline, decay = np.array(params.baseline_per_s), np.array(params.decay_per_s)
    excitation = np.zeros((len(decay), len(baseline)))
    kicks, now = params.kicks, 0.0
    times, kinds = [], []
    while True:
        wait, kind = next_event(rng, excitation, baseline, decay, seconds - now)
        now += wait
        if kind < 0:
            return np.array(times), np.array(kinds)
        excitation += kicks[kind]
        times.append(now)
        kinds.append(kind)


def test_matrix_ratio_and_rates_by_hand() -> None:
    assert TWO_TYPES.matrix.tolist() == [[0.5, 0.1], [0.1, 0.4]]
    # eigenvalues of [[.5, .1], [.1, .4]]: .45 +- sqrt(.0025 + .01)
    assert TWO_TYPES.branching_ratio == pytest.approx(0.45 + 0.0125**0.5)
    # (I - n)^-1 mu = [[.6, .1], [.1, .5]] mu / (.5 * .6 - .01)
    assert TWO_TYPES.rates_per_s == pytest.approx([0.4 / 0.29, 0.55 / 0.29])


def test_kicks_are_branching_times_decay_by_parent() -> None:
    assert TWO_TYPES.kicks[0].tolist() == [[15.0, 0.0], [0.4, 0.2]]  # parent 0: scales x children
    assert TWO_TYPES.kicks[1].tolist() == [[5.0, 10.0], [0.0, 0.4]]


def test_measured_rates_and_branching_are_those_set() -> None:
    times, kinds = simulate(TWO_TYPES, 8_000.0, seed=5)
    rates = np.bincount(kinds) / 8_000.0
    assert rates == pytest.approx(TWO_TYPES.rates_per_s, rel=0.05)
    fitted = fit_hawkes(times, kinds, TWO_TYPES.decay_per_s)
    assert fitted.branching_ratio == pytest.approx(TWO_TYPES.branching_ratio, abs=0.03)
    assert fitted.matrix == pytest.approx(TWO_TYPES.matrix, abs=0.04)
    assert fitted.baseline_per_s == pytest.approx(TWO_TYPES.baseline_per_s, rel=0.1)


def test_poisson_without_branching() -> None:
    params = msgspec.structs.replace(
        TWO_TYPES, branching=(((0.0, 0.0), (0.0, 0.0)),) * 2, baseline_per_s=(3.0, 1.0)
    )
    times, kinds = simulate(params, 5_000.0, seed=6)
    waits = np.diff(times)
    assert len(times) / 5_000.0 == pytest.approx(4.0, rel=0.03)
    assert waits.std() / waits.mean() == pytest.approx(1.0, abs=0.03)
    assert (kinds == 0).mean() == pytest.approx(0.75, abs=0.02)


def test_the_limit_stops_without_an_event_and_ages_the_excitation() -> None:
    excitation = np.array([[8.0, 0.0], [0.0, 4.0]])
    silent = np.array([1e-12, 1e-12])
    rng = np.random.default_rng(1)
    wait, kind = next_event(rng, excitation, silent, np.array([50.0, 2.0]), 0.0)
    assert (wait, kind) == (0.0, -1)
    assert excitation.tolist() == [[8.0, 0.0], [0.0, 4.0]]


def test_recorded_fit_is_stationary() -> None:
    assert 0.9 < BTCUSDT_2024_07.branching_ratio < 0.95
    assert BTCUSDT_2024_07.rates_per_s == pytest.approx([1.34, 6.49, 63.0, 39.5], rel=0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"branching": (((0.3, 0.1), (0.0, 0.2)),)}, "2 matrices of 2 x 2"),
        ({"baseline_per_s": (0.5, -1.0)}, "negative or not finite"),
        ({"decay_per_s": (50.0, float("nan"))}, "negative or not finite"),
        ({"branching": (((0.9, 0.1), (0.0, 0.2)), ((0.2, 0.0), (0.1, 0.2)))}, "explodes"),
    ],
)
def test_refuses_what_cannot_run(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as error:
        msgspec.structs.replace(TWO_TYPES, **change)
    assert words in error.value.message
