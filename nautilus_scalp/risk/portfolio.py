"""The limits that all strategies of a run share, over everything that they hold and may hold."""

import math
from collections.abc import Hashable
from typing import Annotated

import numpy as np
from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.portfolio_moves import Comovement
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Verdict
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


Loss = Annotated[float, Meta(gt=0.0, lt=1.0)]

_KILLED = Refused("kill_switch")
_NO_EQUITY = Refused("equity_unknown")
_POSITIONS = Refused("max_positions")
_UNKNOWN = Refused("portfolio_unknown")
_ASSET = Refused("max_asset_exposure")
_TOTAL = Refused("max_portfolio_exposure")
_CORRELATED = Refused("max_correlated_exposure")
_NO_VAR = Refused("value_at_risk_unknown")
_VAR = Refused("max_value_at_risk")


class PortfolioLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What all strategies together may risk; shares of the equity.

    Parameters
    ----------
    max_exposure_share, max_asset_share : float
        Value of everything, and of everything in one asset, at leverage 1. What may still fill
        counts as filled, and a short position does not make room for a long one.
    max_correlated_share : float
        Value of an asset and of every other times its absolute correlation with it, at leverage 1.
    max_daily_var_share : float
        Loss that a day exceeds with 5 % probability.
    max_drawdown_share : float
        A fall of this from the highest equity engages the kill switch.
    max_positions : int
        Strategies times instruments that hold or may open something.
    moves : MovesParams
        How correlation and value at risk are measured.

    """

    max_exposure_share: Positive = 0.8
    max_asset_share: Positive = 0.2
    max_correlated_share: Positive = 0.4
    max_daily_var_share: Positive = 0.05
    max_drawdown_share: Loss = 0.15
    max_positions: Count = 10
    moves: MovesParams = MovesParams()


class _Member(Struct):
    """One strategy in one instrument; its state is the live one."""

    place: int
    asset: str
    state: RiskState


class Portfolio:
    """
    Reviews orders against what every strategy holds and may hold.

    Parameters
    ----------
    limits : PortfolioLimits
        What may be risked.
    kill_switch : KillSwitch
        Refuses everything that opens while it is on.

    Attributes
    ----------
    leverage : float
        Multiple of the equity that the limits on exposure allow.
    drawdown : float
        Share lost since the highest equity; NaN while the equity is unknown.

    """

    def __init__(self, limits: PortfolioLimits, kill_switch: KillSwitch) -> None:
        self._limits = limits
        self._members: dict[Hashable, _Member] = {}
        self._moves = Comovement(limits.moves)
        self._equity = math.nan
        self._peak = 0.0
        self._reducing = False
        self.kill_switch = kill_switch
        self.leverage = 1.0

    def join(self, key: Hashable, instrument: str, asset: str, state: RiskState) -> None:
        """
        Count a strategy's position and orders from now on.

        Parameters
        ----------
        key : Hashable
            Of the strategy and the instrument; joining again replaces the state.
        instrument, asset : str
            What it trades, and what that is a price of.
        state : RiskState
            The live one, which the strategy keeps up to date.

        """
        self._members[key] = _Member(self._moves.add(instrument), asset, state)

    @property
    def halted(self) -> str | None:
        """Why everything is to be closed; None when all is well."""
        if self.kill_switch.engaged:
            return _KILLED.reason
        return "leverage_reduction" if self._reducing else None

    @property
    def drawdown(self) -> float:
        """Share of the highest equity that is lost."""
        return 1.0 - self._equity / self._peak if self._peak > 0.0 else math.nan

    @property
    def annual_volatility(self) -> float:
        """Annual volatility of the wildest instrument; NaN while too little is known."""
        return self._moves.annual_volatility

    @property
    def risk_share(self) -> float:
        """Value at risk of what is held and may be, over what is allowed; NaN while not known."""
        exposures = np.zeros(self._moves.size)
        for member in self._members.values():
            exposures[member.place] += worst_notional(member.state)
        risk = self._moves.value_at_risk(exposures)
        allowed = self._limits.max_daily_var_share * self._equity
        return risk / allowed if allowed > 0.0 else math.nan

    def on_mid(self, key: Hashable, ts_ns: int, mid: float) -> None:
        """Take in a positive finite price of a member's instrument, by exchange time."""
        self._moves.on_mid(self._members[key].place, ts_ns, mid)

    def on_equity(self, equity: float, ts_ns: int) -> None:
        """
        Take in what the account is worth, open positions included.

        Parameters
        ----------
        equity : float
            In quote currency; while it is not positive and finite nothing is opened.
        ts_ns : int
            When.

        """
        self._equity = equity
        if equity < math.inf:
            self._peak = max(self._peak, equity)
        if self.drawdown >= self._limits.max_drawdown_share:
            self.kill_switch.engage(f"drawdown of {self.drawdown:.1%}", ts_ns)

    def on_leverage(self, leverage: float, *, emergency: bool) -> None:
        """
        Take in how much leverage conditions allow.

        Parameters
        ----------
        leverage : float
            Multiple of the equity that may be held from now on.
        emergency : bool
            Whether what is held beyond it is closed rather than left to run off. Everything is
            then: which strategy should give way is not a question for an emergency.

        """
        self.leverage = leverage
        total = sum(worst_notional(member.state) for member in self._members.values())
        allowed = self._limits.max_exposure_share * self._equity * leverage
        self._reducing = emergency and total > allowed  # not on a guess: NaN closes nothing

    def review(
        self, key: Hashable, intent: OrderIntent, max_positions: int | None = None
    ) -> Verdict:
        """
        Judge an order that the strategy's own gate has approved.

        Parameters
        ----------
        key : Hashable
            Whose order.
        intent : OrderIntent
            The order; one that only reduces always passes.
        max_positions : int, optional
            Of the regime's profile, instead of the portfolio's.

        Returns
        -------
        Verdict
            ``APPROVED``, or ``Refused`` with the first reason.

        """
        if intent.reduce_only:
            return APPROVED
        if self.kill_switch.engaged:
            return _KILLED
        if not 0.0 < self._equity < math.inf:
            return _NO_EQUITY
        limit = self._limits.max_positions if max_positions is None else max_positions
        return self._review_exposure(key, intent, limit)

    def _review_exposure(self, key: Hashable, intent: OrderIntent, max_positions: int) -> Verdict:
        limits, mine = self._limits, self._members[key]
        values = [0.0] * self._moves.size
        total = in_asset = 0.0
        positions = 0
        for other, member in self._members.items():
            value = worst_notional(member.state, intent if other == key else None)
            if value == 0.0:
                continue
            positions += 1
            values[member.place] += value
            total += value
            if member.asset == mine.asset:
                in_asset += value
        if positions > max_positions:
            return _POSITIONS
        if not math.isfinite(total):
            return _UNKNOWN
        exposures = np.array(values)
        clusters = (self._moves.correlations @ exposures).tolist()
        held = (cluster for cluster, value in zip(clusters, values, strict=True) if value > 0.0)
        correlated = max(held, default=0.0)
        risk = self._moves.value_at_risk(exposures)
        if math.isnan(risk):
            return _NO_VAR
        capital = self._equity * self.leverage
        for value, limit, refused in (
            (in_asset, limits.max_asset_share * capital, _ASSET),
            (total, limits.max_exposure_share * capital, _TOTAL),
            (correlated, limits.max_correlated_share * capital, _CORRELATED),
            (risk, limits.max_daily_var_share * self._equity, _VAR),
        ):
            if not value <= limit:
                return refused
        return APPROVED


def worst_notional(state: RiskState, intent: OrderIntent | None = None) -> float:
    """
    Return the value of the largest position that the orders at work can lead to.

    Parameters
    ----------
    state : RiskState
        Position, working quantities and prices.
    intent : OrderIntent, optional
        An order that is to join them.

    Returns
    -------
    float
        In quote currency at the mid price, or at the order's own if that is higher; NaN when
        something is held or may be, and there is no sound price.

    """
    long_qty = max(state.position_qty, 0.0) + state.working_buy_qty
    short_qty = max(-state.position_qty, 0.0) + state.working_sell_qty
    price = state.mid
    if intent is not None:
        price = max(price, intent.price)
        if intent.side == BUY:
            long_qty += intent.qty
        else:
            short_qty += intent.qty
    if long_qty == 0.0 and short_qty == 0.0 and state.position_qty == 0.0:
        return 0.0
    if not 0.0 < state.mid < math.inf:
        return math.nan
    # The sum is nought, or NaN when one of them is: `max` would lose that.
    lost = 0.0 * (long_qty + short_qty + state.position_qty)
    return max(long_qty, short_qty) * price + lost
