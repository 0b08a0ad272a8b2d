"""Entry rules, volatility and the combination with the model, worked out by hand."""

import math

import msgspec
import pytest

from nautilus_scalp.signals.breakout import BreakoutParams
from nautilus_scalp.signals.breakout import BreakoutRule
from nautilus_scalp.signals.combination import NO_OPINION
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.combination import Opinion
from nautilus_scalp.signals.combination import combine
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.signals.reversion import ReversionRule
from nautilus_scalp.signals.volatility import RealisedVolatility
from nautilus_scalp.signals.volatility import VolatilityParams


NS_PER_MS = 1_000_000


def falling_rule(**settings: object) -> ReversionRule:
    """Four trades of 1 BTC at 100, then a fall to 98 on which a buyer of 3 steps in."""
    params = {
        "deviation_threshold": 1.0,
        "lookback_ticks": 5,
        "flow_ticks": 1,
        "rsi_length": 2,
        "bollinger_width": 1.0,
    }
    rule = ReversionRule(ReversionParams(**{**params, **settings}))
    for _ in range(4):
        assert not rule.initialized
        rule.on_trade(100.0, 1.0, -1)
    rule.on_trade(98.0, 3.0, 1)
    return rule


def test_reversion_fair_value_is_the_tick_vwap() -> None:
    # (4 x 100 + 3 x 98) / 7
    assert falling_rule().fair_value == pytest.approx(694.0 / 7.0)


def test_reversion_buys_below_fair_value() -> None:
    side, strength = falling_rule().decide(98.0, math.nan)
    assert side == 1
    assert strength == pytest.approx((1.0 - 98.0 * 7.0 / 694.0) / 0.01)


def test_reversion_sells_above_fair_value() -> None:
    rule = ReversionRule(
        ReversionParams(
            deviation_threshold=1.0,
            lookback_ticks=5,
            flow_ticks=1,
            rsi_length=2,
            bollinger_width=1.0,
        )
    )
    for price, size, side in [(100.0, 1.0, 1)] * 4 + [(102.0, 3.0, -1)]:
        rule.on_trade(price, size, side)
    assert rule.decide(102.0, math.nan)[0] == -1


@pytest.mark.parametrize(
    "settings",
    [
        {"deviation_threshold": 2.0},  # 1.15 % away
        {"flow_ticks": 2, "flow_threshold": 0.6},  # flow (3 - 1) / 4
        {"volume_multiplier": 3.0},  # 3 against an average of 1.4
        {"bollinger_width": 2.1},  # two standard deviations below the mean
        {"rsi_oversold": 0.0, "flow_ticks": 1, "rsi_length": 14},  # 50 while it warms up
        {"threshold_unit": "volatility"},  # volatility is unknown
    ],
)
def test_reversion_needs_every_confirmation(settings: dict[str, object]) -> None:
    assert falling_rule(**settings).decide(98.0, math.nan) == (0, 0.0)


def test_reversion_threshold_in_volatility_units() -> None:
    rule = falling_rule(threshold_unit="volatility", deviation_threshold=2.0)
    assert rule.decide(98.0, 0.005)[0] == 1
    assert rule.decide(98.0, 0.006) == (0, 0.0)


def test_reversion_refuses_malformed_trades_and_forgets_on_reset() -> None:
    rule = falling_rule()
    for price, size in ((math.nan, 1.0), (0.0, 1.0), (100.0, 0.0), (100.0, math.inf)):
        assert not rule.on_trade(price, size, 1)
    assert rule.decide(98.0, math.nan)[0] == 1
    rule.reset()
    assert math.isnan(rule.fair_value)
    assert rule.decide(98.0, math.nan) == (0, 0.0)


def rising_rule(**settings: object) -> BreakoutRule:
    """Six quiet trades of 1 BTC at 100, then 100.2, 100.4, 100.8 and 101.4 on 4 BTC bought each."""
    params = {
        "momentum_threshold": 1.0,
        "momentum_ticks": 4,
        "volume_multiplier": 1.5,
        "volume_window": 10,
        "breakout_window": 5,
        "flow_threshold": 0.5,
    }
    rule = BreakoutRule(BreakoutParams(**{**params, **settings}))
    for _ in range(6):
        rule.on_trade(100.0, 1.0, -1)
    for price in (100.2, 100.4, 100.8, 101.4):
        rule.on_trade(price, 4.0, 1)
    return rule


def test_breakout_joins_a_rise_with_the_strength_of_its_momentum() -> None:
    side, strength = rising_rule().decide(math.nan)
    momentum = 0.2 / 100 + 0.2 / 100.2 + 0.4 / 100.4 + 0.6 / 100.8
    assert side == 1
    assert strength == pytest.approx(momentum / 0.01)


@pytest.mark.parametrize(
    "settings",
    [
        {"momentum_threshold": 1.5},  # 1.39 %
        {"volume_multiplier": 2.0},  # 4 against (6 + 16) / 10 = 2.2: a ratio of 1.82
        {"flow_threshold": 0.9},  # (16 - 1) / 17 = 0.88
        {"volume_window": 11},  # not warm yet
        {"threshold_unit": "volatility"},  # volatility is unknown
    ],
)
def test_breakout_needs_every_confirmation(settings: dict[str, object]) -> None:
    assert rising_rule(**settings).decide(math.nan) == (0, 0.0)


def test_breakout_wants_acceleration_unless_told_otherwise() -> None:
    slowing = {"momentum_ticks": 2, "momentum_threshold": 0.5}
    rule = rising_rule(**slowing)
    rule.on_trade(101.5, 4.0, 1)  # +0.6 then +0.1
    assert rule.decide(math.nan) == (0, 0.0)
    relaxed = rising_rule(acceleration=False, **slowing)
    relaxed.on_trade(101.5, 4.0, 1)
    assert relaxed.decide(math.nan)[0] == 1


def test_breakout_threshold_in_volatility_units() -> None:
    rule = rising_rule(threshold_unit="volatility", momentum_threshold=2.0)
    momentum = 0.2 / 100 + 0.2 / 100.2 + 0.4 / 100.4 + 0.6 / 100.8
    assert rule.decide(0.25 * momentum) == (1, pytest.approx(2.0))
    assert rule.decide(0.51 * momentum) == (0, 0.0)
    assert rule.decide(math.nan) == (0, 0.0)


def test_breakout_joins_a_fall() -> None:
    rule = BreakoutRule(
        BreakoutParams(
            momentum_threshold=0.5,
            momentum_ticks=2,
            volume_multiplier=1.0,
            volume_window=4,
            breakout_window=2,
        )
    )
    for price, side in ((100.0, 1), (100.0, 1), (99.8, -1), (99.0, -1)):
        rule.on_trade(price, 1.0, side)
    assert rule.decide(math.nan)[0] == -1


def test_volatility_of_a_steady_zigzag() -> None:
    # One return of 1 basis point every 100 ms: ten a second, root of ten basis points.
    volatility = RealisedVolatility(VolatilityParams(half_life_ms=1_000.0, horizon_ms=1_000.0))
    for step in range(101):
        value = volatility.on_mid(step * 100 * NS_PER_MS, 100.0 * (1.0 + 1e-4 * (step % 2)))
    assert value == pytest.approx(math.sqrt(10.0) * 1e-4, rel=1e-3)


def test_volatility_is_unknown_at_first_after_a_gap_and_after_a_reset() -> None:
    volatility = RealisedVolatility(VolatilityParams(half_life_ms=100.0, horizon_ms=1_000.0))
    assert math.isnan(volatility.on_mid(0, 100.0))
    assert volatility.on_mid(200 * NS_PER_MS, 101.0) > 0.0
    assert math.isnan(volatility.on_mid(800 * NS_PER_MS, 150.0))
    assert volatility.on_mid(1_000 * NS_PER_MS, 150.0) == 0.0
    volatility.reset()
    assert math.isnan(volatility.value)


def test_volatility_takes_in_later_that_a_price_stood() -> None:
    at_once = RealisedVolatility(VolatilityParams(half_life_ms=300.0))
    later = RealisedVolatility(VolatilityParams(half_life_ms=300.0))
    for step, mid in enumerate((100.0, 100.0, 101.0, 101.0, 101.0, 100.5)):
        value = at_once.on_mid(step * 100 * NS_PER_MS, mid)
    later.on_mid(0, 100.0)
    later.on_stand(100 * NS_PER_MS)
    later.on_mid(200 * NS_PER_MS, 101.0)
    later.on_stand(300 * NS_PER_MS)
    later.on_stand(400 * NS_PER_MS)
    assert later.on_mid(500 * NS_PER_MS, 100.5) == value > 0.0
    later.on_stand(600 * NS_PER_MS)
    assert later.value == value
    later.settle()
    assert later.value == at_once.on_mid(600 * NS_PER_MS, 100.5) < value


BUY_OPINION = Opinion(strength=1.0, confidence=0.5, expected_move_bps=1.0, ts_ns=0)
SURE_SELL = Opinion(strength=-1.6, confidence=0.9, expected_move_bps=-2.0, ts_ns=0)


@pytest.mark.parametrize(
    ("mode", "side", "opinion", "expected"),
    [
        ("rules", 1, SURE_SELL, (1, 1.2)),
        ("rules", 0, SURE_SELL, (0, 0.0)),
        ("signal", 0, BUY_OPINION, (1, 0.5)),
        ("signal", -1, BUY_OPINION, (1, 0.5)),
        ("signal", 1, NO_OPINION, (0, 0.0)),
        ("combined", 1, BUY_OPINION, (1, 1.2 * 1.5)),  # agree: stronger
        ("combined", -1, BUY_OPINION, (0, 0.0)),  # disagree: hold
        ("combined", 0, BUY_OPINION, (0, 0.0)),  # the model alone is not sure: hold
        ("combined", 1, NO_OPINION, (0, 0.0)),
        ("combined", 1, SURE_SELL, (-1, 0.8)),  # the model is sure: it wins
        ("combined", 0, SURE_SELL, (-1, 0.8)),
        ("signal", 1, Opinion(math.nan, math.nan, math.nan, 0), (0, 0.0)),
        ("combined", 1, Opinion(math.nan, math.nan, math.nan, 0), (0, 0.0)),
    ],
)
def test_combination(mode: str, side: int, opinion: Opinion, expected: tuple[int, float]) -> None:
    got = combine(side, 1.2, opinion, CombinationParams(mode=mode))  # type: ignore[arg-type]
    assert got == pytest.approx(expected)


def test_disagreement_between_the_models_takes_off_size() -> None:
    torn = Opinion(strength=1.0, confidence=0.5, expected_move_bps=1.0, ts_ns=0, disagreement=0.25)
    both, alone = CombinationParams(mode="combined"), CombinationParams(mode="signal")
    assert combine(1, 1.2, torn, both) == pytest.approx((1, 1.2 * 1.5 * 0.75))
    assert combine(0, 0.0, torn, alone) == pytest.approx((1, 0.5 * 0.75))
    wary = CombinationParams(mode="signal", disagreement_weight=4.0)
    assert combine(0, 0.0, torn, wary) == (0, 0.0)
    lost = Opinion(1.0, 0.5, 1.0, 0, disagreement=math.nan)
    assert combine(0, 0.0, lost, alone) == (0, 0.0)


def test_an_opinion_that_is_not_sure_enough_is_none() -> None:
    params = CombinationParams(mode="signal", min_confidence=0.5)
    assert combine(0, 0.0, BUY_OPINION, params) == (1, 0.5)
    wary = CombinationParams(mode="signal", min_confidence=0.51)
    assert combine(0, 0.0, BUY_OPINION, wary) == (0, 0.0)


def test_parameters_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="lookback_ticks"):
        msgspec.json.decode(b'{"lookback_ticks": 0}', type=ReversionParams)
    with pytest.raises(msgspec.ValidationError, match="momentum_tics"):
        msgspec.json.decode(b'{"momentum_tics": 10}', type=BreakoutParams)
