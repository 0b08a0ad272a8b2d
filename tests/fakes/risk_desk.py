"""A strategy at a venue that is made up: what it holds, by the venue and by its own books."""

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.intents import WorkingOrder
from nautilus_scalp.risk.breakers import BreakerParams
from nautilus_scalp.risk.breakers import CircuitBreaker
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.strategies.ledger import Ledger


MAX_QTY = 5.0
RULES = TradingRules(tick_size=0.01, price_precision=2, qty_step=0.001, size_precision=3)
LIMITS = RiskLimits(
    max_order_notional=40.0,
    max_position_notional=150.0,
    max_working_orders=4,
    max_orders_per_second=3,
    breakers=BreakerParams(max_consecutive_losses=2, pause_ms=1_000.0, max_daily_loss=4.0),
)


class Desk:
    """One strategy: its books, its own limits, its circuit breaker."""

    def __init__(self) -> None:
        self.breaker = CircuitBreaker(LIMITS.breakers)
        self.orders: list[WorkingOrder] = []  # the venue's truth
        self.position = 0.0
        self.overfilled = 0.0
        self.sent: list[int] = []
        self.start()

    def start(self) -> None:
        """Begin a session with what the venue and the saved state tell."""
        self.gate = RiskGate(LIMITS, RULES, MAX_QTY)
        self.sent.clear()
        self.ledger = Ledger(RULES.size_precision)
        if self.position:
            self.ledger.book(self.position, 10.0, 0)
        for order in self.orders:
            self.ledger.add(order)

    @property
    def state(self) -> RiskState:
        """What the limits look at."""
        return self.ledger.state

    def working(self, side: int) -> float:
        """Return what may still open on a side."""
        mine = [o for o in self.orders if o.side == side and not o.reduce_only]
        return sum(order.leaves_qty for order in mine)

    def worst(self, mid: float) -> float:
        """Return the value of the largest position that may come of this."""
        up = max(self.position, 0.0) + self.working(BUY)
        down = max(-self.position, 0.0) + self.working(SELL)
        return max(up, down) * mid if up or down else 0.0
