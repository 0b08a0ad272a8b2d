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
from nautilus_scalp.signals.model_guard import ModelGuard


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
        Where signals that do not count are counted.

    Attributes
    ----------
    received : int
        Signals so far.
    guard : ModelGuard or None
        Whether the model is still any good.

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
        self._params = params
        self.guard = ModelGuard(params.guard) if self._wanted and params.guard else None
        self._signal: AlphaSignal | None = None
        self._opinion = NO_OPINION
        self.received = 0

    def open(self) -> None:
        """Subscribe, if the strategy's mode wants signals."""
        if self._wanted:
            self._strategy.subscribe_data(
                SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self._instrument_id
            )

    def close(self) -> None:
        """Unsubscribe and forget the latest signal, but not how good they were."""
        self._forget()
        if self._wanted:
            self._strategy.unsubscribe_data(
                SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self._instrument_id
            )

    def reset(self) -> None:
        """Forget the latest signal, how many there were and how good they were."""
        self._forget()
        self.received = 0
        if self.guard is not None:
            self.guard.reset()

    def _forget(self) -> None:
        self._signal = None
        self._opinion = NO_OPINION
        if self.guard is not None:
            self.guard.pause()

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
            self._signal = data

    @property
    def latest(self) -> Opinion:
        """The latest signal in plain numbers, however old."""
        data = self._signal
        if data is not None:
            self._signal = None
            self._opinion = Opinion(
                data.strength,
                data.confidence,
                data.expected_move_bps,
                data.ts_event,
                data.disagreement,
                data.horizon_ms,
            )
        return self._opinion

    def on_mid(self, ts_ns: int, mid: float) -> None:
        """Let the model be judged by a sound mid price, at exchange time."""
        if self.guard is not None and self.received:
            said = self.latest
            fresh = ts_ns - said.ts_ns <= self._max_age_ns
            side = said.side(self._params) if fresh else 0
            self.guard.on_mid(ts_ns, mid, side, said.horizon_ms)

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
            The latest, or ``NO_OPINION`` when it is too old or the model is shut down for being
            wrong too often; both are counted.

        """
        latest = self.latest
        if latest is NO_OPINION:
            return latest
        if now_ns - latest.ts_ns > self._max_age_ns:
            self._refusals["stale_signal"] += 1
            return NO_OPINION
        if self.guard is not None and self.guard.degraded:
            self._refusals["model_degraded"] += 1
            return NO_OPINION
        return latest
