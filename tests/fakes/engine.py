"""Feature engines of one perpetual, for tests by hand."""

from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.tape import InstrumentFacts


FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
PARAMS = FeatureParams(scale_half_life_ms=1_000.0, reset_gap_ms=5_000)
MS = 1_000_000
START = 1_700_000_000_000 * MS  # nanoseconds


def engine_of(*names: str) -> FeatureEngine:
    """Return an engine that computes these features."""
    return FeatureEngine(FACTS, PARAMS, names)
