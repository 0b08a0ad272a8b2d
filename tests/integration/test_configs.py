"""Every shipped backtest configuration runs as it stands, on a synthetic market and the sample."""

import tomllib
from pathlib import Path

import pytest

from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.exits.take_profit import TakeProfitParams
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.risk.leverage import LeverageParams
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.model_cache import find_model
from nautilus_scalp.runtime.run import resolve_window
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.regime import Regime
from tests.fakes.small_model import write_artifact


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

CONFIGS = sorted(Path("configs/backtest").glob("*.toml"))
SECONDS = 90.0


# Not the minutes that the configurations judge; the guard knows the risk after thirty seconds.
SAMPLE = ["run.start=2024-07-18T23:58:00Z", "run.end=2024-07-18T23:58:45Z"]
REASONS = Path("docs/risk.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what puts a tiny model in the place of the real one."""
    return f"model.path={write_artifact(tmp_path_factory.mktemp('model'))}"


@pytest.fixture(scope="module")
def overrides(tmp_path_factory: pytest.TempPathFactory, model: str) -> list[str]:
    """Return what puts a synthetic market and a tiny model in the places of the real ones."""
    folder = tmp_path_factory.mktemp("configs")
    for seed, name, price in ((13, "BTCUSDT", 64_000.0), (14, "ETHUSDT", 3_400.0)):
        write_synthetic(
            folder / "catalog",
            SyntheticParams(
                seed=seed,
                hours=SECONDS / 3_600.0,
                instrument_id=f"{name}-PERP.BINANCE",
                base_price=price,
            ),
            compare=False,
        )
    return [f"run.catalog={folder / 'catalog'}", "run.end=2024-07-19T00:01:30Z", model]


def play(path: Path, overrides: list[str]) -> int:
    """Run a configuration, see it end flat with every refusal explained; return its orders."""
    config = load_config(path, overrides)
    window = resolve_window(config)
    run = run_engine(config, window, find_model(config, lambda _stage, _fraction: None))
    try:
        cache = run.engine.cache
        assert len(run.engine.trader.strategies()) == len(config.strategies)
        assert cache.orders_open_count() == 0
        assert cache.positions_open() == []
        for strategy in run.engine.trader.strategies():
            assert strategy.is_stopped  # flat, and not because the data ran out
            for reason in strategy.refusals:
                known = "regime_*" if reason.startswith("regime_") else reason
                assert f"`{known}`" in REASONS
        return cache.orders_total_count()
    finally:
        run.engine.dispose()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_runs_trades_and_ends_flat(path: Path, overrides: list[str]) -> None:
    assert play(path, overrides) > 0


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_runs_on_the_sample(path: Path, model: str) -> None:
    play(path, [*SAMPLE, model])


def test_each_runs_under_the_guard_and_those_that_share_an_instrument_under_an_arbiter() -> None:
    for path in CONFIGS:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
        actors = {block["actor_path"].rpartition(":")[2] for block in config["actors"]}
        traded = [block["config"]["instrument_id"] for block in config["strategies"]]
        comparison = path.stem in {"modes", "quoting", "sizing", "take_profit"}
        assert "PortfolioGuard" in actors
        assert ("Arbiter" in actors) == (len(traded) > len(set(traded)) and not comparison)


def blocks(kind: str) -> list[dict[str, object]]:
    """Return the configurations of all shipped blocks whose class name ends like this."""
    configs = [tomllib.loads(path.read_text(encoding="utf-8")) for path in CONFIGS]
    return [
        block["config"]
        for config in configs
        for block in (*config.get("actors", ()), *config["strategies"])
        if block["config_path"].endswith(f"{kind}Config")
    ]


def choices(params: type, field: str) -> set[str]:
    """Return what a field of literals may be."""
    annotation = params.__annotations__[field]
    return set(getattr(annotation, "__value__", annotation).__args__)


def test_every_way_to_decide_has_a_configuration() -> None:
    for strategy in ("MeanReversion", "MomentumBreakout"):
        modes = {block["signal"]["mode"] for block in blocks(strategy) if "signal" in block}
        assert modes == choices(CombinationParams, "mode")
    modes = {block["signal"]["mode"] for block in blocks("MarketMaking") if "signal" in block}
    assert modes == {"rules", "combined"}


def test_every_quoting_model_has_a_configuration() -> None:
    models = {block["ladder"].get("model", "volatility") for block in blocks("MarketMaking")}
    assert models == choices(LadderParams, "model")


def test_every_take_profit_has_a_configuration() -> None:
    exits = [block["exits"] for block in blocks("MeanReversion")]
    trails = [exit_["take_profit"] for exit_ in exits if "take_profit" in exit_]
    assert {trail["mode"] for trail in trails} == choices(TakeProfitParams, "mode")
    assert any(trail["lock_share"] > 0.0 for trail in trails)
    assert any("reversal" in trail for trail in trails)


def test_every_sizing_and_every_leverage_has_a_configuration() -> None:
    entries = [block["entry"] for block in blocks("MeanReversion")]
    methods = {entry["sizing"]["method"] for entry in entries if "sizing" in entry}
    assert methods == choices(SizingParams, "method")
    assert any("sizing" not in entry for entry in entries)
    guards = [
        block["leverage"]["mode"] for block in blocks("PortfolioGuard") if "leverage" in block
    ]
    assert set(guards) == choices(LeverageParams, "mode")


def test_every_regime_but_a_crash_has_a_strategy_for_it() -> None:
    named = [
        set(b["regime"]["trade_in"])
        for b in (*blocks("MarketMaking"), *blocks("MeanReversion"), *blocks("MomentumBreakout"))
        if "trade_in" in b.get("regime", {})
    ]
    assert set().union(*named) == set(Regime) - {Regime.CRASH}
