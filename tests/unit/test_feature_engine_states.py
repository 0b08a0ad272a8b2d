"""The engine's modes, warm-up and segments, and the schema that names its values."""

import math

import numpy as np
import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import SELECTED_ALONE
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import Tape
from tests.fakes.engine import FACTS
from tests.fakes.engine import MS
from tests.fakes.engine import PARAMS
from tests.fakes.engine import START
from tests.fakes.engine import engine_of


def test_both_modes_show_the_same_selection() -> None:
    names = ("mid.cross.100ms.1s", "rsi(2).tick", "volume.sum.1s")
    alone = FeatureEngine(FACTS, PARAMS, names)
    whole = FeatureEngine(FACTS, PARAMS, names, mode=ALL)
    for step in range(40):
        for engine in (alone, whole):
            at_ns = START + step * 37 * MS
            engine.on_trade(at_ns, 100.0 + step / 10, 1.0 + step, 1.0)
            engine.on_quote(at_ns, 100.0 + step / 10, 100.1 + step / 10, 1.0, 2.0)
    assert (alone.mode, whole.mode) == (SELECTED_ALONE, ALL)
    assert alone.value.tobytes() == whole.value.tobytes()
    assert alone.initialized
    assert whole.initialized
    assert len(whole.names) > 1_000
    assert whole.all_values()[:3].tolist() == alone.value.tolist()
    warm = dict(zip(whole.names, whole.warm().tolist(), strict=True))
    assert warm["rsi(2).tick"]
    assert not warm["rsi(14).1m"]
    assert not warm["pressure.now"]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UsageError, match="mode"):
        FeatureEngine(FACTS, PARAMS, mode="some")


def test_warm_up_needs_time_trades_and_bars() -> None:
    engine = engine_of("volume.sum.1s", "rsi(2).100ms")
    ready = []
    for step in range(14):
        if step == 11:
            engine.on_trade(START + step * 100 * MS, 100.0, 1.0, 1.0)
        ready.append(engine.on_quote(START + step * 100 * MS, 100.0, 100.1, 1.0, 1.0))
    assert ready == [False] * 11 + [True] * 3
    assert engine.initialized


def test_a_gap_begins_a_new_segment() -> None:
    engine, fresh = engine_of("mid.cross.100ms.1s"), engine_of("mid.cross.100ms.1s")
    for step in range(30):
        engine.on_quote(START + step * 100 * MS, 100.0 + step, 100.1 + step, 1.0, 1.0)
    assert (engine.segment, engine.initialized) == (0, True)
    later = START + 2_900 * MS + 5_001 * MS
    for each in (engine, fresh):
        assert each.on_quote(later, 200.0, 200.1, 1.0, 1.0) is False
    assert (engine.segment, engine.initialized) == (1, False)
    assert engine.value.tolist() == fresh.value.tolist()


def test_reset_forgets_all_but_the_refusals() -> None:
    engine, fresh = engine_of("mid.cross.100ms.1s"), engine_of("mid.cross.100ms.1s")
    for step in range(30):
        engine.on_quote(START + step * 100 * MS, 100.0 + step, 100.1 + step, 1.0, 1.0)
    engine.on_quote(START, math.nan, 100.1, 1.0, 1.0)
    engine.reset()
    assert not engine.value.any()
    assert (engine.initialized, engine.refusals["nan"], engine.mid) == (False, 1, 0.0)
    for each in (engine, fresh):
        each.on_quote(START, 100.0, 100.1, 1.0, 1.0)  # time may begin again
    assert engine.value.tolist() == fresh.value.tolist()
    assert engine.segment == 1


def test_schema_hash_holds_names_order_and_parameters() -> None:
    names = ("imbalance.now", "spread.now")
    assert build_schema(PARAMS, names).hash == build_schema(PARAMS, names).hash
    others = (
        build_schema(PARAMS, names[::-1]),
        build_schema(PARAMS, names[:1]),
        build_schema(FeatureParams(reset_gap_ms=6_000), names),
    )
    assert build_schema(PARAMS, names).hash not in {other.hash for other in others}
    with pytest.raises(UsageError, match="differs"):
        others[0].require(others[1])
    with pytest.raises(UsageError, match="no feature is called 'spred'"):
        others[0].index("spred")


@pytest.mark.parametrize("selection", [(), ("imbalance.now", "imbalance.now")])
def test_an_empty_or_repeating_selection_is_refused(selection: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="empty or repeats"):
        build_schema(PARAMS, selection)


@pytest.mark.parametrize("key", ["scale_half_life_ms", "reset_gap_ms"])
@pytest.mark.parametrize("value", [0, -1])
def test_impossible_parameters_are_refused(key: str, value: int) -> None:
    with pytest.raises(UsageError, match=key):
        FeatureParams(**{key: value})


def test_a_tape_without_instruments_is_refused() -> None:
    tape = Tape(
        instruments=(),
        kind=np.empty(0, np.uint8),
        instrument=np.empty(0, np.int16),
        ts_event_ns=np.empty(0, np.int64),
        ts_init_ns=np.empty(0, np.int64),
        values=np.empty((0, 4)),
    )
    with pytest.raises(InputError, match="no instrument"):
        compute_matrix(tape)
