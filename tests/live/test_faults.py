"""A venue that misbehaves while a strategy trades on it: every fault, one after the other."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from typing import Any

import pytest


if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Exchange
    from conftest import Trader

pytestmark = pytest.mark.slow

# Faults that wear off by themselves, and the counter that says so.
COUNTED = (
    ("rejected_orders", {"rejected_orders": 3}),
    ("lost_acks", {"lost_acks": 1}),
    ("lost_orders", {"lost_orders": 1}),
    ("unknown_results", {"unknown_results": 2}),
    ("http_errors", {"http_status": 429, "http_errors": 3}),
    ("http_errors", {"http_status": 418, "http_errors": 1}),
    ("http_errors", {"http_status": 503, "http_errors": 3}),
    ("crossed_quotes", {"crossed_quotes": 20}),
    ("dropped_user_events", {"dropped_user_events": 2}),
)
# Faults that last until they are switched off.
LASTING = (
    ({"duplicate_user_events": True}, {"duplicate_user_events": False}),
    ({"swapped_user_events": True}, {"swapped_user_events": False}),
    ({"max_fill": Decimal("0.001")}, {"max_fill": None}),
    ({"ack_delay_ms": 300}, {"ack_delay_ms": 0}),
    ({"spike_bps": 300}, {"spike_bps": 0}),
    ({"clock_skew_ms": 20_000}, {"clock_skew_ms": 0}),
)
SUDDEN = {
    "BINANCE": ("cut_market", "cut_user", "expire_listen_key"),
    "BYBIT": ("cut_market", "cut_user", "cut_trade"),
}
CONNECTIONS = {"BINANCE": {"market": 2, "user": 1}, "BYBIT": {"market": 1, "user": 1, "trade": 1}}


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_survives_the_fault_menu(
    exchange: Exchange, trader: Trader, record_property: Callable[[str, object], None]
) -> None:
    trader.start("live.stale_after_s=1")
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    for counter, fault in COUNTED:
        exchange.fault(**fault)
        exchange.wait(lambda state, name=counter: state["faults"][name] == 0, f"{fault} is felt")
        _goes_on(exchange, str(fault))
    for fault, cure in LASTING:
        exchange.fault(**fault)
        _is_felt(exchange, str(fault))
        exchange.fault(**cure)
        _goes_on(exchange, str(fault))
    for action in SUDDEN[exchange.venue]:
        exchange.ask(lambda practice, action=action: practice.act(action))
        _goes_on(exchange, action)
    exchange.ask(lambda practice: practice.act("fund", "BTCUSDT", "0.001"))
    exchange.fault(frozen_feed=True)
    trader.wait_for("silent for 1 s")
    exchange.wait(lambda state: not state["open_orders"], "orders are withdrawn in silence")
    exchange.fault(frozen_feed=False)
    trader.wait_for("quotes are back")
    _goes_on(exchange, "silence")
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
    verdict = trader.audit()
    assert verdict.clean, verdict
    assert trader.told_profit() == exchange.profit(), trader.output
    written = trader.output + trader.logs()
    assert exchange.keys.api_secret not in written
    assert exchange.keys.api_key not in written
    record_property("orders", verdict.sent)


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
def test_what_is_opened_by_hand_is_closed(exchange: Exchange, trader: Trader) -> None:
    trader.start('live.unowned="flatten"', "live.position_check_interval_s=0.5")
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    exchange.ask(lambda practice: practice.act("order_outside", "BTCUSDT", "-0.05"))
    exchange.ask(lambda practice: practice.act("trade_outside", "BTCUSDT", "0.05"))
    assert exchange.position() > Decimal("0.04")
    exchange.wait(lambda _state: abs(exchange.position()) <= Decimal("0.004"), "it is closed")
    exchange.wait(lambda _state: not exchange.open_by_hand(), "the order is cancelled")
    _goes_on(exchange, "a trade by hand")
    assert "that no strategy owns" in trader.output
    assert trader.end() == 0, trader.output
    assert exchange.is_flat()
    assert trader.told_profit() == exchange.profit()


def _is_felt(exchange: Exchange, fault: str) -> None:
    """Wait until the venue has played on and was spoken to."""
    before = exchange.state()
    spoken = sum(before["requests"].values()) + before["orders"]

    def felt(state: dict[str, Any]) -> bool:
        played = state["events_played"] > before["events_played"] + 10
        return played and sum(state["requests"].values()) + state["orders"] > spoken

    exchange.wait(felt, f"{fault} is felt")


def _goes_on(exchange: Exchange, after: str) -> None:
    trades = exchange.state()["trades"]
    connections = {
        f"{name}_connections": count for name, count in CONNECTIONS[exchange.venue].items()
    }
    exchange.wait(
        lambda state: (
            state["trades"] > trades
            and all(state[name] == count for name, count in connections.items())
        ),
        f"trading goes on after {after}",
    )
