"""Where a strategy keeps the latest signal."""

from collections import Counter

from nautilus_trader.core.data import Data
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import SIGNAL_TYPE
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.signals.combination import NO_OPINION
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.combination import Opinion


_NS_PER_MS = 1_000_000


class SignalInbox:
    """
    Subscribes to an instrument's signals and hands out the latest while it is fresh.

    Parameters
    ----------
    strategy : Strategy
        Who listens; its ``on_data`` passes everything on to `take`.
    instrument_id : InstrumentId
        Whose signals.
    params : CombinationParams
        Whether signals are wanted at all, and how old they may be.
    refusals : Counter[str]
        Where stale signals are counted.

    Attributes
    ----------
    latest : Opinion
        The latest signal, however old.
    received : int
        Signals so far.

    """

    def __init__(
        self,
        strategy: Strategy,
        instrument_id: InstrumentId,
        params: CombinationParams,
        refusals: Counter[str],
    ) -> None:
        self._strategy = strategy
        self._instrument_id = instrument_id
        self._wanted = params.mode != "rules"
        self._max_age_ns = params.max_age_ms * _NS_PER_MS
        self._refusals = refusals
        self.latest = NO_OPINION
        self.received = 0

    def open(self) -> None:
        """Subscribe, if the strategy's mode wants signals."""
        if self._wanted:
            self._strategy.subscribe_data(
                SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self._instrument_id
            )

    def close(self) -> None:
        """Unsubscribe and forget the latest signal."""
        self.latest = NO_OPINION
        if self._wanted:
            self._strategy.unsubscribe_data(
                SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self._instrument_id
            )

    def reset(self) -> None:
        """Forget the latest signal and how many there were."""
        self.latest = NO_OPINION
        self.received = 0

    def take(self, data: Data) -> None:
        """
        Keep a signal; other data is not for us.

        Parameters
        ----------
        data : Data
            Whatever the strategy's ``on_data`` received.

        """
        if isinstance(data, AlphaSignal):
            self.received += 1
            self.latest = Opinion(
                data.strength, data.confidence, data.expected_move_bps, data.ts_event
            )

    def opinion(self, now_ns: int) -> Opinion:
        """
        Return what the model thinks now.

        Parameters
        ----------
        now_ns : int
            Exchange time of the quote to act on.

        Returns
        -------
        Opinion
            The latest, or ``NO_OPINION`` when it is too old; that is counted.

        """
        if now_ns - self.latest.ts_ns <= self._max_age_ns:
            return self.latest
        if self.latest is not NO_OPINION:
            self._refusals["stale_signal"] += 1
        return NO_OPINION
