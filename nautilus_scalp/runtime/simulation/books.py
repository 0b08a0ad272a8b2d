"""What the simulated venue did besides filling orders, kept for the report."""

from collections import Counter
from collections import defaultdict

from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId

from nautilus_scalp.actors.session import HasStrategies
from nautilus_scalp.runtime.simulation.records import TOPICS
from nautilus_scalp.runtime.simulation.records import ClosedPosition
from nautilus_scalp.runtime.simulation.records import DepthShortfall
from nautilus_scalp.runtime.simulation.records import FundingPaid
from nautilus_scalp.runtime.simulation.records import Liquidation


type Account = tuple[StrategyId, InstrumentId]


class Books(Actor):
    """Keeps funding, liquidations and closed positions; stops what was liquidated.

    Parameters
    ----------
    trader : HasStrategies
        Whose strategies stop when the account is liquidated: what they would do next with an empty
        account, no venue would let them do.

    Attributes
    ----------
    realized, fees : dict
        Realised P&L after commissions, and commissions, of positions that the engine has
        forgotten, by strategy and instrument.
    funding : dict
        Payments by strategy and instrument, in order of time.
    liquidations : list[Liquidation]
        In order of time.
    shortfalls : Counter[DepthShortfall]
        Market orders that found too little in the recorded book.

    """

    def __init__(self, trader: HasStrategies) -> None:
        super().__init__(ActorConfig())
        self._trader = trader
        self.realized: defaultdict[Account, float] = defaultdict(float)
        self.fees: defaultdict[Account, float] = defaultdict(float)
        self.funding: defaultdict[Account, list[FundingPaid]] = defaultdict(list)
        self.liquidations: list[Liquidation] = []
        self.shortfalls: Counter[DepthShortfall] = Counter()

    def on_start(self) -> None:
        """Listen to the simulation modules."""
        self.msgbus.subscribe(topic=TOPICS, handler=self._keep)

    def _keep(self, record: ClosedPosition | FundingPaid | Liquidation | DepthShortfall) -> None:
        if isinstance(record, Liquidation):
            self.liquidations.append(record)
            self._stop_trading()
            return
        if isinstance(record, DepthShortfall):
            self.shortfalls[record] += 1
            return
        account = (record.strategy_id, record.instrument_id)
        if isinstance(record, FundingPaid):
            self.funding[account].append(record)
        else:
            self.realized[account] += record.realized
            self.fees[account] += record.fees

    def _stop_trading(self) -> None:
        for strategy in self._trader.strategies():
            if strategy.is_running:
                strategy.stop()
