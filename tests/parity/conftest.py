"""A manifest for ensembles that are never saved."""

import pytest

from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.models.manifest import Manifest


@pytest.fixture(scope="session")
def model_manifest() -> Manifest:
    return Manifest(
        model_id="0" * 16,
        name="test",
        horizon_ms=500,
        horizons_ms=(500,),
        features=FeatureParams(),
        feature_names=(),
        schema_hash="",
        instruments=("BTCUSDT-PERP.BINANCE",),
        train_start_ns=0,
        train_end_ns=1,
        embargo_ms=0,
        data_checksums={},
        versions={},
        seed=1,
        sizes={},
        weights={},
        signal_threshold=0.5,
        horizon_calibration={},
        metrics={},
        importances={},
    )
