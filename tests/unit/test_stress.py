from pathlib import Path

import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.capital import at_capital
from nautilus_scalp.runtime.capital import by_capital
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.stress import parameter_paths
from nautilus_scalp.runtime.stress import stress_cases
from nautilus_scalp.runtime.stress import with_parameters
from nautilus_scalp.runtime.surface import surface_cases


MARKET_MAKING = Path(__file__).parents[2] / "configs" / "backtest" / "market_making.toml"


@pytest.fixture
def config() -> BacktestConfig:
    return load_config(MARKET_MAKING)


def test_every_case_changes_what_it_says_and_nothing_else(config: BacktestConfig) -> None:
    cases = stress_cases(config)

    assert cases["as configured"] is config
    assert cases["latency x5"].venue.insert_latency_ms == 5 * config.venue.insert_latency_ms
    assert cases["latency x5"].strategies == config.strategies
    assert cases["fees x2"].venue.fee_multiplier == 2.0
    assert cases["fills pessimistic"].venue.prob_slippage == 1.0
    assert cases["parameters +20 %"].venue == config.venue


def test_parameters_are_scaled_and_sizes_are_not(config: BacktestConfig) -> None:
    before, after = config.strategies[0].config, with_parameters(config, 1.2).strategies[0].config

    assert after["refresh_interval_ms"] == pytest.approx(1.2 * before["refresh_interval_ms"])
    assert after["ladder"]["quote_depth"] == round(1.2 * before["ladder"]["quote_depth"])
    assert after["ladder"]["threshold_unit"] == before["ladder"]["threshold_unit"]
    assert after["order_notional"] == before["order_notional"]
    assert before == load_config(MARKET_MAKING).strategies[0].config


def test_one_parameter_alone(config: BacktestConfig) -> None:
    where = "MarketMaking.ladder.spread_target"
    assert where in parameter_paths(config)

    before = config.strategies[0].config
    after = with_parameters(config, 0.8, only=where).strategies[0].config

    assert after["ladder"]["spread_target"] == pytest.approx(
        0.8 * before["ladder"]["spread_target"]
    )
    assert after["refresh_interval_ms"] == before["refresh_interval_ms"]


def test_a_parameter_that_leaves_its_range_is_named(config: BacktestConfig) -> None:
    with pytest.raises(UsageError, match="MarketMaking"):
        with_parameters(config, -1.0, only="MarketMaking.refresh_interval_ms")


def test_the_surface_is_latency_times_queue(config: BacktestConfig) -> None:
    names = list(surface_cases(config))

    assert len(names) == 9
    assert names[0] == "latency x1, first in the queue"
    assert not surface_cases(config)[names[0]].venue.queue_position


def test_sizes_keep_their_share_of_the_capital(config: BacktestConfig) -> None:
    small = at_capital(config, 1_000.0)  # a hundredth of what the file is written for

    assert small.venue.starting_balances == ("1000.00 USDT",)
    block = small.strategies[0].config
    assert block["order_notional"] == config.strategies[0].config["order_notional"] / 100.0
    assert block["risk"]["max_order_notional"] == 50.0  # the default, which the file leaves out
    assert block["ladder"] == config.strategies[0].config["ladder"]


def test_capitals_become_runs_of_their_own() -> None:
    config = load_config(MARKET_MAKING, ["run.capitals=[100, 1000]"])

    assert list(by_capital({"mm": config})) == ["mm 100", "mm 1,000"]
