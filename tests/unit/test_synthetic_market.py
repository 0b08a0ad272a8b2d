"""The synthetic market keeps the promises of a book, and differs with the edge in signs alone."""

from typing import Any

import msgspec
import numpy as np
import pytest

from nautilus_scalp.data.synthetic import market
from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.market import Chunk
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


PARAMS = SyntheticParams(seed=4, hours=0.2, edge=0.5)
ARRAYS = ("quotes", "signals", "trades", "depth_times", "depths")


def only_chunk(params: SyntheticParams) -> Chunk:
    (chunk,) = generate(params)
    return chunk


@pytest.fixture(scope="module")
def chunk() -> Chunk:
    return only_chunk(PARAMS)


def test_same_seed_same_bytes_other_seed_other_market(chunk: Chunk) -> None:
    again = only_chunk(PARAMS)
    other = only_chunk(msgspec.structs.replace(PARAMS, seed=5))
    assert all(np.array_equal(getattr(chunk, name), getattr(again, name)) for name in ARRAYS)
    assert not np.array_equal(chunk.quotes[:50], other.quotes[:50])


def test_buffers_do_not_show(chunk: Chunk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "_ROWS", 500)
    small = only_chunk(PARAMS)
    assert all(np.array_equal(getattr(chunk, name), getattr(small, name)) for name in ARRAYS)


def test_a_longer_market_begins_with_the_shorter(chunk: Chunk) -> None:
    longer = only_chunk(msgspec.structs.replace(PARAMS, hours=0.3))
    for name in ARRAYS:
        short = getattr(chunk, name)
        assert np.array_equal(getattr(longer, name)[: len(short)], short)


def test_hours_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "CHUNK_MS", 60_000)
    chunks = list(generate(msgspec.structs.replace(PARAMS, hours=0.05)))
    assert [c.end_ms - c.start_ms for c in chunks] == [60_000, 60_000, 60_000]
    assert [c.start_ms for c in chunks[1:]] == [c.end_ms for c in chunks[:-1]]
    ids = np.concatenate([c.quotes[:, 1] for c in chunks])
    assert np.array_equal(ids, np.arange(1, len(ids) + 1))
    snapshots = np.concatenate([c.depth_times[:, 0] for c in chunks])
    assert np.array_equal(np.diff(snapshots), np.full(len(snapshots) - 1, 100))


def test_book_is_never_crossed_and_never_empty(chunk: Chunk) -> None:
    _, _, bid, ask, bid_size, ask_size = chunk.quotes.T
    assert (bid < ask).all()
    assert bid_size.min() >= 1
    assert ask_size.min() >= 1
    assert chunk.depths[:, 2:].min() >= 1
    assert np.diff(chunk.depths[:, 0], axis=1).max() == -1
    assert np.diff(chunk.depths[:, 1], axis=1).min() == 1
    assert chunk.trades[:, 3].min() >= 1
    assert set(np.unique(chunk.trades[:, 4])) == {-1, 1}


def test_times_and_ids_are_ordered_and_inside_the_chunk(chunk: Chunk) -> None:
    for rows in (chunk.quotes, chunk.trades):
        assert (np.diff(rows[:, 0]) >= 0).all()
        assert np.array_equal(rows[:, 1], np.arange(1, len(rows) + 1))
        assert rows[0, 0] >= chunk.start_ms
        assert rows[-1, 0] < chunk.end_ms
    assert len(np.unique(chunk.quotes[:, 0])) < 0.7 * len(chunk.quotes)


def test_depth_shows_the_last_quote_before_it(chunk: Chunk) -> None:
    update_id = chunk.depth_times[:, 1]
    seen = update_id > 0
    quote = chunk.quotes[update_id[seen] - 1]
    assert np.array_equal(chunk.depths[seen][:, :, 0], quote[:, [2, 3, 4, 5]])
    assert (quote[:, 0] < chunk.depth_times[seen, 0]).all()
    following = chunk.quotes[np.minimum(update_id[seen], len(chunk.quotes) - 1)]
    assert (following[:-1, 0] >= chunk.depth_times[seen, 0][:-1]).all()


def test_trades_hit_the_quote_before_them_or_what_a_sweep_took(chunk: Chunk) -> None:
    # the quotes of a trade's own millisecond and the one before it span its price
    ms, _, price, _, side = chunk.trades.T
    quote_ms = chunk.quotes[:, 0]
    first = np.maximum(np.searchsorted(quote_ms, ms) - 1, 0)
    last = np.searchsorted(quote_ms, ms, side="right")
    column = np.where(side > 0, 3, 2)
    low = [chunk.quotes[a:b, c].min() for a, b, c in zip(first, last, column, strict=True)]
    high = [chunk.quotes[a:b, c].max() for a, b, c in zip(first, last, column, strict=True)]
    assert (price[1:] >= low[1:]).all()
    assert (price[1:] <= high[1:]).all()


def test_markets_of_different_edge_share_all_but_signs_of_jumps(chunk: Chunk) -> None:
    fair = only_chunk(msgspec.structs.replace(PARAMS, edge=0.0))
    unsigned = [0, 1, 4, 5]
    assert np.array_equal(fair.quotes[:, unsigned], chunk.quotes[:, unsigned])
    assert np.array_equal(fair.signals[:, 0], chunk.signals[:, 0])
    mids = [rows[:, 2] + rows[:, 3] for rows in (fair.quotes, chunk.quotes)]
    jumps = [np.abs(np.diff(mid)) for mid in mids]
    assert np.array_equal(*jumps)
    assert not np.array_equal(*mids)
    spreads = [rows[:, 3] - rows[:, 2] for rows in (fair.quotes, chunk.quotes)]
    assert np.array_equal(*spreads)


def test_signal_has_the_half_life_set() -> None:
    (slow,) = generate(SyntheticParams(seed=9, hours=1.0, half_life_ms=2_000.0))
    grid = np.arange(slow.start_ms + 1_000, slow.end_ms, 500)
    signal = slow.signals[np.searchsorted(slow.quotes[:, 0], grid, side="right") - 1, 0]
    later = signal[4:]  # two seconds, of which a part passed unseen before the last quote
    assert np.corrcoef(signal[:-4], later)[0, 1] == pytest.approx(0.5, abs=0.04)
    assert signal.std() == pytest.approx(1.0, abs=0.08)


def test_tape_is_ordered_and_in_instrument_units(chunk: Chunk) -> None:
    tape = synthetic_tape(PARAMS)
    assert (np.diff(tape.ts_init_ns) > 0).all()
    assert (np.diff(tape.ts_event_ns) >= 0).all()
    assert (tape.kind == QUOTE).sum() == len(chunk.quotes)
    assert (tape.kind == TRADE).sum() == len(chunk.trades)
    bid, ask, bid_size, ask_size = chunk.quotes[0, 2:]
    expected = [round(bid * 0.1, 2), round(ask * 0.1, 2), bid_size / 1000, ask_size / 1000]
    assert tape.values[tape.kind == QUOTE][0].tolist() == expected
    same_ms = tape.ts_event_ns[1:] == tape.ts_event_ns[:-1]
    assert not (same_ms & (tape.kind[:-1] == TRADE) & (tape.kind[1:] == QUOTE)).any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edge": 1.0}, "edge is 1.0"),
        ({"hours": 0.0}, "hours is 0.0"),
        ({"half_life_ms": float("nan")}, "half_life_ms is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"start_ns": PARAMS.start_ns + 1}, "not a whole millisecond"),
    ],
)
def test_refuses_parameters_out_of_range(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as error:
        msgspec.structs.replace(PARAMS, **change)
    assert words in error.value.message


def test_refuses_a_price_that_could_reach_zero() -> None:
    params = msgspec.structs.replace(PARAMS, base_price=100.0)
    with pytest.raises(UsageError, match="could reach zero"):
        next(generate(params))


def test_refuses_an_unknown_instrument() -> None:
    params = msgspec.structs.replace(PARAMS, instrument_id="BTCUSD-PERP.BINANCE")
    with pytest.raises(UsageError, match="BTCUSD-PERP"):
        next(generate(params))
