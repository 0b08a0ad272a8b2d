"""The preflight table against a practice venue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.live.preflight import Check
from nautilus_scalp.runtime.live.preflight import check_live
from nautilus_scalp.runtime.live.preflight_table import show_checks


if TYPE_CHECKING:
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader


@pytest.fixture
def rows(trader: Trader, monkeypatch: pytest.MonkeyPatch, exchange: Exchange):  # noqa: ANN201
    for name, value in trader.key_variables().items():
        monkeypatch.setenv(name, value)

    def check(*overrides: str) -> dict[str, Check]:
        trader.configure()
        return {row.name: row for row in check_live(trader.config_file, overrides)}

    assert exchange.state()["orders"] == 0
    return check


def test_everything_is_well(rows) -> None:  # noqa: ANN001
    table = rows()
    assert all(row.ok for row in table.values()), table
    assert table["clock"].detail.startswith("venue ahead by ")
    assert (
        "tick 0.10, step 0.001, least notional 100" in table["filters BTCUSDT-PERP.BINANCE"].detail
    )
    assert table["fees BTCUSDT-PERP.BINANCE"].detail == "maker 2 taker 5 bps"
    assert table["position mode"].detail == "one-way"
    assert table["margin mode"].detail == "crossed"
    assert table["leverage BTCUSDT-PERP.BINANCE"].detail == (
        "20x now, the venue is told 3x, allowed up to 50,000,000"
    )
    high = rows("live.leverage=60")["leverage BTCUSDT-PERP.BINANCE"]
    assert (high.ok, high.detail) == (
        True,
        "20x now, the venue is told 60x, allowed up to 1,000,000",
    )
    too_high = rows("live.leverage=101")["leverage BTCUSDT-PERP.BINANCE"]
    assert (too_high.ok, too_high.remedy) == (False, "set live.leverage to 100 or less")


@pytest.mark.parametrize("exchange", ["BYBIT"], indirect=True)
def test_bybit_is_asked_too(rows, exchange: Exchange) -> None:  # noqa: ANN001
    table = rows()
    assert all(row.ok for row in table.values()), table
    assert table["clock"].detail.startswith("venue ahead by ")
    assert table["filters BTCUSDT-LINEAR.BYBIT"].detail.startswith("tick 0.10, step 0.001")
    assert table["position mode"].detail == "one-way"
    assert table["collateral"].detail == "10000.00 free"
    assert table["fees BTCUSDT-LINEAR.BYBIT"].detail == (
        "maker 2 taker 5 bps; not in the catalog's facts"
    )
    exchange.ask(lambda practice: practice.act("trade_outside", "BTCUSDT", "-0.003"))
    table = rows("live.leverage=101")
    assert {name for name, row in table.items() if not row.ok} == {
        "account is empty",
        "leverage BTCUSDT-LINEAR.BYBIT",
    }
    assert table["leverage BTCUSDT-LINEAR.BYBIT"].detail == (
        "20x now, the venue is told 101x and allows 100x"
    )
    assert table["account is empty"].detail == "BTCUSDT position -0.003"


def test_what_is_wrong_says_what_to_do(
    rows,  # noqa: ANN001
    exchange: Exchange,
    trader: Trader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange.ask(lambda practice: practice.act("trade_outside", "BTCUSDT", "0.003"))
    table = rows()
    assert {name for name, row in table.items() if not row.ok} == {"account is empty"}
    assert table["account is empty"].detail == "BTCUSDT position 0.003"
    allowed = rows('live.unowned="flatten"')
    assert allowed["account is empty"].detail.endswith("will be closed")
    exchange.fault(clock_skew_ms=-3_000)
    table = rows()
    assert {name for name, row in table.items() if not row.ok} == {"clock", "account"}
    assert "chrony" in table["clock"].remedy
    exchange.fault(clock_skew_ms=0)
    monkeypatch.setenv(next(iter(trader.key_variables())), "another-key")
    assert "Invalid API-key" in rows()["account"].detail
    monkeypatch.delenv(next(iter(trader.key_variables())))
    without_keys = rows()
    assert not without_keys["keys"].ok
    assert "BINANCE_FUTURES_TESTNET_API_KEY" in without_keys["keys"].detail
    assert "venue" not in without_keys


def test_redis_that_does_not_answer(rows) -> None:  # noqa: ANN001
    table = rows("redis.port=1")
    assert not table["redis"].ok
    assert "start Redis" in table["redis"].remedy


def test_table_and_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    well = Check(name="disk", ok=True, detail="9.0 GiB free")
    show_checks([well], as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "checks": [{"name": "disk", "ok": True, "detail": "9.0 GiB free", "remedy": ""}],
    }
    ill = Check(name="clock", ok=False, detail="3 s behind", remedy="set the clock")
    with pytest.raises(UsageError, match="1 of 2 checks say no: clock") as error:
        show_checks([well, ill], as_json=False)
    assert error.value.remedy == "set the clock"
    assert "3 s behind" in capsys.readouterr().out
