"""
How features are written: ``source.operation.half-life`` and ``indicator(lengths).clock``.

Examples
--------
>>> parse("microprice.deviation.250ms").half_lives_ms
(250.0,)
>>> parse("rsi(14).1s").clock
'1s'

"""

import re

import msgspec

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features import indicators
from nautilus_scalp.features import layout as at
from nautilus_scalp.features import sources
from nautilus_scalp.features.operations import CELL_OPERATIONS
from nautilus_scalp.features.operations import FLOW_OPERATIONS
from nautilus_scalp.features.operations import SHAPE_OPERATIONS
from nautilus_scalp.features.sources import FLOW
from nautilus_scalp.features.sources import LEVEL


TECHNICAL = "technical"
CLOCKS_NS = {
    "tick": -1,  # quotes, not time
    "10tick": -10,
    "100ms": 100_000_000,
    "1s": 1_000_000_000,
    "1m": 60_000_000_000,
    "5m": 300_000_000_000,
    "15m": 900_000_000_000,
}
BALANCES = {
    "signed_volume": "volume",
    "trade_sign": "trades",
    "order_flow": "flow_size",
    "bid_flow": "flow_size",
    "micro_move": "micro_path",
    "move": "path",
    "trend": "moves",
    "imbalance_change": "imbalance_path",
    "large_1k": "trades",
    "large_10k": "trades",
    "large_100k": "trades",
}
RATIOS = {
    "added": "removed",
    "buy_volume": "sell_volume",
    "moves": "quotes",
    "path": "micro_path",
    "quotes": "trades",
    "squared_move": "squared_micro",
    "volume": "trades",
    "flow_size": "volume",
}
_UNITS_MS = {"ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_HALF_LIVES = {"now": 0, "cross": 2, "acceleration": 2, "rate_ratio": 2}
_LEVEL_OPERATIONS = ("deviation", "std", "score", "cross", "acceleration")
_LOGARITHMS = ("balance", "rate_ratio", "per", "score", "skew", "kurtosis", "autocorrelation")
_TECHNICAL = re.compile(r"(\w+)\((\d+(?:,\d+)*)\)\.(\w+)")
_DURATION = re.compile(r"(\d+)(ms|s|m|h)")


class Formula(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A feature's name, taken apart.

    Attributes
    ----------
    operation : str
        One of `operations.OPERATIONS`, or ``technical``.
    sources : tuple[str, ...]
        Sources it reads; for a technical indicator the indicator's own name.
    half_lives_ms : tuple[float, ...]
        Half lives, fast first.
    lengths : tuple[int, ...]
        Lengths of a technical indicator, in bars.
    clock : str
        Clock of a technical indicator, else empty.

    """

    operation: str
    sources: tuple[str, ...]
    half_lives_ms: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    clock: str = ""

    @property
    def scale(self) -> int:
        """What the value is divided by: `layout.PLAIN`, `PER_UNIT` or `PER_PEER_UNIT`."""
        if self.operation == TECHNICAL:
            scaled = indicators.BY_NAME[self.sources[0]].scaled
            return at.PER_UNIT if scaled else at.PLAIN
        unit = sources.BY_NAME[self.sources[0]].unit
        if self.operation in _LOGARITHMS or unit not in {"ticks", "peer bps"}:
            return at.PLAIN
        return at.PER_UNIT if unit == "ticks" else at.PER_PEER_UNIT


def duration_ms(text: str) -> float:
    """
    Return a duration such as ``250ms``, ``2s`` or ``15m`` in milliseconds.

    Raises
    ------
    UsageError
        If it is not written so.

    """
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        message = f"{text!r} is not a duration"
        raise UsageError(message, "write a whole number and ms, s, m or h, for example 250ms")
    return float(match[1]) * _UNITS_MS[match[2]]


def _refuse(name: str, why: str) -> UsageError:
    return UsageError(f"{name!r} is not a feature: {why}", "see `nautilus-scalp features list`")


def _parse_technical(name: str, match: re.Match[str]) -> Formula:
    kind, clock = match[1], match[3]
    lengths = tuple(int(length) for length in match[2].split(","))
    if kind not in indicators.BY_NAME:
        raise _refuse(name, f"no indicator is called {kind!r}")
    if clock not in CLOCKS_NS:
        raise _refuse(name, f"the clocks are {', '.join(CLOCKS_NS)}")
    if len(lengths) != indicators.BY_NAME[kind].lengths or min(lengths) < 1:
        raise _refuse(name, f"{kind} takes {indicators.BY_NAME[kind].lengths} lengths above 0")
    if kind.startswith("macd") and lengths[0] >= lengths[1]:
        raise _refuse(name, "the fast length comes first")
    return Formula(TECHNICAL, (kind,), lengths=lengths, clock=clock)


def _operands(name: str, source: str, operation: str) -> tuple[str, ...]:
    """Return the sources that an operation reads, or say why it has no meaning for the source."""
    role = sources.BY_NAME[source].role
    if operation in FLOW_OPERATIONS and role != FLOW:
        raise _refuse(name, f"{source} is not an amount that adds up")
    if role == LEVEL and operation not in _LEVEL_OPERATIONS:
        raise _refuse(name, f"{source} is a price: take {', '.join(_LEVEL_OPERATIONS)}")
    partners = {"balance": BALANCES, "per": RATIOS, "average_gap": {"value": "volume"}}
    if operation not in partners:
        return (source,)
    if source not in partners[operation]:
        raise _refuse(name, f"{operation} takes {', '.join(partners[operation])}")
    return (source, partners[operation][source])


def parse(name: str) -> Formula:
    """
    Take a feature's name apart.

    Raises
    ------
    UsageError
        If the name is not a sentence of the grammar.

    """
    technical = _TECHNICAL.fullmatch(name)
    if technical is not None:
        return _parse_technical(name, technical)
    source, _, rest = name.partition(".")
    operation, *durations = rest.split(".")
    if source not in sources.BY_NAME:
        raise _refuse(name, f"no source is called {source!r}")
    if operation not in ("now", *CELL_OPERATIONS, *FLOW_OPERATIONS, *SHAPE_OPERATIONS):
        raise _refuse(name, f"no operation is called {operation!r}")
    operands = _operands(name, source, operation)
    count = _HALF_LIVES.get(operation, 1)
    half_lives = tuple(duration_ms(text) for text in durations)
    if len(half_lives) != count or list(half_lives) != sorted(set(half_lives)):
        raise _refuse(name, f"{operation} takes {count} half lives, fast first")
    return Formula(operation, operands, half_lives)
