"""How a trading rule and the model's opinion become one decision."""

import math
from typing import Literal

from msgspec import Struct

from nautilus_scalp.signals.model_guard import ModelGuardParams
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
    min_confidence : float
        Least confidence that counts as an opinion.
    disagreement_weight : float
        How much of a size is taken off when the models disagree: this times the disagreement.
    max_age_ms : float
        An older signal counts as none.
    guard : ModelGuardParams, optional
        When a model that is wrong too often counts as none; left out, never.

    """

    mode: Mode = "rules"
    override_confidence: NotNegative = 0.8
    min_strength: NotNegative = 0.2
    min_confidence: NotNegative = 0.0
    disagreement_weight: NotNegative = 1.0
    max_age_ms: Positive = 2_000.0
    guard: ModelGuardParams | None = ModelGuardParams()


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
    disagreement : float
        How far the models lie apart, 0 to 1.
    horizon_ms : int
        How far ahead it looks.

    """

    strength: float
    confidence: float
    expected_move_bps: float
    ts_ns: int
    disagreement: float = 0.0
    horizon_ms: int = 0

    def side(self, params: CombinationParams) -> int:
        """Return +1 or -1 for an opinion that is strong and sure enough, else 0; NaN is none."""
        strong = abs(self.strength) >= params.min_strength and self.strength != 0.0
        if strong and self.confidence >= params.min_confidence:
            return 1 if self.strength > 0.0 else -1
        return 0

    def trust(self, params: CombinationParams) -> float:
        """Return what the models' disagreement leaves of a size, 0 to 1; NaN leaves nothing."""
        return max(0.0, 1.0 - params.disagreement_weight * self.disagreement)


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
    model_side, trust = opinion.side(params), opinion.trust(params)
    share = min(abs(opinion.strength) / _FULL_STRENGTH, 1.0) * trust
    wins = params.mode == "signal" or opinion.confidence > params.override_confidence
    if params.mode == "combined" and side and side == model_side:
        decision = side, strength * (trust + share)
    elif model_side and wins:
        decision = model_side, share
    else:
        decision = _NO_TRADE
    return decision if decision[1] > 0.0 else _NO_TRADE
