"""How a directional strategy opens a position, and what the configurations have in common."""

from typing import Literal
from typing import Protocol

from msgspec import Struct
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.signals.volatility import VolatilityParams
from nautilus_scalp.strategies.regime_watch import ArbiterParams


class EntryParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How a position is opened.

    Parameters
    ----------
    order_notional : float
        Value of an entry of normal size, in quote currency.
    max_size_multiple : float
        A strong case enlarges the entry up to this many times.
    style : {"aggressive", "passive"}
        Take the best price of the other side and cancel what is left at once, or join the best
        price of one's own side and wait.
    entry_timeout_ms : float
        A waiting entry is cancelled after this.
    cooldown_ms : float
        Pause between leaving a position and the next entry.
    sizing : SizingParams, optional
        Size entries by the account's balance instead of `order_notional`.

    """

    order_notional: Positive = 1_000.0
    max_size_multiple: Positive = 2.0
    style: Literal["aggressive", "passive"] = "aggressive"
    entry_timeout_ms: Positive = 5_000.0
    cooldown_ms: NotNegative = 1_000.0
    sizing: SizingParams | None = None


class DirectionalConfig(Protocol):
    """What the configurations of the directional strategies have in common."""

    @property
    def instrument_id(self) -> InstrumentId:
        """What is traded."""

    @property
    def entry(self) -> EntryParams:
        """How a position is opened."""

    @property
    def exits(self) -> ExitParams:
        """When it is closed."""

    @property
    def volatility(self) -> VolatilityParams:
        """What thresholds in volatility units are measured in."""

    @property
    def signal(self) -> CombinationParams:
        """Who decides: rule, model or both."""

    @property
    def risk(self) -> RiskLimits:
        """What may be risked."""

    @property
    def regime(self) -> ArbiterParams | None:
        """In which regimes it trades."""
