"""A run small enough to be worked out on paper, for the tests of the report."""

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments
from nautilus_scalp.runtime.report.results import FeeTier
from nautilus_scalp.runtime.report.results import ModelFacts
from nautilus_scalp.runtime.report.results import RunFacts
from nautilus_scalp.runtime.report.results import StrategyResult


SECOND = 1_000_000_000


def to_ns(seconds: list[float]) -> npt.NDArray[np.int64]:
    return np.array([round(one * SECOND) for one in seconds], np.int64)


@pytest.fixture
def paper_mids() -> MidSeries:
    """Return five quotes over 100 seconds."""
    return MidSeries(
        ts_ns=to_ns([0, 1, 12, 30, 100]), mid=np.array([100.0, 101.0, 103.0, 102.0, 104.0])
    )


@pytest.fixture
def paper_fills() -> Fills:
    """Buy 2 at 100.5, sell 1 at 102.9, sell 1 at 102.2: +4.1 before fees of 0.8."""
    return Fills(
        ts_event_ns=to_ns([1.5, 12.0, 95.0]),
        side=np.array([1, -1, -1], np.int8),
        price=np.array([100.5, 102.9, 102.2]),
        qty=np.array([2.0, 1.0, 1.0]),
        fee=np.array([0.4, 0.2, 0.2]),
        is_maker=np.array([True, False, True]),
    )


@pytest.fixture
def paper_result(paper_fills: Fills, paper_mids: MidSeries) -> StrategyResult:
    """Return the paper fills as the engine's books tell them."""
    return StrategyResult(
        name="MarketMaking",
        instrument_id="BTCUSDT-PERP.BINANCE",
        config="mm",
        fills=paper_fills,
        mids=paper_mids,
        orders=5,
        engine_gross=4.1,
        engine_fees=0.8,
        funding=Payments(ts_ns=to_ns([50]), amount=np.array([0.5])),
        signals=7,
        refusals={"stale quote": 2},
        exits={"time_out": 1},
    )


@pytest.fixture
def idle_result(paper_mids: MidSeries) -> StrategyResult:
    """Return a strategy that never traded."""
    nothing = np.zeros(0, np.float64)
    return StrategyResult(
        name="MomentumBreakout",
        instrument_id="ETHUSDT-PERP.BINANCE",
        config="mm",
        fills=Fills(
            ts_event_ns=np.zeros(0, np.int64),
            side=np.zeros(0, np.int8),
            price=nothing,
            qty=nothing,
            fee=nothing,
            is_maker=np.zeros(0, np.bool_),
        ),
        mids=paper_mids,
        orders=1,
        engine_gross=0.0,
        engine_fees=0.0,
        refusals={"stale quote": 1, "rejected": 1},
    )


@pytest.fixture
def paper_facts() -> RunFacts:
    """Return the facts of the run that the paper results come from."""
    return RunFacts(
        configs=("mm",),
        capital={"mm": 1_000.0},
        catalog="catalogs/sample",
        start_ns=0,
        end_ns=100 * SECOND,
        events=5,
        seconds=0.25,
        engine="nautilus_trader 1.231.0",
        model=ModelFacts(id="abc", train_end_ns=0, features=25),
        seed=7,
        fee_tier=FeeTier(name="VIP0", maker_bps=2.0, taker_bps=5.0),
        assumptions=("Orders reach the venue after 20 ms.",),
    )


@pytest.fixture
def hostile_result(paper_result: StrategyResult) -> StrategyResult:
    """Return the paper result under a name that tries to be markup in every output."""
    return msgspec.structs.replace(
        paper_result, name="[red]<script>alert(1)</script>", refusals={"</script><b>[bold]": 1}
    )
