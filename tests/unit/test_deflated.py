import math

import numpy as np
import pytest

from nautilus_scalp.evaluation.deflated import deflated_sharpe
from nautilus_scalp.evaluation.deflated import expected_max_sharpe
from nautilus_scalp.evaluation.deflated import probabilistic_sharpe


def test_the_paper_s_own_example() -> None:
    # Bailey and Lopez de Prado 2014, section "A numerical example": an annual ratio of 2.5 over
    # 1,250 days, skew -3, kurtosis 10, the best of 100 trials whose annual ratios vary by 0.5.
    hurdle = expected_max_sharpe(100, 0.5 / 250)
    assert hurdle == pytest.approx(0.1132, abs=5e-5)
    ratio = 2.5 / math.sqrt(250)
    assert probabilistic_sharpe(ratio, 1_250, -3.0, 10.0, hurdle) == pytest.approx(0.9004, abs=5e-5)


def test_expected_maximum_of_two_by_hand() -> None:
    # Phi^-1(1/2) = 0 and Phi^-1(1 - 1/(2e)) = Phi^-1(0.816060) = 0.900453; times 0.577216 and 0.1.
    assert expected_max_sharpe(2, 0.01) == pytest.approx(0.0519755, abs=1e-6)
    assert expected_max_sharpe(1, 0.01) == 0.0


def test_probabilistic_ratio_by_hand() -> None:
    # Returns +3, -1 in turn: mean 1, population deviation 2, skew 0, kurtosis 1, and with n = 50
    # a sample deviation of 2 sqrt(50 / 49). SR sqrt(49) = 49 / (2 sqrt(50)) = 3.464823.
    returns = np.array([3.0, -1.0] * 25)
    judged = deflated_sharpe(returns, trials=1)
    assert judged.hurdle == 0.0
    assert judged.value == judged.probabilistic == pytest.approx(0.99973472, abs=1e-7)


def test_more_trials_leave_less() -> None:
    returns = np.random.default_rng(3).normal(0.1, 1.0, 400)
    values = [deflated_sharpe(returns, trials=n).value for n in (1, 2, 10, 1_000)]
    assert all(v is not None for v in values)
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    assert values[0] > 0.9  # type: ignore[operator]
    assert values[-1] < 0.5  # type: ignore[operator]


def test_spread_of_trials_sets_the_hurdle() -> None:
    returns = np.random.default_rng(3).normal(0.1, 1.0, 400)
    measured = deflated_sharpe(returns, 10, trial_sharpes=(0.0, 0.2, 0.1))
    assert measured.hurdle == pytest.approx(expected_max_sharpe(10, 0.01))
    assumed = deflated_sharpe(returns, 10, trial_sharpes=(0.1,))
    assert assumed.hurdle == pytest.approx(expected_max_sharpe(10, 1 / 399))


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (np.array([0.1, 0.2]), "2 returns; it needs at least 1,440"),
        (np.full(2_000, 0.1), "the returns have no risk to divide by"),
    ],
)
def test_null_with_its_reason(returns: np.ndarray, reason: str) -> None:
    judged = deflated_sharpe(returns, trials=5, min_returns=1_440)
    assert (judged.value, judged.probabilistic, judged.hurdle) == (None, None, None)
    assert judged.reason == reason
