"""A scripted bull run, crash and recovery: every regime comes, every layer of risk refuses."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.instruments import find_spec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.data.instruments import nautilus_instrument
from nautilus_scalp.runtime.backtests import run_backtests
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

START_NS = 1_721_347_200_000_000_000
STEP_NS = 100_000_000  # one price a bar
CALM, WILD = 0.2, 8.0  # basis points a bar
BOUNCES, FIRST_BOUNCE = 60, 400  # bars
LAYERS = {
    1: {"max_trade_size", "max_loss_per_trade"},
    2: {"max_asset_exposure", "max_portfolio_exposure", "max_portfolio_heat", "max_positions"},
    3: {"max_value_at_risk"},
    4: {"portfolio_drawdown"},
    5: {"volatility_scaling"},
    6: {"max_correlated_exposure"},
    7: {"kill_switch"},
}


def moves_bps() -> np.ndarray:
    """Return the move of each bar: calm, a bull run, calm, a crash, a recovery and calm again."""
    swing = np.tile([1.0, -1.0, -1.0, 1.0], 50)
    return np.concatenate(
        [
            CALM * swing[:160],
            np.full(40, 3.0),  # up 1.2 %
            CALM * swing[:200],
            np.zeros(BOUNCES),  # nowhere from bar to bar, up and down within each
            CALM * swing[:60],
            np.full(30, 1.5 * CALM),  # slowly but surely
            CALM * swing[:60],
            np.linspace(1.0, 4.0, 40) * swing[:40],  # it grows wild before it falls
            np.full(25, -30.0),  # down 7.5 %
            WILD * swing[:40],
            np.full(40, 15.0),  # most of it comes back
            CALM * swing[:200],
            CALM * swing[:200],
        ]
    )


def prices(first: float) -> list[tuple[int, float]]:
    """Return time and price of every quote."""
    found = []
    for i, price in enumerate(first * np.exp(np.cumsum(moves_bps()) * 1e-4)):
        ns = START_NS + i * STEP_NS
        found.append((ns, float(price)))
        if 0 <= i - FIRST_BOUNCE < BOUNCES:
            found.append((ns + STEP_NS // 2, float(price) * (1.0 + 0.5e-4)))
            found.append((ns + STEP_NS // 2 + STEP_NS // 4, float(price)))
    return found


def write_market(catalog: ParquetDataCatalog, instrument: Instrument, first: float) -> None:
    """Write quotes half a basis point wide, and a trade on either side of each."""
    tick = float(instrument.price_increment)
    quotes, trades = [], []
    size = instrument.make_qty(50.0)
    for i, (ns, mid) in enumerate(prices(first)):
        bid = np.floor(mid / tick) * tick
        price, ask = instrument.make_price(bid), instrument.make_price(bid + tick)
        quotes.append(QuoteTick(instrument.id, price, ask, size, size, ns, ns))
        buys = i % 2 == 0
        side = AggressorSide.BUYER if buys else AggressorSide.SELLER
        paid = ask if buys else price
        number = TradeId(str(i))
        trades.append(
            TradeTick(instrument.id, paid, size, side, number, ns + 1_000_000, ns + 1_000_000)
        )
    catalog.write_data([instrument])
    catalog.write_data(quotes)
    catalog.write_data(trades)


MAKER = """
[[strategies]]
strategy_path = "nautilus_scalp.strategies.market_making:MarketMaking"
config_path = "nautilus_scalp.strategies.market_making:MarketMakingConfig"
[strategies.config]
instrument_id = "{instrument}-PERP.BINANCE"
order_notional = {notional}
inventory_limit = 50_000.0
refresh_interval_ms = 300.0
ladder = {{ spread_target = 0.002, volatility_multiplier = 0.0, quote_depth = {depth} }}
regime = {{ apply_profile = false }}
[strategies.config.risk]
max_order_notional = 50_000.0
max_position_notional = 100_000.0
breakers = {{ max_consecutive_losses = 1_000, max_trades_per_day = 10_000 }}
"""
REGIMES = (
    "{ min_dwell_ms = 0.0, least_run_bps = 20.0, "
    "measures = { bar_ms = 100.0, window_bars = 10, warm_up_bars = 20 } }"
)
CONFIG = """
[run]
catalog = "catalog"
close_before_end_s = 1.0
queue_models = false

[venue]
starting_balances = ["100000 USDT"]
insert_latency_ms = 1.0
update_latency_ms = 1.0
cancel_latency_ms = 1.0

[[actors]]
actor_path = "nautilus_scalp.actors.regime:RegimeActor"
config_path = "nautilus_scalp.actors.regime:RegimeActorConfig"
[actors.config]
instrument_ids = ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]
params = REGIMES

[[actors]]
actor_path = "nautilus_scalp.actors.portfolio:PortfolioGuard"
config_path = "nautilus_scalp.actors.portfolio:PortfolioGuardConfig"
[actors.config]
venue = "BINANCE"
interval_ms = 100.0
[actors.config.limits]
max_daily_var_share = 0.02
max_drawdown_share = 0.02
max_correlated_share = 0.25
moves = { sample_ms = 100.0, least_samples = 20, half_life_samples = 40.0 }

# Holds on, as a person might who trades on the same account: the guard sees what it loses.
[[strategies]]
strategy_path = "tests.fakes.script:Script"
config_path = "tests.fakes.script:ScriptConfig"
[strategies.config]
instrument_id = "BTCUSDT-PERP.BINANCE"
first_qty = 0.5
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return the report of the run as a reader gets it, decoded from its file."""
    folder = tmp_path_factory.mktemp("layers")
    catalog = ParquetDataCatalog(str(folder / "catalog"))
    specs = load_specs()
    for name, first in (("BTCUSDT", 64_000.0), ("ETHUSDT", 3_400.0)):
        spec = find_spec(specs, f"{name}-PERP.BINANCE")
        write_market(catalog, nautilus_instrument(spec), first)
    makers = (
        ("BTCUSDT", 15_000.0, 1),  # more than a tenth of the account
        ("BTCUSDT", 3_000.0, 5),
        ("BTCUSDT", 3_000.0, 4),  # with the one before more than a fifth in one asset
        ("ETHUSDT", 3_000.0, 5),  # moves as BTC does
    )
    text = CONFIG.replace("REGIMES", REGIMES) + "".join(
        MAKER.format(instrument=name, notional=notional, depth=depth)
        for name, notional, depth in makers
    )
    path = folder / "layers.toml"
    path.write_text(text, encoding="utf-8")
    answer = run_backtests([path], [], folder / "out", lambda _stage, _fraction: None)
    return msgspec.json.decode(Path(answer["files"]["report"]).read_bytes())


def refusals_of(report: dict[str, object]) -> dict[str, int]:
    """Return the refusals of all strategies together."""
    counts: dict[str, int] = {}
    for strategy in report["strategies"]:
        for reason, count in strategy["refusals"].items():
            counts[reason] = counts.get(reason, 0) + count
    return counts


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_every_layer_refuses_and_the_report_says_so(report: dict[str, object], layer: int) -> None:
    found = refusals_of(report)
    assert LAYERS[layer] & found.keys(), found


def test_every_regime_comes_in_its_order() -> None:
    params = msgspec.toml.decode(f"params = {REGIMES}")["params"]
    classifier = RegimeClassifier(msgspec.convert(params, RegimeParams))
    told = [classifier.regime for ns, price in prices(64_000.0) if classifier.on_mid(ns, price)]
    assert set(told) == set(Regime)


def test_the_report_tells_of_all_of_them_and_nobody_trades_in_a_crash(
    report: dict[str, object],
) -> None:
    rows = {row["label"]: row for row in report["by_regime"]}
    assert rows.keys() == {"warming up", *Regime}
    assert refusals_of(report)["regime_crash"] > 0
    assert rows["CRASH"]["maker_share"] in (None, 0.0)  # what is filled there closes
    assert rows["NORMAL"]["fills"] > 0
