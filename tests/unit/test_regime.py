"""Scripted prices walk through the regimes; the measures are those that one computes by hand."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.risk.profile import PROFILES
from nautilus_scalp.signals.garch import GarchParams
from nautilus_scalp.signals.regime import Band
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams
from nautilus_scalp.signals.regime_measures import MeasureParams
from nautilus_scalp.signals.regime_measures import Measures
from nautilus_scalp.signals.regime_measures import RegimeMeter


SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
QUIET = 1e-4  # return of a bar


def random_returns(rng: np.random.Generator, count: int, scale: float = 1.0) -> list[float]:
    """Return signs of equal frequency in random order: no window has a trend by accident."""
    blocks = [rng.permutation([1.0, 1.0, -1.0, -1.0]) for _ in range(count // 4)]
    return (scale * QUIET * np.concatenate(blocks)).tolist()


def walk(returns: Sequence[float], start: float = 100.0) -> list[tuple[int, float]]:
    """Return one price a second."""
    prices = start * np.exp(np.cumsum(returns))
    return [(START_NS + i * SECOND_NS, float(price)) for i, price in enumerate(prices)]


def regimes_of(events: Sequence[tuple[int, float]], params: RegimeParams) -> list[Regime | None]:
    """Return the regimes in their order."""
    classifier = RegimeClassifier(params)
    return [classifier.regime for ts_ns, mid in events if classifier.on_mid(ts_ns, mid)]


def test_crash_recovery_and_back_to_normal() -> None:
    rng = np.random.default_rng(1)
    crash = [-20 * QUIET] * 30
    path = [*random_returns(rng, 600), *crash, *random_returns(rng, 200, 5.0)]
    path += random_returns(rng, 600)
    found = regimes_of(walk(path), RegimeParams())
    calm, wild = Regime.NORMAL, Regime.VOLATILE  # wild: before the fall is long enough
    assert found == [calm, wild, Regime.CRASH, Regime.RECOVERY, calm]


def test_one_bar_is_enough_for_a_crash() -> None:
    rng = np.random.default_rng(9)
    path = [*random_returns(rng, 300), -100 * QUIET, *random_returns(rng, 40)]
    assert regimes_of(walk(path), RegimeParams()) == [Regime.NORMAL, Regime.CRASH]


@pytest.mark.parametrize(("share", "crashes"), [(1.0, True), (0.9, False)])
def test_a_fall_that_costs_little_is_no_crash(share: float, crashes: bool) -> None:  # noqa: FBT001
    """Twenty standard deviations of a market that sleeps; a fall of 50 basis points is one."""
    asleep = [0.02 * move for move in random_returns(np.random.default_rng(4), 600)]
    path = [*asleep, *[-share * 50.01e-4 / 30.0] * 30, *asleep[:40]]
    assert (Regime.CRASH in regimes_of(walk(path), RegimeParams())) == crashes


def test_bull_run_from_a_trend() -> None:
    rng = np.random.default_rng(2)
    rise = [2 * QUIET] * 20 + [6 * QUIET] * 60
    path = [*random_returns(rng, 600), *rise, *random_returns(rng, 800)]
    found = regimes_of(walk(path), RegimeParams())
    assert found[:3] == [Regime.NORMAL, Regime.TRENDING, Regime.BULL_RUN]
    assert found[-1] is Regime.NORMAL
    assert Regime.CRASH not in found


def test_volatile_without_a_direction() -> None:
    rng = np.random.default_rng(3)
    path = [*random_returns(rng, 600), *random_returns(rng, 120, 4.0), *random_returns(rng, 800)]
    found = regimes_of(walk(path), RegimeParams())
    assert found == [Regime.NORMAL, Regime.VOLATILE, Regime.NORMAL]


def test_a_price_that_bounces_within_its_bars_ranges() -> None:
    rng = np.random.default_rng(4)
    params = RegimeParams()
    quiet = walk(random_returns(rng, 300))
    last_ns, last = quiet[-1]
    bounce = [
        (last_ns + i * SECOND_NS // 10, last * (1.0 + (QUIET if i % 2 else -QUIET)))
        for i in range(1, 1_200)
    ]
    assert regimes_of(quiet + bounce, params) == [Regime.NORMAL, Regime.RANGING]


def test_a_random_walk_is_no_crash() -> None:
    rng = np.random.default_rng(5)
    found = regimes_of(walk((QUIET * rng.standard_normal(20_000)).tolist()), RegimeParams())
    assert not {Regime.CRASH, Regime.BULL_RUN, Regime.RECOVERY} & set(found)
    changes = len(found)
    assert changes < 300  # hysteresis: of 20,000 bars


def test_least_time_in_a_regime_holds_for_all_but_a_crash() -> None:
    rng = np.random.default_rng(6)
    params = RegimeParams(min_dwell_ms=30_000.0)
    path = [*random_returns(rng, 300), *random_returns(rng, 40, 8.0), *[-40 * QUIET] * 4]
    path += random_returns(rng, 400)
    classifier = RegimeClassifier(params)
    changes = [
        (classifier.regime, ts_ns) for ts_ns, mid in walk(path) if classifier.on_mid(ts_ns, mid)
    ]
    assert Regime.CRASH in [regime for regime, _ in changes]
    for (_, before), (regime, after) in itertools.pairwise(changes):
        assert regime is Regime.CRASH or after - before >= 30 * SECOND_NS


def test_thresholds_differ_for_entering_and_leaving() -> None:
    band = Band(enter=2.0, leave=1.0)
    assert not band.holds(1.5, Regime.RANGING, Regime.NORMAL)
    assert band.holds(1.5, Regime.RANGING, Regime.RANGING)
    assert not band.holds(math.nan, Regime.RANGING, Regime.RANGING)


def test_measures_by_hand() -> None:
    params = MeasureParams(
        window_bars=2,
        warm_up_bars=4,
        half_life_bars=1.0,
        garch=GarchParams(alpha=0.1, beta=0.8, omega=1e-8),
        historical_weight=0.5,
        ewma_weight=0.25,
        garch_weight=0.25,
    )
    meter = RegimeMeter(params)
    # Bars of 0, 1, 1, 2 and within the last one the price goes to 4 % first.
    prices = [(0.0, 0.0), (1.2, 0.01), (2.2, 0.02), (3.1, 0.03), (3.2, 0.06), (3.3, 0.04)]
    early = [meter.on_mid(round(s * SECOND_NS), math.exp(x)) for s, x in prices]
    assert early == [None] * len(prices)
    now = meter.on_mid(4 * SECOND_NS, math.exp(0.04))
    assert now is not None
    squares = [0.0, 1e-4, 1e-4, 4e-4]
    historical = math.sqrt((1e-4 + 4e-4) / 2)
    ewma = (0.25 * 1e-4 + 0.5 * 1e-4 + 4e-4) / 1.875
    fine = (0.25 * 1e-4 + 0.5 * 1e-4 + (1e-4 + 9e-4 + 4e-4)) / 1.875
    garch = 1e-8 / (1.0 - 0.1 - 0.8)  # the long run's, before the first bar
    for square in squares:
        garch = 1e-8 + 0.1 * square + 0.8 * garch
    volatility = 0.5 * historical + 0.25 * math.sqrt(ewma) + 0.25 * math.sqrt(garch)
    kept = 0.5 ** (1 / params.baseline_half_life_bars)
    usual = math.sqrt(1e-4 / (1.0 + kept))  # the two bars that left the window: 0 and 1
    move = 0.03 / math.sqrt(2)
    noise = 1.0 - ewma / fine
    by_hand = Measures(volatility, volatility / usual, move / usual, move / historical, noise, 0.03)
    for name in Measures.__struct_fields__:
        assert getattr(now, name) == pytest.approx(getattr(by_hand, name), rel=1e-9), name


def test_what_is_no_price_is_counted_and_changes_nothing() -> None:
    rng = np.random.default_rng(7)
    events = walk(random_returns(rng, 400))
    clean, dirty = RegimeClassifier(RegimeParams()), RegimeClassifier(RegimeParams())
    for ts_ns, mid in events:
        clean.on_mid(ts_ns, mid)
        dirty.on_mid(ts_ns, mid)
        for bad in (math.nan, math.inf, 0.0, -1.0):
            assert not dirty.on_mid(ts_ns, bad)
        assert not dirty.on_mid(ts_ns - 1, mid)
    assert dirty.measures == clean.measures
    assert dirty.refusals == 5 * len(events)


def test_a_gap_makes_the_regime_unknown() -> None:
    rng = np.random.default_rng(8)
    classifier = RegimeClassifier(RegimeParams())
    events = walk(random_returns(rng, 400))
    for ts_ns, mid in events:
        classifier.on_mid(ts_ns, mid)
    assert classifier.regime is Regime.NORMAL
    assert classifier.on_mid(events[-1][0] + 61 * SECOND_NS, 100.0)
    assert classifier.regime is None


def test_a_market_that_never_moves_is_normal() -> None:
    assert regimes_of(walk([0.0] * 300), RegimeParams()) == [Regime.NORMAL]


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="leave"):
        Band(enter=1.0, leave=2.0)
    with pytest.raises(UsageError, match="garch"):
        GarchParams(alpha=0.2, beta=0.8)
    with pytest.raises(UsageError, match="weights"):
        MeasureParams(historical_weight=0.0, ewma_weight=0.0, garch_weight=0.0)
    with pytest.raises(UsageError, match="warm_up_bars"):
        MeasureParams(window_bars=100, warm_up_bars=50)
    with pytest.raises(UsageError, match="bars of 250 ms"):
        MeasureParams(garch=GarchParams(bar_ms=250.0))


def test_every_regime_has_a_profile() -> None:
    assert set(PROFILES) == set(Regime)
    assert PROFILES[Regime.RANGING] == PROFILES[Regime.NORMAL]
    assert [regime for regime in Regime if PROFILES[regime].liquidate] == [Regime.CRASH]
