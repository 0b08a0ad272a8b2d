"""How closely a synthetic tape resembles a recorded one."""

from importlib import resources

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.settings import to_iso


type Floats = npt.NDArray[np.float64]
type Statistics = dict[tuple[str, str], float]

_RECORDED_FILE = "recorded.json"
_DEFAULT = "BTCUSDT-PERP.BINANCE"
_NS_PER_HOUR = 3_600 * 1_000_000_000
_MS = 1_000_000
_SHORTEST_MS = 120_000


class Statistic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure of a tape; None where it has nothing to measure it on."""

    name: str
    unit: str
    value: float | None


class Recorded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a recording is like.

    Attributes
    ----------
    instrument_id, start, end : str
        What was recorded, and when (UTC).
    statistics : tuple[Statistic, ...]
        See `tape_statistics`.

    """

    instrument_id: str
    start: str
    end: str
    statistics: tuple[Statistic, ...]


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One statistic of both markets; None where one has nothing to measure it on."""

    name: str
    unit: str
    real: float | None
    synthetic: float | None


class MatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    Statistics side by side.

    Attributes
    ----------
    instrument_id, start, end : str
        The recording.
    synthetic_hours : float
        Length of the synthetic tape that was measured.
    rows : tuple[MatchRow, ...]
        One a statistic.

    """

    instrument_id: str
    start: str
    end: str
    synthetic_hours: float
    rows: tuple[MatchRow, ...]


def recorded_market(instrument_id: str) -> Recorded:
    """Return the statistics of the sample catalog's last recording of an instrument.

    They come with the package, so that they need no catalog. The market's parameters were fitted
    to ``BTCUSDT-PERP.BINANCE``, which stands in for an instrument that the sample does not have.
    """
    text = resources.files(__package__).joinpath(_RECORDED_FILE).read_bytes()
    known = {one.instrument_id: one for one in msgspec.json.decode(text, type=list[Recorded])}
    return known.get(instrument_id, known[_DEFAULT])


def describe_recording(tape: Tape) -> Recorded:
    """Return what a recorded tape of one instrument is like.

    Raises
    ------
    InputError
        If the tape has several instruments, or is too short.

    """
    return Recorded(
        instrument_id=tape.instruments[0].instrument_id,
        start=to_iso(int(tape.ts_event_ns[0])),
        end=to_iso(int(tape.ts_event_ns[-1])),
        statistics=tuple(
            Statistic(name=name, unit=unit, value=_known(value))
            for (name, unit), value in tape_statistics(tape).items()
        ),
    )


def match_report(recorded: Recorded, synthetic: Tape) -> MatchReport:
    """Set a synthetic tape beside a recording.

    Parameters
    ----------
    recorded : Recorded
        See `recorded_market`.
    synthetic : Tape
        At least two minutes of quotes and trades of one instrument.

    Returns
    -------
    MatchReport

    Raises
    ------
    InputError
        If the tape has several instruments, or is too short.

    """
    found = tape_statistics(synthetic)
    return MatchReport(
        instrument_id=recorded.instrument_id,
        start=recorded.start,
        end=recorded.end,
        synthetic_hours=float(np.ptp(synthetic.ts_event_ns)) / _NS_PER_HOUR,
        rows=tuple(
            MatchRow(
                name=one.name,
                unit=one.unit,
                real=one.value,
                synthetic=_known(found[one.name, one.unit]),
            )
            for one in recorded.statistics
        ),
    )


def tape_statistics(tape: Tape) -> dict[tuple[str, str], float]:
    """Measure rates, clustering, spread, volatility, sizes and the call of queue imbalance.

    Parameters
    ----------
    tape : Tape
        One instrument.

    Returns
    -------
    dict of (name, unit) to float

    Raises
    ------
    InputError
        If the tape has several instruments, or is too short.

    """
    if len(tape.instruments) != 1:
        message = f"a tape of {len(tape.instruments)} instruments"
        raise InputError(message, "compare tapes of one instrument each")
    quotes, trades = tape.kind == QUOTE, tape.kind == TRADE
    ms = tape.ts_event_ns // _MS
    quote_ms, trade_ms = ms[quotes], ms[trades]
    if len(trade_ms) == 0 or len(quote_ms) == 0 or quote_ms[-1] - quote_ms[0] < _SHORTEST_MS:
        message = f"a tape of {len(quote_ms)} quotes and {len(trade_ms)} trades is too short"
        raise InputError(message, "give at least two minutes of quotes and trades")
    tick = tape.instruments[0].tick_size
    return {
        **_rates(quote_ms, trade_ms),
        **_book(quote_ms, tape.values[quotes], tick),
        **_orders(quote_ms, trade_ms, tape.values[trades]),
        **_foresight(quote_ms, tape.values[quotes]),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _rates(quote_ms: npt.NDArray[np.int64], trade_ms: npt.NDArray[np.int64]) -> Statistics:
    seconds = (quote_ms[-1] - quote_ms[0]) / 1e3
    found = {
        ("quotes", "1/s"): len(quote_ms) / seconds,
        ("milliseconds with quotes", "1/s"): len(np.unique(quote_ms)) / seconds,
        ("trades", "1/s"): len(trade_ms) / seconds,
    }
    for share in (50, 90, 99):
        found[f"quote interval, {share} %", "ms"] = float(np.percentile(np.diff(quote_ms), share))
    for share in (90, 99):
        found[f"trade interval, {share} %", "ms"] = float(np.percentile(np.diff(trade_ms), share))
    for window_ms in (100, 1_000, 10_000):
        edges = np.arange(quote_ms[0], quote_ms[-1], window_ms)
        for name, times in (("quotes", quote_ms), ("trades", trade_ms)):
            counts = np.histogram(times, edges)[0]
            label = f"variance / mean of {name}, {window_ms / 1e3:g} s"
            found[label, ""] = float(counts.var() / max(counts.mean(), 1e-9))
    return found


def _book(quote_ms: npt.NDArray[np.int64], values: Floats, tick: float) -> Statistics:
    bid, ask, bid_size, ask_size = values.T
    mid, wide = (bid + ask) / 2, np.rint((ask - bid) / tick) > 1
    ratio = np.log(bid_size / ask_size)
    change = np.abs(np.diff(mid)) / tick
    held = np.diff(quote_ms)
    found = {
        ("quotes with spread > 1 tick", "%"): 100 * float(wide.mean()),
        ("time with spread > 1 tick", "%"): 100 * float((held * wide[:-1]).sum() / held.sum()),
        ("changes of the mid", "1/s"): float((change > 0).sum() / held.sum() * 1e3),
    }
    for share in (50, 90, 99):
        size = np.percentile(change[change > 0], share) if (change > 0).any() else np.nan
        found[f"change of the mid, {share} %", "ticks"] = float(size)
    for seconds in (1, 10, 60):
        sampled = _sampled(quote_ms, mid, seconds * 1_000)
        bps = np.diff(sampled) / sampled[:-1] * 1e4
        found[f"volatility, {seconds} s", "bps"] = float(bps.std())
        if seconds == 1:
            found["seconds without a change", "%"] = 100 * float((bps == 0).mean())
    for share in (10, 50, 90, 99):
        both = np.percentile(np.concatenate([bid_size, ask_size]), share)
        found[f"best queue, {share} %", "base"] = float(both)
    found["ln(bid size / ask size), sd", ""] = float(ratio.std())
    for seconds in (1, 5):
        sampled = _sampled(quote_ms, ratio, seconds * 1_000)
        found[f"  its autocorrelation, {seconds} s", ""] = _correlation(sampled[1:], sampled[:-1])
    return found


def _orders(
    quote_ms: npt.NDArray[np.int64], trade_ms: npt.NDArray[np.int64], values: Floats
) -> Statistics:
    """Trades of one millisecond and side are one order."""
    key, order = np.unique(trade_ms * 2 + (values[:, 2] > 0), return_inverse=True)
    sizes = np.bincount(order, values[:, 1])
    sides = (key % 2) * 2 - 1
    found = {
        ("market orders", "1/s"): len(key) / (quote_ms[-1] - quote_ms[0]) * 1e3,
        ("trades per order", ""): len(order) / len(key),
    }
    for share in (50, 90, 99):
        found[f"order size, {share} %", "base"] = float(np.percentile(sizes, share))
    for lag in (1, 5, 10):
        product = sides[lag:] * sides[:-lag]
        found[f"order sides, autocovariance at {lag}", ""] = float(product.mean())
    return found


def _foresight(quote_ms: npt.NDArray[np.int64], values: Floats) -> Statistics:
    bid, ask, bid_size, ask_size = values.T
    share, mid = (bid_size - ask_size) / (bid_size + ask_size), bid + ask
    found = {}
    for horizon_ms in (100, 500, 1_000):
        later = np.searchsorted(quote_ms, quote_ms + horizon_ms, side="right") - 1
        change = mid[later] - mid
        moved = (change != 0) & (quote_ms + horizon_ms <= quote_ms[-1])
        area = auc(share[moved], change[moved] > 0)
        found[f"AUC of imbalance, {horizon_ms} ms", ""] = np.nan if area is None else area
    return found


def _sampled(quote_ms: npt.NDArray[np.int64], values: Floats, step_ms: int) -> Floats:
    grid = np.arange(quote_ms[0], quote_ms[-1], step_ms)
    sampled: Floats = values[np.searchsorted(quote_ms, grid, side="right") - 1]
    return sampled


def _correlation(first: Floats, second: Floats) -> float:
    return float(np.corrcoef(first, second)[0, 1]) if np.ptp(first) and np.ptp(second) else np.nan
