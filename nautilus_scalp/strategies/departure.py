"""Going flat: cancel everything, close what is held, and look again until nothing is left."""

from collections import Counter
from typing import Protocol

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.strategies.ledger import Ledger


# A venue that turned a closing order down is not asked again with every quote, and one that said
# nothing is asked again after this. (Nautilus's simulated venue drops a market order without a word
# when others took all the liquidity at its price.) A second order is safe: it can only reduce.
_RETRY_NS = 1_000_000_000


class Sender(Protocol):
    """Who cancels and sends orders."""

    rules: TradingRules

    def cancel_all(self) -> None:
        """Cancel every order that waits at the venue."""

    def submit(self, intent: OrderIntent) -> bool:
        """Send an order; return whether it was sent."""


class Departure:
    """
    One strategy's way out of an instrument.

    Parameters
    ----------
    sender : Sender
        Who cancels and sends orders.
    ledger : Ledger
        What is held and what works.
    refusals : Counter[str]
        Where closing orders that nobody answered are counted.

    Attributes
    ----------
    under_way : bool
        Whether the strategy is leaving; until it is flat it opens nothing.
    stopping : bool
        Whether the strategy is to be stopped once it is flat.

    """

    def __init__(self, sender: Sender, ledger: Ledger, refusals: Counter[str]) -> None:
        self._sender = sender
        self._ledger = ledger
        self._refusals = refusals
        self._retry_at_ns = 0
        self.under_way = False
        self.stopping = False

    def begin(self) -> None:
        """Go flat, unless one is or already leaves."""
        if not self.under_way and not self._ledger.idle:
            self.under_way = True
            self.go_on()

    def wait_for_exit(self, now_ns: int) -> None:
        """Wait for a closing order of an earlier session, and send no second one."""
        self.under_way = True
        self._retry_at_ns = now_ns + _RETRY_NS

    def go_on(self) -> None:
        """Cancel what can be cancelled and close what is held, unless that is under way."""
        self._sender.cancel_all()
        ledger, state = self._ledger, self._ledger.state
        closing = [order for order in ledger.working.values() if order.reduce_only]
        if 0 < self._retry_at_ns - state.now_ns <= _RETRY_NS:  # more, and the clock went back
            return
        for order in closing:
            ledger.drop(order.order_id)
            self._refusals["closing_order_unanswered"] += 1
        if state.position_qty != 0.0:
            self._retry_at_ns = state.now_ns + _RETRY_NS
            side = SELL if state.position_qty > 0.0 else BUY
            qty = min(abs(state.position_qty), self._sender.rules.max_qty)
            self._sender.submit(OrderIntent(side, qty, reduce_only=True))

    def closed(self) -> None:
        """Note that a closing order did its work: what is left may be closed at once."""
        self._retry_at_ns = 0

    def is_over(self) -> bool:
        """
        Notice that the strategy is flat; return whether it is to be stopped now.

        Nothing is sent from here, but with the next quote: an engine that has come to its end
        still delivers events, and takes no more orders.
        """
        if not (self.under_way and self._ledger.idle):
            return False
        self.under_way = False
        stops, self.stopping = self.stopping, False
        return stops
