"""Optimal quotes against the papers' formulas, fill rates against a known law."""

import math

import numpy as np
import pytest

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.quoting.intensity import FillIntensity
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.ladder import Ladder
from nautilus_scalp.quoting.optimal import avellaneda_stoikov
from nautilus_scalp.quoting.optimal import glft
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pricing import Market


RULES = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
NS_PER_MS = 1_000_000


def test_avellaneda_stoikov_with_the_numbers_of_the_paper() -> None:
    # gamma 0.1, sigma 2, k 1.5, T 1: the paper quotes a spread of 1.49 at the beginning.
    half, shift = avellaneda_stoikov(0.1, 2.0, 1.5, 1.0)
    assert 2.0 * half == pytest.approx(0.4 + 20.0 * math.log(1.0 + 0.1 / 1.5))
    assert shift == pytest.approx(0.4)


def test_glft_closed_form() -> None:
    half, shift = glft(0.01, 0.3, 0.3, 0.9)
    expected = 0.3 * math.sqrt(0.01 / (2 * 0.3 * 0.9) * (1 + 0.01 / 0.3) ** (1 + 0.3 / 0.01))
    assert shift == pytest.approx(expected)
    assert half == pytest.approx(100.0 * math.log(1 + 0.01 / 0.3) + 0.5 * expected)


def test_without_risk_aversion_half_the_spread_is_the_inverse_decay() -> None:
    assert avellaneda_stoikov(1e-9, 10.0, 0.05, 1.0)[0] == pytest.approx(20.0, rel=1e-4)
    assert glft(1e-9, 10.0, 0.05, 1.0)[0] == pytest.approx(20.0, abs=0.01)


@pytest.mark.parametrize("model", ["avellaneda_stoikov", "glft"])
def test_ladder_leans_away_from_inventory(model: str) -> None:
    params = LadderParams(
        model=model,  # type: ignore[arg-type]
        spread_target=0.0,
        risk_aversion=0.01,
        imbalance_weight=0.0,
        quote_depth=1,
    )
    ladder = Ladder(params, RULES, 1.0, 4.0)
    market = Market(1_000.0, 1_000.1, 1.0, 1.0, 1e-4, 0.0, 5.0, 0.2)
    flat, long = ladder.quote(market, 0.0), ladder.quote(market, 2.0)
    # One second's volatility of 1e-4 of 1000 is one tick.
    half, shift = (
        glft(0.01, 1.0, 0.2, 5.0) if model == "glft" else avellaneda_stoikov(0.01, 1.0, 0.2, 1.0)
    )
    assert [quote.side for quote in flat] == [BUY, SELL]
    assert flat[0].ticks == math.floor(10_000.5 - half)
    assert flat[1].ticks == math.ceil(10_000.5 + half)
    assert long[0].ticks == math.floor(10_000.5 - half - 2.0 * shift)
    assert long[1].ticks == math.ceil(10_000.5 + half - 2.0 * shift)


def test_nothing_is_quoted_before_fill_rates_are_known() -> None:
    ladder = Ladder(LadderParams(model="glft"), RULES, 1.0, 4.0)
    assert ladder.quote(Market(1_000.0, 1_000.1, 1.0, 1.0, 1e-4), 0.0) == []


def test_fill_rates_of_a_known_law_are_found() -> None:
    # The furthest trade of an interval is exponential: quotes at d are reached at 10 exp(-0.25 d).
    rng = np.random.default_rng(5)
    intensity = FillIntensity(IntensityParams(half_life_ms=1e9), tick_size=0.1)
    for step in range(20_000):
        intensity.on_mid(step * 100 * NS_PER_MS, 1_000.0)
        intensity.on_trade(1_000.0 + rng.choice([-0.1, 0.1]) * rng.exponential(4.0))
    assert intensity.depth_decay == pytest.approx(0.25, rel=0.1)
    assert intensity.arrival_rate == pytest.approx(10.0, rel=0.1)


def test_fill_rates_are_unknown_at_first_and_after_a_reset() -> None:
    intensity = FillIntensity(IntensityParams(least_hits=1.0), tick_size=0.1)
    intensity.on_trade(1_000.0)  # before any mid price
    for step in range(3):
        assert math.isnan(intensity.depth_decay)
        intensity.on_mid(step * 100 * NS_PER_MS, 1_000.0)
        intensity.on_trade(1_000.2 + 0.2 * step)
    intensity.on_mid(300 * NS_PER_MS, 1_000.0)
    assert intensity.depth_decay > 0.0
    intensity.reset()
    assert math.isnan(intensity.depth_decay)
