"""Imports that go wrong: damaged and foreign files, a full disk, a kill, damage found later."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nautilus_scalp.data import sink
from nautilus_scalp.data import store
from nautilus_scalp.data.catalog import catalog_checksums
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.importer import import_files
from nautilus_scalp.data.quality import check_catalog
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from tests.fakes.recording import Recorder
from tests.fakes.recording import small
from tests.fakes.recording import tree


@pytest.mark.parametrize("cut", [1, 40, 2000])
def test_truncated_gzip_names_the_line_and_changes_nothing(tmp_path: Path, cut: int) -> None:
    catalog = tmp_path / "catalog"
    import_files([small(tmp_path)], catalog)
    before = tree(catalog)
    broken = tmp_path / "broken.gz"
    whole = small(tmp_path, "b.gz", shift=5_000).read_bytes()
    broken.write_bytes(whole[:-cut])
    with pytest.raises(
        InputError, match=r"broken.gz is truncated or corrupt after line \d+"
    ) as caught:
        import_files([broken], catalog)
    assert "gzip -dc" in caught.value.remedy
    assert tree(catalog) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 ...", "neither a websocket recording nor a Binance archive"),
        (b"\x00\x01\x02\n" * 5, "neither a websocket recording"),
        (b'{"stream":"btcusdt@trade"}\n', "neither a websocket recording"),
    ],
)
def test_wrong_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        import_files([path], tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()


def test_missing_file_unknown_and_contradicting_instrument_are_refused(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    with pytest.raises(InputError, match="is not a file"):
        import_files([tmp_path / "none.gz"], catalog)
    unknown = Recorder("abcusdt").quote(0).write(tmp_path / "abc.gz")
    with pytest.raises(UsageError, match=r"ABCUSDT-PERP.BINANCE is unknown"):
        import_files([unknown], catalog)
    btc = small(tmp_path)
    with pytest.raises(UsageError, match=r"holds BTCUSDT, ETHUSDT-PERP.BINANCE trades ETHUSDT"):
        import_files([btc], catalog, "ETHUSDT-PERP.BINANCE")
    with pytest.raises(InputError, match=r"none of its \d+ lines .* other_market"):
        import_files([btc], catalog, "BTCUSDT.BINANCE")
    with pytest.raises(UsageError, match="no files"):
        import_files([], catalog)
    assert not catalog.exists()


def test_full_disk_leaves_the_catalog_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = tmp_path / "catalog"
    import_files([small(tmp_path)], catalog)
    before = tree(catalog)

    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sink.pq.ParquetWriter, "write_table", no_space)
    with pytest.raises(UsageError, match=r"disk of .* is full; the catalog is as it was"):
        import_files([small(tmp_path, "b.gz", shift=5_000)], catalog)
    assert tree(catalog) == before


KILL = """
import os, signal, sys
from pathlib import Path
from nautilus_scalp.data import store
from nautilus_scalp.data.importer import import_files

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "before":
    store._sync_tree = die
else:
    replace, calls = Path.replace, []
    def replace_two(self, target):
        calls.append(target)
        if len(calls) > 2:
            die()
        return replace(self, target)
    Path.replace = replace_two
import_files([Path(sys.argv[2])], Path(sys.argv[3]))
"""


@pytest.mark.parametrize("moment", ["before", "while moving"])
def test_kill_leaves_the_old_or_the_new_catalog(tmp_path: Path, moment: str) -> None:
    catalog = tmp_path / "catalog"
    import_files([small(tmp_path)], catalog)
    old = tree(catalog)
    second = small(tmp_path, "b.gz", shift=5_000)
    script = textwrap.dedent(KILL)
    command = [sys.executable, "-c", script, moment, second, catalog]
    killed = subprocess.run(command, check=False)  # noqa: S603 - our own script
    assert killed.returncode == -signal.SIGKILL
    read_tape(catalog)  # a reader finishes what was committed
    if moment == "before":
        assert {k: v for k, v in tree(catalog).items() if not k.startswith(".staging")} == old
    report = import_files([second], catalog)
    assert report.skipped == ([] if moment == "before" else ["b.gz"])
    import_files([small(tmp_path)], tmp_path / "new")
    import_files([second], tmp_path / "new")
    assert tree(catalog) == tree(tmp_path / "new")


def test_only_one_import_at_a_time(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    with store.change(catalog), pytest.raises(UsageError, match="another import"):
        import_files([small(tmp_path)], catalog)


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    seen = []
    paths = [small(tmp_path), small(tmp_path, "b.gz", shift=2_000)]
    import_files(paths, tmp_path / "catalog", progress=lambda *step: seen.append(step))
    total = sum(path.stat().st_size for path in paths)
    assert seen[-1] == (total, total, "b.gz")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_check_finds_damage(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    import_files([small(tmp_path)], catalog)
    assert check_catalog(catalog).ok
    assert set(catalog_checksums(catalog)) < set(store.read_manifest(catalog).files)
    path = next((catalog / "data" / "trade_tick").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-100])
    report = check_catalog(catalog)
    assert not report.ok
    assert any("SHA-256 differs" in problem for problem in report.problems)
    assert any("cannot be read" in problem for problem in report.problems)
    with pytest.raises(InputError, match="cannot be read"):
        read_tape(catalog)
    with pytest.raises(UsageError, match="is not a catalog"):
        check_catalog(tmp_path)
