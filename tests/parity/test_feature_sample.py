"""On the sample catalog: stream = batch, every value finite, the selection ready."""

from pathlib import Path

import numpy as np

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


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


def test_a_minute_of_every_feature_streams_as_in_batch() -> None:
    last_ns = int(read_tape(SAMPLE).ts_init_ns[-1])
    tape = read_tape(SAMPLE, start_ns=last_ns - 60_000_000_000, extras=True)
    matrix = compute_matrix(tape, selection=CATALOGUE)
    engines = build_engines(tape.instruments, selection=CATALOGUE)
    rows = []
    for i, event in enumerate(tape.values.tolist()):
        engine, time_ns = engines[tape.instrument[i]], int(tape.ts_event_ns[i])
        if tape.kind[i] == QUOTE:
            engine.on_quote(time_ns, *event)
            rows.append(engine.value.copy())
        elif tape.kind[i] == TRADE:
            engine.on_trade(time_ns, *event[:3])
        else:
            engine.on_depth(time_ns, tape.books[int(event[0])])
    assert set(tape.kind.tolist()) == {QUOTE, TRADE, DEPTH}
    assert np.array(rows).tobytes() == matrix.values.tobytes()
    assert np.isfinite(matrix.values).all()


def test_the_sample_is_ready_and_finite() -> None:
    matrix = compute_matrix(read_tape(SAMPLE))
    assert np.isfinite(matrix.values).all()
    assert matrix.ready.mean() > 0.9
    assert len(np.unique(matrix.segment)) == 3  # two recordings of BTC, one of ETH
