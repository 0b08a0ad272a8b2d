"""Killed at the worst moments, started again: nothing is left behind, lost or doubled."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import TYPE_CHECKING
from typing import Any

import pytest


if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow

# Enough to see the venue's answer to a restart before the strategy trades again.
CALM = "live.stale_after_s=60"


def _order_in_flight(exchange: Exchange, trader: Trader) -> None:
    """Kill while an order is at the venue, and its answer is not back."""
    exchange.fault(ack_delay_ms=5_000)
    orders = exchange.state()["orders"]
    exchange.wait(lambda state: state["orders"] > orders, "an order in flight")
    trader.end(signal.SIGKILL)
    exchange.fault(ack_delay_ms=0, frozen_feed=True)


def _before_the_exit(exchange: Exchange, trader: Trader) -> None:
    """Kill between the fill of an entry and its exit."""
    exchange.wait(
        lambda state: _held(state) != 0 and not state["open_orders"], "a position without an exit"
    )
    exchange.fault(frozen_feed=True)
    trader.end(signal.SIGKILL)


def _with_a_working_exit(exchange: Exchange, trader: Trader) -> None:
    """Kill while the exit of a position works; it must not outlive the position."""
    exchange.wait(
        lambda state: _held(state) != 0 and bool(state["open_orders"]), "a position and its exit"
    )
    exchange.fault(frozen_feed=True)
    trader.end(signal.SIGKILL)


def _during_reconciliation(exchange: Exchange, trader: Trader) -> None:
    """Kill, and kill again while the next run asks the venue what is left."""
    _before_the_exit(exchange, trader)
    exchange.fault(answer_delay_ms=100)
    asked = _questions(exchange.state())
    trader.start(CALM)
    exchange.wait(lambda state: _questions(state) > asked, "reconciliation")
    trader.end(signal.SIGKILL)
    exchange.fault(answer_delay_ms=0)


def _while_closing(exchange: Exchange, trader: Trader) -> None:
    """Kill, and kill again while the order that closes what was left is in flight."""
    _with_a_working_exit(exchange, trader)
    exchange.fault(ack_delay_ms=5_000)
    orders = exchange.state()["orders"]
    trader.start(CALM)
    exchange.wait(lambda state: state["orders"] > orders, "the closing order")
    trader.end(signal.SIGKILL)
    exchange.fault(ack_delay_ms=0)


STAGES = (
    _order_in_flight,
    _before_the_exit,
    _with_a_working_exit,
    _during_reconciliation,
    _while_closing,
)


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__.strip("_"))
def test_killed_and_started_again(
    exchange: Exchange,
    trader: Trader,
    stage: Callable[[Exchange, Trader], None],
    record_property: Callable[[str, object], None],
) -> None:
    trader.strategy = "roundtrip:RoundTrip"
    trader.start(CALM)
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    stage(exchange, trader)
    trades = exchange.state()["trades"]
    trader.start(CALM)
    exchange.wait(lambda state: state["user_connections"] == 1, "the new run has begun")
    exchange.fault(frozen_feed=False)
    exchange.wait(lambda state: state["trades"] >= trades + 4, "trading goes on")
    assert trader.end() == 0, trader.output
    trader.assert_books_agree()
    verdict = trader.audit()
    assert verdict.clean, verdict
    # What was left was closed before anything was opened, and closed once.
    assert exchange.never_held_more_than("0.003")
    record_property("orders", verdict.sent)


def _held(state: dict[str, Any]) -> Decimal:
    return Decimal(state["positions"]["BTCUSDT"])


def _questions(state: dict[str, Any]) -> int:
    """Return how often the venue was asked for open positions, which reconciliation does."""
    asked = ("GET /fapi/v3/positionRisk", "GET /v5/position/list")
    return sum(state["requests"].get(name, 0) for name in asked)
