"""Where the history comes from that features and models live through before a live run."""

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.practice.process import recorded_id
from nautilus_scalp.runtime.recording.run import RECORDINGS
from nautilus_scalp.runtime.recording.writer import CATALOG
from nautilus_scalp.settings import to_ns


_NS_PER_MINUTE = 60_000_000_000
_NOTHING = Tape(
    instruments=(),
    kind=np.empty(0, np.uint8),
    instrument=np.empty(0, np.int16),
    ts_event_ns=np.empty(0, np.int64),
    ts_init_ns=np.empty(0, np.int64),
    values=np.empty((0, 4)),
)

type Names = Sequence[InstrumentId]


class HistorySource:
    """Reads the end of what is known of the market before a run.

    That is a catalog, if `warm_up.catalog` names one. In mode "practice" it is what the practice
    exchange's own catalog holds before `practice.start`, moved in time so that it ends when the
    exchange begins. Else it is the latest of this trader's own recordings, which after a quick
    restart ends less than a minute ago. No venue gives its past quotes away, so there is no
    history to ask it for; without one, features warm up on the live market and no signal comes
    before they have.

    Parameters
    ----------
    config : LiveConfig
        With a ``[warm_up]`` table.
    state_directory : Path
        Whose ``recordings/`` are looked through.
    now_ns : Callable[[], int]
        The wall clock.

    """

    def __init__(
        self, config: LiveConfig, state_directory: Path, now_ns: Callable[[], int]
    ) -> None:
        self._config = config
        self._state_directory = state_directory
        self._now_ns = now_ns

    def __call__(self, names: Names) -> Tape:
        """Return the history of some instruments, in their order.

        Parameters
        ----------
        names : Sequence[InstrumentId]
            The instruments.

        Returns
        -------
        Tape
            Empty if nothing is known.

        Raises
        ------
        UsageError
            If `warm_up.catalog` does not hold all of them.

        """
        wanted = [str(name) for name in names]
        warm_up, practice = self._config.warm_up, self._config.practice
        if warm_up is None:
            return _NOTHING
        if warm_up.catalog is not None:
            return self._read(Path(warm_up.catalog), wanted)
        if self._config.live.mode == "practice" and practice is not None:
            start_ns = to_ns(practice.start) if practice.start else None
            played = [recorded_id(name) for name in wanted]
            return self._moved(self._read_known(Path(practice.catalog), played, start_ns))
        catalogs = sorted(self._state_directory.glob(f"{RECORDINGS}/*/{CATALOG}/data"))
        return self._read_known(catalogs[-1].parent, wanted) if catalogs else _NOTHING

    def _read(self, catalog: Path, names: list[str], end_ns: int | None = None) -> Tape:
        first_ns, last_ns = catalog_window(catalog, names)
        end_ns = last_ns if end_ns is None else end_ns
        start_ns = end_ns - round(self._minutes * _NS_PER_MINUTE)
        if end_ns <= first_ns:
            return _NOTHING
        return read_tape(catalog, names, start_ns, end_ns, extras=True)

    def _read_known(self, catalog: Path, names: list[str], end_ns: int | None = None) -> Tape:
        """Return nothing where a catalog that nobody named does not know an instrument."""
        known = {facts.instrument_id for facts in catalog_instruments(catalog)}
        return self._read(catalog, names, end_ns) if known.issuperset(names) else _NOTHING

    def _moved(self, tape: Tape) -> Tape:
        if not len(tape):
            return tape
        by_ns = self._now_ns() - int(tape.ts_event_ns[-1])
        return msgspec.structs.replace(
            tape, ts_event_ns=tape.ts_event_ns + by_ns, ts_init_ns=tape.ts_init_ns + by_ns
        )

    @property
    def _minutes(self) -> float:
        warm_up = self._config.warm_up
        return warm_up.minutes if warm_up is not None else 0.0
