"""How much is risked in each regime."""

from msgspec import Struct

from nautilus_scalp.signals.regime import Regime


class RiskProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a regime does to size, stops and the number of positions.

    Attributes
    ----------
    size_multiple : float
        Factor on the value of an order and on the inventory limit.
    stop_multiple : float
        Factor on the distance of stop losses and trailing stops.
    risk_per_trade : float
        Share of the capital that an entry may lose at its stop.
    max_positions : int
        Positions and opening orders of all strategies together, by strategy and instrument.
    liquidate : bool
        Whether what is held is closed.

    """

    size_multiple: float
    stop_multiple: float
    risk_per_trade: float
    max_positions: int
    liquidate: bool = False


_NORMAL = RiskProfile(size_multiple=1.0, stop_multiple=1.0, risk_per_trade=0.02, max_positions=10)

PROFILES: dict[Regime, RiskProfile] = {
    Regime.NORMAL: _NORMAL,
    Regime.RANGING: _NORMAL,
    Regime.VOLATILE: RiskProfile(
        size_multiple=0.5, stop_multiple=1.5, risk_per_trade=0.01, max_positions=5
    ),
    Regime.TRENDING: RiskProfile(
        size_multiple=1.2, stop_multiple=0.8, risk_per_trade=0.025, max_positions=12
    ),
    Regime.CRASH: RiskProfile(
        size_multiple=0.2, stop_multiple=2.0, risk_per_trade=0.005, max_positions=2, liquidate=True
    ),
    Regime.BULL_RUN: RiskProfile(
        size_multiple=1.5, stop_multiple=0.7, risk_per_trade=0.03, max_positions=15
    ),
    Regime.RECOVERY: RiskProfile(
        size_multiple=0.7, stop_multiple=1.3, risk_per_trade=0.015, max_positions=6
    ),
}


def largest_entry(profile: RiskProfile, capital: float, stop_fraction: float) -> float:
    """
    Return the value of an entry that loses the profile's risk at its stop.

    Parameters
    ----------
    profile : RiskProfile
        Of the present regime.
    capital : float
        In quote currency.
    stop_fraction : float
        Distance of the stop as a fraction of the price.

    Returns
    -------
    float
        In quote currency; 0 when a number is not known, so that nothing is entered on a guess.

    Examples
    --------
    >>> largest_entry(PROFILES[Regime.VOLATILE], 10_000.0, 0.005)
    20000.0
    >>> largest_entry(PROFILES[Regime.VOLATILE], float("nan"), 0.005)
    0.0

    """
    if not (capital > 0.0 and stop_fraction > 0.0):
        return 0.0
    return profile.risk_per_trade * capital / stop_fraction
