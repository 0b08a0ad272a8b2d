"""Mid prices of a catalog without the rest of the quotes, so that a day of them fits anywhere."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_columns
from nautilus_scalp.data.encode import fixed_values


_NS_PER_H = 3_600 * 1_000_000_000
_COLUMNS = ("bid_price", "ask_price", "ts_init")

type Mids = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def read_mids(
    catalog: Path, instrument_ids: Sequence[str], start_ns: int, end_ns: int
) -> dict[str, Mids]:
    """
    Return the mid price of every instrument at each of its quotes.

    Quotes are read an hour at a time: what stays is 16 bytes for each.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_ids : Sequence[str]
        The instruments.
    start_ns, end_ns : int
        Window of ``ts_init``, ``[start_ns, end_ns)``.

    Returns
    -------
    dict[str, tuple]
        By instrument id: ``ts_init`` as int64[m] and the mid as float64[m].

    Raises
    ------
    UsageError
        If the catalog or one of the instruments is not there.
    InputError
        If a file is damaged.

    """
    first_ns, last_ns = catalog_window(catalog, instrument_ids)
    first_ns, last_ns = max(first_ns, start_ns), min(last_ns, end_ns)
    precision = {
        facts.instrument_id: facts.price_precision for facts in catalog_instruments(catalog)
    }
    hours = [(ns, min(ns + _NS_PER_H, last_ns)) for ns in range(first_ns, last_ns, _NS_PER_H)]
    return {name: _mids(catalog, name, precision[name], hours) for name in instrument_ids}


def _mids(
    catalog: Path, instrument_id: str, precision: int, hours: Sequence[tuple[int, int]]
) -> Mids:
    folder = catalog / "data" / "quote_tick" / instrument_id
    times, mids = [np.zeros(0, np.int64)], [np.zeros(0, np.float64)]
    for hour in hours:
        for table, _ in read_columns(folder, _COLUMNS, hour):
            bid, ask = (
                fixed_values(table[name].combine_chunks(), precision) for name in _COLUMNS[:2]
            )
            times.append(table["ts_init"].to_numpy().astype(np.int64))
            mids.append((bid + ask) / 2.0)
    return np.concatenate(times), np.concatenate(mids)
