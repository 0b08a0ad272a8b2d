"""A trader that starts late asks the venue for past trades, and is as one that was always on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from nautilus_trader.core.datetime import millis_to_nanos
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.catalogue import from_trades_alone
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.parity.reader import read_signals
from nautilus_scalp.runtime.recording.history import load_history
from nautilus_scalp.runtime.recording.history import venue_history_path
from nautilus_scalp.runtime.recording.run import find_recording
from nautilus_scalp.runtime.recording.writer import CATALOG
from tests.fakes.small_model import FEATURES
from tests.fakes.small_model import write_artifact


if TYPE_CHECKING:
    from pathlib import Path

    from nautilus_scalp.features.tape import Tape
    from nautilus_scalp.runtime.practice.market import PublicTrade
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow

NAMES = (
    "imbalance.now",
    "volume.rate_ratio.500ms.2s",
    "signed_volume.balance.2s",
    "trade_size.mean.2s",
)
NS_PER_MS = 1_000_000


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_warm_by_the_venues_trades_as_if_always_on(
    exchange: Exchange, trader: Trader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = exchange.instrument_id
    model = write_artifact(tmp_path / "model", NAMES, instruments=(name,))
    trader.strategy = "nautilus_scalp.strategies.market_making:MarketMaking"
    trader.more_blocks = f"""
[recorder]
flush_interval_s = 0.5

[warm_up]
source = "venue"
minutes = 1.0

[model]
path = "{model}"

[[actors]]
actor_path = "nautilus_scalp.actors.ensemble:EnsembleActor"
config_path = "nautilus_scalp.actors.ensemble:EnsembleActorConfig"
[actors.config]
instrument_ids = ["{name}"]
"""
    exchange.wait(lambda state: state["events_played"] > 80, "a market before the trader")
    trader.start()
    recordings = tmp_path / "state" / "recordings"
    exchange.wait(lambda _state: len(_kept(recordings)) > 0, "the venue's history")
    trader.wait_for_records(100)
    assert trader.end(signal.SIGTERM) == 0, trader.output
    published = exchange.ask(lambda practice: practice.market.trades("BTCUSDT"))

    recording = find_recording(tmp_path / "state")
    history = load_history(venue_history_path(recording, "EnsembleActor"))
    heard = read_tape(recording / CATALOG, [name])
    first = ParquetDataCatalog(str(recording / CATALOG)).trade_ticks()[0]
    first_number = int(first.trade_id.value.rpartition("-")[2])
    past = [trade for trade in published if trade.number < first_number]
    assert len(past) > 10
    rounded = (
        exchange.venue == "BINANCE"
    )  # its adapter is up to 128 ns off the venue's milliseconds
    times = [millis_to_nanos(t.time_ms) if rounded else t.time_ms * NS_PER_MS for t in past]
    joined_ns = history.ts_event_ns[-1]
    signals = [
        (int(fields["ts_event"]), vector) for fields, vector in read_signals(recording, name)
    ]
    got = [signal for signal in signals if signal[0] > joined_ns]
    expected = [quote for quote in _always_on(past, times, heard) if quote[0] > joined_ns]
    assert [ts_ns for ts_ns, _ in got] == [ts_ns for ts_ns, _ in expected]
    assert len(got) > 20
    known = [NAMES.index(one) for one in NAMES if one in from_trades_alone(NAMES)]
    values, wanted = (np.array([vector[known] for _, vector in one]) for one in (got, expected))
    np.testing.assert_allclose(values, wanted, atol=1e-9)
    assert "still cold" in trader.logs()
    capsys.readouterr()
    assert main(["parity", str(tmp_path / "state")]) == 0, capsys.readouterr().err


def _kept(recordings: Path) -> list[Path]:
    return list(recordings.glob("*/history/*.venue.npz"))


def _always_on(
    past: list[PublicTrade], times_ns: list[int], heard: Tape
) -> list[tuple[int, np.ndarray]]:
    """Return time and features of each quote, of an engine that missed none of the trades."""
    engine = FeatureEngine(heard.instruments[0], FEATURES, NAMES)
    missed = list(zip(times_ns, past, strict=True))[::-1]
    values = []
    for i in range(len(heard)):
        ts, row = int(heard.ts_event_ns[i]), heard.values[i].tolist()
        while missed and missed[-1][0] < ts:  # quotes may be heard before the first trade is
            _on_missed(engine, *missed.pop())
        if heard.kind[i] == QUOTE:
            engine.on_quote(ts, *row)
            values.append((ts, engine.value.copy()))
        else:
            engine.on_trade(ts, *row[:3])
    return values


def _on_missed(engine: FeatureEngine, ts_ns: int, trade: PublicTrade) -> None:
    numbers = (float(trade.event.first), float(trade.event.second))
    engine.on_trade(ts_ns, *numbers, float(trade.event.aggressor))
