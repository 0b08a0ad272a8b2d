"""The guard of a live node: status, stale markets, the kill switch, and what nobody owns."""

from collections.abc import Callable
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import TradingState
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderModifyRejected
from nautilus_trader.model.events import PositionClosed
from nautilus_trader.model.events import PositionOpened
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position
from nautilus_trader.risk.engine import RiskEngine
from nautilus_trader.trading.strategy import Strategy
from nautilus_trader.trading.trader import Trader

from nautilus_scalp.runtime.live.actions import Actions
from nautilus_scalp.runtime.live.outcomes import is_gone


_NS_PER_S = 1_000_000_000
_WATCH_INTERVAL_S = 0.5
_ALL_ORDER_EVENTS = "events.order.*"
TAG = "GUARD"
GUARD_ID = StrategyId(f"LiveGuard-{TAG}")


class LiveGuardConfig(StrategyConfig, frozen=True):
    """What the guard watches.

    Parameters
    ----------
    venue : str
        Whose account.
    watched : list[str]
        Instruments that are traded.
    kill_file : str
        The run stops when this file appears.
    stale_after_s : float
        A market silent for longer is not traded.
    status_interval_s : float
        Time between two status lines.
    flatten_unowned : bool
        Whether positions and orders that no strategy owns are closed.
    patience_s : float
        How long a position that appears while trading may turn out to be a strategy's after all.

    """

    venue: str
    watched: list[str]
    kill_file: str
    stale_after_s: float
    status_interval_s: float
    flatten_unowned: bool
    patience_s: float


class GuardLinks(Struct, frozen=True, kw_only=True):
    """
    What a guard watches and whom it tells.

    Parameters
    ----------
    trader : Trader
        Whose strategies.
    risk_engine : RiskEngine
        Where trading is narrowed to orders that reduce.
    say : Callable[[str], None]
        Takes a line for the person who watches.
    stop : Callable[[str], None]
        Ends the run, with the reason.
    save : Callable[[], None]
        Saves the state of all components.
    actions : Actions
        What is done to strategies from outside.
    remarks : Callable[[], Sequence[str]]
        Further words for the status line.

    """

    trader: Trader
    risk_engine: RiskEngine
    say: Callable[[str], None]
    stop: Callable[[str], None]
    save: Callable[[], None]
    actions: Actions
    remarks: Callable[[], Sequence[str]]


class LiveGuard(Strategy):
    """Watches over the strategies of a node; its only orders close what nobody owns.

    Orders and positions of the account that belong to no strategy (left by a crash, or made by
    hand) are claimed by the guard, because Nautilus lets only their owner close them.

    Parameters
    ----------
    config : LiveGuardConfig
        What to watch.
    links : GuardLinks
        What it watches and whom it tells.

    """

    def __init__(
        self,
        config: LiveGuardConfig,
        links: GuardLinks,
    ) -> None:
        super().__init__(config)
        self._trader = links.trader
        self._risk_engine = links.risk_engine
        self._say = links.say
        self._stop_run = links.stop
        self._save = links.save
        self._actions = links.actions
        self._remarks = links.remarks
        self._watched = [InstrumentId.from_str(name) for name in config.watched]
        self._kill_file = Path(config.kill_file)
        self._heard_ns: dict[InstrumentId, int] = {}
        self._stale: set[InstrumentId] = set()
        self._quotes = 0
        self._opening_balance: float | None = None
        self._act_at_ns = 0
        self._recovering = False

    def on_start(self) -> None:
        """Listen to every market, close what a crash left, and set the clocks."""
        now = self.clock.timestamp_ns()
        for instrument_id in self._watched:
            self._heard_ns[instrument_id] = now
            self.subscribe_quote_ticks(instrument_id)
        self.msgbus.subscribe(_ALL_ORDER_EVENTS, self._on_any_order_event)
        self._opening_balance = self._balance()
        if self.config.flatten_unowned:
            self._recovering = True
            self._take_care()
        self._set_trading_state()
        watch_ns = round(_WATCH_INTERVAL_S * _NS_PER_S)
        status_ns = round(self.config.status_interval_s * _NS_PER_S)
        self.clock.set_timer_ns("watch", watch_ns, now, 0, self._watch)
        self.clock.set_timer_ns("status", status_ns, now, 0, self._report)

    def on_stop(self) -> None:
        """Say how it ended, and stop listening; the strategies are stopped by now."""
        self._say(self.status())
        self.msgbus.unsubscribe(_ALL_ORDER_EVENTS, self._on_any_order_event)
        for instrument_id in self._watched:
            self.unsubscribe_quote_ticks(instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Note that the market speaks."""
        self._heard_ns[tick.instrument_id] = self.clock.timestamp_ns()
        self._quotes += 1

    def _on_any_order_event(self, event: OrderEvent) -> None:
        """Ask after an order that the venue says it does not work, unless that explains itself.

        The fill or cancel that ended it may have been lost with a connection, and a strategy
        that keeps trying to change the order would keep Nautilus's own check away from it.
        """
        refused = isinstance(event, OrderModifyRejected | OrderCancelRejected)
        if not refused or not is_gone(event.reason):
            return
        name = f"ask-{event.client_order_id}"
        if name not in self.clock.timer_names:
            at_ns = self.clock.timestamp_ns() + _NS_PER_S
            self.clock.set_time_alert_ns(
                name, at_ns, lambda _alert: self._ask_after(event.client_order_id)
            )

    def _ask_after(self, client_order_id: ClientOrderId) -> None:
        order = self.cache.order(client_order_id)
        if order is not None and not order.is_closed:
            self.query_order(order)

    def on_position_opened(self, event: PositionOpened) -> None:
        """Note a position of the guard's own: it was opened outside of this run, or so it seems.

        A fill that is still on its way makes the venue's position look like somebody else's
        until the next comparison, so the guard lets some comparisons pass before it acts.
        """
        self._say(f"{event.instrument_id}: {event.signed_qty:+g} that no strategy owns")
        self._act_at_ns = self.clock.timestamp_ns() + round(self.config.patience_s * _NS_PER_S)

    def on_position_closed(self, _event: PositionClosed) -> None:
        """Let strategies trade as soon as what a crash left is gone."""
        self._set_trading_state()

    def _take_care(self) -> None:
        """Close what the guard owns, which is what no strategy owns."""
        if self.cache.orders_inflight(strategy_id=self.id):
            return
        # Claimed orders first: the guard's own are market orders, and closed at once.
        for order in self.cache.orders_open(strategy_id=self.id):
            if not order.is_pending_cancel:
                self.cancel_order(order)
        for position in self.cache.positions_open(strategy_id=self.id):
            self._say(f"closing {position.instrument_id} {position.signed_qty:+g}")
            self._close(position)

    def _close(self, position: Position) -> None:
        """Close a position past the risk engine, which may be halted just because of it.

        Where strategies hold the other side, the venue's net is smaller than the position, and an
        order that may only reduce the net would be cut down to it.
        """
        net = self._net_qty(position.instrument_id)
        order = self.order_factory.market(
            position.instrument_id,
            Order.closing_side(position.side),
            position.quantity,
            reduce_only=net / position.signed_decimal_qty() >= 1,
        )
        self.cache.add_order(order, position.id)
        self.msgbus.publish(f"events.order.{self.id}", order.init_event)  # as every order begins
        command = SubmitOrder(
            trader_id=self.trader_id,
            strategy_id=self.id,
            order=order,
            position_id=position.id,
            command_id=UUID4(),
            ts_init=self.clock.timestamp_ns(),
        )
        self.msgbus.send("ExecEngine.execute", command)

    def _set_trading_state(self) -> None:
        """Let nothing trade until what a crash left is gone, and nothing grow in a silent market.

        An order of a strategy that meets what is left would net with it at the venue, and each
        would find its own exit refused.
        """
        owned = (
            self.cache.positions_open_count(strategy_id=self.id)
            + self.cache.orders_open_count(strategy_id=self.id)
            + self.cache.orders_inflight_count(strategy_id=self.id)
        )
        self._recovering = self._recovering and owned > 0
        state = TradingState.REDUCING if self._stale else TradingState.ACTIVE
        if self._recovering:
            state = TradingState.HALTED
        if state != self._risk_engine.trading_state:
            self._risk_engine.set_trading_state(state)

    def _watch(self, _event: TimeEvent) -> None:
        if self._kill_file.exists():
            self._stop_run(f"kill switch {self._kill_file}")
            return
        now = self.clock.timestamp_ns()
        if self.config.flatten_unowned and now >= self._act_at_ns:
            self._take_care()
        limit_ns = self.config.stale_after_s * _NS_PER_S
        stale = {name for name, heard in self._heard_ns.items() if now - heard > limit_ns}
        for instrument_id in stale - self._stale:
            self._say(f"{instrument_id}: silent for {self.config.stale_after_s:g} s, not traded")
        for instrument_id in stale:
            self._withdraw(instrument_id)
        for instrument_id in self._stale - stale:
            self._say(f"{instrument_id}: quotes are back")
        self._stale = stale
        self._set_trading_state()

    def _withdraw(self, instrument_id: InstrumentId) -> None:
        """Cancel what works, and next time what is only now known to work."""
        for strategy in self._trader.strategies():
            working = self.cache.orders_open(instrument_id=instrument_id, strategy_id=strategy.id)
            if any(not order.is_pending_cancel for order in working):
                self._actions.do("withdraw", strategy, instrument_id)

    def _report(self, _event: TimeEvent) -> None:
        self._save()
        self._say(self.status())

    def status(self) -> str:
        """Return the state of the run in one line.

        Returns
        -------
        str
            Quotes, positions, orders, profit since the start net of fees, and remarks.

        """
        held = " ".join(
            f"{instrument_id.symbol} {self._net_qty(instrument_id):+g}"
            for instrument_id in self._watched
        )
        balance, opening = self._balance(), self._opening_balance
        profit = "unknown" if balance is None or opening is None else f"{balance - opening:+.2f}"
        fields = (
            f"quotes {self._quotes}",
            held,
            f"orders {self.cache.orders_open_count()} open, {self.cache.orders_total_count()} sent",
            f"balance {profit} since start",
            f"stale {', '.join(sorted(map(str, self._stale))) or 'none'}",
            *self._remarks(),
        )
        return "  ".join(fields)

    def _net_qty(self, instrument_id: InstrumentId) -> Decimal:
        positions = self.cache.positions_open(instrument_id=instrument_id)
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def _balance(self) -> float | None:
        account = self.portfolio.account(Venue(self.config.venue))
        if account is None:
            return None
        return float(sum(money.as_double() for money in account.balances_total().values()))
