"""How a trading rule and the model's opinion become one decision."""

import math
from typing import Literal

from msgspec import Struct

from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


Mode = Literal["rules", "signal", "combined"]

_FULL_STRENGTH = 2.0  # strength lies in [-2, 2]
_NO_TRADE = (0, 0.0)


class CombinationParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Who decides.

    Parameters
    ----------
    mode : {"rules", "signal", "combined"}
        The rule alone, the model alone, or both: they agree and the trade grows; the model is
        sure and it wins; else nothing is traded.
    override_confidence : float
        Above this confidence the model wins against the rule.
    min_strength : float
        Weakest strength, of 2, that counts as an opinion.
    max_age_ms : float
        An older signal counts as none.

    """

    mode: Mode = "rules"
    override_confidence: NotNegative = 0.8
    min_strength: NotNegative = 0.2
    max_age_ms: Positive = 2_000.0


class Opinion(Struct, frozen=True, gc=False):
    """
    What the model said last.

    Attributes
    ----------
    strength : float
        -2 to 2.
    confidence : float
        0 to 1.
    expected_move_bps : float
        Expected change of the mid price.
    ts_ns : int
        When it said so.

    """

    strength: float
    confidence: float
    expected_move_bps: float
    ts_ns: int

    def direction(self, min_strength: float) -> int:
        """Return +1 or -1 for an opinion of at least `min_strength`, else 0; NaN is none."""
        if abs(self.strength) >= min_strength and self.strength != 0.0:
            return 1 if self.strength > 0.0 else -1
        return 0


NO_OPINION = Opinion(0.0, 0.0, 0.0, 0)


def combine(
    side: int, strength: float, opinion: Opinion, params: CombinationParams
) -> tuple[int, float]:
    """
    Combine the rule's case with the model's opinion.

    Parameters
    ----------
    side : int
        What the rule wants: +1, -1 or 0 for nothing.
    strength : float
        How strong its case is; 1 just meets its threshold.
    opinion : Opinion
        What the model says; a stale one is passed as ``NO_OPINION``.
    params : CombinationParams
        Who decides.

    Returns
    -------
    tuple[int, float]
        Side to trade, or 0, and a multiple of the normal size.

    Examples
    --------
    >>> both = CombinationParams(mode="combined")
    >>> combine(1, 1.0, Opinion(1.0, 0.4, 0.5, 0), both)  # they agree
    (1, 1.5)
    >>> combine(1, 1.0, Opinion(-1.0, 0.9, -0.5, 0), both)  # the model is sure
    (-1, 0.5)
    >>> combine(1, 1.0, Opinion(-1.0, 0.4, -0.5, 0), both)  # they disagree
    (0, 0.0)

    """
    if not math.isfinite(strength):
        return _NO_TRADE
    if params.mode == "rules":
        return (side, strength) if side else _NO_TRADE
    model_side = opinion.direction(params.min_strength)
    share = min(abs(opinion.strength) / _FULL_STRENGTH, 1.0)
    if params.mode == "signal":
        return (model_side, share) if model_side else _NO_TRADE
    if side and side == model_side:
        return side, strength * (1.0 + share)
    if model_side and opinion.confidence > params.override_confidence:
        return model_side, share
    return _NO_TRADE
