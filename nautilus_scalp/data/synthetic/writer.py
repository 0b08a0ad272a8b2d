"""A synthetic market as an ordinary Nautilus catalog, with what can be known about its edge."""

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data import store
from nautilus_scalp.data import tables
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import nautilus_instrument
from nautilus_scalp.data.ordering import GRID_NS
from nautilus_scalp.data.raw_files import sha256
from nautilus_scalp.data.sink import IntervalSink
from nautilus_scalp.data.synthetic import theory
from nautilus_scalp.data.synthetic.events import Events
from nautilus_scalp.data.synthetic.events import events_of
from nautilus_scalp.data.synthetic.events import tape_of
from nautilus_scalp.data.synthetic.market import Chunk
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.market import instrument_spec
from nautilus_scalp.data.synthetic.match import MatchReport
from nautilus_scalp.data.synthetic.match import match_report
from nautilus_scalp.data.synthetic.match import recorded_market
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import Tape


_FOLDER = "synthetic"
_MATCHED_CHUNKS = 2

type Progress = Callable[[str, float], None]


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour's oracle figures, so that a window of the catalog can be judged by its own."""

    start_ns: int
    end_ns: int
    next_jump: theory.NextJump | None
    horizons: dict[str, theory.Score]


class SyntheticReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was generated, and what the best possible forecasters score on it.

    Attributes
    ----------
    params : SyntheticParams
        `generate` with these gives the same market again, latent signal included.
    quotes, trades, depths, marks : int
        Rows written; a mark is a mark price and a funding rate.
    branching_ratio : float
        Of the Hawkes process.
    jumps_per_s : float
        Stationary rate of price moves, spread closings not counted.
    hit_rate, next_jump_auc_signal, next_jump_auc_belief : float
        Closed forms for the next jump's sign: share that the latent signal calls right, its AUC,
        and the AUC of the best forecast from published events, with the accuracy that this
        forecast had on the path.
    horizons : dict of str to Score
        By horizon in milliseconds: means over the hours, weighted by moves (AUC) or rows (bps).
    hours : list of Hour
    match : MatchReport, optional
        How alike the first two hours are to the recording; None for a market that is too short,
        or when nobody asked.

    """

    params: SyntheticParams
    quotes: int
    trades: int
    depths: int
    marks: int
    branching_ratio: float
    jumps_per_s: float
    hit_rate: float
    next_jump_auc_signal: float
    next_jump_auc_belief: float
    horizons: dict[str, theory.Score]
    hours: list[Hour]
    match: MatchReport | None


def write_synthetic(
    catalog: Path,
    params: SyntheticParams,
    progress: Progress | None = None,
    *,
    compare: bool = True,
) -> SyntheticReport:
    """Generate a market into a catalog and write ``synthetic/<instrument>.json`` beside it.

    Parameters
    ----------
    catalog : Path
        Created if it is missing. Either everything is written or nothing.
    params : SyntheticParams
    progress : callable, optional
        Called with a text and the share done.
    compare : bool, optional
        Whether to set the market beside the recording, which takes a second: `match`.

    Returns
    -------
    SyntheticReport

    Raises
    ------
    UsageError
        If the catalog holds the instrument already, the disk is full, or a parameter is unusable.

    """
    spec = instrument_spec(params)
    with store.change(catalog) as staging:
        if store.intervals(catalog, spec.instrument_id):
            message = f"{catalog} holds {spec.instrument_id} already"
            raise UsageError(message, "write a synthetic market into a catalog of its own")
        sink = IntervalSink(staging)
        try:
            report = _generate_into(sink, params, spec, progress, compare=compare)
            sink.end_interval()
        finally:
            sink.abandon()
        ParquetDataCatalog(str(staging)).write_data([nautilus_instrument(spec)])
        store.write_json(staging / _FOLDER / f"{spec.instrument_id}.json", report, indent=1)
        _write_manifest(catalog, staging)
    return report


def read_report(catalog: Path, instrument_id: str) -> SyntheticReport | None:
    """Return the report beside a synthetic market, None for a recorded one.

    Raises
    ------
    InputError
        If the report is damaged.

    """
    path = catalog / _FOLDER / f"{instrument_id}.json"
    return store.read_json(path, SyntheticReport) if path.exists() else None


def _generate_into(
    sink: IntervalSink,
    params: SyntheticParams,
    spec: InstrumentSpec,
    progress: Progress | None,
    *,
    compare: bool,
) -> SyntheticReport:
    rows = np.zeros(4, np.int64)
    hours: list[Hour] = []
    first: list[Events] = []
    known, last = 0.0, 0
    start_ms, end_ms = params.start_ns // 1_000_000, params.end_ns // 1_000_000
    for chunk in generate(params):
        events = events_of(chunk, spec, last)
        last = events.last_ts_init or last
        _write(sink, spec, events)
        hours.append(_score(chunk, params))
        if compare and len(first) < _MATCHED_CHUNKS:
            first.append(events)
        rows += [len(part) for part in (events.quotes, events.trades, events.depths, events.marks)]
        known += float((1 - chunk.signals[:, 2]).sum())
        if progress is not None:
            done = (chunk.end_ms - start_ms) / (end_ms - start_ms)
            progress(f"synthetic market, {rows[0]:,} quotes", done)
    if rows[0] == 0:
        message = f"no quote in {params.hours} hours"
        raise UsageError(message, "generate a longer market")
    accuracy = math.sqrt(known / rows[0])  # correlation of the best forecast with the signal
    quotes, trades, depths, marks = rows.tolist()
    return SyntheticReport(
        params=params,
        quotes=quotes,
        trades=trades,
        depths=depths,
        marks=marks,
        branching_ratio=params.hawkes.branching_ratio,
        jumps_per_s=float(params.hawkes.rates_per_s[0]),
        hit_rate=theory.hit_rate(params.edge),
        next_jump_auc_signal=theory.next_jump_auc(params.edge),
        next_jump_auc_belief=theory.next_jump_auc(params.edge * accuracy),
        horizons=_pooled(hours),
        hours=hours,
        match=_match(tape_of(first, spec, depth=True), spec) if compare else None,
    )


def _match(tape: Tape, spec: InstrumentSpec) -> MatchReport | None:
    try:
        return match_report(recorded_market(spec.instrument_id), tape)
    except InputError:  # too short for its statistics, which says nothing against the market
        return None


def _write(sink: IntervalSink, spec: InstrumentSpec, events: Events) -> None:
    name = spec.instrument_id
    sink.write(f"quote_tick/{name}", tables.quote_table(spec, events.quotes, events.quote_ts_init))
    sink.write(f"trade_tick/{name}", tables.trade_table(spec, events.trades, events.trade_ts_init))
    depth = tables.depth10_table(spec, events.depths, events.tops, events.depth_ts_init)
    sink.write(f"order_book_depths/{name}", depth)
    marks, mark_ts = events.marks, events.mark_ts_init
    sink.write(f"mark_price_update/{name}", tables.mark_table(spec, marks, mark_ts))
    funding = tables.funding_table(spec, marks, mark_ts + GRID_NS)
    sink.write(f"funding_rate_update/{name}", funding)


def _score(chunk: Chunk, params: SyntheticParams) -> Hour:
    scores = {
        str(horizon_ms): theory.score_chunk(chunk, horizon_ms, params.edge, params.reversion_per_s)
        for horizon_ms in theory.HORIZONS_MS
    }
    return Hour(
        start_ns=chunk.start_ms * 1_000_000,
        end_ns=chunk.end_ms * 1_000_000,
        next_jump=theory.score_next_jumps(chunk),
        horizons={name: score for name, score in scores.items() if score is not None},
    )


def _pooled(hours: list[Hour]) -> dict[str, theory.Score]:
    pooled = {}
    for horizon_ms in theory.HORIZONS_MS:
        scores = [h.horizons[str(horizon_ms)] for h in hours if str(horizon_ms) in h.horizons]
        if scores:
            pooled[str(horizon_ms)] = theory.pooled(scores)
    return pooled


def _write_manifest(catalog: Path, staging: Path) -> None:
    manifest = store.read_manifest(catalog)
    written = sorted(path for path in staging.rglob("*") if path.is_file())
    digests = {str(path.relative_to(staging)): sha256(path) for path in written}
    combined = store.Manifest(sources=manifest.sources, files={**manifest.files, **digests})
    store.write_json(staging / store.MANIFEST, combined, indent=1)
