"""Market orders that are larger than the best level pay their way through the recorded book.

Measured in nautilus_trader 1.231 (`OrderMatchingEngine.apply_fills`): on an L1 book everything
beyond the size of the best level is filled one tick worse, however large. The recorded depth is not
fed to the venue, whose queue positions it would reset; it is looked up when an order needs it.
"""

from pathlib import Path
from typing import Protocol

from nautilus_trader.backtest.config import FillModelConfig
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_scalp.data.depths import RecordedDepths
from nautilus_scalp.runtime.simulation.records import DepthShortfall


MAX_AGE_NS = 5_000_000_000
_MARKET_TYPES = frozenset(
    {
        *(OrderType.MARKET, OrderType.STOP_MARKET, OrderType.MARKET_IF_TOUCHED),
        *(OrderType.TRAILING_STOP_MARKET, OrderType.MARKET_TO_LIMIT),
    }
)

type Steps = list[tuple[Price, Quantity]]


class Standing(Protocol):
    """Who knows the time, the quotes that stand, and whom to tell."""

    def quote(self, instrument_id: str) -> QuoteTick | None:
        """Return the quote that stands."""

    def now_ns(self) -> int:
        """Return the venue's time."""

    def announce(self, shortfall: DepthShortfall) -> None:
        """Tell the report what an order found too little of."""


class RecordedDepthConfig(FillModelConfig, frozen=True, kw_only=True):
    """Chances of the fill model, and where the depth is.

    Parameters
    ----------
    catalog : str
        Directory of the Nautilus catalog.
    consumption : bool
        Whether size that was taken is gone, as the venue is configured.

    """

    catalog: str
    consumption: bool


class RecordedDepth(FillModel):
    """Fill market orders level by level: the standing quote first, then the recorded depth.

    What an order took from a level is gone until the next snapshot. Beyond the tenth level, and
    where no snapshot is recent enough, the rest is filled one tick worse and announced.

    Parameters
    ----------
    config : RecordedDepthConfig
        Chances, and where the depth is.

    """

    def __init__(self, config: RecordedDepthConfig) -> None:
        super().__init__(config=config)
        self._catalog = Path(config.catalog)
        self._consumption = config.consumption
        self._standing: Standing | None = None
        self._depths: dict[str, RecordedDepths] = {}
        self._taken: dict[str, tuple[int, list[Order]]] = {}
        self._offered = 0.0

    def follow(self, standing: Standing) -> None:
        """Look quotes and time up there.

        Parameters
        ----------
        standing : Standing
            A module of the same venue.

        """
        self._standing = standing

    def get_orderbook_for_fill_simulation(
        self,
        instrument: Instrument,
        order: Order,
        best_bid: Price,  # noqa: ARG002 (the standing quote has its size too)
        best_ask: Price,  # noqa: ARG002
    ) -> OrderBook | None:
        """Return the levels that an order meets.

        Parameters
        ----------
        instrument : Instrument
            What is traded.
        order : Order
            What has arrived.
        best_bid, best_ask : Price
            Of the venue's own book.

        Returns
        -------
        OrderBook or None
            None leaves the order to the venue: limit orders, and what the best level can fill.

        """
        quote = None if self._standing is None else self._standing.quote(instrument.id.value)
        if quote is None or order.order_type not in _MARKET_TYPES:
            return None
        buys = order.side == OrderSide.BUY
        best, size = (
            (quote.ask_price, quote.ask_size) if buys else (quote.bid_price, quote.bid_size)
        )
        left = order.leaves_qty
        deeper = self._deeper(instrument, order, best)
        if deeper is None:
            if left > size:
                self._short(instrument, recorded=False)
            return None
        beyond = sum((qty.as_double() for _, qty in deeper), size.as_double())
        if left.as_double() > beyond:
            self._short(instrument, recorded=True)
        deepest = deeper[-1][0] if deeper else best
        tick = instrument.price_increment
        rest = instrument.make_price(deepest + tick if buys else deepest - tick)
        steps = [(best, size), *deeper, (rest, left)]
        if not self._consumption:
            return WalkedBook(instrument, _cut(instrument, steps, left))
        # What Nautilus once filled at a price outside its L1 book it takes for gone for ever,
        # unless more is offered there than before. What is offered last is never reached, because
        # the rest before it has room for the whole order.
        self._offered += sum(qty.as_double() for _, qty in steps)
        unseen = Quantity(self._offered, left.precision)
        return WalkedBook(instrument, [*steps, *((price, unseen) for price, _ in steps[1:])])

    def _deeper(self, instrument: Instrument, order: Order, best: Price) -> Steps | None:
        """Return what is left of the recorded levels behind the best one; None without any."""
        assert self._standing is not None  # noqa: S101 (asked only by those who found a quote)
        name = instrument.id.value
        if name not in self._depths:
            self._depths[name] = RecordedDepths(self._catalog, name, MAX_AGE_NS)
        found = self._depths[name].at(self._standing.now_ns())
        if found is None:
            return None
        snapshot_ns, levels = found
        buys = order.side == OrderSide.BUY
        taken = self._taken_since(name, snapshot_ns)
        self._taken[name][1].append(order)
        steps = []
        for price, size in levels[1 if buys else 0]:
            at = instrument.make_price(price)
            left = size - taken.get((order.side, at), 0.0)
            if (at > best if buys else at < best) and left >= float(instrument.size_increment):
                steps.append((at, instrument.make_qty(left)))
        return steps

    def _taken_since(self, name: str, snapshot_ns: int) -> dict[tuple[OrderSide, Price], float]:
        since_ns, orders = self._taken.get(name, (0, []))
        if since_ns != snapshot_ns or not self._consumption:
            orders = []
        self._taken[name] = (snapshot_ns, orders)
        taken: dict[tuple[OrderSide, Price], float] = {}
        for order in orders:
            for event in order.events:
                if isinstance(event, OrderFilled):
                    key = (order.side, event.last_px)
                    taken[key] = taken.get(key, 0.0) + event.last_qty.as_double()
        return taken

    def _short(self, instrument: Instrument, *, recorded: bool) -> None:
        assert self._standing is not None  # noqa: S101 (asked only by those who found a quote)
        shortfall = DepthShortfall(instrument_id=instrument.id, recorded=recorded)
        self._standing.announce(shortfall)


class WalkedBook(OrderBook):
    """A book that answers with the levels which were worked out for one order.

    Parameters
    ----------
    instrument : Instrument
        What is traded.
    steps : list[tuple[Price, Quantity]]
        Price and quantity, in the order in which they are filled.

    """

    def __init__(self, instrument: Instrument, steps: Steps) -> None:
        super().__init__(instrument.id, BookType.L2_MBP)
        self._steps = steps

    def simulate_fills(
        self,
        order: Order,  # noqa: ARG002 (Nautilus names them)
        price_prec: int,  # noqa: ARG002
        size_prec: int,  # noqa: ARG002
        is_aggressive: bool,  # noqa: ARG002, FBT001
    ) -> Steps:
        """Return the levels.

        Parameters
        ----------
        order : Order
            The order that they were worked out for.
        price_prec, size_prec : int
            Decimals, which the levels have already.
        is_aggressive : bool
            It is.

        Returns
        -------
        list[tuple[Price, Quantity]]
            In the order in which they are filled.

        """
        return self._steps


def _cut(instrument: Instrument, steps: Steps, quantity: Quantity) -> Steps:
    """Return the steps up to a quantity."""
    left, cut = quantity.as_decimal(), []
    for price, size in steps:
        taken = min(left, size.as_decimal())
        if taken > 0:
            cut.append((price, instrument.make_qty(taken)))
            left -= taken
    return cut
