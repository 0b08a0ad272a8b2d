"""Mean reversion: fade a price far from its tick VWAP, leave when it is back."""

import math
from collections import Counter

from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.bridge import trade_values
from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.signals.reversion import ReversionRule
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.attentive import AttentiveStrategy
from nautilus_scalp.strategies.directional import DirectionalDesk
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.regime_watch import ArbiterParams


class MeanReversionConfig(StrategyConfig, frozen=True):
    """
    What is faded, and how.

    Parameters
    ----------
    instrument_id : InstrumentId
        What is traded.
    rule : ReversionParams
        When a deviation is worth fading.
    entry : EntryParams
        How a position is opened.
    exits : ExitParams
        When it is closed, besides at fair value.
    exit_at_fair_value : bool
        Whether a position is closed once the price is back at the tick VWAP.
    volatility : VolatilityParams
        What thresholds in volatility units are measured in.
    signal : CombinationParams
        ``rules``, ``signal`` or ``combined``.
    risk : RiskLimits
        What may be risked.
    regime : ArbiterParams, optional
        In which regimes it trades; left out, regimes do not matter.

    """

    instrument_id: InstrumentId
    rule: ReversionParams = ReversionParams()
    entry: EntryParams = EntryParams()
    exits: ExitParams = ExitParams(profit_target=0.1, stop_loss=0.2, timeout_ms=30_000.0)
    exit_at_fair_value: bool = True
    volatility: VolatilityParams = VolatilityParams()
    signal: CombinationParams = CombinationParams()
    risk: RiskLimits = RiskLimits()
    regime: ArbiterParams | None = None


class MeanReversion(AttentiveStrategy):
    """
    Buys below and sells above the tick VWAP when the tape shows that the move tires.

    Parameters
    ----------
    config : MeanReversionConfig
        What is faded, and how.

    Attributes
    ----------
    refusals : Counter[str]
        What was not done, and why.

    """

    def __init__(self, config: MeanReversionConfig) -> None:
        super().__init__(config)
        self.refusals: Counter[str] = Counter()
        self._desk = DirectionalDesk(self, config, self.refusals)
        self._rule = ReversionRule(config.rule)
        self._desk.statistics.add("rule", self._rule)

    @property
    def signals_received(self) -> int:
        """Signals so far."""
        return self._desk.signals_received

    @property
    def position_qty(self) -> float:
        """Signed position in base currency, by the strategy's own fills."""
        return self._desk.position_qty

    @property
    def _fair_value(self) -> float:
        """Where the price has done its work; NaN if positions are not left for that."""
        return self._rule.fair_value if self.config.exit_at_fair_value else math.nan

    @property
    def exit_reasons(self) -> Counter[str]:
        """Why positions were left."""
        return self._desk.exit_reasons

    def on_start(self) -> None:
        """Look up the instrument and subscribe."""
        self._desk.start()

    def stop(self) -> None:
        """Go flat; once that is done, stop."""
        if self._desk.stop():
            super().stop()

    def on_stop(self) -> None:
        """Unsubscribe; `stop` has made the strategy flat."""
        self._desk.close()

    def on_resume(self) -> None:
        """Take over what happened during the pause and begin anew."""
        self._rule.reset()
        self._desk.resume()

    def on_reset(self) -> None:
        """Forget everything."""
        self._rule.reset()
        self._desk.reset()
        self.refusals.clear()

    def on_save(self) -> dict[str, bytes]:
        """Keep where an open position is to be left, the losses so far, and what was learnt."""
        return self._desk.save()

    def on_load(self, state: dict[str, bytes]) -> None:
        """Take that back."""
        self._desk.load(state)

    def on_data(self, data: Data) -> None:
        """
        Keep the latest signal.

        Parameters
        ----------
        data : Data
            An ``AlphaSignal``.

        """
        self._desk.on_data(data)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """
        Feed the rule.

        Parameters
        ----------
        tick : TradeTick
            A trade.

        """
        if self._rule.on_trade(*trade_values(tick)):
            side, _ = self._rule.decide(self._desk.mid, self._desk.volatility)
            if side or self._desk.position_qty:
                self._desk.on_trade(ripe=side != 0, fair_value=self._fair_value)
        else:
            self.refusals["malformed_trade"] += 1

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Watch the position, or look for one.

        Parameters
        ----------
        tick : QuoteTick
            The market.

        """
        mid = self._desk.on_quote(tick)
        if math.isnan(mid):
            return
        self._desk.manage(self._fair_value)
        if self._desk.free:
            self._desk.enter(*self._rule.decide(mid, self._desk.volatility))
        self._desk.rest(self._glance)

    def _glance(self, ts_init: int, ts_event: int) -> bool:
        """Say whether a falling volatility made a case of a price that stands."""
        if self._desk.glance(ts_init, ts_event):
            return True
        side, _ = self._rule.decide(self._desk.mid, self._desk.volatility)
        return side != 0

    def on_order_event(self, event: OrderEvent) -> None:
        """
        Follow the orders.

        Parameters
        ----------
        event : OrderEvent
            What became of one of them.

        """
        self._desk.on_order_event(event)
