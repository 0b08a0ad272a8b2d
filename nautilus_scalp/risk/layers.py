"""The seven layers between an order and a portfolio, one rule a class, asked in this order."""

import math
from dataclasses import dataclass
from typing import Protocol

from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import Verdict


_ROUNDING = 1.0 + 1e-9  # a size that was made to fit a limit may miss it by an ulp


@dataclass(slots=True)
class Exposure:
    """
    What a portfolio would risk with one more order; one is filled in again for every order.

    Every amount is in quote currency and counts what may still fill as filled.

    Attributes
    ----------
    notional : float
        Value of the order.
    loss : float
        What the order loses at its stop.
    extra : float
        What the order adds to the worst that its strategy can come to hold; nought for one that,
        like a maker's quote against its inventory, can only lead away from it.
    positions : int
        Strategies times instruments that would hold or might open something.
    total, in_asset : float
        Value of everything, and of everything in the order's asset.
    heat : float
        What everything loses if every stop is hit.
    value_at_risk : float
        Loss that a day exceeds with 5 % probability; NaN while unknown.
    correlated : float
        Largest sum of an asset and of every other times its absolute correlation with it.
    volatility : float
        Annual volatility of the order's instrument; NaN while unknown.
    equity, capital : float
        What the account is worth, and that times the leverage that conditions allow.
    drawdown : float
        Share of the highest equity that is lost.
    max_positions : int
        How many `positions` may be.
    max_loss : float
        How large `loss` may be.
    halted : str or None
        Why everything is to be closed.

    """

    notional: float = math.nan
    loss: float = math.nan
    extra: float = math.nan
    positions: int = 0
    total: float = math.nan
    in_asset: float = math.nan
    heat: float = math.nan
    value_at_risk: float = math.nan
    correlated: float = math.nan
    volatility: float = math.nan
    equity: float = math.nan
    capital: float = math.nan
    drawdown: float = math.nan
    max_positions: int = 0
    max_loss: float = math.nan
    halted: str | None = None


class Layer(Protocol):
    """One of the seven."""

    def review(self, case: Exposure) -> Verdict:
        """Judge an order by what the portfolio would risk with it."""


class PositionSize:
    """
    Layer 1: the value of one order, and what it may lose.

    Parameters
    ----------
    max_share : float
        Largest share of the capital.

    """

    _unknown = Refused("equity_unknown")
    _size = Refused("max_trade_size")
    _loss = Refused("max_loss_per_trade")

    def __init__(self, max_share: float) -> None:
        self._max_share = max_share * _ROUNDING

    def review(self, case: Exposure) -> Verdict:
        """Refuse an order that is too large, and every order on an unknown equity."""
        if not 0.0 < case.equity < math.inf:
            return self._unknown
        if not case.notional <= self._max_share * case.capital:
            return self._size
        return APPROVED if case.loss <= case.max_loss * _ROUNDING else self._loss


class PortfolioExposure:
    """
    Layer 2: the value of everything, and of everything in one asset; the heat; how many positions.

    Parameters
    ----------
    max_total, max_asset : float
        Largest shares of the capital.
    max_heat : float
        Largest share of the equity that is lost if every stop is hit.

    """

    _unknown = Refused("portfolio_unknown")
    _positions = Refused("max_positions")
    _asset = Refused("max_asset_exposure")
    _total = Refused("max_portfolio_exposure")
    _heat = Refused("max_portfolio_heat")

    def __init__(self, max_total: float, max_asset: float, max_heat: float) -> None:
        self._max_total = max_total * _ROUNDING
        self._max_asset = max_asset * _ROUNDING
        self._max_heat = max_heat * _ROUNDING

    def review(self, case: Exposure) -> Verdict:
        """Refuse what would be too much of one asset, of all, or at risk at the stops."""
        if not case.total < math.inf:
            return self._unknown
        if case.positions > case.max_positions:
            return self._positions
        if not case.in_asset <= self._max_asset * case.capital:
            return self._asset
        if not case.total <= self._max_total * case.capital:
            return self._total
        return APPROVED if case.heat <= self._max_heat * case.equity else self._heat


class ValueAtRisk:
    """
    Layer 3: the loss that a day exceeds with 5 % probability.

    Parameters
    ----------
    max_share : float
        Of the equity.

    """

    _unknown = Refused("value_at_risk_unknown")
    _refused = Refused("max_value_at_risk")

    def __init__(self, max_share: float) -> None:
        self._max_share = max_share * _ROUNDING

    def review(self, case: Exposure) -> Verdict:
        """Refuse what a bad day would make too costly, or nobody can tell."""
        if math.isnan(case.value_at_risk):
            return self._unknown
        small = case.value_at_risk <= self._max_share * case.equity
        return APPROVED if small else self._refused


class Drawdown:
    """
    Layer 4: what was lost since the highest equity.

    Parameters
    ----------
    max_share : float
        Of that equity.

    """

    reason = "portfolio_drawdown"
    _refused = Refused(reason)

    def __init__(self, max_share: float) -> None:
        self._max_share = max_share

    def review(self, case: Exposure) -> Verdict:
        """Refuse to go on losing."""
        return APPROVED if case.drawdown < self._max_share else self._refused


class VolatilityScaling:
    """
    Layer 5: in a wild market orders are smaller.

    Parameters
    ----------
    max_share : float
        Largest order in a calm market, a share of the capital.
    reference : float
        Annual volatility up to which nothing is taken off; twice as much halves the largest order.

    """

    _refused = Refused("volatility_scaling")

    def __init__(self, max_share: float, reference: float) -> None:
        self._max_share = max_share * _ROUNDING
        self._reference = reference

    def scale(self, volatility: float) -> float:
        """Return what is left of a size, 0 to 1; unknown takes nothing off, layer 3 refuses it."""
        return self._reference / volatility if volatility > self._reference else 1.0

    def review(self, case: Exposure) -> Verdict:
        """Refuse an order that is too large for so wild a market."""
        largest = self._max_share * case.capital * self.scale(case.volatility)
        return APPROVED if case.notional <= largest else self._refused


class CorrelationExposure:
    """
    Layer 6: what moves alike counts as one asset.

    Parameters
    ----------
    max_share : float
        Largest share of the capital.

    """

    _refused = Refused("max_correlated_exposure")

    def __init__(self, max_share: float) -> None:
        self._max_share = max_share * _ROUNDING

    def review(self, case: Exposure) -> Verdict:
        """Refuse too much of what moves alike."""
        return APPROVED if case.correlated <= self._max_share * case.capital else self._refused


class Emergency:
    """Layer 7: nothing is opened while everything is to be closed."""

    def review(self, case: Exposure) -> Verdict:
        """Refuse for the emergency's reason."""
        return APPROVED if case.halted is None else Refused(case.halted)
