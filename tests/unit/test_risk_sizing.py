"""Sizes, worked out by hand."""

import math

import pytest

from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.risk.sizing import TradeRecord
from nautilus_scalp.risk.sizing import entry_fraction


NO_RECORD = TradeRecord(wins=0, losses=0, won=0.0, lost=0.0)


@pytest.mark.parametrize(
    ("strength", "confidence", "volatility", "expected"),
    [
        (2.0, 1.0, 0.2, 0.02),
        (-1.0, 0.5, 0.2, 0.005),
        (2.0, 1.0, 0.4, 0.01),  # twice as wild: half as much
        (2.0, 1.0, 0.1, 0.02),  # calm does not add
        (math.nan, 1.0, 0.2, 0.0),
        (2.0, 1.0, math.nan, 0.0),
        (2.0, 1.0, math.inf, 0.0),
    ],
)
def test_confidence(strength: float, confidence: float, volatility: float, expected: float) -> None:
    got = entry_fraction(SizingParams(), strength, confidence, volatility, NO_RECORD)
    assert got == pytest.approx(expected)


def test_no_size_exceeds_the_largest() -> None:
    params = SizingParams(base=1.0)
    assert entry_fraction(params, 2.0, 1.0, 0.1, NO_RECORD) == 0.05


def test_volatility_target() -> None:
    params = SizingParams(method="volatility_target", target_volatility=0.01)
    assert entry_fraction(params, 0.0, 0.0, 0.5, NO_RECORD) == pytest.approx(0.02)
    assert entry_fraction(params, 0.0, 0.0, 0.01, NO_RECORD) == 0.05
    assert entry_fraction(params, 0.0, 0.0, math.nan, NO_RECORD) == 0.0


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (TradeRecord(wins=10, losses=10, won=20.0, lost=10.0), 0.02),  # too short a record
        (TradeRecord(wins=22, losses=18, won=22.0, lost=18.0), 0.25 * 0.1),  # p 0.55, payoff 1
        (TradeRecord(wins=20, losses=20, won=20.0, lost=20.0), 0.0),  # no edge
        (TradeRecord(wins=40, losses=0, won=20.0, lost=0.0), 0.05),
        (TradeRecord(wins=0, losses=40, won=0.0, lost=20.0), 0.0),
    ],
)
def test_kelly(record: TradeRecord, expected: float) -> None:
    got = entry_fraction(SizingParams(method="kelly"), 0.0, 0.0, math.nan, record)
    assert got == pytest.approx(expected)
