"""What the simulation modules announce on the message bus, one topic a kind."""

from msgspec import Struct
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId


TOPICS = "simulation.*"
FUNDING_TOPIC = "simulation.funding"
LIQUIDATION_TOPIC = "simulation.liquidation"
POSITION_TOPIC = "simulation.position"
DEPTH_TOPIC = "simulation.depth"


class FundingPaid(Struct, frozen=True, kw_only=True):
    """One strategy's share of a funding payment; received is positive, in quote currency."""

    strategy_id: StrategyId
    instrument_id: InstrumentId
    ts_ns: int
    amount: float


class Liquidation(Struct, frozen=True, kw_only=True):
    """The account fell short of its maintenance margin and was closed out.

    Parameters
    ----------
    ts_ns : int
        When.
    equity : float
        Balance plus open P&L at the mid prices, before anything was closed.
    maintenance : float
        Margin that the open positions needed.
    positions : int
        How many were closed.

    """

    ts_ns: int
    equity: float
    maintenance: float
    positions: int


class ClosedPosition(Struct, frozen=True, kw_only=True):
    """What the engine booked for a position before it was forgotten.

    Parameters
    ----------
    strategy_id : StrategyId
        Whose.
    instrument_id : InstrumentId
        What.
    realized : float
        Realised P&L after commissions, quote currency.
    fees : float
        Commissions.

    """

    strategy_id: StrategyId
    instrument_id: InstrumentId
    realized: float
    fees: float


class DepthShortfall(Struct, frozen=True, kw_only=True):
    """A market order found less than it wanted: its rest was filled one tick further.

    Parameters
    ----------
    instrument_id : InstrumentId
        What.
    recorded : bool
        Whether all recorded levels were taken; False where none was recent enough.

    """

    instrument_id: InstrumentId
    recorded: bool
