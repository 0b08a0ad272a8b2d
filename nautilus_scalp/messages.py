"""Messages on the bus: what an instrument's next moments may bring, and what its market is like.

No ``from __future__ import annotations`` here: Nautilus reads the field types of a custom data
class when the class is made, and text in their place is an error.
"""

from functools import cache

from msgspec import Struct
from nautilus_trader.common.data_topics import TopicCache
from nautilus_trader.core.data import Data
from nautilus_trader.core.nautilus_pyo3.model import register_custom_data_class
from nautilus_trader.model.custom import customdataclass_pyo3
from nautilus_trader.model.data import DataType
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId


# Names the source in a subscription. A live node lists it in `external_clients`, because no data
# client stands behind it: the actor publishes to the bus itself.
SIGNAL_CLIENT = ClientId("ENSEMBLE")

UNCLASSIFIED = "UNCLASSIFIED"
NO_INSTRUMENT = InstrumentId.from_str("NONE.NONE")

# Where a ``PortfolioGuard`` hands its portfolio to the function that a strategy sends.
PORTFOLIO_ENDPOINT = "PortfolioGuard.hand_over"

# Where a ``PortfolioGuard`` sends the leverage that an account should have; who stands between the
# run and its venue listens.
LEVERAGE_ENDPOINT = "VenueLeverage.apply"


class LeverageRequest(Struct, frozen=True):
    """
    The leverage that the venue's account should have in an instrument from now on.

    Attributes
    ----------
    instrument_id : InstrumentId
        Of which positions.
    leverage : int
        At least 1: venues take whole numbers.

    """

    instrument_id: InstrumentId
    leverage: int


# Where an ``Arbiter`` hands its floors, by instrument, to the function that a strategy sends.
FLOOR_ENDPOINT = "Arbiter.hand_over"


@customdataclass_pyo3()  # type: ignore[no-untyped-call]
class AlphaSignal(Data):
    """
    One prediction of the ensemble for one instrument.

    Parameters
    ----------
    ts_event : int
        Exchange time of the quote that it was made on, nanoseconds since 1970.
    ts_init : int
        When it was made, nanoseconds since 1970.
    instrument_id : InstrumentId
        Whose price.
    horizon_ms : int
        How far ahead it looks, in milliseconds of exchange time.
    p_down, p_flat, p_up : float
        Probabilities that the mid price is lower, the same or higher then; they sum to 1.
    expected_move_bps : float
        Expected change of the mid price, in basis points.
    confidence : float
        1 - entropy / ln 3: 0 knows nothing, 1 is certain.
    disagreement : float
        How far the models lie apart, in probability.
    strength : float
        2 x (p_up - p_down): -2 sells strongly, +2 buys strongly.
    regime : str
        Market regime, or ``UNCLASSIFIED``.
    model_id : str
        Which artifact said so.

    """

    instrument_id: InstrumentId
    horizon_ms: int
    p_down: float
    p_flat: float
    p_up: float
    expected_move_bps: float
    confidence: float
    disagreement: float
    strength: float
    regime: str
    model_id: str

    # One is made for every quote: slots, and an initialiser of its own instead of the decorator's,
    # which goes through two calls with collected arguments, take off two thirds of the time.
    __slots__ = (
        "_ts_event",
        "_ts_init",
        "confidence",
        "disagreement",
        "expected_move_bps",
        "horizon_ms",
        "instrument_id",
        "model_id",
        "p_down",
        "p_flat",
        "p_up",
        "regime",
        "strength",
    )

    def __init__(  # noqa: PLR0913, PLR0917 (the fields, in the decorator's order)
        self,
        ts_event: int = 0,
        ts_init: int = 0,
        instrument_id: InstrumentId = NO_INSTRUMENT,
        horizon_ms: int = 0,
        p_down: float = 0.0,
        p_flat: float = 1.0,
        p_up: float = 0.0,
        expected_move_bps: float = 0.0,
        confidence: float = 0.0,
        disagreement: float = 0.0,
        strength: float = 0.0,
        regime: str = UNCLASSIFIED,
        model_id: str = "",
    ) -> None:
        self._ts_event = ts_event
        self._ts_init = ts_init
        self.instrument_id = instrument_id
        self.horizon_ms = horizon_ms
        self.p_down = p_down
        self.p_flat = p_flat
        self.p_up = p_up
        self.expected_move_bps = expected_move_bps
        self.confidence = confidence
        self.disagreement = disagreement
        self.strength = strength
        self.regime = regime
        self.model_id = model_id


register_custom_data_class(AlphaSignal)

SIGNAL_TYPE = DataType(AlphaSignal)


@cache
def signal_topic(instrument_id: InstrumentId) -> str:
    """
    Return the bus topic of an instrument's signals.

    It is the topic to which ``subscribe_data(SIGNAL_TYPE, client_id=SIGNAL_CLIENT,
    instrument_id=...)`` listens, and the one to which Nautilus replays the signals of a catalog,
    read whole or in chunks. A ``DataType`` with the instrument in its metadata would not do: a
    chunked replay loses metadata.

    Parameters
    ----------
    instrument_id : InstrumentId
        The instrument.

    Returns
    -------
    str
        The topic.

    Examples
    --------
    >>> signal_topic(InstrumentId.from_str("BTCUSDT-PERP.BINANCE"))
    'data.AlphaSignal.BINANCE.BTCUSDT-PERP'

    """
    topic: str = TopicCache().get_custom_data_topic(SIGNAL_TYPE, instrument_id)
    return topic


@customdataclass_pyo3()  # type: ignore[no-untyped-call]
class RegimeSignal(Data):
    """
    The beginning of a regime of one instrument.

    Parameters
    ----------
    ts_event : int
        Exchange time of the quote that it was told by, nanoseconds since 1970.
    ts_init : int
        When it was told, nanoseconds since 1970.
    instrument_id : InstrumentId
        Whose market.
    regime : str
        One of the seven, or ``UNCLASSIFIED`` after a gap in the data.
    volatility : float
        Standard deviation of a bar's return, as a fraction; NaN when unclassified.
    ratio, shift, trend, noise : float
        See `nautilus_scalp.signals.regime_measures.Measures`.

    """

    instrument_id: InstrumentId = NO_INSTRUMENT
    regime: str = UNCLASSIFIED
    volatility: float = 0.0
    ratio: float = 0.0
    shift: float = 0.0
    trend: float = 0.0
    noise: float = 0.0


register_custom_data_class(RegimeSignal)

REGIME_TYPE = DataType(RegimeSignal)


@cache
def regime_topic(instrument_id: InstrumentId) -> str:
    """
    Return the bus topic of an instrument's regimes, as `signal_topic` does for signals.

    Examples
    --------
    >>> regime_topic(InstrumentId.from_str("BTCUSDT-PERP.BINANCE"))
    'data.RegimeSignal.BINANCE.BTCUSDT-PERP'

    """
    topic: str = TopicCache().get_custom_data_topic(REGIME_TYPE, instrument_id)
    return topic
