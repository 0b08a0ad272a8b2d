"""Keys are in no log, no traceback, no recording, no saved state, whatever goes wrong."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nautilus_scalp.runtime.practice.account import PracticeKeys
from tests.live.waiting import PATIENCE_S


if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow

WRONG = PracticeKeys(api_key="wrong-key-" + "abcdef" * 4, api_secret="wrong-secret-" + "fedcba" * 4)


def _dump(port: int) -> None:
    """Have everything that is in Redis written to a file."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as redis:
        redis.sendall(b"CONFIG SET rdbcompression no\r\nSAVE\r\n")
        answer = b""
        while answer.count(b"+OK") < 2:
            answer += redis.recv(64)


def _written(directory: Path) -> dict[str, bytes]:
    """Return the files of a run, and what the columns of its tables say once decompressed."""
    files = [file for file in directory.rglob("*") if file.is_file()]
    written = {str(file.relative_to(directory)): file.read_bytes() for file in files}
    for file in directory.rglob("*.parquet"):
        table = pq.read_table(file, partitioning=None)
        said = f"{table.schema.metadata} {table.to_pydict()}"
        written[f"{file.relative_to(directory)} decoded"] = said.encode()
    return written


def test_words_in_compressed_columns_are_seen(tmp_path: Path) -> None:
    words = [WRONG.api_secret] * 100
    tables = {
        "text": pa.table({"column": words}),
        "bytes": pa.table({"column": [word.encode() for word in words]}),
        "about": pa.table({"column": [1]}).replace_schema_metadata({"word": words[0]}),
    }
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet", compression="zstd")
    found = {name for name, content in _written(tmp_path).items() if words[0].encode() in content}
    assert found >= {f"{name}.parquet decoded" for name in tables}


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_keys_are_written_nowhere(exchange: Exchange, trader: Trader, redis_port: int) -> None:
    told = []
    everything = ('live.log_level="DEBUG"', f"redis.port={redis_port}", "recorder.features=false")
    trader.start(*everything, fail_after_fills=4)
    exchange.wait(lambda state: state["trades"] >= 1, "a fill")
    exchange.fault(http_status=503, http_errors=2)
    assert trader.end(None) == 1
    assert "planned failure" in trader.output
    exchange.fault(http_errors=0)
    told.append(trader.output)
    trader.keys = PracticeKeys(api_key=exchange.keys.api_key, api_secret=WRONG.api_secret)
    for keys in (trader.keys, WRONG):
        trader.keys = keys
        trader.start(*everything)
        assert trader.end(None) == 2, trader.output
        told.append(trader.output)
    trader.keys = exchange.keys
    with socket.socket() as deaf:  # bound, so that no other test gets the port; never listening
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        trader.start(*everything, f'live.base_url_http="http://127.0.0.1:{port}"')
        assert trader.end(None) == 2, trader.output
    _dump(redis_port)
    written = _written(trader.directory) | {f"output {n}": t.encode() for n, t in enumerate(told)}
    kinds = {"dump.rdb", "output.txt", "journal.jsonl", "run.json", "live.toml"}
    assert kinds <= {name.rpartition("/")[2] for name in written}
    assert any(b"BTCUSDT" in said for name, said in written.items() if name.endswith(" decoded"))
    assert any("/logs/" in name for name in written)
    secrets = {word for keys in (exchange.keys, WRONG) for word in (keys.api_key, keys.api_secret)}
    assert {
        (name, secret)
        for name, content in written.items()
        for secret in secrets
        if secret.encode() in content
    } == set()
