"""
Where the time between a quote and its signal goes, at the median and in the slowest percent.

Run with ``python benchmarks/profile_tail.py MODEL [PAUSE_MS]``. The ensemble actor plays the end of
the sample inside Nautilus's engine with every indicator; each step of its handler is stamped: those
to the signal, and the rest of the catalogue after it. Printed are percentiles of every step, the
mean of the steps over the slowest percent of signals, and how slow quotes are on which bars close:
those of every hundred milliseconds, second and minute. With a pause nothing happens for so long
before each of 6,000 quotes: what has left the processor's caches by then takes longer.
"""

import math
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.ensemble import EnsembleActorConfig
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.data.catalog import side_events
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.runtime.bench import SignalProbe
from nautilus_scalp.runtime.bus import quiet_bus
from nautilus_scalp.signals.policy import decide


SAMPLE = Path(__file__).parents[1] / "catalogs" / "sample"
BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
QUOTES, PAUSED_QUOTES, WARM_UP = 40_000, 6_000, 1_000
STEPS = (
    "quote to floats",
    "features",
    "models",
    "decision",
    "message",
    "bus",
    "signal",
    "catalogue",
)
CLOCKS_MS = (100, 1_000, 60_000)
now = time.perf_counter_ns


class StampedActor(EnsembleActor):
    """The ensemble actor's handler, step by step."""

    def __init__(self, config: EnsembleActorConfig, probe: SignalProbe, pause_s: float) -> None:
        super().__init__(config)
        self._probe = probe
        self._pause_s = pause_s
        self.stamps: list[tuple[int, ...]] = []
        self.times_ms: list[int] = []

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Do what the actor does, and stamp between the steps."""
        self.side_tape.play_until(tick.ts_init)  # live, messages of their own
        if self._pause_s:
            time.sleep(self._pause_s)
        entered = now()
        channel = self._channels[tick.instrument_id]
        engine, stream = channel.engine, channel.stream
        quote = quote_values(tick)
        converted = now()
        if not engine.on_quote(tick.ts_event, *quote):
            return
        computed = now()
        probabilities = stream.predict(engine.value, engine.segment, tick.ts_event, engine.mid)
        predicted = now()
        move_bps, confidence, strength = decide(probabilities, stream.move_bps)
        decided = now()
        if not math.isfinite(strength):
            return
        down, flat, up = probabilities.tolist()
        signal = AlphaSignal(
            tick.ts_event, self.clock.timestamp_ns(), channel.instrument_id, channel.horizon_ms,
            down, flat, up, move_bps, confidence, stream.disagreement, strength,
            channel.regime, channel.model_id,
        )  # fmt: skip
        made = now()
        self._probe.entered_ns = made
        self.msgbus.publish(channel.topic, signal)
        heard = made + self._probe.taken_ns[-1]
        published = now()
        engine.catch_up()
        caught_up = heard + now() - published
        self.stamps.append(
            (entered, converted, computed, predicted, decided, made, heard, caught_up)
        )
        self.times_ms.append(tick.ts_event // 1_000_000)


def play(model: str, pause_s: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return microseconds by quote and step, and the quotes' times in milliseconds."""
    catalog = ParquetDataCatalog(str(SAMPLE))
    quotes = catalog.query(QuoteTick, identifiers=[BTC.value])[
        -(PAUSED_QUOTES if pause_s else QUOTES) :
    ]
    first_ns, last_ns = quotes[0].ts_init, quotes[-1].ts_init
    trades = catalog.query(TradeTick, identifiers=[BTC.value], start=first_ns)
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), run_analysis=False, message_bus=quiet_bus()
        )
    )
    money = [Money.from_str("100000 USDT")]
    engine.add_venue(BTC.venue, OmsType.NETTING, AccountType.MARGIN, money)
    engine.add_instrument(catalog.instruments(instrument_ids=[BTC.value])[0])
    engine.add_data(quotes + trades)
    probe = SignalProbe(BTC)
    config = EnsembleActorConfig(instrument_ids=[BTC], model_path=model, indicators="all")
    actor = StampedActor(config, probe, pause_s)
    actor.replay_side_events(partial(side_events, SAMPLE, [BTC.value], (first_ns, last_ns)))
    engine.add_actor(actor)
    engine.add_strategy(probe)
    engine.run()
    engine.dispose()
    stamps = np.array(actor.stamps)[WARM_UP:]
    steps = np.diff(stamps, axis=1) / 1e3
    signal = steps[:, :-1].sum(axis=1)
    return np.column_stack((steps[:, :-1], signal, steps[:, -1])), np.array(actor.times_ms)[
        WARM_UP:
    ]


def main() -> None:
    """Print the profile."""
    pause_ms = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    taken_us, times_ms = play(sys.argv[1], pause_ms / 1e3)
    write = sys.stdout.write
    write(f"{'us':>18}" + "".join(f"{step:>16}" for step in STEPS) + "\n")
    for percentile in (50, 90, 99, 99.9):
        values = np.percentile(taken_us, percentile, axis=0)
        write(f"{'p' + str(percentile):>18}" + "".join(f"{v:>16.1f}" for v in values) + "\n")
    whole = taken_us[:, -2:].sum(axis=1)
    signal = taken_us[:, -2]
    slowest = taken_us[signal > np.percentile(signal, 99)].mean(axis=0)
    write(f"{'slowest 1 %, mean':>18}" + "".join(f"{v:>16.1f}" for v in slowest) + "\n")
    closes = np.diff(times_ms[:, None] // np.array(CLOCKS_MS), axis=0, prepend=0) > 0
    for count in range(len(CLOCKS_MS) + 1):
        rows = closes.sum(axis=1) == count
        if rows.any():
            p50, p99 = np.percentile(whole[rows], (50, 99))
            write(
                f"{count} clocks close: {rows.mean():.2%} of quotes, p50 {p50:.1f}, p99 {p99:.1f}\n"
            )


if __name__ == "__main__":
    main()
