"""The same run by hour of the day and by regime: when it earned, and in what kind of market."""

from collections.abc import Callable
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_S
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.markouts import Markout
from nautilus_scalp.evaluation.markouts import measure_markouts
from nautilus_scalp.evaluation.pnl import RoundTrips
from nautilus_scalp.evaluation.regimes import NAMES
from nautilus_scalp.runtime.report.measures import Measures
from nautilus_scalp.runtime.report.notes import Row
from nautilus_scalp.runtime.report.results import StrategyResult


MARKOUT_MS = 10_000
_NS_PER_H = 3_600 * NS_PER_S
_HOURS = tuple(f"{hour:02d}:00" for hour in range(24))

type Times = npt.NDArray[np.int64]
type Codes = npt.NDArray[np.int8]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy: what it left behind, and what was measured."""

    result: StrategyResult
    measures: Measures


def by_hour(parts: Sequence[Part], grid_ns: Times) -> list[Row]:
    """Return a row for each hour of the day, UTC, that the run reaches into.

    Parameters
    ----------
    parts : Sequence[Part]
        The strategies.
    grid_ns : int64[g]
        Times of their equity curves.

    Returns
    -------
    list[dict]
        `label`, `share_of_time`, sums over all strategies, and `net_by_strategy` in their order;
        `net` adds up to that of the run.

    """

    def hour(_: StrategyResult, ts_ns: Times) -> Codes:
        return (ts_ns // _NS_PER_H % len(_HOURS)).astype(np.int8)

    return _table(parts, grid_ns, _HOURS, hour)


def by_regime(parts: Sequence[Part], grid_ns: Times) -> list[Row]:
    """Return a row for each regime that an instrument of the run was in.

    Parameters
    ----------
    parts : Sequence[Part]
        The strategies; empty tables come of results whose regimes nobody asked for.
    grid_ns : int64[g]
        Times of their equity curves.

    Returns
    -------
    list[dict]
        As `by_hour`. What a strategy did counts under the regime of its own instrument.

    """

    def regime(result: StrategyResult, ts_ns: Times) -> Codes:
        assert result.regimes is not None  # noqa: S101 (checked below)
        return result.regimes.at(ts_ns)

    if any(part.result.regimes is None for part in parts):
        return []
    return _table(parts, grid_ns, NAMES, regime)


def _table(
    parts: Sequence[Part],
    grid_ns: Times,
    labels: Sequence[str],
    code_of: Callable[[StrategyResult, Times], Codes],
) -> list[Row]:
    begins_ns = np.concatenate((grid_ns[:1], grid_ns[:-1]))
    codes = [code_of(part.result, begins_ns) for part in parts]
    seconds = _seconds(parts, grid_ns, codes, len(labels))
    rows = []
    for code, label in enumerate(labels):
        if not seconds[code]:
            continue
        net = [
            float(np.sum(np.diff(part.measures.equity, prepend=0.0)[own == code]))
            for part, own in zip(parts, codes, strict=True)
        ]
        fills = [
            one.fills.taken(code_of(one, one.fills.ts_event_ns) == code)
            for one in (part.result for part in parts)
        ]
        trips = RoundTrips.none()
        for part in parts:
            inside = code_of(part.result, part.measures.trips.end_ns) == code
            trips += part.measures.trips.taken(inside)
        row = {"label": label, "share_of_time": float(seconds[code] / np.sum(seconds))}
        row |= {"net": sum(net), "net_by_strategy": net}
        rows.append(row | _cells(parts, fills, trips))
    return rows


def _cells(parts: Sequence[Part], fills: Sequence[Fills], trips: RoundTrips) -> Row:
    markout = Markout.none(MARKOUT_MS)
    for part, own in zip(parts, fills, strict=True):
        markout += measure_markouts(own, part.result.mids, (MARKOUT_MS,))[MARKOUT_MS]
    volume = float(sum(np.sum(own.notional) for own in fills))
    maker = float(sum(np.sum(own.notional[own.is_maker]) for own in fills))
    return {
        "fills": sum(len(own) for own in fills),
        "volume": volume,
        "maker_share": maker / volume if volume else None,
        "fees": float(sum(np.sum(own.fee) for own in fills)),
        "markout_bps": markout.bps,
        "round_trips": len(trips),
        "win_rate": trips.win_rate,
    }


def _seconds(
    parts: Sequence[Part], grid_ns: Times, codes: Sequence[Codes], labels: int
) -> npt.NDArray[np.float64]:
    """Return how long each label lasted while there were quotes, over all instruments."""
    steps = np.diff(grid_ns, prepend=grid_ns[:1])
    steps = np.where(steps > NS_PER_S, 0, steps) / NS_PER_S
    of_instrument = {part.result.instrument_id: own for part, own in zip(parts, codes, strict=True)}
    total = np.zeros(labels)
    for own in of_instrument.values():
        total += np.bincount(own, weights=steps, minlength=labels)
    return total
