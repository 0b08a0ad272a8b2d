"""Perpetual funding, which Nautilus 1.231 records but never settles in a backtest."""

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.common.component import Logger
from nautilus_trader.core.data import Data
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money

from nautilus_scalp.data.funding import FundingTime
from nautilus_scalp.runtime.simulation.records import FUNDING_TOPIC
from nautilus_scalp.runtime.simulation.records import FundingPaid


_NEVER_NS = 2**63 - 1


class FundingConfig(SimulationModuleConfig, frozen=True):
    """When what is paid.

    Parameters
    ----------
    times : tuple[FundingTime, ...]
        In order of time.

    """

    times: tuple[FundingTime, ...] = ()


class Funding(SimulationModule):
    """Pay funding on what is held when a funding time comes.

    A long pays ``quantity * mark * rate``, a short receives it. The position is the one before the
    first event at or after the funding time.

    Parameters
    ----------
    config : FundingConfig
        When what is paid.

    """

    def __init__(self, config: FundingConfig) -> None:
        super().__init__(config)
        self._times = config.times
        self._next = 0
        self._next_ns = self._time_of(0)

    def pre_process(self, data: Data) -> None:
        """Settle what came due before the venue sees the event.

        Parameters
        ----------
        data : Data
            What the venue is about to process.

        """
        while data.ts_init >= self._next_ns:
            self._settle(self._times[self._next])
            self._next += 1
            self._next_ns = self._time_of(self._next)

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
        """Begin with the first funding time again."""
        self._next = 0
        self._next_ns = self._time_of(0)

    def _time_of(self, index: int) -> int:
        return self._times[index].ts_ns if index < len(self._times) else _NEVER_NS

    def _settle(self, due: FundingTime) -> None:
        instrument_id = InstrumentId.from_str(due.instrument_id)
        positions = self.cache.positions_open(instrument_id=instrument_id)
        if not positions:
            return
        mark = due.mark if due.mark is not None else self._mid(instrument_id)
        currency = self.cache.instrument(instrument_id).quote_currency
        for position in sorted(positions, key=lambda held: held.id.value):
            amount = Money(-position.signed_qty * mark * due.rate, currency)
            self.exchange.adjust_account(amount)
            paid = FundingPaid(
                strategy_id=position.strategy_id,
                instrument_id=instrument_id,
                ts_ns=due.ts_ns,
                amount=amount.as_double(),
            )
            self.msgbus.publish(topic=FUNDING_TOPIC, msg=paid)

    def _mid(self, instrument_id: InstrumentId) -> float:
        # A position cannot have been opened before the first quote.
        quote = self.cache.quote_tick(instrument_id)
        return float(quote.bid_price.as_double() + quote.ask_price.as_double()) / 2.0
