"""The gate that every order intent passes."""

import math

from msgspec import Struct

from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.limits import FreshData
from nautilus_scalp.risk.limits import InSteps
from nautilus_scalp.risk.limits import Margin
from nautilus_scalp.risk.limits import OrderNotional
from nautilus_scalp.risk.limits import OrderRate
from nautilus_scalp.risk.limits import Position
from nautilus_scalp.risk.limits import PriceCollar
from nautilus_scalp.risk.limits import Reducing
from nautilus_scalp.risk.limits import SoundMarket
from nautilus_scalp.risk.limits import Unblocked
from nautilus_scalp.risk.limits import WellFormed
from nautilus_scalp.risk.limits import WorkingOrders
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import Proposal
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.risk.state import Rule
from nautilus_scalp.risk.state import Verdict
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


class RiskLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a strategy may risk; values in quote currency.

    Parameters
    ----------
    max_order_notional : float
        Largest opening order.
    max_position_notional : float
        Largest position, counted as if all that works on a side were filled.
    max_leverage : float
        Largest position over the account's balance, counted likewise.
    max_working_orders : int
        Orders at work at once.
    max_orders_per_second : int
        New and amended orders that leave within any second.
    max_data_age_ms : float
        Oldest quote on which anything is opened.
    max_deviation_bps : float
        Furthest that a limit price may lie through the mid price.
    breakers : BreakerParams
        When losses pause the strategy.

    """

    max_order_notional: Positive = 5_000.0
    max_position_notional: Positive = 10_000.0
    max_leverage: Positive = 3.0
    max_working_orders: Count = 20
    max_orders_per_second: Count = 50
    max_data_age_ms: Positive = 2_000.0
    max_deviation_bps: Positive = 50.0
    breakers: BreakerParams = BreakerParams()


class RiskGate:
    """
    Reviews intents against every limit in order; the first refusal counts.

    Nautilus 1.231 checks neither notional nor margin on margin accounts, so this is not a second
    line of defence but the first. Orders that can only reduce a position are never held up by a
    limit on exposure, on data or on the market: a way out must stay open.

    Parameters
    ----------
    limits : RiskLimits
        What may be risked.
    rules : TradingRules
        What the venue accepts.
    max_position_qty : float
        Largest position in base currency, for a strategy that has its own limit.

    """

    def __init__(
        self, limits: RiskLimits, rules: TradingRules, max_position_qty: float = math.inf
    ) -> None:
        self._proposal = Proposal()
        self._position = Position(limits.max_position_notional, max_position_qty)
        self._rate = OrderRate(limits.max_orders_per_second)
        self._closing: tuple[Rule, ...] = (WellFormed(), Reducing(), InSteps(rules))
        self._opening: tuple[Rule, ...] = (
            WellFormed(),
            Unblocked(),
            SoundMarket(),
            FreshData(limits.max_data_age_ms),
            InSteps(rules),
            PriceCollar(limits.max_deviation_bps),
            OrderNotional(rules.min_notional, limits.max_order_notional),
            self._position,
            Margin(limits.max_leverage),
            WorkingOrders(limits.max_working_orders),
            self._rate,
        )

    def review(self, intent: OrderIntent, state: RiskState) -> Verdict:
        """
        Judge an order that a strategy would like to send.

        Parameters
        ----------
        intent : OrderIntent
            The order.
        state : RiskState
            Market, position and working orders.

        Returns
        -------
        Verdict
            ``APPROVED``, or ``Refused`` with the first reason. Whatever the numbers, NaN and
            infinity included, one of the two comes back.

        """
        order = self._proposal
        order.fill_in(intent, state)
        for rule in self._closing if intent.reduce_only else self._opening:
            verdict = rule.review(order)
            if verdict is not APPROVED:
                return verdict
        return APPROVED

    def limit_position(self, max_qty: float) -> None:
        """Let no position be larger than a quantity, in base currency."""
        self._position.limit(max_qty)

    def sent(self, now_ns: int) -> None:
        """Count an order or an amendment that leaves now."""
        self._rate.sent(now_ns)
