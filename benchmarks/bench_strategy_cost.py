"""
What a strategy costs with everything that surrounds it, against its bare orders.

Run with ``pytest -n 0 benchmarks/bench_strategy_cost.py``. The first engine plays the sample's
ticks to a strategy with its regime, its risk gate, the portfolio's seven layers and its exits; what
it sends is written down. The second plays the same ticks to a strategy that does nothing but send
the same orders at the same moments. Both are timed in turns in one run, by the processor's time,
and both must get the same fills; 1.3 times as much is the aim. The last test times the whole review
of one order intent.
"""

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import RiskEngineConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.portfolio import PortfolioGuard
from nautilus_scalp.actors.portfolio import PortfolioGuardConfig
from nautilus_scalp.actors.regime import RegimeActor
from nautilus_scalp.actors.regime import RegimeActorConfig
from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.leverage import LeverageParams
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState
from nautilus_scalp.signals.breakout import BreakoutParams
from nautilus_scalp.signals.regime import RegimeParams
from nautilus_scalp.signals.regime_measures import MeasureParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.market_making import MarketMaking
from nautilus_scalp.strategies.market_making import MarketMakingConfig
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakout
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakoutConfig
from nautilus_scalp.strategies.regime_watch import ArbiterParams


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

SAMPLE = Path(__file__).parents[1] / "catalogs" / "sample"
INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
START, END = "2024-07-19T00:00:00Z", "2024-07-19T00:05:02Z"
ROUNDS = 3
REVIEWS = 20_000


class Command(NamedTuple):
    """What a strategy told the venue about one of its orders."""

    verb: str
    order_id: ClientOrderId
    price: Price | None = None
    qty: Quantity | None = None
    side: OrderSide = OrderSide.NO_ORDER_SIDE
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False


type Script = dict[int, list[Command]]


class Bare(Strategy):
    """Sends what another strategy has sent, at the same moments, and looks at nothing."""

    def __init__(self, script: Script) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self._script = script
        self._orders: dict[ClientOrderId, Order] = {}

    def on_start(self) -> None:
        """Subscribe to what the other listens to."""
        self.subscribe_quote_ticks(INSTRUMENT)
        self.subscribe_trade_ticks(INSTRUMENT)
        # The simulated venue works off what is on its way with every event, timers included.
        self.clock.set_timer_ns("second", 1_000_000_000, 0, 0, lambda _event: None)

    def on_stop(self) -> None:
        """Unsubscribe."""
        self.unsubscribe_quote_ticks(INSTRUMENT)
        self.unsubscribe_trade_ticks(INSTRUMENT)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Send what is written down for this moment."""
        if tick.ts_init in self._script:
            self._send(self._script[tick.ts_init])

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Send what is written down for this moment."""
        if tick.ts_init in self._script:
            self._send(self._script[tick.ts_init])

    def _send(self, commands: list[Command]) -> None:
        for command in commands:
            if command.verb == "submit":
                self._submit(command)
            elif command.verb == "modify":
                self.modify_order(self._orders[command.order_id], price=command.price)
            else:
                self.cancel_order(self._orders[command.order_id])

    def _submit(self, command: Command) -> None:
        if command.price is None:
            order = self.order_factory.market(
                INSTRUMENT, command.side, command.qty, reduce_only=command.reduce_only
            )
        else:
            order = self.order_factory.limit(
                INSTRUMENT,
                command.side,
                command.qty,
                command.price,
                time_in_force=command.time_in_force,
                post_only=command.post_only,
                reduce_only=command.reduce_only,
            )
        self._orders[command.order_id] = order
        self.submit_order(order)


def write_down(strategy: Strategy, script: Script) -> None:
    """Keep what the strategy sends from now on, by time."""
    submit, modify, cancel = strategy.submit_order, strategy.modify_order, strategy.cancel_order

    def on_submit(order: Order) -> None:
        command = Command(
            "submit",
            order.client_order_id,
            order.price if order.has_price else None,
            order.quantity,
            order.side,
            order.time_in_force,
            order.has_price and order.is_post_only,
            order.is_reduce_only,
        )
        script[strategy.clock.timestamp_ns()].append(command)
        submit(order)

    def on_modify(order: Order, price: Price) -> None:
        command = Command("modify", order.client_order_id, price)
        script[strategy.clock.timestamp_ns()].append(command)
        modify(order, price=price)

    def on_cancel(order: Order) -> None:
        script[strategy.clock.timestamp_ns()].append(Command("cancel", order.client_order_id))
        cancel(order)

    strategy.submit_order = on_submit
    strategy.modify_order = on_modify
    strategy.cancel_order = on_cancel


def market_making() -> Strategy:
    return MarketMaking(
        MarketMakingConfig(
            instrument_id=INSTRUMENT,
            order_id_tag="001",
            refresh_interval_ms=250.0,
            ladder=LadderParams(
                threshold_unit="volatility",
                spread_target=0.5,
                volatility_multiplier=0.5,
                quote_depth=3,
            ),
            regime=ArbiterParams(),
        )
    )


def mean_reversion() -> Strategy:
    return MeanReversion(
        MeanReversionConfig(
            instrument_id=INSTRUMENT,
            order_id_tag="001",
            rule=ReversionParams(
                threshold_unit="volatility",
                deviation_threshold=1.0,
                volume_multiplier=0.25,
                rsi_oversold=40.0,
                bollinger_width=0.5,
            ),
            exits=ExitParams(
                threshold_unit="volatility", profit_target=2.0, stop_loss=4.0, timeout_ms=30_000.0
            ),
            entry=EntryParams(order_notional=2_000.0),
            regime=ArbiterParams(),
        )
    )


def momentum_breakout() -> Strategy:
    return MomentumBreakout(
        MomentumBreakoutConfig(
            instrument_id=INSTRUMENT,
            order_id_tag="001",
            rule=BreakoutParams(
                threshold_unit="volatility", momentum_threshold=1.5, volume_multiplier=1.5
            ),
            exits=ExitParams(
                threshold_unit="volatility", trailing_stop=2.0, stop_loss=4.0, timeout_ms=60_000.0
            ),
            entry=EntryParams(order_notional=2_000.0),
            regime=ArbiterParams(),
        )
    )


def surroundings() -> list[Actor]:
    """Return the actors that a strategy trades under."""
    bars = MeasureParams(window_bars=20, warm_up_bars=40)
    return [
        RegimeActor(
            RegimeActorConfig(instrument_ids=[INSTRUMENT], params=RegimeParams(measures=bars))
        ),
        PortfolioGuard(PortfolioGuardConfig(venue="BINANCE", leverage=LeverageParams())),
    ]


@pytest.fixture(scope="module")
def ticks() -> list[QuoteTick | TradeTick]:
    """Return the ticks of one instrument in the window of the shipped configurations, by time."""
    catalog = ParquetDataCatalog(str(SAMPLE))
    window = {"instrument_ids": [str(INSTRUMENT)], "start": START, "end": END}
    found = catalog.quote_ticks(**window) + catalog.trade_ticks(**window)
    return sorted(found, key=lambda tick: tick.ts_init)


def play(ticks: list[QuoteTick | TradeTick], players: list[Actor]) -> tuple[float, list[str]]:
    """Run the ticks through players; return the seconds, and every fill before the end in words."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(
                max_order_submit_rate="10000/00:00:01", max_order_modify_rate="10000/00:00:01"
            ),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(100_000, USDT)],
        latency_model=LatencyModel(base_latency_nanos=20_000_000),
        queue_position=True,
        liquidity_consumption=True,
    )
    engine.add_instrument(
        ParquetDataCatalog(str(SAMPLE)).instruments(instrument_ids=[str(INSTRUMENT)])[0]
    )
    engine.add_data(ticks)
    for player in players:
        if isinstance(player, Strategy):
            engine.add_strategy(player)
        else:
            engine.add_actor(player)
    gc.collect()
    started = time.process_time()
    engine.run()
    seconds = time.process_time() - started
    fills = [
        f"{fill.ts_event} {fill.order_side} {fill.last_qty} {fill.last_px}"
        for order in engine.cache.orders()
        for fill in order.events
        if hasattr(fill, "last_px") and fill.ts_event < ticks[-1].ts_init
    ]
    engine.dispose()
    return seconds, sorted(fills)


@pytest.mark.parametrize("make", [market_making, mean_reversion, momentum_breakout])
def test_cost_of_a_whole_strategy(
    ticks: list[QuoteTick | TradeTick],
    make: Callable[[], Strategy],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With regime, risk gate and exits against the bare orders."""
    script: Script = defaultdict(list)
    recorded = make()
    write_down(recorded, script)
    _, fills = play(ticks, [*surroundings(), recorded])
    script.pop(ticks[-1].ts_init, None)  # what it sends when the tape has ended reaches nobody
    whole, bare = [], []
    for _ in range(ROUNDS):
        seconds, again = play(ticks, [*surroundings(), make()])
        assert again == fills
        whole.append(seconds)
        seconds, again = play(ticks, [Bare(script)])
        assert again == fills
        bare.append(seconds)
    ratio = median(whole) / median(bare)
    commands = sum(map(len, script.values()))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{make.__name__}: {len(ticks)} events, {commands} commands, {len(fills)} fills,"
            f" whole {median(whole):.2f} s, bare {median(bare):.2f} s, ratio {ratio:.2f}\n"
        )


def test_whole_review_of_an_intent(capsys: pytest.CaptureFixture[str]) -> None:
    """The strategy's gate and the seven layers, with four members of which one has changed."""
    rules = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
    gate = RiskGate(RiskLimits(), rules)
    portfolio = Portfolio(PortfolioLimits(), KillSwitch())
    states = [
        RiskState(bid=100.0, ask=100.1, equity=1e5, leverage=3.0, position_qty=1.0 * place)
        for place in range(4)
    ]
    for place, state in enumerate(states):
        portfolio.join(place, f"I{place}", f"A{place}", state)
    rng = np.random.default_rng(1)
    for second in range(100):
        for state in states:
            state.bid = 100.0 + 0.01 * rng.standard_normal()
        portfolio.on_time(second * 1_000_000_000)
    portfolio.on_equity(1e5, 0)
    intent = OrderIntent(1, 1.0, 100.0, post_only=True)
    taken = np.empty(REVIEWS)
    for i in range(REVIEWS):
        states[0].revision += 1
        started = time.perf_counter_ns()
        verdicts = gate.review(intent, states[0]), portfolio.review(0, intent)
        taken[i] = time.perf_counter_ns() - started
    assert verdicts == (APPROVED, APPROVED)
    with capsys.disabled():
        p50, p90, p99 = np.quantile(taken / 1e3, [0.5, 0.9, 0.99])
        sys.stdout.write(f"\nreview: p50 {p50:.1f} us, p90 {p90:.1f} us, p99 {p99:.1f} us\n")
