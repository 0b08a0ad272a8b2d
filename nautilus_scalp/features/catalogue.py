"""The features that exist: all of them, the 25 that the models see, and what each one is."""

from collections.abc import Iterable
from collections.abc import Iterator
from fnmatch import fnmatchcase

from nautilus_scalp.features import indicators
from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources
from nautilus_scalp.features.grammar import BALANCES
from nautilus_scalp.features.grammar import RATIOS
from nautilus_scalp.features.grammar import TECHNICAL
from nautilus_scalp.features.grammar import Formula
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.schema import FeatureSpec
from nautilus_scalp.features.schema import WarmUp
from nautilus_scalp.features.sources import LEVEL
from nautilus_scalp.features.sources import STATE
from nautilus_scalp.features.sources import Source
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


SELECTED = (
    # price: change, momentum, acceleration, volatility, direction and age of the last move
    "mid.deviation.100ms",
    "mid.cross.250ms.2s",
    "mid.acceleration.100ms.500ms",
    "squared_move.rate_ratio.1s.30s",
    "last_move.now",
    # volume: against the thinner queue, change, weighted by side, spike, accumulation
    "thin_eaten.now",
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

_HALF_LIVES = ("100ms", "500ms", "2s", "10s", "60s")
_CROSSES = ("100ms.500ms", "500ms.2s", "2s.10s", "10s.60s")
_COUNTS = ("quotes", "moves", "trades")  # constant on every event: only their rate means something
_SHAPED = (
    "micro_move", "order_flow", "imbalance", "imbalance_change", "depth", "bid_depth", "ask_depth",
    "spread", "interval", "trade_size", "trade_interval", "trade_move", "trade_edge",
    "signed_volume", "imbalance_1", "imbalance_5", "imbalance_10", "level_flow_1", "pressure",
    "depth_gap", "bid_total", "ask_total", "peer_imbalance",
)  # fmt: skip
_SIGNED = (
    "order_flow", "bid_flow", "ask_flow", "move", "micro_move", "trend", "imbalance_change",
    "signed_volume", "trade_sign", "large_1k", "large_10k", "large_100k",
)  # fmt: skip
_RATES = (
    "squared_move", "path", "moves", "quotes", "flow_size", "added", "removed", "squared_micro",
    "imbalance_path", "volume", "trades", "buy_volume", "sell_volume",
)  # fmt: skip
_TICK_INDICATORS = (  # updated with every quote: the cheap ones
    "rsi(7)", "rsi(28)", "macd(12,26,9)", "stochastic(5,3)", "bollinger(20)", "bandwidth(20)",
    "williams(20)", "cci(14)", "wave_line(10,21)", "kama_gap(10)", "momentum(5)", "momentum(20)",
    "efficiency(10)", "volatility(20)",
)  # fmt: skip
_BAR_INDICATORS = (
    "rsi(7)", "rsi(14)", "rsi(28)", "macd(12,26,9)", "macd(5,13,4)", "macd_line(12,26,9)",
    "macd_slope(12,26,9)", "stochastic(5,3)", "stochastic(14,3)", "stochastic_d(14,3,3)",
    "bollinger(20)", "bollinger(50)", "bandwidth(20)", "bandwidth(50)", "williams(14)",
    "williams(50)", "cci(14)", "cci(40)", "wave_trend(10,21,4)", "wave_line(10,21)",
    "kama_gap(10)", "tema_gap(10)", "slope(14)", "slope(30)", "momentum(5)", "momentum(20)",
    "resistance(50)", "support(50)", "efficiency(10)", "efficiency(30)", "vwap(20)", "profile(50)",
    "divergence(14,20)", "volatility(20)", "skew(30)", "kurtosis(30)", "autocorrelation(30)",
    "money_flow(14)", "volume_ratio(20)",
)  # fmt: skip
_RANGE_INDICATORS = (  # of bars with a high and a low of their own
    "atr(7)", "atr(14)", "adx(14)", "direction(14)", "aroon(25)", "ultimate(7,14,28)",
    "chaikin(20)", "parkinson(20)", "peer_correlation(60)", "peer_lead(60)", "peer_lag(60)",
    "peer_beta(60)",
)  # fmt: skip


_AVERAGES = {  # kind of event -> operation -> half lives
    QUOTE: {
        "mean": ("500ms", "2s", "10s", "60s"),
        "deviation": ("500ms",),
        "score": ("2s", "10s", "60s"),
        "std": ("2s", "60s"),
    },
    TRADE: {"mean": ("500ms", "2s", "10s", "60s"), "score": ("2s", "10s", "60s"), "std": ("10s",)},
    FUNDING: {"deviation": ("8h",), "score": ("8h", "72h")},
    DEPTH: {"mean": ("2s", "10s"), "deviation": ("2s",), "score": ("10s", "60s")},
}


def _averages(source: Source) -> Iterator[str]:
    """Name the averages of one source that mean something."""
    name = source.name
    if source.role == LEVEL:
        for half_life in _HALF_LIVES:
            yield from (f"{name}.{op}.{half_life}" for op in ("deviation", "score", "std"))
        for pair in _CROSSES:
            yield from (f"{name}.{op}.{pair}" for op in ("cross", "acceleration"))
        return
    if source.role == STATE:
        yield f"{name}.now"
    for operation, half_lives in _AVERAGES[source.event].items():
        yield from (f"{name}.{operation}.{half_life}" for half_life in half_lives)


def _shapes(name: str) -> Iterator[str]:
    for half_life in ("2s", "30s"):
        for operation in ("skew", "kurtosis", "autocorrelation"):
            yield f"{name}.{operation}.{half_life}"
    yield from (f"{name}.{operation}.10s" for operation in ("quartile25", "quartile75"))


def _flows() -> Iterator[str]:
    for name in _SIGNED:
        yield from (f"{name}.sum.{half_life}" for half_life in _HALF_LIVES)
    for level in range(1, at.LEVELS + 1):
        yield from (f"level_flow_{level}.sum.{half_life}" for half_life in ("500ms", "2s", "10s"))
    for name in BALANCES:
        yield from (f"{name}.balance.{half_life}" for half_life in _HALF_LIVES)
    for name in RATIOS:
        yield from (f"{name}.per.{half_life}" for half_life in _HALF_LIVES)
    for name in _RATES:
        yield from (f"{name}.sum.{half_life}" for half_life in ("100ms", "1s"))
        yield from (f"{name}.rate_ratio.{pair}" for pair in _CROSSES)
    yield from (f"value.average_gap.{half_life}" for half_life in _HALF_LIVES)


def _technicals() -> Iterator[str]:
    yield from (f"{indicator}.tick" for indicator in _TICK_INDICATORS)
    for clock in ("10tick", "100ms", "1s", "1m", "5m", "15m"):
        yield from (f"{indicator}.{clock}" for indicator in (*_BAR_INDICATORS, *_RANGE_INDICATORS))


_REPEATS = (  # what the rules name twice: above 0.999 correlated with another on the sample
    "microprice.deviation.*", "microprice.std.*", "microprice.score.10s", "microprice.score.60s",
    "microprice.cross.*", "microprice.acceleration.*", "micro_move.mean.*", "micro_move.sum.*",
    "path.std.*", "micro_path.std.*", "imbalance_path.std.*", "volume.std.*",
    "trade_sign.balance.*", "large_*.balance.*", "buy_volume.per.*", "imbalance_7.mean.*",
    "direction(14).100ms",
)  # fmt: skip


def _generate() -> tuple[str, ...]:
    """Return every feature that the rules name, the 25 first, repeats left out."""
    names: list[str] = []
    for source in sources.SOURCES:
        if source.group == "time":
            names.append(f"{source.name}.now")
        elif source.name not in {*_COUNTS, "value"}:
            names.extend(_averages(source))
    for name in _SHAPED:
        names.extend(_shapes(name))
    names.extend(_flows())
    names.extend(_technicals())
    kept = [n for n in names if not any(fnmatchcase(n, pattern) for pattern in _REPEATS)]
    return tuple(dict.fromkeys((*SELECTED, *kept)))


CATALOGUE = _generate()

_VOLATILITY = "standard deviations of one second's mid price move"
_PEER_VOLATILITY = "standard deviations of one second's move of the peers"
_OPERATION_UNITS = {
    "score": "standard deviations",
    "balance": "[-1, 1]",
    "rate_ratio": "[-1, 1]",
    "per": "[-1, 1]",
    "skew": "third standardised moment",
    "kurtosis": "fourth standardised moment less 3",
    "autocorrelation": "[-1, 1]",
}
_SHAPE_SOURCES = {
    "skew": "exponentially weighted moments",
    "kurtosis": "exponentially weighted moments",
    "quartile25": "Tierney (1983)",
    "quartile75": "Tierney (1983)",
}


def _unit(formula: Formula) -> str:
    if formula.scale == at.PER_UNIT:
        return _VOLATILITY
    if formula.scale == at.PER_PEER_UNIT:
        return _PEER_VOLATILITY
    name = formula.sources[0]
    if formula.operation == TECHNICAL:
        return indicators.BY_NAME[name].unit
    unit = _OPERATION_UNITS.get(formula.operation, sources.BY_NAME[name].unit)
    return f"signed root of {unit}" if formula.operation == "sum" else unit


def _warm_up(formula: Formula, scale_half_life_ms: float) -> WarmUp:
    name = formula.sources[0]
    if formula.operation == TECHNICAL:
        bars = indicators.BY_NAME[name].warm_up(formula.lengths)
        peers = name in indicators.PEER_NAMES
        return WarmUp(elapsed_ms=scale_half_life_ms, bars=bars, peers=peers)
    event = sources.BY_NAME[name].event
    slowest = max((scale_half_life_ms, *formula.half_lives_ms))
    return WarmUp(
        trades=int(event == TRADE),
        depths=2 * int(event == DEPTH),
        marks=int(name == "mark_gap"),
        fundings=int(event == FUNDING),
        elapsed_ms=slowest,
        peers=name.startswith("peer_"),
        spot=name == "basis",
    )


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
    first = formula.sources[0]
    if formula.operation == TECHNICAL:
        group, reference = indicators.BY_NAME[first].group, indicators.BY_NAME[first].reference
    else:
        group, reference = sources.BY_NAME[first].group, sources.BY_NAME[first].reference
        reference = _SHAPE_SOURCES.get(formula.operation, reference)
    return FeatureSpec(
        name=name,
        group=group,
        unit=_unit(formula),
        warm_up=_warm_up(formula, scale_half_life_ms),
        source=reference,
    )


def side_kinds(names: Iterable[str]) -> frozenset[int]:
    """
    Return which kinds of event besides quotes and trades some features are made of.

    Parameters
    ----------
    names : iterable of str
        Sentences of the grammar.

    Returns
    -------
    frozenset[int]
        Of ``tape.DEPTH``, ``tape.MARK`` and ``tape.FUNDING``.

    """
    needs = [_warm_up(parse(name), 0.0) for name in names]
    counts = {
        DEPTH: any(need.depths for need in needs),
        MARK: any(need.marks for need in needs),
        FUNDING: any(need.fundings for need in needs),
    }
    return frozenset(kind for kind, needed in counts.items() if needed)


def from_trades_alone(names: Iterable[str]) -> frozenset[str]:
    """
    Return those features that trades determine, whatever the quotes were.

    Parameters
    ----------
    names : iterable of str
        Sentences of the grammar.

    Returns
    -------
    frozenset[str]
        Not among them are price changes, whose unit is the mid price's volatility, and the edge of
        a trade, which is its distance from the mid price.

    """
    return frozenset(name for name in names if _is_from_trades_alone(parse(name)))


def _is_from_trades_alone(formula: Formula) -> bool:
    if formula.operation == TECHNICAL or formula.scale != at.PLAIN:
        return False
    return all(
        sources.BY_NAME[name].event == TRADE and name != "trade_edge" for name in formula.sources
    )
