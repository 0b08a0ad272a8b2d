"""Somebody trades on the account while a strategy does: what nobody owns is closed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from nautilus_scalp.runtime.practice.exchange import PracticeExchange
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("exchange", ["BINANCE", "BYBIT"], indirect=True)
@pytest.mark.parametrize("unheard", [0, 20], ids=["heard", "unheard"])
def test_what_is_opened_by_hand_is_closed(exchange: Exchange, trader: Trader, unheard: int) -> None:
    trader.start(
        'live.unowned="flatten"',
        "live.position_check_interval_s=0.5",
        "live.open_check_interval_s=0.5",
    )
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    exchange.fault(dropped_user_events=unheard)
    assert exchange.ask(_trade_by_hand) > Decimal("0.04")
    exchange.fault(dropped_user_events=0)
    exchange.wait(lambda _state: abs(exchange.position()) <= Decimal("0.004"), "it is closed")
    exchange.wait(lambda _state: not exchange.open_by_hand(), "the order is cancelled")
    trades = exchange.state()["trades"]
    exchange.wait(lambda state: state["trades"] > trades, "trading goes on")
    assert "that no strategy owns" in trader.output
    assert trader.end() == 0, trader.output
    trader.assert_books_agree()
    verdict = trader.audit()
    assert verdict.clean, verdict


def _trade_by_hand(practice: PracticeExchange) -> Decimal:
    """Place an order and trade; return what is held then, before anybody can close it."""
    practice.act("order_outside", "BTCUSDT", "-0.05")
    practice.act("trade_outside", "BTCUSDT", "0.05")
    return practice.venue.positions["BTCUSDT"].qty
