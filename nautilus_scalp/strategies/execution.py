"""What the strategies share: intents become orders, events become position and working orders."""

import math
from collections import Counter
from collections.abc import Callable
from collections.abc import Collection
from functools import partial

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderModifyRejected
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.bridge import quote_prices
from nautilus_scalp.bridge import trading_rules
from nautilus_scalp.errors import UsageError
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.quoting.diff import Action
from nautilus_scalp.quoting.diff import Amend
from nautilus_scalp.quoting.diff import Cancel
from nautilus_scalp.quoting.diff import Place
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import Refused
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.strategies.attention import Attention
from nautilus_scalp.strategies.departure import Departure
from nautilus_scalp.strategies.ledger import Ledger
from nautilus_scalp.strategies.orders import ALIVE_EVENTS
from nautilus_scalp.strategies.orders import ANSWERS
from nautilus_scalp.strategies.orders import CLOSED_EVENTS
from nautilus_scalp.strategies.orders import FAILED_EVENTS
from nautilus_scalp.strategies.orders import PASSING_EVENTS
from nautilus_scalp.strategies.orders import REFUSALS
from nautilus_scalp.strategies.orders import as_working
from nautilus_scalp.strategies.orders import make_order
from nautilus_scalp.strategies.permission import Permission
from nautilus_scalp.strategies.regime_watch import ArbiterParams


_FINEST_PRECISION = 16  # of Nautilus; until the instrument is known


class Execution:
    """
    One strategy's position and orders in one instrument.

    The position is counted from the strategy's own fills. Everything that may still fill counts as
    working from the moment it is sent until the venue says that it is over, so that the risk gate
    always sees the worst case.

    Parameters
    ----------
    strategy : Strategy
        Whose orders.
    instrument_id : InstrumentId
        What is traded.
    limits : RiskLimits
        What may be risked.
    refusals : Counter[str]
        Where refusals are counted.
    regime : ArbiterParams, optional
        In which regimes the strategy trades.
    priority : Priority
        How good its cases are, where several strategies want the instrument.

    Attributes
    ----------
    rules : TradingRules
        What the venue accepts; known from the start on.
    state : RiskState
        Market, position and working quantities.
    permission : Permission
        Who has to agree before an order is sent.
    attention : Attention
        Which quotes are looked at.

    """

    rules: TradingRules
    state: RiskState
    _instrument: Instrument

    def __init__(
        self,
        strategy: Strategy,
        instrument_id: InstrumentId,
        limits: RiskLimits,
        refusals: Counter[str],
        regime: ArbiterParams | None = None,
        priority: Priority = Priority.CASE,
    ) -> None:
        self._strategy = strategy
        self._instrument_id = instrument_id
        self._refusals = refusals
        self._size_precision = _FINEST_PRECISION
        self.attention = Attention(strategy, instrument_id)
        self.permission = Permission(
            strategy, instrument_id, limits, regime, priority, self.attention.look
        )
        self.reset()

    def start(self) -> None:
        """
        Look the instrument up and take over what the cache knows of the strategy's position.

        Raises
        ------
        UsageError
            If the instrument is not known.

        """
        instrument = self._strategy.cache.instrument(self._instrument_id)
        if instrument is None:
            message = f"{self._strategy.id}: instrument {self._instrument_id} is not known"
            raise UsageError(message, "add the instrument to the catalog or the venue's provider")
        self._instrument = instrument
        self.rules = trading_rules(instrument)
        self._size_precision = self.rules.size_precision
        self.permission.start(self.rules)
        self.resume()

    def resume(self) -> None:
        """Take over position and orders from the cache, after a start or a pause."""
        self._clear()
        cache = self._strategy.cache
        mine = {"instrument_id": self._instrument_id, "strategy_id": self._strategy.id}
        for position in cache.positions_open(**mine):
            self._ledger.book(position.signed_qty, position.avg_px_open, position.ts_opened)
        for order in (*cache.orders_open(**mine), *cache.orders_inflight(**mine)):
            self._ledger.add(as_working(order, pending=order.is_inflight))
            if order.is_reduce_only:  # the exit is under way: wait for it, send no second one
                self._departure.wait_for_exit(self._strategy.clock.timestamp_ns())
        self.permission.join(self._instrument, self.state, lambda: self.leaving)
        self.attention.look_within(self.permission.portfolio.sample_ns)

    def reset(self) -> None:
        """Forget position, orders, losses and regime."""
        self._clear()
        self.permission.reset()

    def _clear(self) -> None:
        self._ledger = Ledger(self._size_precision)
        self.state = self._ledger.state
        self._departure = Departure(self, self._ledger, self._refusals)
        self.attention.look()

    @property
    def leaving(self) -> bool:
        """Whether the strategy is going flat; until then it opens nothing."""
        return self._departure.under_way

    @property
    def working(self) -> Collection[WorkingOrder]:
        """Orders that may still fill."""
        return self._ledger.working.values()

    @property
    def position(self) -> OpenPosition | None:
        """The present position."""
        return self._ledger.position

    @property
    def idle(self) -> bool:
        """Whether there is neither a position nor an order that may still fill."""
        return self._ledger.idle

    def catch_up(self) -> None:
        """Take in when the last quote came, which may have shown nothing to look at."""
        last, state = self._strategy.cache.quote_tick(self._instrument_id), self.state
        if last is not None and state.now_ns:
            state.quote_ns = last.ts_event
            state.now_ns = last.ts_init

    def set_stop(self, fraction: float) -> None:
        """Say where the stop of what is held or about to be is; NaN for none."""
        self.state.stop_fraction = fraction
        self.state.revision += 1

    def on_market(self, tick: QuoteTick) -> bool:
        """
        Take in the best prices.

        Parameters
        ----------
        tick : QuoteTick
            The market.

        Returns
        -------
        bool
            Whether the market is sound; what is not is counted as a refusal.

        """
        state = self.state
        bid, ask = quote_prices(tick)
        if bid != state.bid or ask != state.ask:
            state.bid = bid
            state.ask = ask
            state.revision += 1
        state.quote_ns = tick.ts_event
        state.now_ns = tick.ts_init
        self.permission.on_market(state, self._instrument)
        if self._departure.under_way:
            self.attention.look()
            self._departure.go_on()
        if 0.0 < bid < ask < math.inf:
            return True
        self._refusals["crossed_or_missing_market"] += 1
        return False

    def on_time(self, ts_init: int, ts_event: int) -> RiskState:
        """Take in that the prices stood at a moment, by our time and the exchange's."""
        state = self.state
        state.quote_ns = ts_event
        state.now_ns = ts_init
        if self.permission.due(ts_init, ts_event):
            self.permission.on_market(state, self._instrument)
        return state

    def submit(self, intent: OrderIntent) -> bool:
        """
        Send an order if the risk gate approves it.

        Parameters
        ----------
        intent : OrderIntent
            The order.

        Returns
        -------
        bool
            Whether it was sent; a refusal is counted.

        """
        if self._strategy.is_exiting():
            self._refusals["market_exit"] += 1
            return False
        verdict = self.permission.review(intent, self.state)
        if isinstance(verdict, Refused):
            self._refusals[verdict.reason] += 1
            return False
        order = make_order(self._strategy, self._instrument, intent)
        self._ledger.add(as_working(order, pending=True))
        self.permission.sent(self.state.now_ns)
        self._strategy.submit_order(order)
        return True

    def apply(self, actions: list[Action]) -> None:
        """
        Carry out what turns the working orders into the desired quotes.

        Cancels go first. All amendments are judged before one leaves: after its long way out the
        next review would find little of its own code in the processor's caches.

        Parameters
        ----------
        actions : list[Action]
            From `nautilus_scalp.quoting.diff`.

        """
        for action in actions:
            if isinstance(action, Cancel):
                self._cancel(action.order)
        moves = [self._amend(one.order, one.ticks) for one in actions if isinstance(one, Amend)]
        for send in moves:
            send()
        for action in actions:
            if isinstance(action, Place):
                quote = action.quote
                price = self.rules.price_at(quote.ticks)
                self.submit(OrderIntent(quote.side, quote.qty, price, post_only=True))

    def cancel_all(self, side: int = 0) -> None:
        """
        Cancel every order that waits at the venue; one on its way goes when it arrives.

        Parameters
        ----------
        side : int
            +1 bids only, -1 asks only, 0 both.

        """
        for order in list(self.working):
            if not (order.pending or order.reduce_only or order.side == -side):
                self._cancel(order)

    def leave(self) -> None:
        """Go flat, unless one is; until then the strategy opens nothing."""
        self.catch_up()
        self._departure.begin()
        if self._departure.under_way:
            self.attention.look()

    def stop(self) -> bool:
        """
        Go flat on behalf of the strategy's ``stop``, which is called again once that is done.

        Returns
        -------
        bool
            Whether the strategy can stop now.

        """
        if self.idle or not self._strategy.is_running:
            return True
        self._departure.stopping = True
        self.leave()
        return False

    def on_order_event(self, event: OrderEvent) -> bool:
        """Take in any event of an order; return whether it may have changed what works."""
        if type(event) in PASSING_EVENTS:
            return False
        self._take_in(event)
        return True

    # --- orders ---

    def _amend(self, working: WorkingOrder, ticks: int) -> Callable[[], None]:
        """Count an order at another price; return what tells the venue, a cancel if refused."""
        order = self._strategy.cache.order(working.order_id)
        price = self.rules.price_at(ticks)
        intent = OrderIntent(working.side, working.leaves_qty, price, post_only=True)
        self._ledger.drop(working.order_id)  # judged as a new order in its own place
        verdict = self.permission.review(intent, self.state)
        self._ledger.add(working)
        if isinstance(verdict, Refused):
            self._refusals[verdict.reason] += 1
            return partial(self._cancel, working)
        working.pending = True
        working.price = price
        working.queue_qty = working.ahead_qty = math.inf  # at the end of another queue
        self.permission.sent(self.state.now_ns)
        told = Price(price, self.rules.price_precision)
        return partial(self._strategy.modify_order, order, price=told)

    def _cancel(self, working: WorkingOrder) -> None:
        working.pending = True
        self._strategy.cancel_order(self._strategy.cache.order(working.order_id))

    # --- events ---

    def _take_in(self, event: OrderEvent) -> None:
        """Count what filled, and what of an order may still fill."""
        ledger = self._ledger
        working = ledger.working.get(event.client_order_id)
        if isinstance(event, OrderFilled):
            side = BUY if event.order_side == OrderSide.BUY else SELL
            qty = side * event.last_qty.as_double()
            fee = event.commission.as_double()
            made = ledger.book(qty, event.last_px.as_double(), event.ts_event, fee)
            if made is not None:
                self.permission.on_round_trip(made, event.ts_event, ledger.state)
        if working is None:
            return
        if isinstance(event, CLOSED_EVENTS):
            ledger.drop(working.order_id)
        elif isinstance(event, ALIVE_EVENTS):
            self._update(working, event)
        else:
            return
        over = working.order_id not in ledger.working
        if over and working.reduce_only and not isinstance(event, FAILED_EVENTS):
            self._departure.closed()
        if self._departure.is_over():
            self._strategy.stop()

    def _update(self, working: WorkingOrder, event: OrderEvent) -> None:
        """Follow an order that may still be alive."""
        order = self._strategy.cache.order(event.client_order_id)
        if order.is_closed:
            self._ledger.drop(working.order_id)
            return
        self._ledger.update(working, order.leaves_qty.as_double())
        if isinstance(event, ANSWERS):
            working.pending = False
        elif isinstance(event, REFUSALS):
            # The venue's own words name prices: they would make every refusal a kind of its own.
            amend = isinstance(event, OrderModifyRejected)
            self._refusals["amend_rejected" if amend else "cancel_rejected"] += 1
            working.pending = False
            working.price = order.price.as_double()
