"""What a feature is called, what it means and when it can be used."""

import hashlib
from typing import Self

import msgspec

from nautilus_scalp.errors import UsageError


class WarmUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a feature must have seen since the segment began before its value may be used.

    Attributes
    ----------
    quotes, trades, depths, marks, fundings : int
        Accepted quotes, trades, depth snapshots, mark prices and funding rates.
    elapsed_ms : float
        Exchange time.
    bars : int
        Closed bars of the feature's own clock, if it has one.
    peers : bool
        Whether every other instrument must have quoted lately.
    spot : bool
        Whether the same asset's spot market must have quoted lately.

    """

    quotes: int = 2
    trades: int = 0
    depths: int = 0
    marks: int = 0
    fundings: int = 0
    elapsed_ms: float = 0.0
    bars: int = 0
    peers: bool = False
    spot: bool = False


class FeatureSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One feature as people read it.

    Attributes
    ----------
    name : str
        Its name in the grammar, unique.
    group : str
        price, volume, book, depth, technical, statistics, volatility, cross, funding or
        time.
    unit : str
        Unit of the value.
    warm_up : WarmUp
        When the value may be used.
    source : str
        Paper or formula.

    """

    name: str
    group: str
    unit: str
    warm_up: WarmUp
    source: str


class FeatureSchema(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The columns of a feature vector, in order, with a hash that a model can hold on to.

    Attributes
    ----------
    specs : tuple[FeatureSpec, ...]
        One a column.
    settings : str
        Everything else that changes the values: parameters and kernel version.

    """

    specs: tuple[FeatureSpec, ...]
    settings: str

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(spec.name for spec in self.specs)

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over names, units, warm-up and settings, in order."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()

    def index(self, name: str) -> int:
        """
        Return the column of a feature.

        Raises
        ------
        UsageError
            If the schema has no such feature.

        """
        try:
            return self.names.index(name)
        except ValueError:
            message = f"no feature is called {name!r}"
            raise UsageError(message, f"choose one of: {', '.join(self.names)}") from None

    def require(self, other: Self) -> None:
        """
        Check that two schemas are one and the same.

        Raises
        ------
        UsageError
            If names, order, units, warm-up or settings differ.

        """
        if self.hash != other.hash:
            message = f"feature schema {self.hash[:12]} differs from {other.hash[:12]}"
            raise UsageError(message, "use the feature parameters the model was trained with")
