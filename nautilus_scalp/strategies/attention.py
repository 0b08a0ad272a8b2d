"""Which quotes a strategy looks at."""

from collections.abc import Callable

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.bridge.quotes import NEVER_NS
from nautilus_scalp.bridge.quotes import QuoteListener


_LOOK_NS = 100_000_000  # so often, at least, a market whose prices stand is looked at all the same


class Attention:
    """
    Calls a strategy's ``on_quote_tick`` for other prices, when it asked for it, and now and then.

    Parameters
    ----------
    strategy : Strategy
        Whose.
    instrument_id : InstrumentId
        What it trades.

    """

    def __init__(self, strategy: Strategy, instrument_id: InstrumentId) -> None:
        self._strategy = strategy
        self._instrument_id = instrument_id
        self._listener = QuoteListener(self._hear)
        self._listener.step_ns = _LOOK_NS

    def open(self) -> None:
        """Listen from now on."""
        self._listener.open(self._strategy, self._instrument_id)

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close(self._strategy, self._instrument_id)

    def look_within(self, interval_ns: int) -> None:
        """Look so often, if that is more often than every 100 ms."""
        self._listener.step_ns = min(_LOOK_NS, interval_ns)

    def look(self) -> None:
        """Let the next quote be looked at, whatever its prices: something else has changed."""
        self._listener.wake_by(0)

    def stir(self) -> None:
        """Let the next quote be looked at, or glanced at by who rests."""
        self._listener.stir_by(0)

    def look_by(self, ts_ns: int) -> None:
        """Let the first quote from a moment on be looked at, whatever its prices."""
        self._listener.wake_by(ts_ns)

    def rest(self, glance: Callable[[int, int], bool], until_ns: int = NEVER_NS) -> None:
        """
        Only glance at prices that stand, until a moment comes or anything asks for a look.

        Parameters
        ----------
        glance : Callable[[int, int], bool]
            Takes in, as often as there would be a look, that at a moment, by ``ts_init`` and by the
            exchange's time, the prices were the same; says whether a look is needed.
        until_ns : int
            From this moment on the next quote is looked at.

        """
        listener = self._listener
        if until_ns < listener.wake_ns:  # noqa: PLR1730 (the call of min would take longer)
            listener.wake_ns = until_ns
        listener.glance = glance
        listener.rest_ns = until_ns

    def _hear(self, tick: QuoteTick) -> None:
        if self._strategy.is_running:
            self._strategy.on_quote_tick(tick)
