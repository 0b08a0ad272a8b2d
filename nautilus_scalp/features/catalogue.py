"""The features that exist: their groups, units, warm-up and sources."""

from nautilus_scalp.features.banks import technical_warm_up
from nautilus_scalp.features.grammar import Formula
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.schema import FeatureSpec
from nautilus_scalp.features.schema import WarmUp
from nautilus_scalp.features.sources import TRADE_SOURCES


SELECTED = (
    # price: change, momentum, acceleration, volatility, direction and age of the last move
    "mid.deviation.100ms",
    "mid.cross.250ms.2s",
    "mid.acceleration.100ms.500ms",
    "squared_move.rate_ratio.1s.30s",
    "last_move.now",
    # volume: raw, change, weighted by side, spike, accumulation
    "volume.sum.250ms",
    "volume.rate_ratio.1s.10s",
    "signed_volume.sum.100ms",
    "volume.rate_ratio.50ms.2s",
    "signed_volume.balance.5s",
    # book: imbalance, thinner queue, spread, microprice, order flow imbalance at two scales
    "imbalance.now",
    "thin_side.now",
    "spread.now",
    "microprice.deviation.250ms",
    "order_flow.sum.100ms",
    "order_flow.sum.1s",
    # technical
    "rsi(14).tick",
    "macd(12,26,9).100ms",
    "stochastic(14,3).tick",
    "bollinger(50).tick",
    "williams(100).tick",
    "cci(20).100ms",
    "wave_trend(10,21,4).tick",
    "atr(14).1s",
    "value.average_gap.10s",
)
SELECTED_GROUPS = {"price": 5, "volume": 5, "book": 6, "technical": 9}

UNITS = "standard deviations of one second's mid price move"
_SOURCE_GROUPS = {
    "mid": "price", "squared_move": "price", "move": "price", "last_move": "price",
    "signed_volume": "volume", "volume": "volume", "value": "technical",
}  # fmt: skip
_SOURCE_UNITS = {
    "imbalance": "[-1, 1]",
    "spread": "log ticks",
    "depth": "log of its running mean",
    "thin_side": "signed log of the running mean queue over the thinner one",
    "order_flow": "running mean queues",
    "squared_move": "ticks squared",
    "last_move": "[-1, 1]",
    "signed_volume": "running mean trades",
    "volume": "running mean trades",
}
_OPERATION_UNITS = {"balance": "[-1, 1]", "rate_ratio": "log ratio", "average_gap": UNITS}
_TECHNICAL_UNITS = {
    "rsi": "0 to 100",
    "stochastic": "0 to 100",
    "williams": "-100 to 0",
    "bollinger": "standard deviations of the window",
    "cci": "0.015 mean deviations",
    "wave_trend": "wave trend points",
}
_TECHNICAL_SOURCES = {
    "rsi": "Wilder (1978)",
    "macd": "Appel (1979)",
    "stochastic": "Lane (1984)",
    "bollinger": "Bollinger (2001)",
    "williams": "Williams (1979)",
    "cci": "Lambert (1980)",
    "wave_trend": "LazyBear (2014)",
    "atr": "Wilder (1978)",
}
_SOURCE_SOURCES = {
    "imbalance": "Gould, Bonart (2016), queue imbalance",
    "microprice": "size-weighted mid price; Stoikov (2018)",
    "order_flow": "Cont, Kukanov, Stoikov (2014), eq. (4)",
    "squared_move": "realised variance; Andersen, Bollerslev (1998)",
    "signed_volume": "trade sign; Lee, Ready (1991)",
    "value": "volume-weighted average price",
}
SCALED_OPERATIONS = ("deviation", "cross", "acceleration", "average_gap")
SCALED_SOURCES = ("mid", "microprice", "move", "value")
SCALED_TECHNICALS = ("macd", "atr")


def scaled(formula: Formula) -> bool:
    """Tell whether the value is a price difference, shown in units of recent volatility."""
    name = formula.sources[0]
    if formula.operation == "technical":
        return name in SCALED_TECHNICALS
    return name in SCALED_SOURCES and formula.operation in SCALED_OPERATIONS


def _unit(formula: Formula) -> str:
    if scaled(formula):
        return UNITS
    name = formula.sources[0]
    if formula.operation == "technical":
        return _TECHNICAL_UNITS[name]
    return _OPERATION_UNITS.get(formula.operation, _SOURCE_UNITS.get(name, "ticks"))


def _warm_up(formula: Formula, scale_half_life_ms: float) -> WarmUp:
    if formula.operation == "technical":
        bars = technical_warm_up(formula.sources[0], formula.lengths)
        return WarmUp(elapsed_ms=scale_half_life_ms, bars=bars)
    slowest = max((scale_half_life_ms, *formula.half_lives_ms))
    trades = 1 if formula.sources[0] in TRADE_SOURCES else 0
    return WarmUp(trades=trades, elapsed_ms=slowest)


def specify(name: str, scale_half_life_ms: float) -> FeatureSpec:
    """
    Describe a feature.

    Parameters
    ----------
    name : str
        A sentence of the grammar.
    scale_half_life_ms : float
        Half life of the running means that sizes and price moves are measured in.

    Raises
    ------
    UsageError
        If the name is not a feature.

    """
    formula = parse(name)
    technical = formula.operation == "technical"
    first = formula.sources[0]
    sources = _TECHNICAL_SOURCES if technical else _SOURCE_SOURCES
    return FeatureSpec(
        name=name,
        group="technical" if technical else _SOURCE_GROUPS.get(first, "book"),
        unit=_unit(formula),
        warm_up=_warm_up(formula, scale_half_life_ms),
        source=sources.get(first, formula.operation),
    )
