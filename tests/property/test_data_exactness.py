"""Properties of the number path: nothing is rounded, nothing depends on the text's layout."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.objects import Price

from nautilus_scalp.data.encode import fixed_column
from nautilus_scalp.data.encode import fixed_values
from nautilus_scalp.data.ordering import GRID_NS
from nautilus_scalp.data.ordering import event_order
from nautilus_scalp.data.ordering import replay_times
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import MARK_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REJECT_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.scan_log import scan_log


PRECISION = st.integers(0, 8)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), PRECISION)
def test_fixed_column_is_nautilus_own_raw_value(values: list[int], precision: int) -> None:
    column = fixed_column(np.array(values, np.int64), precision)
    raws = [int.from_bytes(v.as_py(), "little", signed=True) for v in column]
    assert raws == [value * 10 ** (16 - precision) for value in values]
    decoded = fixed_values(column, precision)
    nearest = [float(Decimal(value).scaleb(-precision)) for value in values]
    assert decoded.tolist() == nearest


@given(st.integers(0, 10**12), PRECISION)
def test_fixed_column_is_the_raw_of_a_nautilus_price(ticks: int, precision: int) -> None:
    text = f"{Decimal(ticks).scaleb(-precision):.{precision}f}"
    raw = fixed_column(np.array([ticks]), precision)[0].as_py()
    assert int.from_bytes(raw, "little", signed=True) == Price.from_str(text).raw


@given(st.integers(1, 60), st.integers(0, 40))
def test_fixed_values_reads_a_slice(length: int, start: int) -> None:
    column = fixed_column(np.arange(100), 2)
    part = column.slice(start, length)
    assert isinstance(part, pa.FixedSizeBinaryArray)
    assert fixed_values(part, 2).tolist() == [k / 100 for k in range(start, start + length)]


@st.composite
def quotes(draw: st.DrawFn) -> dict[str, object]:
    """Return a bookTicker's data with shuffled keys, unknown keys and free layout."""
    fields = {
        "u": draw(st.integers(0, 2**53)),
        "b": str(Decimal(draw(st.integers(0, 10**9))).scaleb(-2)),
        "B": str(Decimal(draw(st.integers(0, 10**9))).scaleb(-3)),
        "a": str(Decimal(draw(st.integers(0, 10**9))).scaleb(-2)),
        "A": str(Decimal(draw(st.integers(0, 10**9))).scaleb(-3)),
        "T": draw(st.integers(1, 2 * 10**12)),
        "E": draw(st.integers(0, 2 * 10**12)),
        "note": draw(st.text()),
        "x": draw(st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=5)),
    }
    keys = draw(st.permutations(list(fields)))
    return {key: fields[key] for key in keys}


@given(
    data=quotes(),
    indent=st.sampled_from([None, 0, 1]),
    ascii_only=st.booleans(),
    data_first=st.booleans(),
)
def test_scanner_reads_what_a_json_parser_reads(
    data: dict[str, Any], indent: int | None, *, ascii_only: bool, data_first: bool
) -> None:
    message = {"stream": "btcusdt@bookTicker", "data": data}
    if data_first:
        message = dict(reversed(message.items()))
    text = json.dumps(message, indent=indent, ensure_ascii=ascii_only).replace("\n", " ")
    raw = np.frombuffer(b"1680652700423575 " + text.encode(), np.uint8)
    dtypes = (QUOTE_DTYPE, TRADE_DTYPE, DEPTH_DTYPE, LEVEL_DTYPE, MARK_DTYPE, REJECT_DTYPE)
    out = tuple(np.zeros(2, dtype) for dtype in dtypes)
    want = (np.frombuffer(b"btcusdt", np.uint8), True, (2, 3))
    filled = scan_log((raw, np.array([0]), np.array([len(raw)])), 1, want, out)
    assert filled.tolist() == [1, 0, 0, 0, 0, 0]
    row = out[0][0]
    assert row["u"] == data["u"]
    assert row["t_ns"] == data["T"] * 10**6
    assert row["bid"] == int(Decimal(data["b"]) * 100)
    assert row["ask"] == int(Decimal(data["a"]) * 100)
    assert row["bid_size"] == int(Decimal(data["B"]) * 1000)
    assert row["ask_size"] == int(Decimal(data["A"]) * 1000)


@given(st.binary(max_size=200))
def test_scanner_survives_any_bytes(garbage: bytes) -> None:
    raw = np.frombuffer(b'1 {"stream":"btcusdt@depth@0ms","data":{"b":[[' + garbage, np.uint8)
    dtypes = (QUOTE_DTYPE, TRADE_DTYPE, DEPTH_DTYPE, LEVEL_DTYPE, MARK_DTYPE, REJECT_DTYPE)
    out = tuple(np.zeros(300, dtype) for dtype in dtypes)
    want = (np.frombuffer(b"btcusdt", np.uint8), True, (2, 3))
    filled = scan_log((raw, np.array([0]), np.array([len(raw)])), 1, want, out)
    assert filled[2] + filled[5] == 1


EVENTS = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 3), st.integers(0, 9), st.integers(0, 1)),
    min_size=1,
)


@given(EVENTS, st.integers(0, 999), st.integers(0, 2), st.data())
def test_replay_times_are_strictly_increasing_on_the_instruments_grid(
    events: list[tuple[int, ...]], rank: int, most: int, data: st.DataObject
) -> None:
    t_ms, kinds, numbers, after = (
        np.array(column, np.int64) for column in zip(*events, strict=True)
    )
    t_ns = t_ms * 1_000_000
    order = event_order(t_ns, kinds, numbers, after)
    t_ns = t_ns[order]
    slots = np.array(
        data.draw(st.lists(st.integers(0, most + 1), min_size=len(t_ns), max_size=len(t_ns)))
    )
    first, last = replay_times(t_ns, slots, 0, rank)
    stamps = np.concatenate([f + np.arange(s) * GRID_NS for f, s in zip(first, slots, strict=True)])
    assert (np.diff(stamps) > 0).all()
    assert (stamps % GRID_NS == rank).all()
    assert (first >= t_ns).all()
    # the definition, one event at a time
    previous = 0
    for t, count, stamp in zip(t_ns.tolist(), slots.tolist(), first.tolist(), strict=True):
        lowest = max(t, previous + 1)
        assert stamp == lowest + (rank - lowest) % GRID_NS
        previous = stamp + (count - 1) * GRID_NS
    assert last == previous
    # a cut anywhere changes nothing
    cut = data.draw(st.integers(0, len(t_ns)))
    head, end = replay_times(t_ns[:cut], slots[:cut], 0, rank)
    tail, _ = replay_times(t_ns[cut:], slots[cut:], end, rank)
    assert np.concatenate([head, tail]).tolist() == first.tolist()
