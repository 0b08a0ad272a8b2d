"""Killed at the worst moments, started again: nothing is left behind, lost or doubled."""

from __future__ import annotations

import signal
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.exchange import is_naked


if TYPE_CHECKING:
    from collections.abc import Callable

    from nautilus_scalp.runtime.practice.venue import Venue
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow

# Enough to see the venue's answer to a restart before the strategy trades again.
CALM = "live.stale_after_s=60"
ORDERS = {"BINANCE": "GET /fapi/v1/openOrders", "BYBIT": "GET /v5/order/realtime"}
POSITIONS = {"BINANCE": "GET /fapi/v3/positionRisk", "BYBIT": "GET /v5/position/list"}


def _order_in_flight(exchange: Exchange, trader: Trader) -> None:
    """Kill while an order is at the venue, and its answer is not back."""
    exchange.fault(ack_delay_ms=5_000)
    exchange.freeze_when(lambda _venue: True, "an order in flight")
    trader.end(signal.SIGKILL)
    exchange.fault(ack_delay_ms=0)


def _before_the_exit(exchange: Exchange, trader: Trader) -> None:
    """Kill between the fill of an entry and its exit."""
    exchange.freeze_when(is_naked, "a position without an exit")
    trader.end(signal.SIGKILL)


def _with_a_working_exit(exchange: Exchange, trader: Trader) -> None:
    """Kill while the exit of a position works; it must not outlive the position."""
    exchange.freeze_when(_has_an_exit, "a position and its exit")
    trader.end(signal.SIGKILL)


def _with_half_an_exit(exchange: Exchange, trader: Trader) -> None:
    """Kill while a part of the exit is filled, and the rest of it works."""
    exchange.fault(max_fill=Decimal("0.001"))
    exchange.freeze_when(_has_half_an_exit, "an exit that is filled in part")
    trader.end(signal.SIGKILL)
    exchange.fault(max_fill=None)


def _filled_while_asked(exchange: Exchange, trader: Trader) -> None:
    """Kill, and fill the exit between the venue's answers about positions and about orders."""
    _with_a_working_exit(exchange, trader)
    let_go = exchange.hold(ORDERS[exchange.venue])
    trades = exchange.state()["trades"]
    trader.start(CALM)
    exchange.wait_until_held()
    exchange.fault(frozen_feed=False)
    exchange.wait(lambda state: state["trades"] > trades, "the exit is filled")
    exchange.fault(frozen_feed=True)
    let_go()
    trader.wait_for("took the account over")
    trader.end(signal.SIGKILL)


def _during_reconciliation(exchange: Exchange, trader: Trader) -> None:
    """Kill, and kill again while the next run asks the venue what is left."""
    _before_the_exit(exchange, trader)
    let_go = exchange.hold(POSITIONS[exchange.venue])
    trader.start(CALM)
    exchange.wait_until_held()
    trader.end(signal.SIGKILL)
    let_go()


def _while_the_venue_fails(exchange: Exchange, trader: Trader) -> None:
    """Kill, and let the venue answer nothing but errors when the next run asks what is left."""
    _with_a_working_exit(exchange, trader)
    let_go = exchange.hold(POSITIONS[exchange.venue])
    trader.start(CALM)
    exchange.wait_until_held()
    exchange.fault(http_status=503, http_errors=4)
    let_go()
    exchange.wait(lambda state: state["faults"]["http_errors"] == 0, "errors")
    trader.end(signal.SIGKILL)


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
    _with_half_an_exit,
    _filled_while_asked,
    _during_reconciliation,
    _while_the_venue_fails,
    _while_closing,
)


def test_the_page_names_every_drill() -> None:
    page = (Path(__file__).parents[2] / "docs" / "live_drills.md").read_text(encoding="utf-8")
    table = page.partition("## `kill -9`")[2].partition("## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("|")][2:]
    names = [stage.__name__.strip("_") for stage in STAGES]
    assert [row[2].strip(" `") for row in rows] == names
    assert {cell.strip() for row in rows for cell in row[3:5]} == {"yes"}


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
    exchange.wait(lambda state: state["trades"] >= 1, "a fill")
    stage(exchange, trader)
    trades = exchange.state()["trades"]
    trader.start(CALM)
    # The market moves again while the account is taken over, so what works may be filled meanwhile.
    exchange.wait(lambda state: state["user_connections"] == 1, "the new run has begun")
    exchange.fault(frozen_feed=False)
    exchange.wait(lambda state: state["trades"] >= trades + 3, "trading goes on")
    assert trader.end() == 0, trader.output
    trader.assert_books_agree()
    verdict = trader.audit()
    assert verdict.clean, verdict
    # What was left was closed before anything was opened, and closed once.
    assert exchange.never_held_more_than("0.003")
    record_property("orders", str(verdict))


def _has_an_exit(venue: Venue) -> bool:
    return venue.positions["BTCUSDT"].qty != 0 and bool(venue.orders.working())


def _has_half_an_exit(venue: Venue) -> bool:
    return any(order.filled for order in venue.orders.working())
