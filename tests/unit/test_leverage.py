"""Leverage in its three modes, and what takes it away."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_scalp.errors import UsageError
from nautilus_scalp.risk.leverage import Conditions
from nautilus_scalp.risk.leverage import LeverageParams
from nautilus_scalp.risk.leverage import VenueLevel
from nautilus_scalp.risk.leverage import target_leverage


CALM = {"volatility": 0.3, "drawdown": 0.0}
WORSE = {"volatility": 1.2, "drawdown": 0.02, "noise": 0.5}  # factors 0.5, 0.8 and 0.75


@pytest.mark.parametrize(
    ("mode", "calm", "worse"),
    [("conservative", 1.5, 0.75), ("aggressive", 3.0, 1.5), ("adaptive", 3.0, 0.9)],
)
def test_modes(mode: str, calm: float, worse: float) -> None:
    params = LeverageParams(mode=mode)
    assert target_leverage(params, Conditions(**CALM)) == calm
    assert target_leverage(params, Conditions(**WORSE)) == pytest.approx(worse)


@pytest.mark.parametrize(
    "change",
    [
        {"crash": True},
        {"drawdown": 0.1},
        {"volatility": 3.0},
        {"volatility": math.nan},
        {"noise": math.inf},
    ],
)
def test_emergency(change: dict[str, float]) -> None:
    params = LeverageParams(mode="aggressive")
    assert target_leverage(params, Conditions(**(CALM | change))) == params.emergency


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"regime_multiple": 0.7}, 0.7),
        ({"regime_multiple": 1.5}, 1.0),
        ({"win_rate": 0.3}, 0.75),
        ({"risk_share": 0.4}, 0.6),
    ],
)
def test_each_condition_alone(change: dict[str, float], factor: float) -> None:
    params = LeverageParams(mode="adaptive")
    assert target_leverage(params, Conditions(**(CALM | change))) == pytest.approx(3.0 * factor)


anything = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.sampled_from(["conservative", "aggressive", "adaptive"]),
    st.builds(
        Conditions,
        volatility=anything,
        drawdown=anything,
        regime_multiple=anything,
        crash=st.booleans(),
        noise=anything,
        win_rate=anything,
        risk_share=anything,
    ),
)
def test_never_outside_its_limits_whatever_the_numbers(mode: str, now: Conditions) -> None:
    params = LeverageParams(mode=mode)
    assert params.emergency <= target_leverage(params, now) <= params.largest


def test_an_emergency_above_the_mode_is_refused() -> None:
    with pytest.raises(UsageError, match="emergency"):
        LeverageParams(mode="conservative", largest=1.0, emergency=0.6)


def test_the_venues_setting_falls_at_once_and_rises_after_a_while() -> None:
    level = VenueLevel(raise_after_ms=1_000.0)
    assert level.follow(2.1, 0) == 3
    assert level.follow(1.2, 1) == 2
    assert level.follow(2.9, 1_000_000_000) == 2
    assert level.follow(0.5, 1_000_000_000) == 1
    assert level.follow(2.9, 1_999_999_999) == 1
    assert level.follow(2.9, 2_000_000_000) == 3
