"""Recordings into a catalog: what is stored, in which order, and what is set aside."""

import csv
from pathlib import Path

import numpy as np
import pytest

from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.importer import import_files
from nautilus_scalp.data.quality import HEADER
from nautilus_scalp.data.quality import check_catalog
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from tests.fakes.recording import START
from tests.fakes.recording import Recorder
from tests.fakes.recording import small
from tests.fakes.recording import tree


BTC = "BTCUSDT-PERP.BINANCE"


def quarantine(catalog: Path) -> list[tuple[str, int, str]]:
    rows = []
    for path in sorted((catalog / "quarantine").rglob("*.csv")):
        with path.open(newline="") as file:
            rows += [(row["file"], int(row["line"]), row["reason"]) for row in csv.DictReader(file)]
    return rows


def test_rows_are_stored_in_the_one_order(tmp_path: Path) -> None:
    rec = Recorder().quote(0).trade(5, "100.10", maker=False).quote(5).quote(5).depth(5)
    report = import_files([rec.write(tmp_path / "a.gz")], tmp_path / "catalog")
    assert report.rows_out == {"quote_tick": 3, "trade_tick": 1}
    assert report.rejected == {"depth_before_snapshot": 1}
    tape = read_tape(tmp_path / "catalog")
    start_ns = START * 1_000_000
    assert tape.kind.tolist() == [QUOTE, QUOTE, QUOTE, TRADE]
    assert (tape.ts_event_ns - start_ns).tolist() == [0, 5_000_000, 5_000_000, 5_000_000]
    assert (tape.ts_init_ns - start_ns).tolist() == [0, 5_000_000, 5_001_000, 5_002_000]
    assert tape.values[0].tolist() == [100.0, 100.1, 1.0, 2.0]
    assert tape.values[3].tolist() == [100.1, 0.5, 1.0, 0.0]
    assert tape.instruments == catalog_instruments(tmp_path / "catalog")
    assert tape.instruments[0].tick_size == 0.1
    assert tape.instruments[0].price_precision == 2


def test_window_of_a_tape_is_half_open(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    import_files([small(tmp_path)], catalog)
    whole = read_tape(catalog, [BTC])
    assert catalog_window(catalog) == (whole.ts_init_ns[0], whole.ts_init_ns[-1] + 1)
    cut = int(whole.ts_init_ns[50])
    first, second = read_tape(catalog, [BTC], None, cut), read_tape(catalog, [BTC], cut, None)
    assert len(first) == 50
    assert np.array_equal(np.concatenate([first.values, second.values]), whole.values)
    with pytest.raises(UsageError, match="no quote or trade"):
        read_tape(catalog, [BTC], 0, 1)
    with pytest.raises(UsageError, match="holds no quotes of X"):
        read_tape(catalog, ["X"])


def test_every_rejected_row_is_in_quarantine_with_its_line(tmp_path: Path) -> None:
    rec = (
        Recorder()
        .quote(0)
        .raw("not a message")
        .quote(1, bid="100.10")  # crossed
        .quote(2, size="0.000")
        .quote(3, u=102)  # seen before
        .quote(4, u=50)
        .trade(5, execution="INSURANCE_FUND")
        .trade(6, t=11)
        .raw(f'{START * 1000} {{"result":null,"id":1}}')
        .quote(7, u=200, bid="99.999")
        .quote(8, u=201)
    )
    catalog = tmp_path / "catalog"
    report = import_files([rec.write(tmp_path / "a.gz")], catalog)
    assert report.rows_out == {"quote_tick": 2}
    expected = [
        (2, "malformed"),
        (3, "crossed_quote"),
        (4, "zero_quote"),
        (5, "duplicate"),
        (6, "out_of_order"),
        (7, "non_market_print"),
        (8, "duplicate"),
        (9, "unused_stream"),
        (10, "too_many_decimals"),
    ]
    assert quarantine(catalog) == [("a.gz", line, reason) for line, reason in expected]
    record = report.files[0]
    assert record.lines == sum(record.rows_out.values()) + sum(record.rejected.values())
    raw = next((catalog / "quarantine").rglob("*.csv")).read_text()
    assert "not a message" in raw


def test_same_file_again_is_a_no_op_that_says_so(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    path = small(tmp_path)
    import_files([path, path], catalog)
    before = tree(catalog)
    copy = tmp_path / "renamed.gz"
    copy.write_bytes(path.read_bytes())
    report = import_files([path, copy], catalog)
    assert report.skipped == ["btc.gz", "renamed.gz"]
    assert report.rows_out == {}
    assert tree(catalog) == before


def test_same_input_gives_the_same_bytes_whatever_the_block_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small(tmp_path)
    import_files([path], tmp_path / "one")
    monkeypatch.setattr("nautilus_scalp.data.raw_files._PIECE_BYTES", 999)
    monkeypatch.setattr("nautilus_scalp.data.raw_files.blocks.__defaults__", (1_000,))
    import_files([path], tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_second_file_later_equals_both_at_once(tmp_path: Path) -> None:
    rec = Recorder().snapshot(0)
    for ms in range(1, 400):
        rec.depth(ms, bids=[("99.00", f"{ms}.000")]).quote(ms).trade(ms)
        if ms == 200:
            first, rec.lines = rec.lines, []
    second = rec.write(tmp_path / "b.gz")
    rec.lines = first
    first = rec.write(tmp_path / "a.gz")
    import_files([second, first], tmp_path / "together")
    import_files([first], tmp_path / "apart")
    report = import_files([second], tmp_path / "apart")
    assert report.rejected == {}
    one, two = read_tape(tmp_path / "together"), read_tape(tmp_path / "apart")
    assert np.array_equal(one.ts_init_ns, two.ts_init_ns)
    assert np.array_equal(one.values, two.values)
    counts = [check_catalog(tmp_path / name).instruments[0].rows for name in ("together", "apart")]
    assert counts[0] == counts[1]
    assert counts[0]["order_book_deltas"] == 25 + 399


def test_overlap_with_what_was_imported_is_stored_once(tmp_path: Path) -> None:
    rec = Recorder()
    for ms in range(100):
        rec.quote(ms).trade(ms)
    lines = rec.lines
    rec.lines = lines[:120]
    first = rec.write(tmp_path / "a.gz")
    rec.lines = lines[80:]
    second = rec.write(tmp_path / "b.gz")
    import_files([first], tmp_path / "apart")
    later = import_files([second], tmp_path / "apart")
    together = import_files([first, second], tmp_path / "together")
    assert later.rejected == together.rejected == {"duplicate": 40}
    apart, whole = read_tape(tmp_path / "apart"), read_tape(tmp_path / "together")
    assert len(whole) == 200
    assert np.array_equal(apart.values, whole.values)


def test_lost_depth_and_silence_start_new_intervals(tmp_path: Path) -> None:
    rec = Recorder().snapshot(0)
    rec.quote(1).depth(2, bids=[("99.00", "1.000")])
    rec.depth(3, bids=[("99.00", "2.000")], lose=5).quote(4)
    rec.snapshot(5).depth(6, bids=[("99.00", "3.000")])
    rec.quote(100_000)
    catalog = tmp_path / "catalog"
    report = import_files([rec.write(tmp_path / "a.gz")], catalog)
    assert report.files[0].depth_gaps == 1
    quotes = [i for i in report.intervals if i.directory.startswith("quote_tick")]
    assert len(quotes) == 3
    checked = check_catalog(catalog)
    assert checked.ok
    assert checked.warnings == ["a.gz: 1 gaps in the depth sequence"]
    assert len(checked.table()[0]) == len(HEADER)


def test_window_before_and_between_others_can_be_imported(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    files = [small(tmp_path, f"{k}.gz", shift=k * 1_000_000) for k in range(3)]
    for k in (2, 0, 1):
        import_files([files[k]], catalog)
    import_files(files, tmp_path / "at once")
    assert np.array_equal(read_tape(catalog).ts_init_ns, read_tape(tmp_path / "at once").ts_init_ns)
    assert check_catalog(catalog).ok


def test_second_recording_of_an_older_window_is_refused(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    import_files([small(tmp_path, "a.gz"), small(tmp_path, "b.gz", shift=1_000_000)], catalog)
    other = Recorder().quote(500, bid="99.00")
    before = tree(catalog)
    with pytest.raises(UsageError, match=r"the catalog holds .*BTCUSDT-PERP.BINANCE from"):
        import_files([other.write(tmp_path / "c.gz")], catalog)
    assert tree(catalog) == before


def test_two_instruments_never_share_a_ts_init(tmp_path: Path) -> None:
    btc, eth = Recorder(), Recorder("ethusdt")
    for ms in range(50):
        btc.quote(ms).trade(ms)
        eth.quote(ms).trade(ms)
    both = Recorder()
    both.lines = [line for pair in zip(btc.lines, eth.lines, strict=True) for line in pair]
    import_files([both.write(tmp_path / "both.gz")], tmp_path / "one file")
    import_files([btc.write(tmp_path / "b.gz"), eth.write(tmp_path / "e.gz")], tmp_path / "two")
    tape = read_tape(tmp_path / "one file")
    assert len(tape) == 200
    assert (np.diff(tape.ts_init_ns) > 0).all()
    assert np.array_equal(tape.values, read_tape(tmp_path / "two").values)
    assert quarantine(tmp_path / "one file") == []


def test_spot_quotes_get_a_time_from_what_arrived_before(tmp_path: Path) -> None:
    rec = Recorder("nexousdt", futures=False).snapshot(0).quote(1).depth(2).quote(3).trade(4)
    report = import_files([rec.write(tmp_path / "n.gz")], tmp_path / "catalog")
    assert report.rejected == {"no_exchange_clock": 1}
    tape = read_tape(tmp_path / "catalog")
    assert tape.instruments[0].instrument_id == "NEXOUSDT.BINANCE"
    assert (tape.ts_event_ns // 1_000_000 - START).tolist() == [3, 4]
