"""A tape of a few events whose money is worked out on paper, through the whole backtest."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.objects import Price
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.run import run_configs
from nautilus_scalp.runtime.surface import find_surface
from tests.fakes.script import Step
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

EIGHT_NS = 1_700_006_400_000_000_000  # 2023-11-15 00:00:00 UTC, a funding time
type Ladder = list[tuple[float, float]]

CHUNKS = pytest.mark.parametrize("chunk_size", [None, 2])


class TapeDesk(Desk):
    """A desk whose tape becomes a catalog; times are milliseconds before or after funding."""

    def __init__(self) -> None:
        super().__init__()
        self.depths: list[OrderBookDepth10] = []

    def at(self, ms: float) -> "TapeDesk":
        """Set the time of the next event."""
        self._ns = EIGHT_NS + round(ms * 1_000_000) - 1
        return self

    @property
    def ns(self) -> int:
        """Return the time of the next event."""
        return self._ns + 1

    def catalog(self, path: Path, *funding: FundingRateUpdate | MarkPriceUpdate) -> Path:
        """Write instrument, tape and funding data."""
        catalog = ParquetDataCatalog(path)
        catalog.write_data([self.instrument])
        for kind in ("QuoteTick", "TradeTick"):
            rows = [event for event in self.tape if type(event).__name__ == kind]
            if rows:
                catalog.write_data(rows)
        for update in (*self.depths, *funding):
            catalog.write_data([update])
        return path

    def depth(self, bids: Ladder, asks: Ladder) -> "TapeDesk":
        """Record a snapshot of the book; the best level comes first."""
        self._ns += 1
        sides = []
        for side, levels in ((OrderSide.BUY, bids), (OrderSide.SELL, asks)):
            filled = [*levels, *((0.0, 0.0) for _ in range(10 - len(levels)))]
            make_price, make_qty = self.instrument.make_price, self.instrument.make_qty
            sides.append([BookOrder(side, make_price(p), make_qty(q), 0) for p, q in filled])
        counts = [[1 if order.size > 0 else 0 for order in side] for side in sides]
        ids = (self.instrument_id, *sides, *counts, 0, 0, self._ns, self._ns)
        self.depths.append(OrderBookDepth10(*ids))
        return self

    def rate(self, rate: str, ms: float) -> FundingRateUpdate:
        """Announce the rate of the funding time."""
        ns = EIGHT_NS + round(ms * 1_000_000)
        return FundingRateUpdate(
            self.instrument_id, Decimal(rate), ns, ns, next_funding_ns=EIGHT_NS
        )

    def mark(self, price: str, ms: float) -> MarkPriceUpdate:
        """Publish a mark price."""
        ns = EIGHT_NS + round(ms * 1_000_000)
        return MarkPriceUpdate(self.instrument_id, Price.from_str(price), ns, ns)


def run(
    catalog: Path, steps: list[Step], *, chunk_size: int | None = None, **venue: object
) -> dict[str, Any]:
    """Run the script over the catalog and return the report."""
    config = config_of(catalog, steps, chunk_size=chunk_size, **venue)
    report, *_ = run_configs({"tape": config}, lambda *_: None)
    return report


def config_of(
    catalog: Path, steps: list[Step], *, chunk_size: int | None = None, **venue: object
) -> BacktestConfig:
    """Return the configuration that runs the script."""
    block = {
        "strategy_path": "tests.fakes.script:Script",
        "config_path": "tests.fakes.script:ScriptConfig",
        "config": {"instrument_id": "BTCUSDT-PERP.BINANCE", "steps": msgspec.to_builtins(steps)},
    }
    return msgspec.convert(
        {
            "run": {
                "catalog": str(catalog),
                "chunk_size": chunk_size,
                "close_before_end_s": 0.0,
            },
            "venue": {
                "insert_latency_ms": 10.0,
                "update_latency_ms": 10.0,
                "cancel_latency_ms": 10.0,
                **venue,
            },
            "strategies": [block],
        },
        BacktestConfig,
    )


def queue_tape() -> TapeDesk:
    """Write a queue that is traded away, a funding time, and a fall."""
    desk = TapeDesk()
    desk.at(-10_000).quote(100.0, 100.1, 10, 10).at(-9_900).quote(100.0, 100.1, 10, 10)
    desk.at(-9_800).trade(100.0, 8, -1).at(-9_700).trade(100.0, 5, -1).at(-9_600).trade(
        100.0, 4, -1
    )
    desk.at(500).quote(101.0, 101.2, 5, 5).at(1_000).quote(101.0, 101.2, 5, 5)
    desk.at(11_200).quote(99.0, 99.2, 5, 5)
    return desk


QUEUE_STEPS = [Step(event=0, qty=4, price=100.0), Step(event=5, qty=-1)]


@CHUNKS
def test_queue_fills_fees_and_funding(tmp_path: Path, chunk_size: int | None) -> None:
    desk = queue_tape()
    funding = (desk.rate("0.0001", -1_000), desk.mark("102.00000000", -500))

    report = run(desk.catalog(tmp_path, *funding), QUEUE_STEPS, chunk_size=chunk_size)

    row = report["strategies"][0]
    # 10 are ahead: 8 + 5 leave 3 for us, the next 4 fill the last 1. Then 1 is sold at the bid.
    assert row["fills"] == 3
    assert row["volume"] == pytest.approx(3 * 100 + 1 * 100 + 1 * 101)
    assert row["maker_share"] == pytest.approx(400 / 501, abs=1e-6)
    # maker 2 bps on 400, taker 5 bps on 101
    assert row["fees"] == pytest.approx(0.08 + 0.0505)
    # 4 long at the funding time pay 4 * 102 * 0.0001
    assert row["funding"] == pytest.approx(-0.0408)
    # 1 * (101 - 100) realised, 3 * (99.1 - 100) still open
    assert row["gross"] == pytest.approx(1.0 - 2.7)
    assert row["net"] == pytest.approx(-1.7 - 0.1305 - 0.0408)
    assert row["unexplained"] == row["fees_unexplained"] == 0.0
    # spread: 4 * (100.05 - 100) - 1 * (101.1 - 101); ten seconds later the mids are the same
    assert row["split"]["spread"] == pytest.approx(0.2 - 0.1)
    assert row["split"]["adverse_selection"] == pytest.approx(0.0)
    assert row["split"]["inventory"] == pytest.approx(4 * (99.1 - 100.05) - (99.1 - 101.1))
    assert row["breakeven_fee_bps"] == pytest.approx((-1.7 - 0.0408) / 501 * 1e4, abs=1e-6)
    assert row["max_drawdown"] >= -row["net"]


def test_without_a_recorded_rate_the_configured_one_is_paid_at_the_mid(tmp_path: Path) -> None:
    catalog = queue_tape().catalog(tmp_path)

    silent = run(catalog, QUEUE_STEPS)
    charged = run(catalog, QUEUE_STEPS, funding_rate=-0.0002)

    assert silent["total"]["funding"] == 0.0
    assert any("1 funding time(s)" in note for note in silent["notes"])
    # 4 long receive 4 * 100.05 * 0.0002
    assert charged["total"]["funding"] == pytest.approx(0.08004)
    assert not any("funding time(s)" in note for note in charged["notes"])


def test_a_tier_a_rebate_and_the_bnb_discount(tmp_path: Path) -> None:
    catalog = queue_tape().catalog(tmp_path)

    discounted = run(catalog, QUEUE_STEPS, fee_tier="VIP 3", bnb_discount=0.1)
    rebated = run(catalog, QUEUE_STEPS, fee_tier="market maker", bnb_discount=0.1)

    assert discounted["total"]["fees"] == pytest.approx(0.9 * (400 * 1.4e-4 + 101 * 4.0e-4))
    # the rebate stays whole, the taker's fee does not
    assert rebated["total"]["fees"] == pytest.approx(-400 * 0.5e-4 + 0.9 * 101 * 5.0e-4)
    assert rebated["run"]["fee_tier"]["maker_bps"] == -0.5
    assert discounted["total"]["gross"] == rebated["total"]["gross"]


@CHUNKS
def test_liquidation_closes_at_market_and_stops_trading(
    tmp_path: Path, chunk_size: int | None
) -> None:
    desk = TapeDesk()
    desk.at(1_000).quote(100.0, 100.1, 20, 20).at(2_000).quote(100.0, 100.1, 20, 20)
    desk.at(3_000).quote(96.0, 96.2, 30, 30).at(4_000).quote(95.5, 95.7, 15, 15)
    desk.at(5_000).quote(95.5, 95.7, 15, 15).at(6_000).quote(94.0, 94.2, 15, 15)
    steps = [Step(event=0, qty=20), Step(event=1, qty=1, price=94.5), Step(event=4, qty=1)]

    report = run(
        desk.catalog(tmp_path),
        steps,
        chunk_size=chunk_size,
        starting_balances=["100 USDT"],
        default_leverage=50.0,
    )

    row = report["strategies"][0]
    # 20 bought at 100.1 for a fee of 1.001. At 96.1: 98.999 - 80 = 18.999 over 20 * 96.1 * 0.005.
    # At 95.6: 98.999 - 90 = 8.999 is below 20 * 95.6 * 0.005 = 9.56: 15 go at 95.5, 5 a tick lower.
    assert row["fills"] == 3
    assert row["gross"] == pytest.approx(15 * (95.5 - 100.1) + 5 * (95.4 - 100.1))
    assert row["fees"] == pytest.approx(0.0005 * (2_002 + 15 * 95.5 + 5 * 95.4))
    assert row["open_positions"] == 0  # nothing was bought afterwards, the resting order is gone
    assert row["orders"] == 3
    assert report["notes"][0] == (
        "LIQUIDATED at 2023-11-15T00:00:04.000Z: equity 9.00 under a maintenance margin of 9.56; "
        "trading stopped"
    )


def test_nothing_is_liquidated_when_that_is_switched_off(tmp_path: Path) -> None:
    desk = TapeDesk()
    desk.at(1_000).quote(100.0, 100.1, 20, 20).at(2_000).quote(100.0, 100.1, 20, 20)
    desk.at(3_000).quote(50.0, 50.1, 20, 20)

    report = run(
        desk.catalog(tmp_path),
        [Step(event=0, qty=20)],
        liquidation=False,
        starting_balances=["100 USDT"],
        default_leverage=50.0,
    )

    assert report["strategies"][0]["open_positions"] == 1
    assert report["strategies"][0]["net"] < -1_000.0


@CHUNKS
def test_a_position_turned_around_is_booked_once(tmp_path: Path, chunk_size: int | None) -> None:
    desk = TapeDesk()
    for ms, bid in ((1_000, 100.0), (2_000, 100.0), (3_000, 102.0), (4_000, 101.0), (5_000, 103.0)):
        desk.at(ms).quote(bid, bid + 0.1, 50, 50)
    steps = [Step(event=0, qty=1), Step(event=1, qty=-3), Step(event=2, qty=4)]

    report = run(desk.catalog(tmp_path), steps, chunk_size=chunk_size)

    row = report["strategies"][0]
    # bought 1 at 100.1, sold 3 at 102.0, bought 4 at 101.1: +1.9, then +1.8, then 2 held to 103.05
    assert row["gross"] == pytest.approx(1.9 + 2 * 0.9 + 2 * (103.05 - 101.1))
    assert row["fees"] == pytest.approx(0.0005 * (100.1 + 3 * 102.0 + 4 * 101.1))
    assert row["unexplained"] == row["fees_unexplained"] == 0.0
    assert row["round_trips"] == 2


def deep_tape() -> TapeDesk:
    """Write a book of three levels, the quote standing two ticks above an old snapshot's best."""
    desk = TapeDesk()
    asks = [(100.0, 9.0), (100.2, 2.0), (100.5, 3.0), (101.0, 4.0)]
    desk.at(1_000).depth([(99.9, 9.0)], asks).quote(99.9, 100.2, 10, 1)
    desk.at(2_000).quote(99.9, 100.2, 10, 1).at(2_500).quote(99.9, 100.2, 10, 1)
    desk.at(3_000).depth([(99.9, 9.0), (99.0, 50.0)], asks).quote(99.9, 100.2, 10, 1)
    desk.at(4_000).quote(99.9, 100.2, 10, 1).at(20_000).quote(99.9, 100.2, 10, 1)
    desk.at(21_000).quote(99.9, 100.2, 10, 0.5)
    return desk


@CHUNKS
def test_a_large_order_pays_its_way_through_the_recorded_book(
    tmp_path: Path, chunk_size: int | None
) -> None:
    # Each order arrives with the next event. The first takes 1 at the quote, then 2 of the 3 at
    # 100.5: what the snapshot shows up to 100.2 is gone since, or is the quote itself. The second
    # finds the quote's size taken and 1 left at 100.5. The third meets a new snapshot behind the
    # same quote, and pays one tick more for what exceeds all levels. 15 s later no snapshot is
    # recent: everything beyond the quote pays one tick more.
    steps = [Step(event=0, qty=3), Step(event=1, qty=2), Step(event=3, qty=9), Step(event=5, qty=2)]

    report = run(deep_tape().catalog(tmp_path), steps, chunk_size=chunk_size)

    row = report["strategies"][0]
    first, second = 1 * 100.2 + 2 * 100.5, 1 * 100.5 + 1 * 101.0
    third, fourth = 3 * 100.5 + 4 * 101.0 + 2 * 101.1, 0.5 * 100.2 + 1.5 * 100.3
    assert row["volume"] == pytest.approx(first + second + third + fourth)
    assert row["fees"] == pytest.approx(0.0005 * row["volume"])
    assert row["gross"] == pytest.approx(16 * 100.05 - row["volume"])
    # beyond what each order paid first: 2 at 0.3, 1 at 0.5, 4 at 0.5 and 2 at 0.6, 1.5 at 0.1
    assert row["size_impact"] == pytest.approx(0.6 + 0.5 + 2.0 + 1.2 + 0.15)
    assert sum("1 market order(s) took all recorded levels" in n for n in report["notes"]) == 1
    assert sum("1 market order(s) met no recorded depth" in n for n in report["notes"]) == 1


def test_without_consumption_every_order_finds_the_whole_book(tmp_path: Path) -> None:
    steps = [Step(event=0, qty=3), Step(event=1, qty=3)]

    report = run(deep_tape().catalog(tmp_path), steps, liquidity_consumption=False)

    assert report["total"]["volume"] == pytest.approx(2 * (100.2 + 2 * 100.5))


def test_orders_beyond_the_initial_margin_are_denied(tmp_path: Path) -> None:
    desk = TapeDesk()
    for second in range(1, 8):
        desk.at(1_000 * second).quote(100.0, 100.1, 50, 50)
    steps = [
        Step(event=0, qty=2),  # 2 * 100.05 / 3 = 66.7 of 100
        Step(event=1, qty=1, price=99.0),  # with it 3 * 100.05 / 3 = 100.05: too much
        Step(event=2, qty=0.9, price=99.0),  # 96.7 of 99.8: 0.1 was paid in fees, 0.1 is lost
        Step(event=3, qty=-4, price=101.0),  # 2 short if all is sold: less than 2.9 long
        Step(event=4, qty=-1, price=101.0),  # 3 short: 100.05 again
    ]

    report = run(desk.catalog(tmp_path), steps, starting_balances=["100 USDT"])
    unchecked = run(
        desk.catalog(tmp_path), steps, starting_balances=["100 USDT"], initial_margin=False
    )

    row = report["strategies"][0]
    assert row["orders"] == 5
    assert row["refusals"] == {"denied: initial margin exceeds equity": 2}
    assert unchecked["strategies"][0]["refusals"] == {}


def test_the_surface_is_net_by_tier_and_is_run_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # surfaces are kept below the working directory
    catalog = queue_tape().catalog(tmp_path / "catalog")
    config = config_of(catalog, QUEUE_STEPS, fee_tier="VIP 3", bnb_discount=0.1)

    surface = find_surface(config, lambda *_: None)
    again = find_surface(config, lambda *_: None)

    assert surface == again
    assert surface is not None
    assert ledger.read_text().count("\n") == len(surface["rows"]) == 9
    assert surface["own_tier"] == "VIP 3"
    first, behind, through = surface["rows"][:3]
    # As in the first test: 4 bought at 100 by resting, 1 sold at 101 at market, 3 kept at 99.1.
    assert behind["fills"] == 3
    assert behind["net"]["VIP 3"] == pytest.approx(-1.7 - 0.9 * (400 * 1.4e-4 + 101 * 4e-4))
    assert behind["net"]["market maker"] == pytest.approx(-1.7 + 400 * 0.5e-4 - 0.9 * 101 * 5e-4)
    assert behind["breakeven_fee_bps"] == pytest.approx(-1.7 / 501 * 1e4, abs=1e-6)
    # First in its queue it is filled whole by the first trade of 8; without fills at the touch by
    # the last quote, which crosses it.
    assert (first["fills"], through["fills"]) == (2, 2)
    assert find_surface(config_of(catalog, QUEUE_STEPS), lambda *_: None) != surface
