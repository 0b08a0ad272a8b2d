"""
Cost of an order when there were many before it: 64,000 filled orders in one netting run.

Run with ``pytest -n 0 benchmarks/bench_scale.py``. Every order is a market order that is filled on
the next quote. ``plain`` is Nautilus as it comes, on far fewer orders: it grows with their square.
"""

from collections.abc import Callable
from typing import Any

import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import RiskEngineConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money

from nautilus_scalp.runtime.simulation.books import Books
from nautilus_scalp.runtime.simulation.closed_positions import ClosedPositions
from nautilus_scalp.runtime.simulation.closed_positions import ClosedPositionsConfig
from nautilus_scalp.runtime.simulation.closed_positions import silence_analyzer
from tests.fakes.script import Script
from tests.fakes.script import ScriptConfig
from tests.fakes.script import Step
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

type Benchmark = Callable[..., Any]

FLAT = (Step(event=0, qty=1.0), Step(event=1, qty=-1.0))
TURNED = (Step(event=0, qty=-2.0), Step(event=1, qty=2.0))  # behind a first purchase of one
SYMBOLS = ("BTCUSDT-PERP", "ETHUSDT-PERP")


def engine_for(
    orders: int, instruments: int, steps: tuple[Step, ...], *, plain: bool
) -> BacktestEngine:
    """Return an engine that will fill that many orders."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(max_order_submit_rate="100000/00:00:01"),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(1_000_000, USDT)],
        modules=[] if plain else [ClosedPositions(ClosedPositionsConfig())],
    )
    if not plain:
        silence_analyzer(engine)
        engine.add_actor(Books(engine.trader))
    for symbol in SYMBOLS[:instruments]:
        desk = Desk(symbol)
        for number in range(orders // instruments):
            desk.at(number * 10.0).quote(100.0 + number % 7, 100.1 + number % 7, 100.0, 100.0)
        engine.add_instrument(desk.instrument)
        engine.add_data(desk.tape)
        config = ScriptConfig(
            instrument_id=desk.instrument_id,
            steps=steps,
            every=2,
            first_qty=1.0 if steps is TURNED else 0.0,
            order_id_tag=symbol[:3],
        )
        engine.add_strategy(Script(config))
    return engine


@pytest.mark.parametrize("orders", [4_000, 16_000, 64_000])
@pytest.mark.parametrize("instruments", [1, 2])
def test_flat_after_every_second_order(benchmark: Benchmark, orders: int, instruments: int) -> None:
    """Open and close, again and again."""
    _measure(benchmark, orders, instruments, FLAT, plain=False)


@pytest.mark.parametrize("orders", [4_000, 16_000, 64_000])
@pytest.mark.parametrize("instruments", [1, 2])
def test_turned_around_by_every_order(benchmark: Benchmark, orders: int, instruments: int) -> None:
    """Never flat: every order turns the position around."""
    _measure(benchmark, orders, instruments, TURNED, plain=False)


@pytest.mark.parametrize("orders", [500, 1_000, 2_000])
@pytest.mark.parametrize("instruments", [1, 2])
def test_plain(benchmark: Benchmark, orders: int, instruments: int) -> None:
    """Nautilus without the module."""
    _measure(benchmark, orders, instruments, FLAT, plain=True)


def _measure(
    benchmark: Benchmark, orders: int, instruments: int, steps: tuple[Step, ...], *, plain: bool
) -> None:
    engine = engine_for(orders, instruments, steps, plain=plain)
    benchmark.pedantic(engine.run, rounds=1)
    filled = engine.cache.orders_closed_count()
    assert filled > 0.9 * orders
    benchmark.extra_info["ms_per_order"] = round(benchmark.stats.stats.median / filled * 1e3, 3)
    engine.dispose()
