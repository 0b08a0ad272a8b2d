"""What keeps a long run possible: no closed position is kept, and chunks change nothing."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money

from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.run import run_configs
from nautilus_scalp.runtime.simulation.books import Books
from nautilus_scalp.runtime.simulation.closed_positions import ClosedPositions
from nautilus_scalp.runtime.simulation.closed_positions import ClosedPositionsConfig
from nautilus_scalp.runtime.simulation.closed_positions import silence_analyzer
from tests.fakes.script import Script
from tests.fakes.script import ScriptConfig
from tests.fakes.script import Step
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

ROUNDS = 20


@pytest.mark.parametrize(
    ("first_qty", "qty"),
    [pytest.param(0.0, 1.0, id="flat again"), pytest.param(1.0, 2.0, id="turned around")],
)
def test_closed_positions_are_booked_and_not_kept(desk: Desk, first_qty: float, qty: float) -> None:
    for _ in range(2 * ROUNDS + 2):
        desk.quote(100.0, 100.1, 50, 50)
    desk.engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    desk.engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(1_000_000, USDT)],
        modules=[ClosedPositions(ClosedPositionsConfig())],
    )
    desk.engine.add_instrument(desk.instrument)
    desk.engine.add_data(desk.tape)
    silence_analyzer(desk.engine)
    books = Books(desk.engine.trader)
    desk.engine.add_actor(books)
    steps = (Step(event=0, qty=-qty), Step(event=1, qty=qty))
    script = ScriptConfig(
        instrument_id=desk.instrument_id, steps=steps, every=2, first_qty=first_qty
    )
    desk.engine.add_strategy(Script(script))

    desk.engine.run()

    fills = desk.fills()
    fees = sum(abs(size) * price for price, size in fills) * 0.0005
    account = desk.cache.account_for_venue(Venue("BINANCE")).balance_total(USDT).as_double()
    held = desk.cache.positions()
    open_fees = sum(fee.as_double() for position in held for fee in position.commissions())
    assert len(fills) > 2 * ROUNDS
    assert desk.cache.position_snapshots() == []
    assert all(position.is_open for position in held)
    # What the matching engine walks at every fill does not grow; the orders themselves are kept.
    assert all(len(desk.cache.orders_for_position(one.id)) <= 1 for one in held)
    assert len(desk.cache.orders_closed()) == len(fills) == desk.cache.orders_total_count()
    assert len(desk.engine.portfolio.analyzer.realized_pnls(USDT) or ()) == 0
    (booked_fees,), (realized,) = books.fees.values(), books.realized.values()
    assert booked_fees + open_fees == pytest.approx(fees)
    open_realized = sum(float(position.realized_pnl) for position in held)
    assert realized + open_realized == pytest.approx(account - 1_000_000.0)


def test_a_synthetic_market_in_chunks_is_the_same_run(tmp_path: Path) -> None:
    # Three minutes around midnight, so that funding is paid in the middle of a chunk.
    eve_ns = 1_721_347_200_000_000_000 - 90 * 10**9
    params = SyntheticParams(seed=3, hours=0.05, edge=0.5, start_ns=eve_ns)
    assert write_synthetic(tmp_path, params, compare=False).match is None

    reports = [synthetic_run(tmp_path, chunk_size) for chunk_size in (None, 777)]

    assert reports[0] == reports[1]
    assert reports[0]["total"]["fills"] > 100
    assert reports[0]["total"]["funding"] != 0.0


def synthetic_run(catalog: Path, chunk_size: int | None) -> dict[str, Any]:
    """Trade a small position back and forth, and return the report without its duration."""
    steps = [Step(event=0, qty=0.02), Step(event=60, qty=-0.04), Step(event=120, qty=0.02)]
    settings = {
        "run": {"catalog": str(catalog), "chunk_size": chunk_size},
        "venue": {"funding_rate": 0.0001},
        "strategies": [
            {
                "strategy_path": "tests.fakes.script:Script",
                "config_path": "tests.fakes.script:ScriptConfig",
                "config": {
                    "instrument_id": "BTCUSDT-PERP.BINANCE",
                    "every": 150,
                    "first_qty": 0.01,
                    "steps": msgspec.to_builtins(steps),
                },
            }
        ],
    }
    config = msgspec.convert(settings, BacktestConfig)
    report, *_ = run_configs({"synthetic": config}, lambda *_: None)
    del report["run"]["seconds"]
    return report
