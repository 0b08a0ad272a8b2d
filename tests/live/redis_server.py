"""A Redis server of the test's own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.waiting import PATIENCE_S
from tests.live.waiting import eventually


_ATTEMPTS = 5


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
    for _ in range(_ATTEMPTS):  # somebody else may take the free port first
        port = _free_port()
        options = ("--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", directory)
        server = subprocess.Popen(  # noqa: S603 (a program of the system)
            [program, *map(str, options)], stdout=subprocess.DEVNULL
        )
        try:
            eventually(
                lambda: server.poll() is not None or _answers(port, server.pid),  # noqa: B023
                "redis-server answers",
            )
            if server.poll() is None:
                yield port
                return
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE_S)
    pytest.fail(f"redis-server found no port in {_ATTEMPTS} attempts")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, process_id: int) -> bool:
    """Tell whether this very process answers at the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as redis:
            redis.sendall(b"INFO server\r\n")
            said = redis.makefile("rb")
            return f"process_id:{process_id}".encode() in said.read(int(said.readline()[1:]))
    except (OSError, ValueError):
        return False
