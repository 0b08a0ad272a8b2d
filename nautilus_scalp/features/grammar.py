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
from nautilus_scalp.features.banks import KINDS
from nautilus_scalp.features.operations import OPERATIONS
from nautilus_scalp.features.sources import QUOTE_SOURCES
from nautilus_scalp.features.sources import TRADE_SOURCES


CLOCKS_NS = {
    "tick": 0,
    "100ms": 100_000_000,
    "1s": 1_000_000_000,
    "1m": 60_000_000_000,
    "5m": 300_000_000_000,
    "15m": 900_000_000_000,
}
_UNITS_MS = {"ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_PAIRS = {"balance": ("signed_volume", "volume"), "average_gap": ("value", "volume")}
_HALF_LIVES = {"now": 0, "cross": 2, "acceleration": 2, "rate_ratio": 2}
_TECHNICAL = re.compile(r"(\w+)\((\d+(?:,\d+)*)\)\.(\w+)")
_DURATION = re.compile(r"(\d+)(ms|s|m|h)")


class Formula(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A feature's name, taken apart.

    Attributes
    ----------
    operation : str
        One of `operations.OPERATIONS`.
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


def duration_ms(text: str) -> float:
    """
    Return a duration such as ``250ms``, ``2s`` or ``15m`` in milliseconds.

    Raises
    ------
    UsageError
        If it is not written so.

    """
    match = _DURATION.fullmatch(text)
    if match is None:
        message = f"{text!r} is not a duration"
        raise UsageError(message, "write a whole number and ms, s, m or h, for example 250ms")
    return float(match[1]) * _UNITS_MS[match[2]]


def parse(name: str) -> Formula:
    """
    Take a feature's name apart.

    Raises
    ------
    UsageError
        If the name is not a sentence of the grammar.

    """
    technical = _TECHNICAL.fullmatch(name)
    if technical is not None and technical[1] in KINDS and technical[3] in CLOCKS_NS:
        lengths = tuple(int(length) for length in technical[2].split(","))
        return Formula("technical", (technical[1],), lengths=lengths, clock=technical[3])
    source, _, rest = name.partition(".")
    operation, *durations = rest.split(".")
    known = source in QUOTE_SOURCES or source in TRADE_SOURCES
    if not known or operation not in OPERATIONS or operation == "technical":
        message = f"{name!r} is not a feature"
        raise UsageError(message, "see `nautilus-scalp features list`")
    if len(durations) != _HALF_LIVES.get(operation, 1):
        message = f"{name!r}: {operation} takes {_HALF_LIVES.get(operation, 1)} half lives"
        raise UsageError(message, "see `nautilus-scalp features list`")
    sources = _PAIRS.get(operation, (source,))
    return Formula(operation, sources, tuple(duration_ms(text) for text in durations))
