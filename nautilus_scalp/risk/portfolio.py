"""The limits that all strategies of a run share, over everything that they hold and may hold."""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.risk.equity import Equity
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.layers import CorrelationExposure
from nautilus_scalp.risk.layers import Drawdown
from nautilus_scalp.risk.layers import Emergency
from nautilus_scalp.risk.layers import Exposure
from nautilus_scalp.risk.layers import Layer
from nautilus_scalp.risk.layers import PortfolioExposure
from nautilus_scalp.risk.layers import PositionSize
from nautilus_scalp.risk.layers import ValueAtRisk
from nautilus_scalp.risk.layers import VolatilityScaling
from nautilus_scalp.risk.portfolio_moves import Comovement
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.risk.profile import RiskProfile
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Verdict
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


Loss = Annotated[float, Meta(gt=0.0, lt=1.0)]

_LEAST_TRIPS = 30  # a win rate of fewer round trips says nothing

DAILY_LOSS = "portfolio_daily_loss"
KILLED = "kill_switch"
REDUCING = "leverage_reduction"


class PortfolioLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What all strategies together may risk; shares of the equity, layer by layer.

    Parameters
    ----------
    max_trade_share : float
        Value of one order, at leverage 1.
    max_loss_per_trade_share : float
        What one order loses at its stop; a regime's profile has its own.
    max_exposure_share, max_asset_share : float
        Value of everything, and of everything in one asset, at leverage 1. What may still fill
        counts as filled, and a short position does not make room for a long one.
    max_heat_share : float
        What is lost if every stop is hit.
    unstopped_loss : float
        What a strategy without stops is taken to lose, as a fraction of what it holds.
    max_positions : int
        Strategies times instruments that hold or may open something.
    max_daily_var_share : float
        Loss that a day exceeds with 5 % probability.
    max_drawdown_share : float
        A fall of this from the highest equity engages the kill switch.
    max_daily_loss_share : float
        A fall of this from the day's first equity closes everything until midnight UTC.
    reference_volatility : float
        Annual volatility of an instrument up to which an order may be as large as
        `max_trade_share`; beyond it the largest order falls in proportion.
    max_correlated_share : float
        Value of an asset and of every other times its absolute correlation with it, at leverage 1.
    moves : MovesParams
        How correlation and value at risk are measured.

    """

    max_trade_share: Positive = 0.1
    max_loss_per_trade_share: Positive = 0.02
    max_exposure_share: Positive = 0.8
    max_asset_share: Positive = 0.2
    max_heat_share: Positive = 0.06
    unstopped_loss: Loss = 0.1
    max_positions: Count = 10
    max_daily_var_share: Positive = 0.05
    max_drawdown_share: Loss = 0.15
    max_daily_loss_share: Loss = 0.05
    reference_volatility: Positive = 0.6
    max_correlated_share: Positive = 0.4
    moves: MovesParams = MovesParams()


@dataclass(slots=True)
class _Member:
    """One strategy in one instrument: its live state, and what it was worth when last looked at."""

    place: int
    asset: str
    state: RiskState
    revision: int = -1
    value: float = 0.0
    stop_fraction: float = math.nan


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
    halted : str or None
        Why everything is to be closed; None when all is well.
    equity : Equity
        What the account is worth, and what was lost of it.
    moves : Comovement
        How the instruments move, alone and together.

    """

    def __init__(self, limits: PortfolioLimits, kill_switch: KillSwitch) -> None:
        self._limits = limits
        self._members: dict[Hashable, _Member] = {}
        self.moves = Comovement(limits.moves)
        self._exposures: list[float] = []
        self._case = Exposure()
        self.equity = Equity(limits.max_daily_loss_share)
        self._reducing = False
        self._scaling = VolatilityScaling(limits.max_trade_share, limits.reference_volatility)
        size, drawdown = PositionSize(limits.max_trade_share), Drawdown(limits.max_drawdown_share)
        self._layers: tuple[Layer, ...] = (
            size,
            PortfolioExposure(
                limits.max_exposure_share, limits.max_asset_share, limits.max_heat_share
            ),
            ValueAtRisk(limits.max_daily_var_share),
            drawdown,
            self._scaling,
            CorrelationExposure(limits.max_correlated_share),
            Emergency(),
        )
        # What adds nothing to what is held is no matter of how much that is: a maker has no other
        # way out of an inventory that has become too risky than its quotes.
        self._layers_of_a_way_out: tuple[Layer, ...] = (size, drawdown, self._scaling, Emergency())
        self.kill_switch = kill_switch
        self.leverage = 1.0
        self.halted: str | None = None
        self._judge()

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
        self._members[key] = _Member(self.moves.add(instrument), asset, state)
        self._exposures = [0.0] * self.moves.size

    @property
    def instruments(self) -> list[str]:
        """Instruments of all members, once each."""
        return self.moves.names

    @property
    def annual_volatility(self) -> float:
        """Annual volatility of the wildest instrument; NaN while too little is known."""
        known = self.moves.annual_volatility
        return max(known) if known else math.nan

    @property
    def win_rate(self) -> float:
        """Share of all round trips won; 1 before there are enough to tell."""
        wins = trips = 0
        for member in self._members.values():
            wins += member.state.wins
            trips += member.state.wins + member.state.losses
        return wins / trips if trips >= _LEAST_TRIPS else 1.0

    @property
    def risk_share(self) -> float:
        """Value at risk of what is held and may be, over what is allowed; NaN while not known."""
        self._look()
        risk, _ = self.moves.risk(self._exposures)
        allowed = self._limits.max_daily_var_share * self.equity.value
        return risk / allowed if allowed > 0.0 else math.nan

    @property
    def sample_ns(self) -> int:
        """Time between two samples of the prices."""
        return self.moves.sample_ns

    def on_time(self, ts_ns: int) -> None:
        """Look at the prices of all instruments; more often than a sample of time is no use."""
        mids = [math.nan] * self.moves.size
        for member in self._members.values():
            state = member.state
            if 0.0 < state.bid < state.ask:
                mids[member.place] = state.mid
        self.moves.sample(ts_ns, mids)

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
        self.equity.on_value(equity, ts_ns)
        drawdown = self.equity.drawdown
        if drawdown >= self._limits.max_drawdown_share:
            self.kill_switch.engage(f"drawdown of {drawdown:.1%}", ts_ns)
        self._judge()

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
        reducing = False
        if emergency:
            self._look()
            total = sum(member.value for member in self._members.values())
            allowed = self._limits.max_exposure_share * self.equity.value * leverage
            reducing = total > allowed  # not on a guess: NaN closes nothing
        if reducing != self._reducing:
            self._reducing = reducing
            self._judge()

    def volatility_scale(self, key: Hashable) -> float:
        """Return what is left of a member's size in a market as wild as its own, 0 to 1."""
        return self._scaling.scale(self.moves.annual_volatility[self._members[key].place])

    def review(
        self, key: Hashable, intent: OrderIntent, profile: RiskProfile | None = None
    ) -> Verdict:
        """
        Judge an order that the strategy's own gate has approved.

        Parameters
        ----------
        key : Hashable
            Whose order.
        intent : OrderIntent
            The order; one that only reduces always passes.
        profile : RiskProfile, optional
            Of the present regime: its number of positions and its risk a trade count instead of
            the portfolio's.

        Returns
        -------
        Verdict
            ``APPROVED``, or ``Refused`` with the first reason.

        """
        if intent.reduce_only:
            return APPROVED
        case = self._measure(self._members[key], intent, profile)
        for layer in self._layers_of_a_way_out if case.extra <= 0.0 else self._layers:
            verdict = layer.review(case)
            if verdict is not APPROVED:
                return verdict
        return APPROVED

    def _judge(self) -> None:
        if self.equity.drawdown >= self._limits.max_drawdown_share:
            self.halted = Drawdown.reason
        elif self.kill_switch.engaged:
            self.halted = KILLED
        elif self.equity.day_is_lost:
            self.halted = DAILY_LOSS
        else:
            self.halted = REDUCING if self._reducing else None

    def _look(self) -> None:
        """Value the members that changed since they were last looked at."""
        changed = False
        members = self._members.values()
        for member in members:
            state = member.state
            if member.revision != state.revision:
                member.revision = state.revision
                member.value = worst_notional(state)
                stop = state.stop_fraction
                member.stop_fraction = stop if stop >= 0.0 else self._limits.unstopped_loss
                changed = True
        if changed:
            exposures = self._exposures = [0.0] * len(self._exposures)
            for member in members:
                exposures[member.place] += member.value

    def _measure(self, mine: _Member, intent: OrderIntent, profile: RiskProfile | None) -> Exposure:
        """Describe the portfolio as it would be with the order."""
        self._look()
        limits, case, state = self._limits, self._case, mine.state
        value = worst_notional(state, intent)
        extra = value - mine.value
        total = in_asset = extra
        heat = extra * mine.stop_fraction
        positions = 1 if mine.value == 0.0 else 0
        for member in self._members.values():
            held = member.value
            if held == 0.0:
                continue
            positions += 1
            total += held
            heat += held * member.stop_fraction
            if member.asset == mine.asset:
                in_asset += held
        case.notional = intent.qty * max(state.mid, intent.price)
        case.loss = case.notional * mine.stop_fraction
        case.extra = extra
        case.positions = positions
        case.total = total
        case.in_asset = in_asset
        case.heat = heat
        case.value_at_risk, case.correlated = self.moves.risk(self._exposures, mine.place, extra)
        case.volatility = self.moves.annual_volatility[mine.place]
        equity = self.equity.value
        case.equity = equity
        case.capital = equity * self.leverage
        case.drawdown = self.equity.drawdown
        case.max_positions = profile.max_positions if profile else limits.max_positions
        share = profile.risk_per_trade if profile else limits.max_loss_per_trade_share
        case.max_loss = share * equity
        case.halted = self.halted
        return case


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
    held = state.position_qty
    long_qty, short_qty = state.working_buy_qty, state.working_sell_qty
    if held > 0.0:
        long_qty += held
    elif held < 0.0:
        short_qty -= held
    mid = price = 0.5 * (state.bid + state.ask)
    if intent is not None:
        if intent.price > price:  # noqa: PLR1730 (the call of max would take longer)
            price = intent.price
        if intent.side == BUY:
            long_qty += intent.qty
        else:
            short_qty += intent.qty
    if long_qty == 0.0 and short_qty == 0.0 and held == 0.0:
        return 0.0
    if not 0.0 < mid < math.inf:
        return math.nan
    # The sum is nought, or NaN when one of them is: a comparison would lose that.
    lost = 0.0 * (long_qty + short_qty + held)
    return (long_qty if long_qty > short_qty else short_qty) * price + lost  # noqa: FURB136 (as above)
