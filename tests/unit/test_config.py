from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training.config import load_training_config


CONFIG = """
[run]
catalog = "ticks"
start = 2024-07-19T00:00:00Z

[[strategies]]
strategy_path = "nautilus_trader.examples.strategies.ema_cross:EMACross"
config_path = "nautilus_trader.examples.strategies.ema_cross:EMACrossConfig"

[strategies.config]
instrument_id = "BTCUSDT-PERP.BINANCE"
bar_type = "BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-INTERNAL"
trade_size = "0.01"
"""


def write(folder: Path, text: str = CONFIG) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_a_users_own_strategy_drops_in_and_paths_follow_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path))
    assert config.run.catalog == str(tmp_path / "ticks")
    assert config.run.start == datetime(2024, 7, 19, tzinfo=UTC)
    assert config.instrument_ids == ["BTCUSDT-PERP.BINANCE"]


def test_paths_in_overrides_follow_the_working_directory(tmp_path: Path) -> None:
    config = load_config(write(tmp_path), ["run.catalog=elsewhere"])
    assert config.run.catalog == str(Path.cwd() / "elsewhere")


def test_misspelt_strategy_key_names_file_line_and_nearest_key(tmp_path: Path) -> None:
    path = write(tmp_path, CONFIG.replace("trade_size", "trade_sise"))
    with pytest.raises(UsageError) as caught:
        load_config(path)
    assert caught.value.message == f"{path}:13: unknown key 'strategies[0].config.trade_sise'"
    assert caught.value.remedy == "did you mean 'trade_size'?"


def test_missing_strategy_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"strategies\[0\]\.config: .*trade_size"):
        load_config(write(tmp_path, CONFIG.replace('trade_size = "0.01"', "")))


def test_unknown_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"strategies\[0\]: cannot import '.*:Nobody'"):
        load_config(write(tmp_path, CONFIG.replace(':EMACross"', ':Nobody"')))


def test_unknown_override_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown key .run\.sed."):
        load_config(write(tmp_path), ["run.sed=3"])


def test_no_strategy_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="strategies"):
        load_config(write(tmp_path, CONFIG.partition("[[strategies]]")[0]))


def test_naive_times_are_utc() -> None:
    assert to_ns(datetime(2024, 7, 19)) == 1_721_347_200_000_000_000  # noqa: DTZ001


def test_training_needs_no_file() -> None:
    config = load_training_config(None, ["horizon_ms=1000"])
    assert (config.horizon_ms, config.seed) == (1_000, 7)


def test_training_without_a_file_names_an_unknown_key() -> None:
    with pytest.raises(UsageError, match="unknown key 'horizon'"):
        load_training_config(None, ["horizon=1000"])
