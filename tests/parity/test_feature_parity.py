"""Stream = batch = plain Python, and the future never changes the past."""

import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import FeatureMatrix
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


PARAMS = FeatureParams(scale_half_life_ms=2_000.0, reset_gap_ms=10_000)
FACTS = tuple(
    InstrumentFacts(instrument_id=name, price_precision=1, size_precision=3, tick_size=0.1)
    for name in ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE")
)


def random_tape(count: int, seed: int = 5) -> Tape:
    """Two random walks with trades and depth, shared milliseconds, bad events and one gap."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(5, count, p=(0.65, 0.25, 0.08, 0.01, 0.01)).astype(np.uint8)
    time_ms = 1_700_000_000_000 + rng.integers(0, 40, count).cumsum()
    time_ms[count // 2 :] += 60_000
    bid = np.round(30_000.0 + 0.1 * rng.integers(-2, 3, count).cumsum(), 1)
    size = rng.integers(1, 5_000, (count, 2)) / 1000.0
    side = rng.choice([-1.0, 1.0], count)
    quotes = np.column_stack((bid, np.round(bid + 0.1, 1), size))
    trades = np.column_stack((bid, size[:, 0], side, np.zeros(count)))
    values = np.where((kind == QUOTE)[:, None], quotes, trades)
    values[kind == FUNDING, 0] = rng.normal(scale=1e-4, size=(kind == FUNDING).sum())
    values[rng.integers(0, count, count // 100), 0] = np.nan
    values[rng.integers(0, count, count // 100), 1] = 0.0
    snapshots = np.flatnonzero(kind == DEPTH)
    values[snapshots] = 0.0
    values[snapshots, 0] = np.arange(len(snapshots))
    books = np.empty((len(snapshots), 10, 4))
    steps = 0.1 * rng.integers(1, 4, (len(snapshots), 10, 2)).cumsum(axis=1)
    books[:, :, 0] = bid[snapshots, None] - steps[:, :, 0]
    books[:, :, 1] = bid[snapshots, None] + steps[:, :, 1]
    books[:, :, 2:] = rng.integers(1, 5_000, (len(snapshots), 10, 2)) / 1000.0
    books[::50, 3, 2] = np.nan
    return Tape(
        instruments=FACTS,
        kind=kind,
        instrument=rng.integers(0, 2, count).astype(np.int16),
        ts_event_ns=time_ms * 1_000_000,
        ts_init_ns=time_ms * 1_000_000 + np.arange(count),
        values=values,
        books=books,
    )


def cut(tape: Tape, first: int, last: int) -> Tape:
    """Return the events from `first` up to, not including, `last`."""
    part = slice(first, last)
    return Tape(
        instruments=tape.instruments,
        kind=tape.kind[part],
        instrument=tape.instrument[part],
        ts_event_ns=tape.ts_event_ns[part],
        ts_init_ns=tape.ts_init_ns[part],
        values=tape.values[part],
        books=tape.books,
    )


def stream(
    tape: Tape, selection: tuple[str, ...] = SELECTED, params: FeatureParams = PARAMS
) -> tuple[npt.NDArray[np.float64], list[bool], dict[str, int]]:
    """Feed the tape event by event; return vectors and readiness of the accepted quotes."""
    engines = build_engines(tape.instruments, params, selection)
    vectors, ready = [], []
    for i in range(len(tape)):
        engine = engines[tape.instrument[i]]
        event = tape.values[i].tolist()
        if tape.kind[i] == DEPTH:
            engine.on_depth(int(tape.ts_event_ns[i]), tape.books[int(event[0])])
            continue
        if tape.kind[i] in (MARK, FUNDING):
            take = engine.on_mark if tape.kind[i] == MARK else engine.on_funding
            take(int(tape.ts_event_ns[i]), event[0])
            continue
        if tape.kind[i] == TRADE:
            engine.on_trade(int(tape.ts_event_ns[i]), *event[:3])
            continue
        refused = sum(engine.refusals.values())
        answer = engine.on_quote(int(tape.ts_event_ns[i]), *event)
        if sum(engine.refusals.values()) == refused:
            vectors.append(engine.value.copy())
            ready.append(answer)
    counts = {key: sum(e.refusals[key] for e in engines) for key in engines[0].refusals}
    return np.array(vectors), ready, counts


def assert_same(left: FeatureMatrix, right: FeatureMatrix) -> None:
    """Compare every array bit for bit."""
    for name in ("instrument", "ts_event_ns", "ts_init_ns", "mid", "imbalance", "ready", "values"):
        assert getattr(left, name).tobytes() == getattr(right, name).tobytes(), name


def rows(matrix: FeatureMatrix, count: int) -> FeatureMatrix:
    """Return the first `count` rows."""
    parts = {
        name: getattr(matrix, name)[:count]
        for name in matrix.__struct_fields__
        if name not in {"schema", "refusals"}
    }
    return FeatureMatrix(schema=matrix.schema, refusals={}, **parts)


def test_stream_equals_batch_bit_for_bit() -> None:
    tape = random_tape(12_000)
    vectors, ready, refusals = stream(tape)
    matrix = compute_matrix(tape, PARAMS)
    assert vectors.tobytes() == matrix.values.tobytes()
    assert ready == matrix.ready.tolist()
    assert refusals == matrix.refusals
    assert refusals["nan"] > 0
    assert refusals["zero"] > 0
    assert len(set(matrix.segment.tolist())) == 4  # two instruments, one gap


def test_the_whole_catalogue_streams_as_in_batch() -> None:
    tape = random_tape(3_000)
    vectors, ready, refusals = stream(tape, CATALOGUE)
    matrix = compute_matrix(tape, PARAMS, CATALOGUE)
    assert vectors.tobytes() == matrix.values.tobytes()
    assert ready == matrix.ready.tolist()
    assert refusals == matrix.refusals


def test_the_selection_alone_equals_the_selection_among_all() -> None:
    tape = random_tape(6_000)
    assert_same(compute_matrix(tape, PARAMS), compute_matrix(tape, PARAMS, mode=ALL))


def test_every_value_is_finite() -> None:
    matrix = compute_matrix(random_tape(12_000), PARAMS)
    assert matrix.ready.mean() > 0.5
    assert np.isfinite(matrix.values).all()
    assert np.isfinite(compute_matrix(random_tape(4_000), PARAMS, CATALOGUE).values).all()


def test_a_motionless_market_is_finite_and_quiet() -> None:
    tape = random_tape(3_000)
    tape.values[tape.kind == QUOTE] = (100.0, 100.1, 1.0, 1.0)
    tape.values[tape.kind == TRADE] = (100.0, 1.0, 1.0, 0.0)
    matrix = compute_matrix(tape, PARAMS, CATALOGUE)
    assert np.isfinite(matrix.values).all()
    moving = [i for i, name in enumerate(CATALOGUE) if name.split(".")[0] in {"mid", "move"}]
    assert not matrix.values[:, moving].any()


def test_the_future_never_changes_the_past() -> None:
    tape = random_tape(6_000)
    whole = compute_matrix(tape, PARAMS)
    for count in (1, 777, 3_001, 5_999):
        prefix = compute_matrix(cut(tape, 0, count), PARAMS)
        assert_same(prefix, rows(whole, len(prefix)))
    everything = compute_matrix(cut(tape, 0, 2_000), PARAMS, CATALOGUE)
    prefix = compute_matrix(cut(tape, 0, 1_500), PARAMS, CATALOGUE)
    assert_same(prefix, rows(everything, len(prefix)))


def test_the_prefix_check_sees_a_centred_average() -> None:
    """Negative control: a feature that looks ahead by one quote must fail the check above."""
    tape = random_tape(6_000)

    def leaking(events: Tape) -> npt.NDArray[np.float64]:
        mid = compute_matrix(events, PARAMS).mid
        return np.convolve(mid, np.ones(3) / 3.0, mode="same")

    prefix = leaking(cut(tape, 0, 3_001))
    assert prefix.tobytes() != leaking(tape)[: len(prefix)].tobytes()


def test_after_a_gap_nothing_remembers_what_was_before() -> None:
    tape = random_tape(4_000)
    whole = compute_matrix(tape, PARAMS, CATALOGUE)
    second_half = compute_matrix(cut(tape, 2_000, 4_000), PARAMS, CATALOGUE)
    assert whole.values[-len(second_half) :].tobytes() == second_half.values.tobytes()


def test_compiled_code_equals_plain_python() -> None:
    program = (
        "import hashlib, importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('parity', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "vectors, _, _ = module.stream(module.random_tape(600), module.CATALOGUE)\n"
        "print(hashlib.sha256(vectors.tobytes()).hexdigest(), len(vectors))\n"
    )

    def run(disable_jit: str) -> str:
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disable_jit}
        command = [sys.executable, "-c", program, __file__]
        return subprocess.run(  # noqa: S603  our own interpreter and file
            command, env=environment, capture_output=True, check=True, text=True
        ).stdout

    assert run("1") == run("0")
