"""On the sample catalog: stream = batch, every value finite, the selection ready."""

from pathlib import Path

import numpy as np

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import QUOTE


SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample"


def test_the_sample_streams_as_in_batch_bit_for_bit() -> None:
    tape = read_tape(SAMPLE)
    matrix = compute_matrix(tape)
    engines = build_engines(tape.instruments)
    times = tape.ts_event_ns.tolist()
    row = 0
    for i, event in enumerate(tape.values.tolist()):
        engine = engines[tape.instrument[i]]
        if tape.kind[i] != QUOTE:
            engine.on_trade(times[i], *event[:3])
            continue
        assert engine.on_quote(times[i], *event) == matrix.ready[row]
        assert engine.value.tobytes() == matrix.values[row].tobytes()
        row += 1
    assert row == len(matrix)
    assert not any(matrix.refusals.values())


def test_the_sample_is_ready_and_finite() -> None:
    matrix = compute_matrix(read_tape(SAMPLE))
    assert np.isfinite(matrix.values).all()
    assert matrix.ready.mean() > 0.9
    assert len(np.unique(matrix.segment)) == 3  # two recordings of BTC, one of ETH
