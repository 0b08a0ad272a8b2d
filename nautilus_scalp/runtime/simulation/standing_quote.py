"""Keep the quoted book standing between trades, which Nautilus's L1 book would overwrite.

Measured in nautilus_trader 1.231 (`OrderMatchingEngine.process_trade_tick`): with `book_type`
L1_MBP every trade sets both sides of the simulated book to its own price and size until the next
quote. An order that reaches the venue in between would queue behind the size of that one trade,
and a market order would be filled at its price, however far from the quote of its side. Both
flatter a backtest.
"""

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.engine import SimulatedExchange
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.common.component import Logger
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick

from nautilus_scalp.runtime.simulation.depth import RecordedDepth
from nautilus_scalp.runtime.simulation.records import DEPTH_TOPIC
from nautilus_scalp.runtime.simulation.records import DepthShortfall


class StandingQuoteConfig(SimulationModuleConfig, frozen=True):
    """Configuration of `StandingQuote`; it has no choices."""


class StandingQuote(SimulationModule):
    """Put the last quote back into the book after every trade, before commands arrive.

    The engine first matches resting orders against the trade, then publishes it, then lets
    commands in; the book is restored on publication, so resting orders are filled as before.
    """

    def __init__(self, config: StandingQuoteConfig) -> None:
        super().__init__(config)
        self._quotes: dict[str, QuoteTick] = {}

    def register_venue(self, exchange: SimulatedExchange) -> None:
        """Listen to the venue's trades.

        Parameters
        ----------
        exchange : SimulatedExchange
            The venue that the module belongs to.

        """
        super().register_venue(exchange)
        if isinstance(exchange.fill_model, RecordedDepth):
            exchange.fill_model.follow(self)
        self.msgbus.subscribe(topic=f"data.trades.{exchange.id}.*", handler=self._restore)

    def quote(self, instrument_id: str) -> QuoteTick | None:
        """Return the quote that stands, None before the first one.

        Parameters
        ----------
        instrument_id : str
            Of what.

        Returns
        -------
        QuoteTick or None
            The last one.

        """
        return self._quotes.get(instrument_id)

    def now_ns(self) -> int:
        """Return the venue's time, nanoseconds."""
        return int(self.clock.timestamp_ns())

    def announce(self, shortfall: DepthShortfall) -> None:
        """Tell the report what an order found too little of.

        Parameters
        ----------
        shortfall : DepthShortfall
            What it was.

        """
        self.msgbus.publish(topic=DEPTH_TOPIC, msg=shortfall)

    def pre_process(self, data: Data) -> None:
        """Remember the quote that stands.

        Parameters
        ----------
        data : Data
            What the venue is about to process.

        """
        if isinstance(data, QuoteTick):
            self._quotes[data.instrument_id.value] = data

    def process(self, ts_now: int) -> None:
        """Do nothing once commands are settled.

        Parameters
        ----------
        ts_now : int
            The venue's time, nanoseconds.

        """

    def log_diagnostics(self, logger: Logger) -> None:
        """Log nothing.

        Parameters
        ----------
        logger : Logger
            The venue's logger.

        """

    def reset(self) -> None:
        """Forget every quote."""
        self._quotes.clear()

    def _restore(self, trade: TradeTick) -> None:
        quote = self._quotes.get(trade.instrument_id.value)
        if quote is None:
            return
        # The book refuses what is older than its last update, so the quote is stamped anew.
        standing = QuoteTick(
            quote.instrument_id,
            quote.bid_price,
            quote.ask_price,
            quote.bid_size,
            quote.ask_size,
            trade.ts_event,
            trade.ts_init,
        )
        self.exchange.get_matching_engine(trade.instrument_id).process_quote_tick(standing)
