"""What was learnt survives a quick restart, and nothing that is old or of another market does."""

# ruff: noqa: SLF001 (what estimators keep to themselves is what is tested)

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from nautilus_scalp.quoting.intensity import FillIntensity
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.pull import PullGuard
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.risk.portfolio_moves import Comovement
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.signals.breakout import BreakoutParams
from nautilus_scalp.signals.breakout import BreakoutRule
from nautilus_scalp.signals.conditions import ConditionParams
from nautilus_scalp.signals.conditions import Conditions
from nautilus_scalp.signals.conditions import RangeAndMomentum
from nautilus_scalp.signals.keeping import MAX_AGE_NS
from nautilus_scalp.signals.keeping import Statistics
from nautilus_scalp.signals.model_guard import ModelGuard
from nautilus_scalp.signals.model_guard import ModelGuardParams
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams
from nautilus_scalp.signals.regime_measures import MeasureParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.signals.reversion import ReversionRule
from nautilus_scalp.signals.volatility import RealisedVolatility
from nautilus_scalp.signals.volatility import VolatilityParams


START = 1_700_000_000_000_000_000
STEP = 100_000_000  # ten mid prices and trades a second
STEPS = 600


def steps(first: int, last: int) -> list[tuple[int, float, float, int]]:
    """Return time, mid price, size and side of made-up events."""
    rng = np.random.default_rng(6)
    mids = 50_000.0 + 0.1 * np.cumsum(rng.integers(-9, 10, STEPS))
    sizes, sides = rng.integers(1, 90, STEPS) / 1_000, rng.choice([-1, 1], STEPS)
    rows = zip(range(STEPS), mids.tolist(), sizes.tolist(), sides.tolist(), strict=True)
    return [(START + i * STEP, mid, size, side) for i, mid, size, side in rows][first:last]


class At:
    """A clock that stands still."""

    def __init__(self, age_ns: int = 0) -> None:
        self.now_ns = START + age_ns

    def timestamp_ns(self) -> int:
        """Return it."""
        return self.now_ns


NOW = At()


class Learner:
    """An estimator, how it is told an event, and what it says."""

    def __init__(
        self,
        make: Callable[[], object],
        tell: Callable[[object, tuple[int, float, float, int]], object],
        says: Callable[[object], tuple[float, ...]],
    ) -> None:
        self.make, self.tell, self.says = make, tell, says


def _tell_intensity(it: FillIntensity, event: tuple[int, float, float, int]) -> None:
    it.on_mid(event[0], event[1])
    it.on_trade(event[1] + event[3] * event[2] * 10)


def _tell_pull(it: PullGuard, event: tuple[int, float, float, int]) -> None:
    it.on_market(event[0], event[1] - 0.1, event[1] + event[2])
    it.on_trade(event[0], event[2], event[3])


def _tell_guard(it: ModelGuard, event: tuple[int, float, float, int]) -> None:
    it.on_mid(event[0], event[1], event[3], 100)


REGIME = RegimeParams(
    measures=MeasureParams(bar_ms=200.0, window_bars=20, warm_up_bars=40), min_dwell_ms=0.0
)
EXACT = {
    "volatility": Learner(
        lambda: RealisedVolatility(VolatilityParams()),
        lambda it, event: it.on_mid(event[0], event[1]),
        lambda it: (it.value,),
    ),
    "pull": Learner(
        lambda: PullGuard(PullParams()),
        _tell_pull,
        lambda it: (it._signed, it._volume, it._trades, it._usual, it._watched_ms, it._jump),
    ),
    "reversion": Learner(
        lambda: ReversionRule(ReversionParams()),
        lambda it, event: it.on_trade(*event[1:]),
        lambda it: (it.fair_value, *it._readings),
    ),
    "breakout": Learner(
        lambda: BreakoutRule(BreakoutParams()),
        lambda it, event: it.on_trade(*event[1:]),
        lambda it: tuple(it._readings),
    ),
}
CUT = {  # the interval, opinion or bar that the restart fell into is left out
    "intensity": Learner(
        lambda: FillIntensity(IntensityParams(), 0.1),
        _tell_intensity,
        lambda it: (it.arrival_rate, it.depth_decay),
    ),
    "guard": Learner(
        lambda: ModelGuard(ModelGuardParams()), _tell_guard, lambda it: (it.accuracy,)
    ),
    "trend": Learner(
        lambda: RangeAndMomentum(ConditionParams(), Conditions()),
        lambda it, event: it.on_mid(event[0], event[1]),
        lambda it: (it._conditions.average_range,),
    ),
    "regime": Learner(
        lambda: RegimeClassifier(REGIME),
        lambda it, event: it.on_mid(event[0], event[1]),
        lambda it: (it.measures.volatility, it.measures.ratio),
    ),
}


def restarted(learner: Learner, at: int = STEPS // 2, age_ns: int = 0) -> tuple[object, object]:
    """Return one that ran all along, and one that was saved and given back on the way."""
    always, before, after = (learner.make() for _ in range(3))
    keeper = Statistics("BTC", it=before)
    for event in steps(0, at):
        learner.tell(always, event)
        learner.tell(before, event)
    assert Statistics("BTC", it=after).load(keeper.save(NOW), At(age_ns)) == (age_ns <= MAX_AGE_NS)
    return always, after


def learnt(learner: Learner, subject: str = "BTC") -> dict[str, bytes]:
    """Return what one saved that had seen the market."""
    estimator = learner.make()
    keeper = Statistics(subject, it=estimator, gone=None)
    for event in steps(0, STEPS // 2):
        learner.tell(estimator, event)
    return keeper.save(NOW)


@pytest.mark.parametrize("name", EXACT)
def test_goes_on_as_if_nothing_had_been(name: str) -> None:
    learner = EXACT[name]
    always, after = restarted(learner)
    for event in steps(STEPS // 2, STEPS):
        learner.tell(always, event)
        learner.tell(after, event)
        assert learner.says(after) == learner.says(always)
    assert all(map(math.isfinite, learner.says(after)))


@pytest.mark.parametrize("name", CUT)
def test_goes_on_but_for_the_moment_of_the_restart(name: str) -> None:
    learner = CUT[name]
    always, after = restarted(learner)
    for event in steps(STEPS // 2, STEPS):
        learner.tell(always, event)
        learner.tell(after, event)
    assert learner.says(after) == pytest.approx(learner.says(always), rel=0.1)
    assert all(map(math.isfinite, learner.says(after)))


def test_regime_is_there_at_once_and_the_unseen_move_is_no_shock() -> None:
    learner = CUT["regime"]
    always, after = restarted(learner)
    assert after.regime is not None
    assert after.regime is always.regime
    last = steps(STEPS // 2 - 1, STEPS // 2)[0]
    for step in range(1, 40):  # ten seconds later and three per cent lower, the market stands still
        after.on_mid(last[0] + 10_000_000_000 + step * STEP, 0.97 * last[1])
    assert after.measures.ratio < 1.0
    assert abs(after.measures.shift) < 3.0


@pytest.mark.parametrize("name", [*EXACT, *CUT])
def test_what_is_old_is_not_used(name: str) -> None:
    learner = (EXACT | CUT)[name]
    kept, estimator = learnt(learner), learner.make()
    statistics = Statistics("BTC", it=estimator)
    assert not statistics.load(kept, At(MAX_AGE_NS + 1))
    assert statistics.save(NOW) == {}
    assert statistics.load(kept, At(MAX_AGE_NS))
    assert statistics.save(NOW) == kept


def test_another_market_or_other_parameters_begin_anew() -> None:
    learner = EXACT["volatility"]
    kept, other = learnt(learner), learner.make()
    assert not Statistics("ETH", it=other).load(kept, NOW)
    slower = RealisedVolatility(VolatilityParams(half_life_ms=20_000.0))
    assert Statistics("BTC", it=slower).load(kept, NOW)
    assert math.isnan(other.value)
    assert math.isnan(slower.value)


def test_one_that_is_made_later_gets_its_part() -> None:
    learner = CUT["intensity"]
    kept, later = learnt(learner), learner.make()
    statistics = Statistics("BTC")
    assert statistics.load(kept, NOW)
    assert statistics.save(NOW) == kept  # what waits is not lost
    statistics.add("it", later)
    assert statistics.save(NOW) == kept
    assert all(map(math.isfinite, learner.says(later)))


def test_what_nobody_takes_up_is_dropped() -> None:
    kept, statistics = learnt(CUT["intensity"]), Statistics("BTC")
    assert statistics.load(kept, NOW)
    assert statistics.save(At(MAX_AGE_NS + 1)) == {}


def test_nothing_learnt_is_nothing_kept() -> None:
    assert Statistics("BTC", it=EXACT["volatility"].make()).save(NOW) == {}
    assert Statistics("BTC").save(NOW) == {}
    assert not Statistics("BTC").load({}, NOW)


def test_common_moves_wait_for_their_instruments() -> None:
    params = MovesParams(sample_ms=100.0, least_samples=10)
    before, after = Comovement(params), Comovement(params)
    keeper, statistics = Statistics("book", moves=before), Statistics("book", moves=after)
    for name in ("BTC", "ETH"):
        before.add(name)
    for ts, mid, size, _ in steps(0, 50):
        before.sample(ts, (mid, 3_000.0 + size))
    kept = keeper.save(NOW)
    assert statistics.load(kept, NOW)
    assert statistics.save(NOW) == kept  # what waits is not lost
    after.add("BTC")
    assert not after.known
    after.add("ETH")
    assert after.known
    exposures = np.array([1_000.0, -500.0])
    assert after.risk(exposures) == before.risk(exposures)
    assert after.annual_volatility == before.annual_volatility
    after.add("SOL")
    assert not after.known  # nobody knows how it moves with the others


@pytest.mark.parametrize("name", [*EXACT, *CUT])
@pytest.mark.parametrize("change", ["renamed", "longer", "nested", "number"])
def test_what_another_version_saved_begins_anew_with_a_warning(name: str, change: str) -> None:
    learner = (EXACT | CUT)[name]
    saved = msgspec.msgpack.decode(learnt(learner)["statistics"])
    params, values = saved["estimators"]["it"]
    field, value = next(iter(values.items()))
    other = {
        "renamed": {f"former{field}": value},
        "longer": {field: [value, value]},
        "nested": {field: {"former": value}},
        "number": {field: [0.0] * 1_000},
    }[change]
    rest = {known: kept for known, kept in values.items() if known != field}
    saved["estimators"]["it"] = [params, rest | other]
    kept = msgspec.msgpack.encode(saved)
    estimator = learner.make()
    statistics = Statistics("BTC", it=estimator)
    with pytest.warns(UserWarning, match="it of BTC saved by another version .* begun anew"):
        assert statistics.load({"statistics": kept}, NOW)
    assert statistics.save(NOW) == {}
    learner.tell(estimator, steps(0, 1)[0])


@pytest.mark.parametrize("kept", [b"", b"7", msgspec.msgpack.encode({"subject": "BTC"})])
def test_bytes_that_are_no_statistics_begin_anew_with_a_warning(kept: bytes) -> None:
    statistics = Statistics("BTC", it=EXACT["volatility"].make())
    with pytest.warns(UserWarning, match="statistics of BTC saved by another version"):
        assert not statistics.load({"statistics": kept}, NOW)
