"""A small real venue: Nautilus's engine, a hand-made instrument and a hand-made tape."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import RiskEngineConfig
from nautilus_trader.model.currencies import BTC
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.runtime.simulation.leverage import obey_leverage


NS_PER_MS = 1_000_000
START_NS = 1_700_000_000_000 * NS_PER_MS
MAKER_FEE = Decimal("0.0002")
TAKER_FEE = Decimal("0.0005")


class Desk:
    """A tape that is written line by line, and an engine that plays it to strategies."""

    def __init__(self, symbol: str = "BTCUSDT-PERP") -> None:
        self.instrument = perpetual(symbol)
        self.engine: BacktestEngine | None = None
        self.tape: list[QuoteTick | TradeTick] = []
        self._ns = START_NS

    @property
    def instrument_id(self) -> InstrumentId:
        """Return what is traded."""
        return self.instrument.id

    def at(self, ms: float) -> "Desk":
        """Set the time of the next events; each event then takes a nanosecond."""
        self._ns = max(START_NS + round(ms * NS_PER_MS), self._ns)
        return self

    def ns_at(self, ms: float) -> int:
        """Return a moment of the tape in nanoseconds since 1970."""
        return START_NS + round(ms * NS_PER_MS)

    def quote(self, bid: float, ask: float, bid_size: float = 5.0, ask_size: float = 5.0) -> "Desk":
        """Write a quote."""
        make_price, make_qty = self.instrument.make_price, self.instrument.make_qty
        self._ns += 1
        self.tape.append(
            QuoteTick(
                self.instrument_id,
                make_price(bid),
                make_price(ask),
                make_qty(bid_size),
                make_qty(ask_size),
                self._ns,
                self._ns,
            )
        )
        return self

    def trade(self, price: float, size: float, side: int) -> "Desk":
        """Write a trade; the aggressor buys (+1) or sells (-1)."""
        self._ns += 1
        self.tape.append(
            TradeTick(
                self.instrument_id,
                self.instrument.make_price(price),
                self.instrument.make_qty(size),
                AggressorSide.BUYER if side > 0 else AggressorSide.SELLER,
                TradeId(str(len(self.tape))),
                self._ns,
                self._ns,
            )
        )
        return self

    def play(
        self,
        *players: Actor,
        latency_ms: float = 0.0,
        cancel_ms: float = 0.0,
        order_rate: int = 1_000,
        beside: Sequence["Desk"] = (),
    ) -> None:
        """Run the tape, and those of other desks, through strategies and actors."""
        self.engine = BacktestEngine(
            BacktestEngineConfig(
                trader_id="TESTER-001",
                logging=LoggingConfig(bypass_logging=True),
                risk_engine=RiskEngineConfig(
                    max_order_submit_rate=f"{order_rate}/00:00:01",
                    max_order_modify_rate=f"{order_rate}/00:00:01",
                ),
                run_analysis=False,
            )
        )
        latency_ns = round(latency_ms * NS_PER_MS)
        self.engine.add_venue(
            venue=Venue("BINANCE"),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            starting_balances=[Money(1_000_000, USDT)],
            fill_model=FillModel(random_seed=7),
            latency_model=LatencyModel(
                base_latency_nanos=0,
                insert_latency_nanos=latency_ns,
                update_latency_nanos=latency_ns,
                cancel_latency_nanos=round(cancel_ms * NS_PER_MS) or latency_ns,
            )
            if latency_ms
            else None,
            queue_position=True,
            liquidity_consumption=True,
        )
        for desk in (self, *beside):
            self.engine.add_instrument(desk.instrument)
            self.engine.add_data(desk.tape)
        obey_leverage(self.engine)
        for player in players:
            if isinstance(player, Strategy):
                self.engine.add_strategy(player)
            else:
                self.engine.add_actor(player)
        self.engine.run()

    def events[E: OrderEvent](self, kind: type[E]) -> list[E]:
        """Return the events of one kind over all orders, by time."""
        orders = self.cache.orders()
        found = [event for order in orders for event in order.events if isinstance(event, kind)]
        return sorted(found, key=lambda event: event.ts_event)

    def fills(self) -> list[tuple[float, float]]:
        """Return price and signed quantity of every fill, by time."""
        return [
            (
                fill.last_px.as_double(),
                fill.last_qty.as_double() * (1 if fill.order_side == OrderSide.BUY else -1),
            )
            for fill in self.events(OrderFilled)
        ]

    @property
    def cache(self) -> Cache:
        """Return the engine's cache, once the tape was played."""
        assert self.engine is not None
        return self.engine.cache


def perpetual(symbol: str) -> CryptoPerpetual:
    """Return a linear perpetual with a tick of 0.1, a step of 0.001 and a least value of 5 USDT."""
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(symbol), Venue("BINANCE")),
        raw_symbol=Symbol(symbol.removesuffix("-PERP")),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=1,
        price_increment=Price.from_str("0.1"),
        size_precision=3,
        size_increment=Quantity.from_str("0.001"),
        min_quantity=Quantity.from_str("0.001"),
        max_quantity=Quantity.from_str("1000.000"),
        min_notional=Money(5, USDT),
        margin_init=Decimal("0.01"),
        margin_maint=Decimal("0.005"),
        maker_fee=MAKER_FEE,
        taker_fee=TAKER_FEE,
        ts_event=0,
        ts_init=0,
    )


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Yield a desk whose engine is disposed of afterwards."""
    desk = Desk()
    yield desk
    if desk.engine is not None:
        desk.engine.dispose()


@pytest.fixture
def rng_tape() -> Callable[[Desk, int], None]:
    """Write a thousand quotes and trades of a random walk in ticks, a few milliseconds apart."""

    def write(desk: Desk, seed: int) -> None:
        rng = np.random.default_rng(seed)
        bid_ticks, ms = 1_000, 0.0
        desk.at(0).quote(100.0, 100.1)
        for _ in range(1_000):
            ms += rng.exponential(5.0)
            if rng.random() < 0.5:
                bid_ticks += rng.integers(-1, 2)
                size = float(rng.integers(1, 4))
                desk.at(ms).quote(bid_ticks / 10, (bid_ticks + 1) / 10, size, size)
            else:
                side = 1 if rng.random() < 0.5 else -1
                ticks = bid_ticks + (1 if side > 0 else 0)
                desk.at(ms).trade(ticks / 10, float(rng.integers(1, 6)), side)

    return write
