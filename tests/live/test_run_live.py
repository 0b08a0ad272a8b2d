"""`run_live.py` against the practice exchange: trade, stop flat, stop on a fault, stay on paper."""

from __future__ import annotations

import re
import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.live.run import run_live
from tests.live.waiting import eventually


if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow

_SENT = r"orders \d+ open, [1-9]\d* sent"


def test_trades_reports_and_stops_flat(exchange: Exchange, trader: Trader) -> None:
    trader.start()
    exchange.wait(lambda state: state["trades"] >= 6, "six fills")
    trader.wait_for("since start")
    assert trader.end(signal.SIGTERM) == 0, trader.output
    assert exchange.is_flat()
    profit = Decimal(exchange.state()["balance"]) - 10_000
    assert f"balance {profit:+.2f} since start" in trader.output.splitlines()[-3]
    assert trader.told_profit() == profit
    assert "our books agree" in trader.output
    assert "stopped: no order and no position is left" in trader.output
    assert not (trader.directory / "state" / "running.json").exists()
    assert "fills" in (trader.directory / "state" / "state.json").read_text()
    everything = trader.output + trader.logs()
    assert exchange.keys.api_secret not in everything
    assert exchange.keys.api_key not in everything


def test_an_end_that_is_asked_for_at_the_start_is_not_forgotten(trader: Trader) -> None:
    trader.start()
    trader.wait_for("testnet trading of")
    assert trader.end(signal.SIGTERM) == 0, trader.output
    trader.assert_books_agree()


def test_strategy_that_fails_is_stopped_flat(exchange: Exchange, trader: Trader) -> None:
    trader.start(fail_after_fills=2)
    assert trader.end(None) == 1
    assert "planned failure" in trader.output
    assert exchange.state()["orders"] > 0
    assert exchange.is_flat()


def test_paper_sends_no_order_and_obeys_the_kill_switch(exchange: Exchange, trader: Trader) -> None:
    trader.start('live.mode="paper"')
    eventually(lambda: re.search(_SENT, trader.output), "orders are sent")
    kill_file = trader.directory / "state" / "KILL"
    kill_file.touch()
    assert trader.end(None) == 0, trader.output
    requests = exchange.state()["requests"]
    assert {name for name in requests if "order" in name.lower() or "account" in name} == set()
    with pytest.raises(UsageError, match=r"the kill switch .* is on"):
        run_live(trader.config_file, ['live.mode="paper"'], accept_real_money=False)


def test_real_money_must_be_accepted(exchange: Exchange, trader: Trader) -> None:
    trader.configure()
    with pytest.raises(UsageError, match="real money") as error:
        run_live(trader.config_file, ['live.mode="live"'], accept_real_money=False)
    assert "--i-accept-real-money" in error.value.remedy
    assert exchange.state()["requests"] == {}


def test_practice_brings_its_own_exchange(trader: Trader, sample_catalog: Path) -> None:
    trader.start(
        'live.mode="practice"',
        "practice.speed=4.0",
        f'practice.catalog="{sample_catalog}"',
        "practice.start=2024-07-19T00:00:00Z",
    )
    eventually(lambda: re.search(_SENT, trader.output), "orders are sent")
    assert trader.end(signal.SIGTERM) == 0, trader.output
    assert "practice trading of BTCUSDT-PERP.BINANCE" in trader.output
