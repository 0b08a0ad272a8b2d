"""An exchange, a trader on it, and what they need."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.exchange import Exchange
from tests.live.redis_server import redis_server
from tests.live.trader import FAKES
from tests.live.trader import ROOT
from tests.live.trader import Nursery
from tests.live.trader import Trader


sys.path.insert(0, str(FAKES))  # traders import what is there by these names, and so do the tests


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    running = Exchange(getattr(request, "param", "BINANCE"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    running = Nursery()
    yield running
    running.close()


@pytest.fixture
def trader(
    exchange: Exchange, nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trader]:
    monkeypatch.syspath_prepend(FAKES)
    made = Trader(exchange, nursery, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def steady(
    request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trader]:
    """Trade all the time; at the end nothing is left, and everybody's books are the same."""
    exchange = Exchange(request.param)
    running = Trader(exchange, nursery, tmp_path_factory.mktemp("steady"))
    try:
        running.start("live.stale_after_s=1")
        exchange.wait(lambda state: state["trades"] >= 2, "two fills")
        yield running
        assert running.end() == 0, running.output
        running.assert_books_agree()
        assert running.differences() == []
        written = running.output + running.logs()
        assert exchange.keys.api_secret not in written
        assert exchange.keys.api_key not in written
    finally:
        running.close()
        exchange.close()


@pytest.fixture
def sample_catalog() -> Path:
    return ROOT / "catalogs" / "sample"


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    with redis_server(tmp_path) as port:
        yield port
