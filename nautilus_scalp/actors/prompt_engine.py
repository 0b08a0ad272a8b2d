"""A model's features at once; everything else that can be computed after the signal is out."""

from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import share_board
from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.features.tape import InstrumentFacts


type Behind = list[tuple[FeatureEngine, int, float, float, float, float]]


class PromptEngine(FeatureEngine):
    """
    Computes the selection when a quote comes, and the whole catalogue when told to catch up.

    The vector of a quote costs the same whether or not anybody wants the rest. Every event lets
    the catalogues of all engines catch up first, so they live through the same events in the same
    order as engines that do everything at once, and show the same values.

    Parameters
    ----------
    facts : InstrumentFacts
        The instrument.
    params : FeatureParams
        Scales and gap.
    selection : sequence of str
        Features of the vector.
    behind : list
        The quote that catalogues have not seen yet; shared by the engines that share a board.

    Attributes
    ----------
    whole : FeatureEngine
        The selection again, and the rest of the catalogue.

    """

    def __init__(
        self,
        facts: InstrumentFacts,
        params: FeatureParams,
        selection: Sequence[str],
        behind: Behind,
    ) -> None:
        super().__init__(facts, params, selection)
        self.whole = FeatureEngine(facts, params, selection, ALL)
        self.names, self.mode = self.whole.names, self.whole.mode
        self._behind = behind

    def catch_up(self) -> None:
        """Let the catalogues see the last quote."""
        for engine, ts_event_ns, bid, ask, bid_size, ask_size in self._behind:
            engine.on_quote(ts_event_ns, bid, ask, bid_size, ask_size)
        self._behind.clear()

    def all_values(self) -> Floats:
        """Return a copy of the whole catalogue's values, after the last event."""
        self.catch_up()
        return self.whole.all_values()

    def warm(self) -> npt.NDArray[np.bool_]:
        """Tell of every name in `names` whether it has warmed up."""
        self.catch_up()
        return self.whole.warm()

    def on_quote(  # noqa: D102 (as its parent does; the same for what follows)
        self, ts_event_ns: int, bid: float, ask: float, bid_size: float, ask_size: float
    ) -> bool:
        self.catch_up()
        self._behind.append((self.whole, ts_event_ns, bid, ask, bid_size, ask_size))
        return super().on_quote(ts_event_ns, bid, ask, bid_size, ask_size)

    def on_trade(self, ts_event_ns: int, price: float, size: float, side: float) -> None:  # noqa: D102
        self.catch_up()
        super().on_trade(ts_event_ns, price, size, side)
        self.whole.on_trade(ts_event_ns, price, size, side)

    def on_depth(self, ts_event_ns: int, book: npt.NDArray[np.float64]) -> None:  # noqa: D102
        self.catch_up()
        super().on_depth(ts_event_ns, book)
        self.whole.on_depth(ts_event_ns, book)

    def on_mark(self, ts_event_ns: int, price: float) -> None:  # noqa: D102
        self.catch_up()
        super().on_mark(ts_event_ns, price)
        self.whole.on_mark(ts_event_ns, price)

    def on_funding(self, ts_event_ns: int, rate: float) -> None:  # noqa: D102
        self.catch_up()
        super().on_funding(ts_event_ns, rate)
        self.whole.on_funding(ts_event_ns, rate)

    def begin_quotes(self) -> None:  # noqa: D102
        self.catch_up()
        super().begin_quotes()
        self.whole.begin_quotes()

    def reset(self) -> None:  # noqa: D102
        self.catch_up()
        super().reset()
        self.whole.reset()


def build_prompt_engines(
    instruments: Iterable[InstrumentFacts], params: FeatureParams, selection: Sequence[str]
) -> tuple[PromptEngine, ...]:
    """
    Make one engine an instrument; each sees the others' last quote, never a later one.

    Parameters
    ----------
    instruments : Iterable[InstrumentFacts]
        The instruments.
    params : FeatureParams
        Scales and gap.
    selection : sequence of str
        Features of the vectors.

    Returns
    -------
    tuple[PromptEngine, ...]
        In the order of the instruments.

    """
    behind: Behind = []
    engines = tuple(PromptEngine(facts, params, selection, behind) for facts in instruments)
    share_board(engines)
    share_board([engine.whole for engine in engines])
    return engines
