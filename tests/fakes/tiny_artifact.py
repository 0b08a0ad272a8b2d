"""A model artifact small enough to write in every test, and a tape for its certificate."""

import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.lstm import pack_layer
from nautilus_scalp.models.manifest import Manifest


HIDDEN = 4


def tiny_manifest() -> Manifest:
    """Return the manifest of a model of the 25 features."""
    schema = build_schema(FeatureParams())
    return Manifest(
        model_id="0123456789abcdef",
        name="tiny",
        horizon_ms=500,
        horizons_ms=(100, 500),
        features=FeatureParams(),
        feature_names=schema.names,
        schema_hash=schema.hash,
        instruments=("BTCUSDT-PERP.BINANCE",),
        train_start_ns=1,
        train_end_ns=2,
        embargo_ms=5000,
        data_checksums={"a.parquet": "00"},
        versions={"python": "3.12"},
        seed=7,
        sizes={},
        weights={"logistic": 1.0},
        signal_threshold=0.8,
        horizon_calibration={"100": (1.0, 0.1, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0), "500": IDENTITY},
        metrics={"rows": {"train": 3}},
        importances={},
    )


def tiny_arrays() -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of that model: trees, layers and weights at random."""
    rng = np.random.default_rng(1)
    count = len(SELECTED)

    def trees(name: str, depth: int) -> dict[str, npt.NDArray[np.generic]]:
        shape = (3, 1 << depth)
        return {
            f"{name}_feature": rng.integers(0, count, shape).astype(np.uint16),
            f"{name}_threshold": rng.normal(size=shape).astype(np.float32),
            f"{name}_leaf": rng.random((*shape, 3)).astype(np.float32),
        }

    def layer(inputs: int) -> npt.NDArray[np.float32]:
        shape = (4 * HIDDEN, inputs)
        weight = rng.normal(size=shape).astype(np.float32)
        hidden = rng.normal(size=(4 * HIDDEN, HIDDEN)).astype(np.float32)
        return pack_layer(weight, hidden, np.zeros(4 * HIDDEN, np.float32))

    return {
        "center": rng.normal(size=count),
        "scale": np.ones(count),
        "linear_weight": rng.normal(size=(4, count)),
        "linear_bias": np.zeros(4),
        **trees("forest", 3),
        "lstm_layer1": layer(count),
        "lstm_layer2": layer(HIDDEN),
        "lstm_head1": rng.normal(size=(HIDDEN + 1, 2)).astype(np.float32),
        "lstm_head2": rng.normal(size=(3, 3)).astype(np.float32),
        "boosting_base": np.zeros(3),
        **trees("boosting", 2),
        "calibration": np.tile(IDENTITY, (5, 1)),
        "move_rate": np.array([5e8, 0.0, 2e8, 1.0, 0.5, 0.3, 1.0, 0.2]),
        "weights": np.full(4, 0.25),
        "log_move_range": np.array([-1.0, 1.0]),
    }


def alternating_tape() -> Tape:
    """Return two instruments that take turns, a quote and then something else, every 50 ms."""
    rng = np.random.default_rng(2)
    count = 4_400
    kind = np.tile(
        np.array([QUOTE, TRADE, QUOTE, DEPTH, QUOTE, MARK, QUOTE, FUNDING], np.uint8), 550
    )
    mid = 100.0 + 0.1 * np.cumsum(rng.integers(-1, 2, count))
    rows = {
        QUOTE: np.column_stack([mid, mid + 0.1, *rng.integers(1, 9, (2, count))]),
        TRADE: np.column_stack(
            [mid, rng.integers(1, 9, count), rng.choice([-1, 1], count), mid * 0]
        ),
        DEPTH: np.column_stack([np.cumsum(kind == DEPTH) - 1.0, np.zeros((count, 3))]),
        MARK: np.column_stack([mid, np.zeros((count, 3))]),
        FUNDING: np.column_stack([np.full(count, 1e-4), np.zeros((count, 3))]),
    }
    levels = np.arange(10)[None, :, None] * np.array([-0.1, 0.1, 0.0, 0.0])
    top = np.column_stack([mid, mid + 0.1, np.full((count, 2), 3.0)])[kind == DEPTH]
    times = 1_700_000_000_000_000_000 + np.arange(count) * 50_000_000
    return Tape(
        instruments=tuple(
            InstrumentFacts(instrument_id=name, price_precision=1, size_precision=3, tick_size=0.1)
            for name in ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE")
        ),
        kind=kind,
        instrument=(np.arange(count) // 8 % 2).astype(np.int16),
        ts_event_ns=times,
        ts_init_ns=times + np.arange(count),
        values=np.choose(kind[:, None], [rows[k] for k in range(5)]),
        books=top[:, None, :] + levels,
    )
