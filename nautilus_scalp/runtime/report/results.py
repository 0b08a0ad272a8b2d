"""What a finished run hands to its report: facts about the run and one result per strategy."""

import msgspec

from nautilus_scalp.evaluation.fills import NO_PAYMENTS
from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments
from nautilus_scalp.evaluation.queues import QueueVerdict
from nautilus_scalp.evaluation.regimes import RegimeSeries


class StrategyResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy on one instrument, as the engine's books and the tape tell it.

    Parameters
    ----------
    name : str
        Strategy class, such as "MarketMaking".
    instrument_id : str
        Nautilus instrument id of a linear instrument with a multiplier of one.
    config : str
        The entry of `RunFacts.configs` that this strategy ran in.
    fills : Fills
        Every fill, `ts_event` of the fill events.
    mids : MidSeries
        Every quote of the window by `ts_init`, the clock that stamps the fills.
    orders : int
        Orders initialised by the strategy, denied and rejected ones included.
    engine_gross : float
        The engine's own books before fees: realised P&L + unrealised P&L + commissions.
    engine_fees : float
        Commissions in the engine's books, quote currency, positive = paid.
    funding : Payments
        Funding payments, received positive.
    final_mark : float, optional
        The price at which `engine_gross` values a position still open; the last mid if omitted.
    size_impact : float
        Paid by aggressive orders beyond the price of their first fill, quote currency.
    signals : int
        `AlphaSignal`s that the strategy received.
    refusals : dict[str, int]
        Orders that were not sent, or were denied or rejected, counted by reason.
    exits : dict[str, int]
        Positions that the strategy's own exits closed, counted by reason.
    queue_models : dict[str, QueueVerdict]
        The same resting orders before other judges of the queue; empty if nobody asked them.
    regimes : RegimeSeries, optional
        In which regime the instrument was when; None if nobody asked.

    """

    name: str
    instrument_id: str
    config: str
    fills: Fills
    mids: MidSeries
    orders: int
    engine_gross: float
    engine_fees: float
    funding: Payments = NO_PAYMENTS
    final_mark: float | None = None
    size_impact: float = 0.0
    signals: int = 0
    refusals: dict[str, int] = {}
    exits: dict[str, int] = {}
    queue_models: dict[str, QueueVerdict] = {}
    regimes: RegimeSeries | None = None


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model behind the signals: its id, the end of its training window, its feature count."""

    id: str
    train_end_ns: int
    features: int


class FeeTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fee schedule a run was charged, in basis points of traded value."""

    name: str
    maker_bps: float
    taker_bps: float


class Trials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was tried on the data of a run.

    Parameters
    ----------
    count : int
        Different configurations, those of the run included.
    sharpes : tuple[float, ...]
        Sharpe ratios of one minute, of those that have any.

    """

    count: int = 1
    sharpes: tuple[float, ...] = ()


class RunFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was run, on what, with which assumptions.

    Parameters
    ----------
    configs : tuple[str, ...]
        Names of the configurations, in the order of the command line. Each has its own account.
    capital : dict[str, float]
        Starting balance of each configuration's account, quote currency.
    catalog : str
        Path of the Nautilus catalog.
    start_ns, end_ns : int
        The window [start, end) by `ts_init`.
    events : int
        Market data events that the engine processed.
    seconds : float
        Wall-clock seconds; the only figure that differs between equal runs.
    engine : str
        Name and version of the engine.
    model : ModelFacts, optional
        None for runs by rules alone.
    seed : int
        Seed of the fill model and of the bootstrap.
    fee_tier : FeeTier
        Fees that the venue charged.
    currency : str
        Quote currency of every amount.
    assumptions : tuple[str, ...]
        The assumptions behind the fills, in words, for the reader of the tearsheet.
    trials : Trials
        What else was tried on the same data.

    """

    configs: tuple[str, ...]
    capital: dict[str, float]
    catalog: str
    start_ns: int
    end_ns: int
    events: int
    seconds: float
    engine: str
    model: ModelFacts | None
    seed: int
    fee_tier: FeeTier
    currency: str = "USDT"
    assumptions: tuple[str, ...] = ()
    trials: Trials = Trials()


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Predictions of similar probability: their mean, how often they came true, their number."""

    predicted: float
    observed: float
    count: int


class SignalDetail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tearsheet draws about the signal.

    Parameters
    ----------
    reliability : dict[str, list[ReliabilityBin]]
        By curve, such as "up, 500 ms": bins in order of their predicted probability.
    importance : dict[str, dict[str, float]]
        By feature, then by model: importance, not negative, on any scale that a model keeps.

    """

    reliability: dict[str, list[ReliabilityBin]] = {}
    importance: dict[str, dict[str, float]] = {}
