"""A venue that misbehaves while a strategy trades on it: every fault, and the accounts after it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import msgspec
import pytest


if TYPE_CHECKING:
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of misbehaviour.

    Attributes
    ----------
    switch : dict[str, object]
        Faults of the practice exchange that are switched on.
    cure : dict[str, object]
        What switches them off; those without wear off by themselves.
    actions : tuple[tuple[str, ...], ...]
        What is done to the trader once.

    """

    switch: dict[str, Any] = {}
    cure: dict[str, Any] = {}
    actions: tuple[tuple[str, ...], ...] = ()


BOTH = {
    "rejects": Fault(switch={"rejected_orders": 3}),
    "lost_acks": Fault(switch={"lost_acks": 1}),
    "lost_orders": Fault(switch={"lost_orders": 1}),
    "outcome_unknown": Fault(switch={"unknown_results": 2}),
    "outcome_unknown_and_errors": Fault(
        switch={"unknown_results": 1, "http_status": 503, "http_errors": 5}
    ),
    "delayed_acks": Fault(switch={"ack_delay_ms": 300}, cure={"ack_delay_ms": 0}),
    "delayed_answers": Fault(switch={"answer_delay_ms": 300}, cure={"answer_delay_ms": 0}),
    "http_429": Fault(switch={"http_status": 429, "http_errors": 3}),
    "http_418": Fault(switch={"http_status": 418, "http_errors": 1}),
    "http_503": Fault(switch={"http_status": 503, "http_errors": 3}),
    "lost_user_events": Fault(switch={"dropped_user_events": 2}),
    "duplicate_user_events": Fault(
        switch={"duplicate_user_events": True}, cure={"duplicate_user_events": False}
    ),
    "user_events_out_of_order": Fault(
        switch={"swapped_user_events": True}, cure={"swapped_user_events": False}
    ),
    "partial_fills": Fault(switch={"max_fill": Decimal("0.001")}, cure={"max_fill": None}),
    "crossed_book": Fault(switch={"crossed_quotes": 20}),
    "price_spike": Fault(switch={"spike_bps": 300}, cure={"spike_bps": 0}),
    "clock_skew": Fault(switch={"clock_skew_ms": 20_000}, cure={"clock_skew_ms": 0}),
    "market_stream_cut": Fault(actions=(("cut_market",),)),
    "user_stream_cut": Fault(actions=(("cut_user",),)),
    "fill_while_cut": Fault(switch={"dropped_user_events": 6}, actions=(("cut_user",),)),
    "funding": Fault(actions=(("fund", "BTCUSDT", "0.001"),)),
}
MENU = {
    "BINANCE": BOTH | {"listen_key_expiry": Fault(actions=(("expire_listen_key",),))},
    "BYBIT": BOTH | {"trade_stream_cut": Fault(actions=(("cut_trade",),))},
}
CONNECTIONS = {"BINANCE": {"market": 2, "user": 1}, "BYBIT": {"market": 1, "user": 1, "trade": 1}}


def test_the_page_names_every_drill() -> None:
    page = (Path(__file__).parents[2] / "docs" / "live_drills.md").read_text(encoding="utf-8")
    table = page.partition("## Faults")[2].partition("## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("|")][2:]
    for number, venue in enumerate(MENU, start=3):
        told = {row[2].strip(" `") for row in rows if row[number].strip() == "yes"}
        assert told == MENU[venue].keys() | {"frozen_feed"}


@pytest.mark.parametrize(
    ("steady", "fault"),
    [
        pytest.param(venue, fault, id=f"{name}-{venue}")
        for venue, menu in MENU.items()
        for name, fault in menu.items()
    ],
    indirect=["steady"],
    scope="module",
)
def test_accounts_are_right_after(steady: Trader, fault: Fault) -> None:
    exchange = steady.exchange
    exchange.fault(**fault.switch)
    for action in fault.actions:
        exchange.ask(lambda practice, action=action: practice.act(*action))
    _is_felt(exchange, fault)
    exchange.fault(**fault.cure)
    _goes_on(exchange)
    steady.holds_still()


@pytest.mark.parametrize("steady", MENU, indirect=True, scope="module")
def test_frozen_feed(steady: Trader) -> None:
    exchange = steady.exchange
    steady.freeze_until_silent()
    exchange.wait(lambda state: not state["open_orders"], "orders are withdrawn in silence")
    steady.holds_still()
    _goes_on(exchange)


def _is_felt(exchange: Exchange, fault: Fault) -> None:
    """Wait until what wears off has worn off, or the venue has played on and was spoken to."""
    if not fault.cure:
        counters = [name for name in fault.switch if name != "http_status"]
        exchange.wait(
            lambda state: not any(state["faults"][name] for name in counters), f"{fault} is felt"
        )
        return
    before = exchange.state()
    spoken = sum(before["requests"].values()) + before["orders"]

    def felt(state: dict[str, Any]) -> bool:
        played = state["events_played"] > before["events_played"] + 10
        return played and sum(state["requests"].values()) + state["orders"] > spoken

    exchange.wait(felt, f"{fault} is felt")


def _goes_on(exchange: Exchange) -> None:
    trades = exchange.state()["trades"]
    connections = {
        f"{name}_connections": count for name, count in CONNECTIONS[exchange.venue].items()
    }
    exchange.wait(
        lambda state: (
            state["trades"] > trades
            and all(state[name] == count for name, count in connections.items())
        ),
        "trading goes on",
    )
