"""A Redis server of the test's own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.waiting import eventually


@contextmanager
def redis_server(directory: Path) -> Iterator[int]:
    """Run a server for as long as the block lasts.

    Parameters
    ----------
    directory : Path
        Where it dumps its data.

    Yields
    ------
    int
        Its port.

    """
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian package redis-server)")
    port = _free_port()
    server = subprocess.Popen(  # noqa: S603 (a program of the system)
        [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(directory),
        ],
        stdout=subprocess.DEVNULL,
    )
    eventually(lambda: _answers(port), "redis-server answers")
    yield port
    server.terminate()
    server.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as redis:
            redis.sendall(b"PING\r\n")
            return redis.recv(16) == b"+PONG\r\n"
    except ConnectionError:
        return False
