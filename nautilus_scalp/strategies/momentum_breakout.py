"""Momentum breakout: join a run that volume and order flow carry, follow it with a stop."""

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
from nautilus_scalp.risk.floor import Priority
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.signals.breakout import BreakoutParams
from nautilus_scalp.signals.breakout import BreakoutRule
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.attentive import AttentiveStrategy
from nautilus_scalp.strategies.directional import DirectionalDesk
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.regime_watch import ArbiterParams


_NO_CASE = (0, 0.0)


class MomentumBreakoutConfig(StrategyConfig, frozen=True):
    """
    What is joined, and how.

    Parameters
    ----------
    instrument_id : InstrumentId
        What is traded.
    rule : BreakoutParams
        When a run is worth joining.
    entry : EntryParams
        How a position is opened; a run of twice the threshold is joined with twice the size.
    exits : ExitParams
        When it is closed.
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
    rule: BreakoutParams = BreakoutParams()
    entry: EntryParams = EntryParams()
    exits: ExitParams = ExitParams(trailing_stop=0.1, stop_loss=0.2, timeout_ms=60_000.0)
    volatility: VolatilityParams = VolatilityParams()
    signal: CombinationParams = CombinationParams()
    risk: RiskLimits = RiskLimits()
    regime: ArbiterParams | None = None


class MomentumBreakout(AttentiveStrategy):
    """
    Buys a rise and sells a fall that gain speed on heavy one-sided volume.

    Parameters
    ----------
    config : MomentumBreakoutConfig
        What is joined, and how.

    Attributes
    ----------
    refusals : Counter[str]
        What was not done, and why.

    """

    def __init__(self, config: MomentumBreakoutConfig) -> None:
        super().__init__(config)
        self.refusals: Counter[str] = Counter()
        self._desk = DirectionalDesk(
            self, config, self.refusals, confirmed=Priority.CONFIRMED_BREAKOUT
        )
        self._rule = BreakoutRule(config.rule)
        self._desk.statistics.add("rule", self._rule)
        self._case = _NO_CASE

    @property
    def signals_received(self) -> int:
        """Signals so far."""
        return self._desk.signals_received

    @property
    def position_qty(self) -> float:
        """Signed position in base currency, by the strategy's own fills."""
        return self._desk.position_qty

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
        self._case = _NO_CASE
        self._desk.resume()

    def on_reset(self) -> None:
        """Forget everything."""
        self._rule.reset()
        self._case = _NO_CASE
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
        Look for a run; the next quote acts on it.

        Parameters
        ----------
        tick : TradeTick
            A trade.

        """
        if self._rule.on_trade(*trade_values(tick)):
            self._case = self._rule.decide(self._desk.volatility)
            if self._case[0]:
                self._desk.on_trade(ripe=True)
        else:
            self.refusals["malformed_trade"] += 1

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """
        Watch the position, or join a run.

        Parameters
        ----------
        tick : QuoteTick
            The market.

        """
        if math.isnan(self._desk.on_quote(tick)):
            return
        # A run is joined on the first quote after the trade that completed it, or not at all.
        case, self._case = self._case, _NO_CASE
        self._desk.manage()
        if self._desk.free:
            self._desk.enter(*case)
        self._desk.rest(self._desk.glance)

    def on_order_event(self, event: OrderEvent) -> None:
        """
        Follow the orders.

        Parameters
        ----------
        event : OrderEvent
            What became of one of them.

        """
        self._desk.on_order_event(event)
