import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.evaluation.leak import changed_past
from nautilus_scalp.evaluation.leak import closest_ns
from nautilus_scalp.evaluation.leak import differing
from nautilus_scalp.evaluation.leak import overlap_ns
from nautilus_scalp.evaluation.leak import peek


def running_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return (np.cumsum(values) / np.arange(1, len(values) + 1))[:, None]


def centred_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.convolve(values, np.ones(3) / 3.0, "same")[:, None]


def test_every_differing_value_and_every_surplus_row_counts() -> None:
    left = np.array([[1.0, np.nan], [2.0, 3.0]])
    assert differing(left, left.copy()) == 0
    assert differing(left, np.array([[1.0, 0.0], [2.0, 3.0]])) == 1
    assert differing(left, left[:1]) == 2
    assert differing(left, np.nextafter(left, 9.0)) == 3


def test_a_running_mean_keeps_its_past_and_a_centred_one_does_not() -> None:
    values = np.random.default_rng(1).normal(size=50)
    for cut in (10, 25, 49):
        assert changed_past(running_mean(values), running_mean(values[:cut])) == 0
        assert changed_past(centred_mean(values), centred_mean(values[:cut])) == 1


def test_a_feature_that_peeks_is_noticed() -> None:
    values = np.random.default_rng(2).normal(size=30)
    full, prefix = running_mean(values), running_mean(values[:20])
    assert changed_past(peek(full), peek(prefix)) == 1
    assert peek(full)[:-1].tolist() == full[1:].tolist()
    assert peek(full)[-1] == full[-1]


def test_windows_overlap_by_what_both_hold() -> None:
    assert overlap_ns((0, 10), (5, 7)) == 2
    assert overlap_ns((5, 7), (0, 10)) == 2
    assert overlap_ns((0, 10), (10, 12)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_closest_intervals_as_by_trying_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sides = []
    for low in (0, 400):
        start = rng.integers(low, low + 500, 12)
        sides.append((start, start + rng.integers(1, 40, 12)))
    (a, b), (c, d) = sides
    pairs = [max(c[j] - b[i], a[i] - d[j]) for i in range(12) for j in range(12)]
    found = closest_ns(*sides)
    assert found == min(pairs) if min(pairs) >= 0 else found < 0
