"""Keys are in no log, no traceback, no recording, no saved state, whatever goes wrong."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from nautilus_scalp.runtime.practice.account import PracticeKeys


if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow

WRONG = PracticeKeys(api_key="wrong-key-" + "abcdef" * 4, api_secret="wrong-secret-" + "fedcba" * 4)


def _dump(port: int) -> None:
    """Have everything that is in Redis written to a file."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as redis:
        redis.sendall(b"CONFIG SET rdbcompression no\r\nSAVE\r\n")
        answer = b""
        while answer.count(b"+OK") < 2:
            answer += redis.recv(64)


def _written(directory: Path) -> dict[str, bytes]:
    files = [file for file in directory.rglob("*") if file.is_file()]
    return {str(file.relative_to(directory)): file.read_bytes() for file in files}


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_keys_are_written_nowhere(exchange: Exchange, trader: Trader, redis_port: int) -> None:
    told = []
    everything = ('live.log_level="DEBUG"', f"redis.port={redis_port}", "recorder.features=false")
    trader.start(*everything, fail_at_quote=120)
    exchange.wait(lambda state: state["trades"] >= 1, "a fill")
    exchange.fault(http_status=503, http_errors=2)
    assert trader.end(None) == 1
    assert "planned failure" in trader.output
    told.append(trader.output)
    trader.keys = PracticeKeys(api_key=exchange.keys.api_key, api_secret=WRONG.api_secret)
    for keys in (trader.keys, WRONG):
        trader.keys = keys
        trader.start(*everything)
        assert trader.end(None) == 2, trader.output
        told.append(trader.output)
    trader.keys = exchange.keys
    trader.start(*everything, f'live.base_url_http="http://127.0.0.1:{_nobodys_port()}"')
    assert trader.end(None) == 2, trader.output
    _dump(redis_port)
    written = _written(trader.directory) | {f"output {n}": t.encode() for n, t in enumerate(told)}
    kinds = {"dump.rdb", "output.txt", "journal.jsonl", "run.json", "live.toml"}
    assert kinds <= {name.rpartition("/")[2] for name in written}
    assert any(name.endswith(".parquet") for name in written)
    assert any("/logs/" in name for name in written)
    secrets = {word for keys in (exchange.keys, WRONG) for word in (keys.api_key, keys.api_secret)}
    assert {
        (name, secret)
        for name, content in written.items()
        for secret in secrets
        if secret.encode() in content
    } == set()


def _nobodys_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
