"""The sample catalog is what the raw recordings give, bit for bit."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from nautilus_scalp.data import store
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.importer import import_files
from nautilus_scalp.data.quality import check_catalog
from nautilus_scalp.data.raw_files import sha256


ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "catalogs" / "sample"
RAW = ROOT.parent / "shared" / "data" / "binance_usdm_ws"
WRITTEN_WITH = "26."  # another Arrow may compress to other bytes


def test_sample_is_sound_and_complete() -> None:
    report = check_catalog(SAMPLE)
    assert report.ok, report.problems
    assert report.warnings == []
    rows = {quality.instrument_id: quality.rows for quality in report.instruments}
    assert rows == {
        "BTCUSDT-PERP.BINANCE": {
            "quote_tick": 96_465,
            "trade_tick": 23_635,
            "order_book_deltas": 727_353,
            "order_book_depths": 9_874,
            "mark_price_update": 514,
            "funding_rate_update": 514,
        },
        "ETHUSDT-PERP.BINANCE": {
            "quote_tick": 47_328,
            "trade_tick": 13_655,
            "order_book_deltas": 356_925,
            "order_book_depths": 4_771,
        },
    }
    rejected = [record.rejected for record in report.files]
    assert sum(sum(reasons.values()) for reasons in rejected) == 12
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*")) < 30_000_000


def test_checksums_in_the_readme_are_those_of_the_files() -> None:
    listed = dict(
        reversed(line.split("  "))
        for line in (SAMPLE / "SHA256SUMS").read_text().splitlines()
        if not line.startswith("#")
    )
    assert listed == {
        path.relative_to(SAMPLE).as_posix(): sha256(path)
        for path in sorted(SAMPLE.rglob("*"))
        if path.is_file() and path.name not in ("README.md", "SHA256SUMS")
    }


@pytest.mark.skipif(not RAW.exists(), reason="the raw recordings are not here")
def test_raw_recordings_give_the_sample(tmp_path: Path) -> None:
    import_files(sorted(RAW.glob("*.gz")), tmp_path / "sample")
    rebuilt, shipped = store.read_manifest(tmp_path / "sample"), store.read_manifest(SAMPLE)
    assert rebuilt.sources == shipped.sources
    if pa.__version__.startswith(WRITTEN_WITH):
        assert rebuilt.files == shipped.files
    tape, sample = read_tape(tmp_path / "sample"), read_tape(SAMPLE)
    assert np.array_equal(tape.ts_init_ns, sample.ts_init_ns)
    assert np.array_equal(tape.values, sample.values)


def test_files_given_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    for k, folder in enumerate(("one", "two")):
        lines = [
            f'{(1_721_347_200_000 + 10 * n) * 1000} {{"stream":"btcusdt@bookTicker","data":'
            f'{{"e":"bookTicker","u":{n},"s":"BTCUSDT","b":"1.00","B":"{n}.000","a":"1.10",'
            f'"A":"2.000","T":{1_721_347_200_000 + 10 * n},"E":{1_721_347_200_000 + 10 * n}}}}}\n'
            for n in range(1, 200)
        ]
        parts = [tmp_path / "a.txt", tmp_path / "b.txt"]
        parts[0].write_text("".join(lines[:100]))
        parts[1].write_text("".join(lines[100:]))
        import_files(parts if k == 0 else parts[::-1], tmp_path / folder)
    one, two = (store.read_manifest(tmp_path / folder) for folder in ("one", "two"))
    assert one == two
    shutil.rmtree(tmp_path / "two")
