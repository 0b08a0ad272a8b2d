"""A recording is a history: read as a tape, it gives the features that the live run had."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.parity.reader import read_signals
from nautilus_scalp.runtime.recording.run import find_recording
from nautilus_scalp.runtime.recording.writer import CATALOG
from tests.fakes.small_model import FEATURES
from tests.fakes.small_model import write_artifact


if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:'d' is deprecated"),  # Nautilus, on subscribing to a book
]

NAMES = (
    "imbalance.now",
    "volume.sum.500ms",
    "imbalance_5.mean.2s",
    "pressure.now",
    "level_flow_1.sum.500ms",
    "mark_gap.now",
)


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_depth_features_of_a_live_run_come_back_from_its_recording(
    exchange: Exchange, trader: Trader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = exchange.instrument_id
    model = write_artifact(tmp_path / "model", NAMES, instruments=(name,))
    trader.strategy = "nautilus_scalp.strategies.market_making:MarketMaking"
    trader.more_blocks = f"""
[recorder]
flush_interval_s = 0.5

[model]
path = "{model}"

[[actors]]
actor_path = "nautilus_scalp.actors.ensemble:EnsembleActor"
config_path = "nautilus_scalp.actors.ensemble:EnsembleActorConfig"
[actors.config]
instrument_ids = ["{name}"]
"""
    trader.start()
    trader.wait_for_records(200)
    exchange.ask(lambda practice: practice.act("cut_market"))
    trader.wait_for_records(100)
    assert trader.end(signal.SIGTERM) == 0, trader.output

    recording = find_recording(tmp_path / "state")
    live = dict(_by_time(read_signals(recording, name)))
    matrix = compute_matrix(
        read_tape(recording / CATALOG, [name], extras=True), FEATURES, selection=NAMES
    )
    again = dict(zip(matrix.ts_event_ns.tolist(), matrix.values, strict=True))
    assert len(live) > 50
    assert len({row[2] for row in live.values()}) > 10  # the book moved
    for ts_ns, vector in live.items():
        np.testing.assert_array_equal(vector, again[ts_ns])
    capsys.readouterr()
    assert main(["parity", str(tmp_path / "state")]) == 0, capsys.readouterr().err


def _by_time(signals: object) -> list[tuple[int, np.ndarray]]:
    """Return the vector of the last signal of every moment."""
    return [(int(fields["ts_event"]), vector) for fields, vector in signals]  # type: ignore[attr-defined]
