"""A market and its reflection: every kind of event, and what the features make of it."""

import numpy as np

from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.training.mirror import mirror


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
MS = 1_000_000
START = 1_700_000_000_000 * MS
# Of these a reflection turns the sign, and of those it leaves the value.
ODD = (
    "imbalance.now", "pressure.now", "imbalance_5.now", "level_flow_2.sum.1s", "cost_skew.now",
    "mark_gap.now", "funding_rate.now", "signed_volume.sum.1s", "mid.deviation.500ms",
    "thin_eaten.now",
)  # fmt: skip
EVEN = ("spread.now", "level_size_3.now", "volume.sum.1s")


def tape_of_every_kind(count: int = 400) -> Tape:
    rng = np.random.default_rng(3)
    kind = rng.choice(5, count, p=(0.6, 0.2, 0.1, 0.05, 0.05)).astype(np.uint8)
    kind[0] = QUOTE
    bid = np.round(100.0 + rng.integers(-1, 2, count).cumsum() / 10, 1)
    values = np.zeros((count, 4))
    size = rng.integers(1, 5_000, (count, 2)) / 1_000
    quotes = kind == QUOTE
    values[quotes] = np.column_stack((bid, np.round(bid + 0.1, 1), size))[quotes]
    values[kind == TRADE, :3] = np.column_stack((bid, size[:, 0], rng.choice([-1, 1], count)))[
        kind == TRADE
    ]
    values[kind == MARK, 0] = np.round(bid + 0.2, 1)[kind == MARK]
    values[kind == FUNDING, 0] = rng.normal(scale=1e-4, size=(kind == FUNDING).sum())
    books = np.empty(((kind == DEPTH).sum(), 10, 4))
    values[kind == DEPTH, 0] = np.arange(len(books))
    steps = rng.integers(1, 4, (len(books), 10, 2)).cumsum(axis=1) / 10
    books[:, :, 0] = np.round(bid[kind == DEPTH, None] + 0.1 - steps[:, :, 0], 1)
    books[:, :, 1] = np.round(bid[kind == DEPTH, None] + steps[:, :, 1], 1)
    books[:, :, 2:] = rng.integers(1, 5_000, (len(books), 10, 2)) / 1_000
    time_ns = START + 20 * MS * np.arange(count)
    return Tape(
        instruments=(FACTS,),
        kind=kind,
        instrument=np.zeros(count, np.int16),
        ts_event_ns=time_ns,
        ts_init_ns=time_ns,
        values=values,
        books=books,
    )


def test_what_points_up_points_down() -> None:
    tape = tape_of_every_kind()
    params = FeatureParams(scale_half_life_ms=500.0)
    real = compute_matrix(tape, params, (*ODD, *EVEN))
    upside_down = compute_matrix(mirror(tape), params, (*ODD, *EVEN))
    assert real.ready.sum() > 100
    assert np.abs(real.values[real.ready]).max(axis=0).min() > 0.0
    signs = np.array([-1.0] * len(ODD) + [1.0] * len(EVEN))
    np.testing.assert_allclose(upside_down.values, signs * real.values, rtol=1e-6, atol=1e-6)


def test_two_reflections_are_none() -> None:
    tape = tape_of_every_kind()
    twice = mirror(mirror(tape))
    np.testing.assert_allclose(twice.values, tape.values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(twice.books, tape.books, rtol=0, atol=1e-9)


def test_a_reflection_leaves_its_original_alone() -> None:
    tape = tape_of_every_kind()
    values, books = tape.values.copy(), tape.books.copy()
    mirror(tape)
    assert tape.values.tobytes() == values.tobytes()
    assert tape.books.tobytes() == books.tobytes()
