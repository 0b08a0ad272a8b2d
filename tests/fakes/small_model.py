"""An artifact of small models that has opinions and no knowledge."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.manifest import Manifest


FEATURES = FeatureParams(scale_half_life_ms=500.0)
NAMES = ("imbalance.now", "spread.now", "order_flow.sum.100ms")


def random_arrays(rng: np.random.Generator, count: int) -> dict[str, npt.NDArray[np.generic]]:
    """Return the parameters of small models with opinions of their own."""
    hidden, inner, trees, width = 4, 3, 5, 4

    def normal(*shape: int) -> npt.NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    tables = {}
    for kind in ("forest", "boosting"):
        leaf = rng.dirichlet(np.ones(3), size=(trees, width)).astype(np.float32)
        tables[f"{kind}_feature"] = rng.integers(0, count, (trees, width)).astype(np.uint16)
        tables[f"{kind}_threshold"] = normal(trees, width)
        tables[f"{kind}_leaf"] = leaf
    return {
        "center": np.zeros(count),
        "scale": np.ones(count),
        "linear_weight": rng.normal(size=(4, count)),
        "linear_bias": rng.normal(size=4),
        "lstm_layer1": normal(count + hidden + 1, 4 * hidden),
        "lstm_layer2": normal(2 * hidden + 1, 4 * hidden),
        "lstm_head1": normal(hidden + 1, inner),
        "lstm_head2": normal(inner + 1, 3),
        "boosting_base": np.zeros(3),
        "calibration": np.tile(IDENTITY, (5, 1)),
        "weights": np.array([0.1, 0.3, 0.4, 0.2]),
        "log_move_range": np.array([-1.0, 1.0]),
        "move_rate": np.array([5e8, 2e9, 2e8, 1.0, 0.5, 0.3, 1.0, 0.2]),
        **tables,
    }


def small_manifest(
    names: tuple[str, ...] = NAMES, instruments: tuple[str, ...] = ("BTCUSDT-PERP.BINANCE",)
) -> Manifest:
    """Return the manifest of a model of the features that knows nothing."""
    return Manifest(
        model_id="tiny",
        name="tiny",
        horizon_ms=500,
        horizons_ms=(500,),
        features=FEATURES,
        feature_names=names,
        schema_hash=build_schema(FEATURES, names).hash,
        instruments=instruments,
        train_start_ns=0,
        train_end_ns=1,
        embargo_ms=500,
        data_checksums={},
        versions={},
        seed=1,
        sizes={},
        weights={},
        signal_threshold=0.5,
        horizon_calibration={"500": IDENTITY},
        metrics={},
        importances={},
    )


def write_artifact(
    path: Path,
    names: tuple[str, ...] = NAMES,
    instruments: tuple[str, ...] = ("BTCUSDT-PERP.BINANCE",),
) -> Path:
    """Write a model of the features that knows nothing."""
    arrays = random_arrays(np.random.default_rng(1), len(names))
    save_artifact(small_manifest(names, instruments), arrays, path)
    return path
