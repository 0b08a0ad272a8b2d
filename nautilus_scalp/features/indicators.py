"""The technical indicators by name: lengths, state, warm-up, unit and reference; one table."""

from collections.abc import Callable

import msgspec

from nautilus_scalp.features import bar_windows as bw
from nautilus_scalp.features import technical as ta
from nautilus_scalp.features import trend
from nautilus_scalp.features.kernels import window_size


type Lengths = tuple[int, ...]


class Indicator(msgspec.Struct, frozen=True):
    """
    One technical indicator.

    Attributes
    ----------
    name : str
        Its name in the grammar.
    group : str
        Group of its features.
    scaled : bool
        Whether its value is a price difference, shown in units of recent volatility.
    unit : str
        Unit of the value, if it is not scaled.
    reference : str
        Paper or formula.
    size : callable
        Lengths -> floats of state.
    warm_up : callable
        Lengths -> bars that must have closed before the value counts.
    lengths : int
        How many lengths it takes.

    """

    name: str
    group: str
    scaled: bool
    unit: str
    reference: str
    size: Callable[[Lengths], int]
    warm_up: Callable[[Lengths], int]
    lengths: int = 1


def _first(lengths: Lengths) -> int:
    return lengths[0]


def _after(lengths: Lengths) -> int:
    return lengths[0] + 1


def _window(lengths: Lengths) -> int:
    return window_size(lengths[0])


def _macd(_: Lengths) -> int:
    return ta.MACD_SIZE + 1


def _smoothed(lengths: Lengths) -> int:
    return ta.range_size(lengths[0]) + sum(window_size(length) for length in lengths[1:])


def _moves(lengths: Lengths) -> int:
    return bw.move_window_size(lengths[0])


def _direction(_: Lengths) -> int:
    return trend.DIRECTION_SIZE


_TA, _STAT, _CROSS = "technical", "statistics", "cross"
INDICATORS = (
    Indicator("rsi", _TA, False, "0 to 100", "Wilder (1978)", lambda _: ta.RSI_SIZE, _after),
    Indicator(
        "macd", _TA, True, "", "Appel (1979), histogram", _macd, lambda n: n[1] + n[2] - 1, 3
    ),
    Indicator("macd_line", _TA, True, "", "Appel (1979), line", _macd, lambda n: n[1], 3),
    Indicator(
        "macd_slope", _TA, True, "", "change of the histogram", _macd, lambda n: n[1] + n[2], 3
    ),
    Indicator(
        "stochastic",
        _TA,
        False,
        "0 to 100",
        "Lane (1984), slow %K",
        _smoothed,
        lambda n: n[0] + n[1] - 1,
        2,
    ),
    Indicator(
        "stochastic_d",
        _TA,
        False,
        "0 to 100",
        "Lane (1984), %D",
        _smoothed,
        lambda n: n[0] + n[1] + n[2] - 2,
        3,
    ),
    Indicator("bollinger", _TA, False, "standard deviations", "Bollinger (2001)", _window, _first),
    Indicator("bandwidth", _TA, True, "", "Bollinger (2001), squeeze", _window, _first),
    Indicator(
        "williams",
        _TA,
        False,
        "-100 to 0",
        "Williams (1979)",
        lambda n: ta.range_size(n[0]),
        _first,
    ),
    Indicator("cci", _TA, False, "0.015 mean deviations", "Lambert (1980)", _window, _first),
    Indicator(
        "wave_trend",
        _TA,
        False,
        "points",
        "LazyBear (2014), WT1 - WT2",
        lambda n: ta.wave_trend_size(n[2]),
        sum,
        3,
    ),
    Indicator(
        "wave_line",
        _TA,
        False,
        "points",
        "LazyBear (2014), WT1",
        lambda _: ta.WAVE_LINE_SIZE,
        sum,
        2,
    ),
    Indicator("atr", _TA, True, "", "Wilder (1978)", lambda _: ta.ATR_SIZE, _after),
    Indicator("adx", _TA, False, "0 to 100", "Wilder (1978)", _direction, lambda n: 2 * n[0]),
    Indicator(
        "direction", _TA, False, "-100 to 100", "Wilder (1978), +DI less -DI", _direction, _after
    ),
    Indicator(
        "money_flow",
        _TA,
        False,
        "0 to 100",
        "Quong, Soudack (1989)",
        lambda n: trend.money_flow_size(n[0]),
        _after,
    ),
    Indicator(
        "aroon",
        _TA,
        False,
        "-100 to 100",
        "Chande (1995)",
        lambda n: 2 * window_size(n[0] + 1),
        _after,
    ),
    Indicator(
        "ultimate",
        _TA,
        False,
        "0 to 100",
        "Williams (1985)",
        trend.ultimate_size,
        lambda n: n[2] + 1,
        3,
    ),
    Indicator("kama_gap", _TA, True, "", "Kaufman (1995)", lambda n: trend.kama_size(n[0]), _after),
    Indicator(
        "tema_gap",
        _TA,
        True,
        "",
        "Mulloy (1994)",
        lambda _: trend.TEMA_SIZE,
        lambda n: 3 * n[0] - 2,
    ),
    Indicator(
        "chaikin",
        _TA,
        False,
        "[-1, 1]",
        "Chaikin money flow",
        lambda n: trend.chaikin_size(n[0]),
        _first,
    ),
    Indicator("slope", _TA, True, "", "least-squares slope a bar", _window, _first),
    Indicator("momentum", _TA, True, "", "price - price n bars ago", _window, _after),
    Indicator("resistance", _TA, True, "", "highest high - close", _window, _first),
    Indicator("support", _TA, True, "", "close - lowest low", _window, _first),
    Indicator(
        "efficiency",
        _TA,
        False,
        "[-1, 1]",
        "Kaufman (1995)",
        lambda n: bw.efficiency_size(n[0]),
        _after,
    ),
    Indicator(
        "vwap", _TA, True, "", "close - VWAP of n bars", lambda n: bw.vwap_size(n[0]), _first
    ),
    Indicator("volume_ratio", _TA, False, "log ratio", "volume over its mean", _window, _first),
    Indicator(
        "profile",
        _TA,
        True,
        "",
        "volume profile; Steidlmayer (1985)",
        lambda n: bw.profile_size(n[0]),
        _first,
    ),
    Indicator(
        "divergence",
        _TA,
        False,
        "-100 to 100",
        "price's place in its range less RSI's",
        lambda n: bw.divergence_size(n[1]),
        sum,
        2,
    ),
    Indicator("volatility", "volatility", True, "", "deviation of moves", _moves, _after),
    Indicator("parkinson", "volatility", True, "", "Parkinson (1980)", _window, _first),
    Indicator("skew", _STAT, False, "third moment", "of moves", _moves, _after),
    Indicator("kurtosis", _STAT, False, "fourth moment - 3", "of moves", _moves, _after),
    Indicator("autocorrelation", _STAT, False, "[-1, 1]", "lag 1, of moves", _moves, _after),
    Indicator(
        "peer_correlation",
        _CROSS,
        False,
        "[-1, 1]",
        "of moves",
        lambda n: bw.peer_size(n[0]),
        _after,
    ),
    Indicator(
        "peer_lead",
        _CROSS,
        False,
        "[-1, 1]",
        "own move, peers' move a bar before",
        lambda n: bw.peer_size(n[0]),
        _after,
    ),
    Indicator(
        "peer_lag",
        _CROSS,
        False,
        "[-1, 1]",
        "peers' move, own move a bar before",
        lambda n: bw.peer_size(n[0]),
        _after,
    ),
    Indicator(
        "peer_beta", _CROSS, False, "ratio", "of moves", lambda n: bw.peer_size(n[0]), _after
    ),
)
NAMES = tuple(indicator.name for indicator in INDICATORS)
BY_NAME = {indicator.name: indicator for indicator in INDICATORS}
PEER_NAMES = frozenset(indicator.name for indicator in INDICATORS if indicator.group == _CROSS)
