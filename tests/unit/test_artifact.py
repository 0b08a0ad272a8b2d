"""An artifact comes back bit for bit, or not at all."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.models import artifact
from nautilus_scalp.models.artifact import ARRAYS_FILE
from nautilus_scalp.models.artifact import MANIFEST_FILE
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.artifact import read_manifest
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.lstm import pack_layer
from nautilus_scalp.models.manifest import Manifest


HIDDEN = 4


@pytest.fixture
def manifest() -> Manifest:
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
        horizon_calibration={"100": (1.0, 0.1, 1.0), "500": (1.0, 0.0, 1.0)},
        metrics={"rows": {"train": 3}},
        importances={},
    )


@pytest.fixture
def arrays(manifest: Manifest) -> dict[str, npt.NDArray[np.generic]]:
    rng = np.random.default_rng(1)
    count = len(manifest.feature_names)

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
        "calibration": np.tile([1.0, 0.0, 1.0], (5, 1)),
        "weights": np.full(4, 0.25),
        "log_move_range": np.array([-1.0, 1.0]),
    }


@pytest.fixture
def saved(manifest: Manifest, arrays: dict[str, npt.NDArray[np.generic]], tmp_path: Path) -> Path:
    path = tmp_path / "models" / "tiny" / manifest.model_id
    save_artifact(manifest, arrays, path)
    return path


def _forge(path: Path, **changes: Any) -> None:  # noqa: ANN401
    """Change manifest fields and make its checksum fit, as a later version might write it."""
    manifest = msgspec.structs.replace(read_manifest(path), **changes)
    sealed = msgspec.structs.replace(manifest, manifest_sha256=artifact._fingerprint(manifest))  # noqa: SLF001
    (path / MANIFEST_FILE).write_bytes(msgspec.json.encode(sealed))


def test_round_trip_is_bit_equal(
    saved: Path, manifest: Manifest, arrays: dict[str, npt.NDArray[np.generic]]
) -> None:
    ensemble = load_artifact(saved)
    for name, array in arrays.items():
        assert ensemble.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(ensemble.arrays[name], array)
    blank = {"arrays_sha256": "", "manifest_sha256": ""}
    assert msgspec.structs.replace(ensemble.manifest, **blank) == manifest
    again = saved.parent / "again"
    save_artifact(ensemble.manifest, ensemble.arrays, again)
    for file in (MANIFEST_FILE, ARRAYS_FILE):
        assert (again / file).read_bytes() == (saved / file).read_bytes()


def test_nothing_but_the_two_files_is_left(saved: Path) -> None:
    assert sorted(p.name for p in saved.iterdir()) == [ARRAYS_FILE, MANIFEST_FILE]
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_saving_replaces_an_older_artifact_whole(
    saved: Path, manifest: Manifest, arrays: dict[str, npt.NDArray[np.generic]]
) -> None:
    (saved / "stray").write_text("left over")
    save_artifact(msgspec.structs.replace(manifest, seed=8), arrays, saved)
    assert load_artifact(saved).manifest.seed == 8
    assert not (saved / "stray").exists()


def test_an_interrupted_save_leaves_no_artifact(
    manifest: Manifest,
    arrays: dict[str, npt.NDArray[np.generic]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_artifact(manifest, arrays, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_artifact_is_a_missing_precondition(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model artifact here"):
        load_artifact(tmp_path)


@pytest.mark.parametrize("keep", [0, 7, 200, -1])
def test_truncated_arrays_are_refused(saved: Path, keep: int) -> None:
    file = saved / ARRAYS_FILE
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError, match="truncated or changed"):
        load_artifact(saved)


def test_one_changed_bit_in_the_arrays_is_refused(saved: Path) -> None:
    file = saved / ARRAYS_FILE
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="truncated or changed"):
        load_artifact(saved)


def test_missing_arrays_are_refused(saved: Path) -> None:
    (saved / ARRAYS_FILE).unlink()
    with pytest.raises(InputError, match=f"{ARRAYS_FILE}: missing"):
        load_artifact(saved)


def test_a_changed_manifest_is_refused(saved: Path) -> None:
    file = saved / MANIFEST_FILE
    content = json.loads(file.read_text())
    content["train_end_ns"] = 99
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="does not match its own checksum"):
        load_artifact(saved)


def test_a_truncated_manifest_is_refused(saved: Path) -> None:
    file = saved / MANIFEST_FILE
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match="not a readable manifest"):
        load_artifact(saved)


def test_another_format_is_refused(saved: Path) -> None:
    _forge(saved, format=2)
    with pytest.raises(InputError, match="artifact format 2, expected 1"):
        load_artifact(saved)


def test_another_schema_is_refused(saved: Path) -> None:
    _forge(saved, schema_hash="f" * 64)
    with pytest.raises(InputError, match="trained on feature schema ffffffffffff"):
        load_artifact(saved)


def test_unknown_features_are_refused(saved: Path) -> None:
    names = read_manifest(saved).feature_names
    _forge(saved, feature_names=("crystal_ball.now", *names[1:]))
    with pytest.raises(InputError, match="features that this version does not have"):
        load_artifact(saved)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("scale", np.ones(3), "scale has shape"),
        ("weights", np.array([1.0, 0.0, np.nan, 0.0]), "weights holds values"),
        ("boosting_feature", np.full((3, 4), 25, np.uint16), "boosting tests a feature"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    manifest: Manifest,
    arrays: dict[str, npt.NDArray[np.generic]],
    tmp_path: Path,
    name: str,
    value: npt.NDArray[np.generic],
    reason: str,
) -> None:
    save_artifact(manifest, arrays | {name: value}, tmp_path / "model")
    with pytest.raises(InputError, match=reason):
        load_artifact(tmp_path / "model")
