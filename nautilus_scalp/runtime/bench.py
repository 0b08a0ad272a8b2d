"""Latency and throughput of the whole tick path, measured on this machine in one run."""

import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.ensemble import EnsembleActorConfig
from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.catalog import side_events
from nautilus_scalp.errors import InputError
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import SIGNAL_TYPE
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.bus import quiet_bus
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import build_dataset
from nautilus_scalp.training.fit_models import fit_models
from nautilus_scalp.training.fit_models import pack_models
from nautilus_scalp.training.library import LibraryEnsemble
from nautilus_scalp.training.pipeline import assemble


QUOTES = 40_000
LIBRARY_EVENTS = 200
_WARM_UP_EVENTS = 1_000  # caches and branch predictors, not compilation: that is done before
type Microseconds = npt.NDArray[np.float64]


class SignalProbe(Strategy):
    """A strategy that stamps the moment at which a signal reaches it.

    Parameters
    ----------
    instrument_id : InstrumentId
        Whose signals.

    """

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__()
        self._instrument_id = instrument_id
        self.entered_ns = 0
        self.taken_ns: list[int] = []

    def on_start(self) -> None:
        """Subscribe the ordinary way."""
        self.subscribe_data(SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self._instrument_id)

    def on_data(self, _data: Data) -> None:
        """Stamp."""
        self.taken_ns.append(time.perf_counter_ns() - self.entered_ns)


def run_bench(catalog: Path, progress: Report) -> dict[str, Any]:
    """Measure the tick path on the last quotes of a catalog's first instrument.

    Models of the documented sizes are fitted on the same ticks first: what a prediction costs
    depends on the sizes, not on what was learned.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog with quotes and trades.
    progress : Report
        Told which stage runs.

    Returns
    -------
    dict[str, Any]
        The answer of ``bench --json``; latencies in microseconds.

    Raises
    ------
    InputError
        If the catalog holds too few quotes to measure anything.

    """
    tape = _last_quotes(catalog)
    progress("fit models of full size", 0.1)
    config = TrainingConfig(name="bench", mirror=False, lstm=LstmParams(epochs=1))
    dataset = build_dataset(tape, config)
    models = fit_models(
        dataset.side(dataset.split.train),
        dataset.side(dataset.split.holdout),
        config,
        lambda stage, share: progress(stage, 0.1 + 0.4 * share),
    )
    ensemble = assemble(pack_models(models), dataset, config, "bench", {})
    values = dataset.values[dataset.ready]
    progress("features and models alone", 0.5)
    stream = ensemble.stream()
    ensemble_us = _each(lambda value: stream.predict(value, 0, 0, 1.0), values[:QUOTES])
    with LibraryEnsemble(models, np.array(list(ensemble.manifest.weights.values()))) as library:
        library_us = _each(library.predict, values[: 2 * LIBRARY_EVENTS], LIBRARY_EVENTS)
    engine = FeatureEngine(tape.instruments[0], mode=ALL)
    features_us = _quotes_through(engine, tape)
    progress("inside the engine", 0.7)
    latency_us, handled_us, events, with_us, bare = _inside_engine(catalog, tape, ensemble)
    return {
        "indicators": len(engine.names),
        "models": ensemble.manifest.sizes,
        "events": events,
        "tick_to_signal_us": _percentiles(latency_us),
        "tick_to_catalogue_us": _percentiles(handled_us),
        "features_us": _percentiles(features_us),
        "ensemble_us": _percentiles(ensemble_us),
        "library_us": _percentiles(library_us),
        "ratio": _rounded(np.median(library_us) / np.median(ensemble_us)),
        "backtest_events_per_s": _rounded(with_us),
        "bare_engine_events_per_s": _rounded(bare),
    }


def _last_quotes(catalog: Path) -> Tape:
    name = catalog_instruments(catalog)[0].instrument_id
    tape = read_tape(catalog, [name])
    quotes_ns = tape.ts_init_ns[tape.kind == QUOTE]
    if len(quotes_ns) < QUOTES:
        message = f"{catalog}: {len(quotes_ns):,} quotes of {name}"
        raise InputError(message, f"give a catalog with at least {QUOTES:,} quotes")
    return read_tape(catalog, [name], int(quotes_ns[-QUOTES]))


def _each[T](
    call: Callable[[T], object], items: Iterable[T], warm_up: int = _WARM_UP_EVENTS
) -> Microseconds:
    """Return what each call took, without the first ones."""
    taken = []
    for item in items:
        started = time.perf_counter_ns()
        call(item)
        taken.append(time.perf_counter_ns() - started)
    return np.array(taken[warm_up:]) / 1e3


def _quotes_through(engine: FeatureEngine, tape: Tape) -> Microseconds:
    """Return what each quote took; trades are fed between them, untimed."""
    taken = []
    rows = zip(tape.kind.tolist(), tape.ts_event_ns.tolist(), tape.values.tolist(), strict=True)
    for kind, ts_event_ns, values in rows:
        if kind != QUOTE:
            engine.on_trade(ts_event_ns, *values[:3])
            continue
        started = time.perf_counter_ns()
        engine.on_quote(ts_event_ns, *values)
        taken.append(time.perf_counter_ns() - started)
    return np.array(taken[_WARM_UP_EVENTS:]) / 1e3


def _inside_engine(
    catalog: Path, tape: Tape, ensemble: Ensemble
) -> tuple[Microseconds, Microseconds, int, float, float]:
    """Return times to signal and to catalogue, events, events a second with actor and without."""
    instrument_id = InstrumentId.from_str(tape.instruments[0].instrument_id)
    stored = ParquetDataCatalog(str(catalog))
    instrument = stored.instruments(instrument_ids=[instrument_id.value])[0]
    start_ns = int(tape.ts_init_ns[0])
    quotes = stored.query(QuoteTick, identifiers=[instrument_id.value], start=start_ns)
    trades = stored.query(TradeTick, identifiers=[instrument_id.value], start=start_ns)
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), run_analysis=False, message_bus=quiet_bus()
        )
    )
    engine.add_venue(
        instrument_id.venue, OmsType.NETTING, AccountType.MARGIN, [Money.from_str("100000 USDT")]
    )
    engine.add_instrument(instrument)
    engine.add_data(quotes + trades)
    try:
        bare = _events_per_s(engine)
        engine.reset()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            save_artifact(ensemble.manifest, ensemble.arrays, path)
            actor = EnsembleActor(
                EnsembleActorConfig(
                    instrument_ids=[instrument_id], model_path=str(path), indicators="all"
                )
            )
            probe = SignalProbe(instrument_id)
            window = (start_ns, int(tape.ts_init_ns[-1]) + 1)
            names = [instrument_id.value]
            actor.replay_side_events(partial(side_events, catalog, names, window))
            handled_ns = _stamp_entry(actor, probe)
            engine.add_actor(actor)
            engine.add_strategy(probe)
            rate = _events_per_s(engine)
        taken_us, handled_us = (
            np.array(taken[_WARM_UP_EVENTS:]) / 1e3 for taken in (probe.taken_ns, handled_ns)
        )
        return taken_us, handled_us, engine.iteration, rate, bare
    finally:
        engine.dispose()


def _events_per_s(engine: BacktestEngine) -> float:
    started = time.perf_counter()
    engine.run()
    return float(engine.iteration / (time.perf_counter() - started))


def _stamp_entry(actor: EnsembleActor, probe: SignalProbe) -> list[int]:
    """
    Let the probe know when the actor's handler is entered, and return what each call is to take.

    Depth, mark prices and funding rates from before the quote are given to the features first: live
    they are messages of their own.
    """
    handler, handled_ns = actor.on_quote_tick, list[int]()

    def entered(tick: QuoteTick) -> None:
        actor.side_tape.play_until(tick.ts_init)
        probe.entered_ns = time.perf_counter_ns()
        handler(tick)
        handled_ns.append(time.perf_counter_ns() - probe.entered_ns)

    actor.on_quote_tick = entered  # type: ignore[method-assign]
    return handled_ns


def _percentiles(taken_us: Microseconds) -> dict[str, float]:
    marks = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}
    return {name: _rounded(np.percentile(taken_us, mark)) for name, mark in marks.items()}


def _rounded(value: float) -> float:
    return round(float(value), 2)
