"""What an ensemble actor keeps of one instrument."""

from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.models.ensemble import EnsembleStream


class Channel:
    """
    Features and models of one instrument.

    Parameters
    ----------
    instrument_id : InstrumentId
        The instrument.
    engine : FeatureEngine
        Its features.
    stream : EnsembleStream
        The models' memory of it.

    Attributes
    ----------
    topic : str
        Of its signals.
    regime : str
        The present one.
    book_sample : int
        Number of the interval that the last depth snapshot was taken in.
    initialized : bool
        Whether a signal has come of it.

    """

    __slots__ = (
        "book_sample",
        "engine",
        "initialized",
        "instrument_id",
        "regime",
        "stream",
        "topic",
    )

    def __init__(
        self, instrument_id: InstrumentId, engine: FeatureEngine, stream: EnsembleStream
    ) -> None:
        self.instrument_id = instrument_id
        self.engine = engine
        self.stream = stream
        self.topic = signal_topic(instrument_id)
        self.regime = UNCLASSIFIED
        self.book_sample = -1
        self.initialized = False

    def forget(self) -> None:
        """Begin anew."""
        self.engine.reset()
        self.stream.reset()
        self.initialized = False

    @property
    def cold(self) -> list[str]:
        """Features of the model that have not warmed up, by name."""
        warm = dict(zip(self.engine.names, self.engine.warm().tolist(), strict=True))
        return [name for name in self.engine.schema.names if not warm[name]]
