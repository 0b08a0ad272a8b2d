"""A live run on record and its replay: the same features, signals, orders, or a difference."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from nautilus_scalp.runtime.cli import main


if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow


def _config(exchange: Exchange, model: Path) -> str:
    return f"""
[live]
mode = "testnet"
state_dir = "state"
base_url_http = "http://127.0.0.1:{exchange.port}"
base_url_ws = "ws://127.0.0.1:{exchange.port}"
status_interval_s = 1
stale_after_s = 1
open_check_interval_s = 2
position_check_interval_s = 2

[recorder]
flush_interval_s = 0.5

[model]
path = "{model}"

[[actors]]
actor_path = "nautilus_scalp.actors.ensemble:EnsembleActor"
config_path = "nautilus_scalp.actors.ensemble:EnsembleActorConfig"
[actors.config]
instrument_ids = ["{exchange.instrument_id}"]

[[actors]]
actor_path = "nautilus_scalp.actors.portfolio:PortfolioGuard"
config_path = "nautilus_scalp.actors.portfolio:PortfolioGuardConfig"
[actors.config]
venue = "BINANCE"
interval_ms = 300.0
limits = {{ max_daily_var_share = 100.0, moves = {{ sample_ms = 50.0, least_samples = 2 }} }}

[[strategies]]
strategy_path = "nautilus_scalp.strategies.market_making:MarketMaking"
config_path = "nautilus_scalp.strategies.market_making:MarketMakingConfig"
[strategies.config]
instrument_id = "{exchange.instrument_id}"
order_notional = 500.0
inventory_limit = 2_000.0
refresh_interval_ms = 100.0
ladder = {{ threshold_unit = "percent", spread_target = 0.0003, quote_depth = 2 }}
volatility = {{ half_life_ms = 500.0 }}
signal = {{ mode = "combined" }}
"""


def _trouble(exchange: Exchange, trader: Trader) -> None:
    """Let the market fall silent, and the account's stream break."""
    exchange.fault(frozen_feed=True)
    trader.wait_for("silent for 1 s")
    exchange.fault(frozen_feed=False)
    trader.wait_for("quotes are back")
    exchange.ask(lambda practice: practice.act("cut_user"))
    trades = exchange.state()["trades"]
    exchange.wait(lambda state: state["trades"] > trades, "a fill after the trouble")


def _record(
    exchange: Exchange,
    trader: Trader,
    end: signal.Signals,
    directory: Path,
    *,
    troubled: bool = False,
) -> Path:
    """Trade until there are fills, and end in the given way; return the state directory."""
    from small_model import write_artifact  # noqa: PLC0415 (beside the traders' own fakes)

    text = _config(exchange, write_artifact(directory / "model"))
    trader.configure = lambda **_config: trader.config_file.write_text(text)
    trader.start()
    exchange.wait(lambda state: state["trades"] >= 2, "two fills")
    trader.wait_for("recorded ")
    if troubled:
        _trouble(exchange, trader)
    code = trader.end(end)
    assert code == (0 if end == signal.SIGTERM else -end), trader.output
    return trader.directory / "state"


def _parity(state: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    code = main(["parity", str(state), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_replay_is_equal_and_tells_a_difference(
    exchange: Exchange, trader: Trader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = _record(exchange, trader, signal.SIGTERM, tmp_path, troubled=True)
    capsys.readouterr()
    code, answer = _parity(state, capsys)
    assert (code, answer["difference"], answer["notes"]) == (0, None, [])
    compared = answer["compared"]
    assert min(compared["signals"], compared["order_intents"], compared["timers"]) > 3
    assert compared["features"] == 3 * compared["signals"]
    assert compared["order_events"] > compared["order_intents"]

    written = b"".join(p.read_bytes() for p in (state / "recordings").rglob("*") if p.is_file())
    assert exchange.keys.api_secret.encode() not in written
    assert exchange.keys.api_key.encode() not in written

    journal = sorted((state / "recordings").glob("*/journal/*.json"))
    for path in journal:
        text = path.read_text(encoding="utf-8")
        if '"do":"submit"' in text:
            path.write_text(text.replace('"order_side":"BUY"', '"order_side":"SELL"', 1))
            break
    assert main(["parity", str(state)]) == 4
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("error: different: order intent (MarketMaking-001 #")
    assert 'recorded {"order_side":"SELL"}, replayed {"order_side":"BUY"}' in said[0]
    assert said[1].startswith("remedy: the same until then: ")


def test_killed_run_is_compared_as_far_as_it_was_written(
    exchange: Exchange, trader: Trader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = _record(exchange, trader, signal.SIGKILL, tmp_path)
    capsys.readouterr()
    code, answer = _parity(state, capsys)
    assert (code, answer["difference"]) == (0, None)
    assert answer["notes"] == ["the recording was cut short: compared up to its last batch"]
    assert answer["compared"]["market_events"] > 20


def test_no_recording_says_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parity", str(tmp_path)]) == 2
    assert "[recorder]" in capsys.readouterr().err
