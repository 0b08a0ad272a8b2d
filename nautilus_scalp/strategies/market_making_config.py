"""What a market maker quotes, and how."""

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.errors import UsageError
from nautilus_scalp.quoting.intensity import IntensityParams
from nautilus_scalp.quoting.pricing import LadderParams
from nautilus_scalp.quoting.pull import PullParams
from nautilus_scalp.quoting.queue import QueueParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.regime_watch import ArbiterParams


class MarketMakingConfig(StrategyConfig, frozen=True):
    """
    What is quoted, and how.

    Parameters
    ----------
    instrument_id : InstrumentId
        What is traded.
    order_notional : float
        Value of one quote, in quote currency; turned into a quantity at the first price.
    sizing : SizingParams, optional
        Size quotes by the account's balance, and resize them when that changes by a quarter.
    inventory_limit : float
        The position is never worth more, in quote currency, at the first price.
    refresh_interval_ms : float
        Least time between two rounds of changes to the quotes. Between them the quotes are reviewed
        when a best price moved; when only sizes, volatility or the signal did, once an interval.
    tolerance_ticks : int
        A quote that should move by no more than this stays, and keeps its place in the queue.
    queue : QueueParams, optional
        When a good place in the queue is kept for longer; left out, all places are alike.
    pull : PullParams
        When quotes are pulled: one-sided flow, a spread that collapses, a jump that nothing pays
        for. They are also pulled when the last quote is older than `risk.max_data_age_ms`.
    ladder : LadderParams
        Where the quotes stand.
    volatility : VolatilityParams
        What the spread is scaled with.
    intensity : IntensityParams
        How fill rates are measured, for the optimal models.
    signal : CombinationParams
        ``rules`` quotes without the model. ``combined`` shifts the quotes by the expected move, and
        takes the side away that a sure model is against. There is no ``signal`` alone: the model
        has no opinion about a spread.
    risk : RiskLimits
        What may be risked.
    regime : ArbiterParams, optional
        In which regimes it trades; left out, regimes do not matter.

    """

    instrument_id: InstrumentId
    order_notional: Positive = 1_000.0
    sizing: SizingParams | None = None
    inventory_limit: Positive = 5_000.0
    refresh_interval_ms: NotNegative = 100.0
    tolerance_ticks: int = 0
    queue: QueueParams | None = QueueParams()
    pull: PullParams = PullParams()
    ladder: LadderParams = LadderParams()
    volatility: VolatilityParams = VolatilityParams()
    intensity: IntensityParams = IntensityParams()
    signal: CombinationParams = CombinationParams()
    risk: RiskLimits = RiskLimits()
    regime: ArbiterParams | None = None

    def __post_init__(self) -> None:
        """Refuse a mode that market making does not have."""
        if self.signal.mode == "signal":
            message = 'MarketMaking: signal.mode = "signal"'
            raise UsageError(message, 'set signal.mode to "rules" or "combined"')
        if self.signal.mode == "rules" and self.pull.paid_jumps is not None:
            message = 'MarketMaking: pull.paid_jumps with signal.mode = "rules"'
            raise UsageError(message, 'set signal.mode to "combined": rules expect no move')
        if self.regime is not None and self.regime.on_leave == "run_off":
            message = 'MarketMaking: regime.on_leave = "run_off"'
            raise UsageError(message, 'a maker has no exits to wait for: set it to "flatten"')
