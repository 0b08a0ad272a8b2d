"""What an ensemble actor keeps of one instrument."""

import math
from collections.abc import Iterable

from nautilus_trader.common.component import Clock
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.actors.prompt_engine import build_prompt_engines
from nautilus_scalp.bridge import quote_values
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.messages import UNCLASSIFIED
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.signals.policy import decide


class Channel:
    """
    Features and models of one instrument.

    Parameters
    ----------
    instrument_id : InstrumentId
        The instrument.
    engine : FeatureEngine
        Its features.
    ensemble : Ensemble
        The models.

    Attributes
    ----------
    stream : EnsembleStream
        The models' memory of it.
    horizon_ms, model_id : int, str
        What the model foretells, and which one it is.
    topic : str
        Of its signals.
    regime : str
        The present one.
    book_sample : int
        Number of the interval that the last depth snapshot was taken in.
    initialized : bool
        Whether a signal has come of it.
    not_finite : int
        Predictions that were not finite.

    """

    __slots__ = (
        "book_sample",
        "engine",
        "horizon_ms",
        "initialized",
        "instrument_id",
        "model_id",
        "not_finite",
        "regime",
        "stream",
        "topic",
    )

    def __init__(
        self, instrument_id: InstrumentId, engine: FeatureEngine, ensemble: Ensemble
    ) -> None:
        self.instrument_id = instrument_id
        self.engine = engine
        self.stream = ensemble.stream()
        self.horizon_ms = ensemble.manifest.horizon_ms
        self.model_id = ensemble.manifest.model_id
        self.topic = signal_topic(instrument_id)
        self.regime = UNCLASSIFIED
        self.book_sample = -1
        self.initialized = False
        self.not_finite = 0

    def answer(self, tick: QuoteTick, clock: Clock) -> AlphaSignal | None:
        """
        Take a quote and predict.

        Parameters
        ----------
        tick : QuoteTick
            A quote of the instrument.
        clock : Clock
            Stamps the signal.

        Returns
        -------
        AlphaSignal or None
            None while the features are not ready, for a quote that they refuse, and for a
            prediction that is not finite.

        """
        engine, stream = self.engine, self.stream
        if not engine.on_quote(tick.ts_event, *quote_values(tick)):
            return None
        probabilities = stream.predict(engine.value, engine.segment, tick.ts_event, engine.mid)
        move_bps, confidence, strength = decide(probabilities, stream.move_bps)
        if not math.isfinite(strength):
            self.not_finite += 1
            return None
        p_down, p_flat, p_up = probabilities.tolist()
        return AlphaSignal(
            tick.ts_event,
            clock.timestamp_ns(),
            self.instrument_id,
            self.horizon_ms,
            p_down,
            p_flat,
            p_up,
            move_bps,
            confidence,
            stream.disagreement,
            strength,
            self.regime,
            self.model_id,
        )

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


def engines_for(
    ensemble: Ensemble, instruments: Iterable[InstrumentFacts], indicators: str
) -> tuple[FeatureEngine, ...]:
    """
    Build the engines of a model's features, which share a board.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    instruments : Iterable[InstrumentFacts]
        What it predicts.
    indicators : {"selected", "all"}
        What is computed beside the model's own features, as soon as a signal is out.

    Returns
    -------
    tuple[FeatureEngine, ...]
        One an instrument, in their order.

    """
    known, manifest = list(instruments), ensemble.manifest
    if indicators == ALL:
        return build_prompt_engines(known, manifest.features, manifest.feature_names)
    return build_engines(known, manifest.features, manifest.feature_names)
