"""The strategies as the tests have them, and tapes that make them trade."""

from collections.abc import Mapping

from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.signals.breakout import BreakoutParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.market_making import MarketMaking
from nautilus_scalp.strategies.market_making import MarketMakingConfig
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakout
from nautilus_scalp.strategies.momentum_breakout import MomentumBreakoutConfig
from tests.integration.conftest import Desk


REVERSION = ReversionParams(
    deviation_threshold=1.0, lookback_ticks=5, flow_ticks=1, rsi_length=2, bollinger_width=1.0
)


BREAKOUT = BreakoutParams(
    momentum_threshold=1.0,
    momentum_ticks=4,
    volume_multiplier=1.5,
    volume_window=10,
    breakout_window=5,
    flow_threshold=0.5,
)


ENTRY = EntryParams(order_notional=98.0, max_size_multiple=1.0)


TIGHT = LadderParams(
    spread_target=0.0,
    volatility_multiplier=0.0,
    quote_depth=1,
    imbalance_weight=0.0,
    inventory_skew=0.0,
)


WIDE = LadderParams(
    spread_target=0.2,
    volatility_multiplier=0.0,
    quote_depth=1,
    imbalance_weight=0.0,
    inventory_skew=0.0,
)


def reversion(desk: Desk, **settings: object) -> MeanReversion:
    defaults = {"rule": REVERSION, "entry": ENTRY, "exit_at_fair_value": False}
    return MeanReversion(
        MeanReversionConfig(instrument_id=desk.instrument_id, **(defaults | settings))
    )


def breakout(desk: Desk, **settings: object) -> MomentumBreakout:
    defaults = {"rule": BREAKOUT, "entry": EntryParams(order_notional=101.0)}
    return MomentumBreakout(
        MomentumBreakoutConfig(instrument_id=desk.instrument_id, **(defaults | settings))
    )


def market_maker(desk: Desk, **settings: object) -> MarketMaking:
    """Quotes of 100 USDT, which at 100.05 are 0.999 BTC, up to 300 USDT."""
    return MarketMaking(quoting_config(desk, **settings))


def quoting_config(desk: Desk, **settings: object) -> MarketMakingConfig:
    """Return what `market_maker` quotes."""
    defaults = {
        "order_notional": 100.0,
        "inventory_limit": 300.0,
        "refresh_interval_ms": 0.0,
        "ladder": TIGHT,
        "risk": RiskLimits(max_orders_per_second=1_000),
    }
    return MarketMakingConfig(instrument_id=desk.instrument_id, **(defaults | settings))


def write_fall(desk: Desk) -> None:
    """Write trades at 100 and a fall to 98 with a buyer; fair value is 99.1, the market 97.9/98."""
    desk.at(0).quote(99.9, 100.0)
    for _ in range(4):
        desk.trade(100.0, 1.0, -1)
    desk.at(100).trade(98.0, 3.0, 1).quote(97.9, 98.0).at(110).quote(97.9, 98.0)


def write_rise(desk: Desk) -> None:
    """Write quiet trades at 100 and a run to 101.4 on heavy buying; the market is 101.3/101.4."""
    desk.at(0).quote(99.9, 100.0)
    for _ in range(6):
        desk.trade(100.0, 1.0, -1)
    for price in (100.2, 100.4, 100.8, 101.4):
        desk.trade(price, 4.0, 1)
    desk.at(100).quote(101.3, 101.4).at(110).quote(101.3, 101.4)


def write_quotes(desk: Desk, bids: Mapping[float, float]) -> None:
    """Write bids at given milliseconds, the ask one tick above."""
    for ms, bid in bids.items():
        desk.at(ms).quote(bid, bid + 0.1).at(ms + 5).quote(bid, bid + 0.1)


class Oracle(Actor):
    """Publishes one signal with every quote."""

    def __init__(
        self, instrument_id: InstrumentId, strength: float, confidence: float, horizon_ms: int = 500
    ) -> None:
        super().__init__(ActorConfig())
        self._instrument_id = instrument_id
        self._horizon_ms = horizon_ms
        self._strength = strength
        self._confidence = confidence

    def on_start(self) -> None:
        """Subscribe to quotes, before the strategies do."""
        self.subscribe_quote_ticks(self._instrument_id)

    def on_stop(self) -> None:
        """Do nothing."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Publish."""
        signal = AlphaSignal(
            tick.ts_event,
            tick.ts_init,
            instrument_id=self._instrument_id,
            strength=self._strength,
            confidence=self._confidence,
            expected_move_bps=self._strength,
            horizon_ms=self._horizon_ms,
        )
        self.msgbus.publish(signal_topic(self._instrument_id), signal)
