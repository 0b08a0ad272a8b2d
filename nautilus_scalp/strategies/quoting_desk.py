"""From a market to the orders that a maker has in it: all of a maker but its life cycle."""

import math
from collections import Counter

from nautilus_scalp.quoting.diff import diff
from nautilus_scalp.quoting.ladder import Ladder
from nautilus_scalp.quoting.ladder import Quote
from nautilus_scalp.quoting.pricing import Market
from nautilus_scalp.quoting.pull import PullGuard
from nautilus_scalp.quoting.pull import sure_of
from nautilus_scalp.quoting.queue import see_best
from nautilus_scalp.quoting.queue import see_trade
from nautilus_scalp.risk.sizing import annual_volatility
from nautilus_scalp.signals.combination import NO_OPINION
from nautilus_scalp.signals.combination import Opinion
from nautilus_scalp.strategies.execution import Execution
from nautilus_scalp.strategies.market_making_config import MarketMakingConfig
from nautilus_scalp.strategies.stake import BY_RULE
from nautilus_scalp.strategies.stake import stake


_NS_PER_MS = 1_000_000
_BASIS_POINT = 1e-4
_RESIZE = 0.25  # a size that differs by less is kept, and with it the places in the queues


class QuotingDesk:
    """
    Brings the working orders to where the ladder wants them.

    Parameters
    ----------
    config : MarketMakingConfig
        What is quoted, and how.
    execution : Execution
        The strategy's position and orders.
    pull : PullGuard
        Which quotes are better not there.
    refusals : Counter[str]
        Where what was not quoted is counted.

    Attributes
    ----------
    next_change_ns : int
        Before this a price that moves changes no quote.
    prices : set[float] or None
        Where the orders stand; None until a trade has asked.

    """

    def __init__(
        self,
        config: MarketMakingConfig,
        execution: Execution,
        pull: PullGuard,
        refusals: Counter[str],
    ) -> None:
        self._config = config
        self._execution = execution
        self._pull = pull
        self._refusals = refusals
        self._refresh_ns = round(config.refresh_interval_ms * _NS_PER_MS)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._ladder: Ladder | None = None
        self._profile = self._execution.permission.regime.profile
        self._notional = 0.0
        self._desired: list[Quote] = []
        self._settled = False
        self.prices: set[float] | None = None
        self.next_change_ns = 0

    def unsettle(self) -> None:
        """Note that something happened to the orders: the same quotes may need a change."""
        self._settled = False
        self.prices = None

    def on_trade(self, price: float, size: float, side: int) -> None:
        """
        Let a trade take from the queues in which the orders stand.

        Parameters
        ----------
        price, size : float
            Of the trade.
        side : int
            Aggressor: +1 buyer, -1 seller, 0 unknown.

        """
        working = self._execution.working
        if self.prices is None:
            self.prices = {order.price for order in working}
        if price in self.prices:
            see_trade(working, price, size, side)

    def quote(self, market: Market, opinion: Opinion) -> None:
        """
        Bring the quotes up to date.

        Parameters
        ----------
        market : Market
            What the ladder looks at.
        opinion : Opinion
            Of the model; a sure one takes a side away.

        """
        execution = self._execution
        ladder, position_qty = self._present_ladder(market), execution.state.position_qty
        desired = ladder.quote(market, position_qty)
        if not desired:
            self._refusals[self._why_no_quotes(market)] += 1
        move = math.nan
        if opinion is not NO_OPINION:
            desired = sure_of(desired, opinion, self._config.signal)
            move = market.mid * market.expected_move_bps * _BASIS_POINT
        desired, pulled = self._pull.allowed(desired, move, position_qty)
        if pulled is not None:
            self._refusals[pulled] += 1
        see_best(execution.working, market.bid, market.ask, market.bid_size, market.ask_size)
        if self._settled and desired == self._desired:
            return  # nothing has happened since these very quotes needed no change
        self._desired = desired
        config = self._config
        actions = diff(
            desired, execution.working, execution.rules, config.tolerance_ticks, config.queue
        )
        self._settled = not actions
        if actions:
            self.prices = None
            execution.apply(actions)
            self.next_change_ns = execution.state.now_ns + self._refresh_ns

    def _present_ladder(self, market: Market) -> Ladder:
        """Return the ladder for the present regime and size."""
        ladder = self._ladder
        stands = self._profile is self._execution.permission.regime.profile
        if ladder is not None and stands and self._config.sizing is None:
            return ladder
        notional = self._quote_notional(market.volatility)
        resized = abs(notional - self._notional) > _RESIZE * self._notional
        if ladder is None or resized or not stands:
            ladder = self._ladder = self._make_ladder(market.mid, notional)
        return ladder

    def _quote_notional(self, volatility: float) -> float:
        """Return the value of a quote, before the regime scales it; 0 while it is not known."""
        config, execution = self._config, self._execution
        if config.sizing is None:
            return float(config.order_notional)
        yearly = annual_volatility(volatility, config.volatility.horizon_ms)
        equity = execution.state.equity
        value = stake(config.sizing, BY_RULE, yearly, execution.permission, equity)
        return max(0.0, value)

    def _make_ladder(self, mid: float, notional: float) -> Ladder:
        config = self._config
        self._notional = notional
        self._profile = self._execution.permission.regime.profile
        multiple = self._profile.size_multiple
        limit_qty = multiple * config.inventory_limit / mid
        self._execution.permission.limit_position(limit_qty)
        return Ladder(
            config.ladder,
            self._execution.rules,
            multiple * notional / mid,
            limit_qty,
            config.volatility.horizon_ms,
        )

    def _why_no_quotes(self, market: Market) -> str:
        if self._config.sizing is not None and math.isnan(market.volatility):
            return "volatility_unknown"
        notional = self._profile.size_multiple * self._notional
        if not self._execution.rules.floor_qty(notional / market.mid):
            return "order_below_step"
        if math.isnan(market.volatility):
            return "volatility_unknown"
        unknown = self._config.ladder.model != "volatility" and math.isnan(market.depth_decay)
        return "fill_rates_unknown" if unknown else "no_quotes"
