"""What a tape is like: rates, clustering, spread, volatility, depth, sizes, foresight."""

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.synthetic.hawkes import fit_hawkes
from nautilus_scalp.data.synthetic.params import BTCUSDT_2024_07
from nautilus_scalp.data.synthetic.params import CANCEL
from nautilus_scalp.data.synthetic.params import INSERT
from nautilus_scalp.data.synthetic.params import MARKET
from nautilus_scalp.data.synthetic.params import MOVE
from nautilus_scalp.errors import InputError
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import Tape


type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type Statistics = dict[tuple[str, str], float]

_MS = 1_000_000
_SHORTEST_MS = 120_000
_FITTED_EVENTS = 20_000


def tape_statistics(tape: Tape) -> dict[tuple[str, str], float]:
    """Measure rates, clustering, spread, volatility, depth, sizes and the call of imbalance.

    Parameters
    ----------
    tape : Tape
        One instrument; figures of the depth are NaN without snapshots.

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
        **_excitement(quote_ms, tape.values[quotes], trade_ms, tape.values[trades]),
        **_moves(quote_ms, tape.values[quotes], tick),
        **_queues(quote_ms, tape.values[quotes]),
        **_depth(tape, tick),
        **_orders(quote_ms, trade_ms, tape.values[trades]),
        **_foresight(quote_ms, tape.values[quotes]),
    }


def _rates(quote_ms: Ints, trade_ms: Ints) -> Statistics:
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
        for name, times in (("quotes", quote_ms), ("trades", trade_ms)):
            label = f"variance / mean of {name}, {window_ms / 1e3:g} s"
            found[label, ""] = _dispersion(times, quote_ms, window_ms)
    return found


def _excitement(quote_ms: Ints, quotes: Floats, trade_ms: Ints, trades: Floats) -> Statistics:
    """Estimate the share of events that others triggered, from the first events of the tape.

    Quotes that move a price are moves, others insertions or cancellations by the first queue that
    differs; trades of one millisecond and side are one market order, which stands for one of that
    millisecond's cancellations. Events of a millisecond are spread over it in their order.
    """
    moved = (np.diff(quotes[:, :2], axis=0) != 0).any(axis=1)
    changed = np.diff(quotes[:, 2:], axis=0)
    first = np.where(changed[:, 0] != 0, changed[:, 0], changed[:, 1])
    kind = np.where(moved, MOVE, np.where(first > 0, INSERT, CANCEL))
    ms = quote_ms[1:]
    order_ms = np.unique(trade_ms * 2 + (trades[:, 2] > 0)) // 2
    orders = np.searchsorted(order_ms, ms, "right") - np.searchsorted(order_ms, ms)
    start = np.searchsorted(ms, ms)
    cancels = np.concatenate([[0], np.cumsum(kind == CANCEL)])
    earlier = cancels[:-1] - cancels[start]  # cancellations of the same millisecond before this one
    kept = (kind != CANCEL) | (earlier >= orders)
    ms = np.concatenate([ms[kept], order_ms])
    kind = np.concatenate([kind[kept], np.full(len(order_ms), MARKET)])
    order = np.argsort(ms, kind="stable")[:_FITTED_EVENTS]
    ms, kind = ms[order], kind[order]
    start, end = np.searchsorted(ms, ms), np.searchsorted(ms, ms, "right")
    place = (np.arange(len(ms)) - start + 0.5) / (end - start)
    if len(np.unique(kind)) < len(BTCUSDT_2024_07.baseline_per_s):
        return {("branching ratio, fitted", ""): np.nan}
    fitted = fit_hawkes((ms - ms[0] + place) / 1e3, kind, BTCUSDT_2024_07.decay_per_s)
    return {("branching ratio, fitted", ""): fitted.branching_ratio}


def _moves(quote_ms: Ints, values: Floats, tick: float) -> Statistics:
    mid, spread = values[:, :2].mean(axis=1), np.rint((values[:, 1] - values[:, 0]) / tick)
    wide, held = spread > 1, np.diff(quote_ms)
    change = np.abs(np.diff(mid)) / tick
    moves = change > 0
    found = {
        ("quotes with spread > 1 tick", "%"): 100 * float(wide.mean()),
        ("time with spread > 1 tick", "%"): 100 * float((held * wide[:-1]).sum() / held.sum()),
    }
    for share in (50, 90):
        found[f"  its width, {share} %", "ticks"] = _percentile(spread[wide], share)
    found["changes of the mid", "1/s"] = float(moves.sum() / held.sum() * 1e3)
    for window_ms in (1_000, 10_000):
        label = f"variance / mean of changes, {window_ms / 1e3:g} s"
        found[label, ""] = _dispersion(quote_ms[1:][moves], quote_ms, window_ms)
    for share in (50, 90, 99):
        found[f"change of the mid, {share} %", "ticks"] = _percentile(change[moves], share)
    for seconds in (0.1, 1, 10, 60):
        sampled = _sampled(quote_ms, mid, round(seconds * 1_000))
        bps = np.diff(sampled) / sampled[:-1] * 1e4
        found[f"volatility, {seconds:g} s", "bps"] = float(bps.std())
        if seconds == 1:
            found["seconds without a change", "%"] = 100 * float((bps == 0).mean())
    return found


def _queues(quote_ms: Ints, values: Floats) -> Statistics:
    bid_size, ask_size = values[:, 2:].T
    both, ratio = np.concatenate([bid_size, ask_size]), np.log(bid_size / ask_size)
    found = {
        (f"best queue, {share} %", "base"): float(np.percentile(both, share))
        for share in (10, 50, 90, 99)
    }
    found["ln(bid size / ask size), sd", ""] = float(ratio.std())
    for seconds in (1, 5):
        sampled = _sampled(quote_ms, ratio, seconds * 1_000)
        found[f"  its autocorrelation, {seconds} s", ""] = _correlation(sampled[1:], sampled[:-1])
    return found


def _depth(tape: Tape, tick: float) -> Statistics:
    """Measure the levels behind the best, both sides together."""
    rows = tape.values[tape.kind == DEPTH, 0].astype(np.int64)
    books, ms = tape.books[rows], tape.ts_event_ns[tape.kind == DEPTH] // _MS
    sizes = np.concatenate([books[:, 1:, 2], books[:, 1:, 3]])
    away = np.concatenate([books[:, :1, 0] - books[:, 1:, 0], books[:, 1:, 1] - books[:, :1, 1]])
    gaps = np.rint(np.diff(away, prepend=0.0, axis=1) / tick)
    found = {}
    for share in (10, 50, 90):
        found[f"size of a level behind the best, {share} %", "base"] = _percentile(sizes, share)
    for share in (10, 50, 90):
        label = f"all nine levels behind the best, {share} %"
        found[label, "base"] = _percentile(sizes.sum(axis=1), share)
    found["levels one tick apart", "%"] = 100 * float((gaps == 1).mean()) if gaps.size else np.nan
    found["tenth level from the best, 50 %", "ticks"] = _percentile(away[:, -1] / tick, 50)
    label = "  autocorrelation of a level's log size, 1 s"
    if not len(rows):
        return {**found, (label, ""): np.nan}
    sampled = [_sampled(ms, np.log(books[:, 4, side]), 1_000) for side in (2, 3)]
    parts = [_correlation(one[1:], one[:-1]) for one in sampled]
    return {**found, (label, ""): float(np.mean(parts))}


def _orders(quote_ms: Ints, trade_ms: Ints, values: Floats) -> Statistics:
    """Trades of one millisecond and side are one order."""
    key, order = np.unique(trade_ms * 2 + (values[:, 2] > 0), return_inverse=True)
    sizes = np.bincount(order, values[:, 1])
    sides = (key % 2) * 2 - 1
    found = {
        ("market orders", "1/s"): len(key) / (quote_ms[-1] - quote_ms[0]) * 1e3,
        ("trades per order", ""): len(order) / len(key),
    }
    for share in (90, 99):
        found[f"  of an order, {share} %", ""] = float(np.percentile(np.bincount(order), share))
    for share in (50, 90, 99):
        found[f"order size, {share} %", "base"] = float(np.percentile(sizes, share))
    for lag in (1, 5, 10):
        product = sides[lag:] * sides[:-lag]
        found[f"order sides, autocovariance at {lag}", ""] = float(product.mean())
    return found


def _foresight(quote_ms: Ints, values: Floats) -> Statistics:
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


def _sampled(quote_ms: Ints, values: Floats, step_ms: int) -> Floats:
    grid = np.arange(quote_ms[0], quote_ms[-1], step_ms)
    sampled: Floats = values[np.searchsorted(quote_ms, grid, side="right") - 1]
    return sampled


def _dispersion(times_ms: Ints, quote_ms: Ints, window_ms: int) -> float:
    """Return variance over mean of counts in windows: 1 for a Poisson process."""
    counts = np.histogram(times_ms, np.arange(quote_ms[0], quote_ms[-1], window_ms))[0]
    return float(counts.var() / max(counts.mean(), 1e-9))


def _percentile(values: Floats, share: float) -> float:
    return float(np.percentile(values, share)) if values.size else np.nan


def _correlation(first: Floats, second: Floats) -> float:
    return float(np.corrcoef(first, second)[0, 1]) if np.ptp(first) and np.ptp(second) else np.nan
