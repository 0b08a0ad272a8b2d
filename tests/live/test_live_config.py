"""Live configurations: the shipped ones load, wrong ones name the key."""

from pathlib import Path

import msgspec
import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.blocks import ActorBlock
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.live.config import load_live_config
from nautilus_scalp.runtime.recording.components import complete_blocks


CONFIGS = Path(__file__).parents[2] / "configs" / "live"
BACKTESTS = sorted((Path(__file__).parents[2] / "configs" / "backtest").glob("*.toml"))
BLOCK = """
[[strategies]]
strategy_path = "nautilus_scalp.strategies.market_making:MarketMaking"
config_path = "nautilus_scalp.strategies.market_making:MarketMakingConfig"
[strategies.config]
instrument_id = "BTCUSDT-PERP.BINANCE"
"""


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configurations_load(path: Path) -> None:
    config = load_live_config(path)
    assert config.instrument_ids
    assert Path(config.live.state_dir).is_absolute()


@pytest.mark.parametrize("path", BACKTESTS, ids=lambda path: path.stem)
def test_blocks_of_every_backtest_are_live_blocks(path: Path, tmp_path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next(row for row, line in enumerate(lines) if line.startswith("[["))
    live = tmp_path / "live.toml"
    live.write_text('[live]\nmode = "paper"\n' + "\n".join(lines[first:]), encoding="utf-8")
    found, backtest = load_live_config(live), load_config(path)
    assert found.actors == backtest.actors
    assert found.strategies == backtest.strategies
    assert found.instrument_ids == backtest.instrument_ids


def test_one_kill_switch_stops_everything(tmp_path: Path) -> None:
    guard = ActorBlock(
        actor_path="nautilus_scalp.actors.portfolio:PortfolioGuard",
        config_path="nautilus_scalp.actors.portfolio:PortfolioGuardConfig",
        config={"venue": "BINANCE"},
    )
    own = msgspec.structs.replace(guard, config={**guard.config, "kill_file": "own"})
    blocks = complete_blocks([guard, own], [], None, tmp_path / "KILL")
    assert [one.config["kill_file"] for one in blocks.actors] == [str(tmp_path / "KILL"), "own"]


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ('[live]\nmod = "paper"' + BLOCK, "unknown key 'live.mod'", "did you mean 'mode'?"),
        ('[live]\nmode = "papr"' + BLOCK, "live.mode: Invalid enum value", "expected type"),
        ('[live]\nmode = "practice"' + BLOCK, "needs a [practice] table", "[practice]"),
        ('[live]\nmode = "paper"\nvenue = "BYBIT"' + BLOCK, "does not trade on", ".BYBIT"),
        ('strategies = []\n[live]\nmode = "paper"', "no [[strategies]] block", "strategy"),
        ('[live]\nmode = "paper"\nstale_after_s = 0' + BLOCK, "live.stale_after_s", "expected"),
    ],
)
def test_wrong_configuration_names_the_key(
    tmp_path: Path, text: str, message: str, remedy: str
) -> None:
    path = tmp_path / "live.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_live_config(path)
    assert message in error.value.message
    assert remedy in error.value.remedy
