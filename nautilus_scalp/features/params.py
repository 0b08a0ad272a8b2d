"""What changes the features' values beyond their names."""

import msgspec

from nautilus_scalp.errors import UsageError


class FeatureParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What changes the features' values beyond their names.

    Attributes
    ----------
    scale_half_life_ms : float
        Half life of the running means that sizes and price moves are measured in.
    reset_gap_ms : int
        A longer silence begins a new segment: the state is forgotten and warms up again.

    """

    scale_half_life_ms: float = 30_000.0
    reset_gap_ms: int = 60_000

    def __post_init__(self) -> None:
        """Refuse values that no kernel can work with."""
        if not self.scale_half_life_ms > 0.0:
            message = f"scale_half_life_ms = {self.scale_half_life_ms}"
            raise UsageError(message, "give a half life above 0 ms")
        if self.reset_gap_ms <= 0:
            message = f"reset_gap_ms = {self.reset_gap_ms}"
            raise UsageError(message, "give a gap above 0 ms")


DEFAULT_PARAMS = FeatureParams()
