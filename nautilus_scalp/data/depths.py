"""Recorded book levels of one instrument, read around the moments at which somebody asks."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import read_columns
from nautilus_scalp.data.encode import fixed_values
from nautilus_scalp.features.tape import LEVELS


_WINDOW_NS = 600 * 1_000_000_000
_FOLDER = "order_book_depths"

type Levels = npt.NDArray[np.float64]


class RecordedDepths:
    """The depth snapshots of one instrument; ten minutes of them are held at a time.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_id : str
        The instrument.
    max_age_ns : int
        A snapshot older than this says nothing about the present book.

    """

    def __init__(self, catalog: Path, instrument_id: str, max_age_ns: int) -> None:
        self._folder = catalog / "data" / _FOLDER / instrument_id
        self._max_age_ns = max_age_ns
        facts = {one.instrument_id: one for one in catalog_instruments(catalog)}[instrument_id]
        self._precisions = {"price": facts.price_precision, "size": facts.size_precision}
        self._window = -1
        self._ts_ns = np.zeros(0, np.int64)
        self._levels = np.zeros((0, 2, LEVELS, 2))

    def at(self, ts_ns: int) -> tuple[int, Levels] | None:
        """Return the snapshot that is known at a moment.

        Parameters
        ----------
        ts_ns : int
            The moment by ``ts_init``.

        Returns
        -------
        tuple or None
            Its time, and price and size of each level as float64[2, 10, 2], bids first, the best
            level first; a level without size was not there. None without a recent snapshot.

        Raises
        ------
        InputError
            If a file is damaged.

        """
        if ts_ns // _WINDOW_NS != self._window:
            self._load(ts_ns // _WINDOW_NS)
        row = int(np.searchsorted(self._ts_ns, ts_ns, side="right")) - 1
        if row < 0 or ts_ns - self._ts_ns[row] > self._max_age_ns:
            return None
        return int(self._ts_ns[row]), self._levels[row]

    def _load(self, window: int) -> None:
        start_ns = window * _WINDOW_NS
        names = [
            f"{side}_{what}_{level}"
            for side in ("bid", "ask")
            for level in range(LEVELS)
            for what in ("price", "size")
        ]
        span = (start_ns - self._max_age_ns, start_ns + _WINDOW_NS)
        times, levels = [np.zeros(0, np.int64)], [np.zeros((0, 2, LEVELS, 2))]
        for table, _ in read_columns(self._folder, [*names, "ts_init"], span):
            columns = [
                fixed_values(table[name].combine_chunks(), self._precisions[name.split("_")[1]])
                for name in names
            ]
            times.append(table["ts_init"].to_numpy().astype(np.int64))
            levels.append(np.stack(columns, axis=1).reshape(-1, 2, LEVELS, 2))
        self._window = window
        self._ts_ns, self._levels = np.concatenate(times), np.concatenate(levels)
