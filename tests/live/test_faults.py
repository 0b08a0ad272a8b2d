"""A venue that misbehaves while a strategy trades on it: every fault, one after the other."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow

# A fault, and what makes the venue healthy again; both are applied to a trading strategy.
LASTING = (
    ({"duplicate_user_events": True}, {"duplicate_user_events": False}),
    ({"max_fill": Decimal("0.001")}, {"max_fill": None}),
    ({"ack_delay_ms": 300}, {"ack_delay_ms": 0}),
    ({"rejected_orders": 3}, {}),
    ({"lost_acks": 1}, {}),
    ({"unknown_results": 2}, {}),
    ({"http_status": 429, "http_errors": 3}, {}),
    ({"http_status": 503, "http_errors": 3}, {}),
    ({"crossed_quotes": 20}, {}),
    ({"spike_bps": 300}, {"spike_bps": 0}),
    ({"dropped_user_events": 2}, {}),
    ({"clock_skew_ms": 20_000}, {"clock_skew_ms": 0}),
)
SUDDEN = ("cut_market", "cut_user", "expire_listen_key")


def test_survives_the_fault_menu(exchange: Exchange, trader: Trader) -> None:
    trader.start("live.stale_after_s=1")
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    for fault, cure in LASTING:
        exchange.fault(**fault)
        time.sleep(0.3)
        exchange.fault(**cure)
        _goes_on(exchange, str(fault))
    for action in SUDDEN:
        exchange.ask(lambda practice, action=action: practice.act(action))
        _goes_on(exchange, action)
    exchange.fault(swapped_user_events=True)
    time.sleep(0.3)
    exchange.fault(swapped_user_events=False)
    _goes_on(exchange, "swapped user events")
    exchange.fault(frozen_feed=True)
    trader.wait_for("silent for 1 s")
    exchange.wait(lambda state: not state["open_orders"], "orders are withdrawn in silence")
    exchange.fault(frozen_feed=False)
    trader.wait_for("quotes are back")
    _goes_on(exchange, "silence")
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
    assert exchange.client_ids_are_unique()


def _goes_on(exchange: Exchange, after: str) -> None:
    trades = exchange.state()["trades"]
    exchange.wait(
        lambda state: (
            state["trades"] > trades
            and state["market_connections"] == 2
            and state["user_connections"] == 1
        ),
        f"trading goes on after {after}",
    )
