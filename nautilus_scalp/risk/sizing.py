"""How much of the capital an entry is worth."""

import math
from typing import Annotated
from typing import Literal

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


_FULL_STRENGTH = 2.0  # strength lies in [-2, 2]
_MS_PER_YEAR = 365.0 * 86_400_000.0
Fraction = Annotated[float, Meta(gt=0.0, le=1.0)]


class SizingParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How an entry's size follows from what is known.

    Parameters
    ----------
    method : {"confidence", "volatility_target", "kelly"}
        `base` times half the signal's strength times its confidence, less in a wild market; the
        size whose volatility is the target's; a part of what Kelly would bet on the strategy's own
        record.
    base : float
        Share of the capital that an entry begins with.
    largest : float
        No entry is larger than this share.
    reference_volatility : float
        Annual volatility up to which nothing is taken off.
    target_volatility : float
        Annual volatility of the capital that one position should contribute.
    kelly_share : float
        Part of Kelly's bet; the whole of it is far too much for an edge that is only estimated.
    least_round_trips : int
        Record without which Kelly's bet is not known, and `base` is used.

    """

    method: Literal["confidence", "volatility_target", "kelly"] = "confidence"
    base: Fraction = 0.02
    largest: Fraction = 0.05
    reference_volatility: Positive = 0.2
    target_volatility: Positive = 0.01
    kelly_share: Fraction = 0.25
    least_round_trips: Count = 30


class TradeRecord(Struct, frozen=True, kw_only=True, gc=False):
    """
    What a strategy's round trips have brought so far.

    Attributes
    ----------
    wins, losses : int
        How many.
    won, lost : float
        What they made and cost, both positive.

    """

    wins: int
    losses: int
    won: float
    lost: float


def annual_volatility(volatility: float, horizon_ms: float) -> float:
    """
    Return a volatility over a horizon as one over a year of 365 days.

    Examples
    --------
    >>> round(annual_volatility(0.0001, 1_000.0), 3)
    0.562

    """
    return volatility * math.sqrt(_MS_PER_YEAR / horizon_ms)


def kelly_fraction(win_probability: float, payoff: float) -> float:
    """
    Return the share of the capital that grows it fastest; 0 without an edge.

    Parameters
    ----------
    win_probability : float
        Of a bet.
    payoff : float
        What a win brings over what a loss costs.

    Returns
    -------
    float
        ``p - (1 - p) / b``, at least 0.

    References
    ----------
    Kelly, J. L. (1956), A new interpretation of information rate, Bell System Technical Journal 35.

    Examples
    --------
    >>> round(kelly_fraction(0.6, 1.0), 10), kelly_fraction(0.5, 1.0)
    (0.2, 0.0)

    """
    if not payoff > 0.0:
        return 0.0
    return max(win_probability - (1.0 - win_probability) / payoff, 0.0)


def entry_fraction(
    params: SizingParams,
    strength: float,
    confidence: float,
    yearly_volatility: float,
    record: TradeRecord,
) -> float:
    """
    Return the share of the capital that an entry is worth.

    Parameters
    ----------
    params : SizingParams
        Which method, and its numbers.
    strength : float
        Of the signal, -2 to 2.
    confidence : float
        Of the signal, 0 to 1.
    yearly_volatility : float
        Annual volatility of the instrument.
    record : TradeRecord
        What the strategy's round trips have brought.

    Returns
    -------
    float
        0 to `largest`; 0 when a number that the method needs is not known.

    """
    if params.method == "confidence":
        calm = min(1.0, params.reference_volatility / max(yearly_volatility, 1e-12))
        share = params.base * abs(strength) / _FULL_STRENGTH * confidence * calm
    elif params.method == "volatility_target":
        share = params.target_volatility / max(yearly_volatility, 1e-12)
    else:
        share = _kelly_share(params, record)
    unknown = params.method != "kelly" and not math.isfinite(yearly_volatility)
    return min(share, params.largest) if share > 0.0 and not unknown else 0.0


def _kelly_share(params: SizingParams, record: TradeRecord) -> float:
    trips = record.wins + record.losses
    if trips < params.least_round_trips:
        return params.base
    if not record.losses:
        return params.largest
    if not record.wins:
        return 0.0
    payoff = (record.won / record.wins) / (record.lost / record.losses)
    return params.kelly_share * kelly_fraction(record.wins / trips, payoff)
