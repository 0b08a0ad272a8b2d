"""An artifact comes back bit for bit, or not at all."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from safetensors import numpy as safetensors_numpy

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.evaluation.leak import peek
from nautilus_scalp.features.engine import FeatureMatrix
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models import artifact
from nautilus_scalp.models import certificate
from nautilus_scalp.models.artifact import ARRAYS_FILE
from nautilus_scalp.models.artifact import CARD_FILE
from nautilus_scalp.models.artifact import MANIFEST_FILE
from nautilus_scalp.models.artifact import SLICE_FILE
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.artifact import read_manifest
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.card import render_card
from nautilus_scalp.models.certificate import SLICE_EVENTS
from nautilus_scalp.models.manifest import FORMAT
from nautilus_scalp.models.manifest import Manifest
from tests.fakes.tiny_artifact import alternating_tape
from tests.fakes.tiny_artifact import tiny_arrays
from tests.fakes.tiny_artifact import tiny_manifest


@pytest.fixture
def manifest() -> Manifest:
    return tiny_manifest()


@pytest.fixture
def arrays() -> dict[str, npt.NDArray[np.generic]]:
    return tiny_arrays()


@pytest.fixture
def tape() -> Tape:
    return alternating_tape()


@pytest.fixture
def certified(
    manifest: Manifest, arrays: dict[str, npt.NDArray[np.generic]], tape: Tape, tmp_path: Path
) -> Path:
    path = tmp_path / "certified"
    save_artifact(manifest, arrays, path, tape)
    return path


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
    blank: dict[str, Any] = {"files": {}, "manifest_sha256": ""}
    assert msgspec.structs.replace(ensemble.manifest, **blank) == manifest
    again = saved.parent / "again"
    save_artifact(ensemble.manifest, ensemble.arrays, again)
    for file in (MANIFEST_FILE, ARRAYS_FILE):
        assert (again / file).read_bytes() == (saved / file).read_bytes()


def test_nothing_but_the_files_of_the_artifact_is_left(saved: Path, certified: Path) -> None:
    assert sorted(p.name for p in saved.iterdir()) == [CARD_FILE, ARRAYS_FILE, MANIFEST_FILE]
    files = [CARD_FILE, ARRAYS_FILE, MANIFEST_FILE, SLICE_FILE]
    assert sorted(p.name for p in certified.iterdir()) == files
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
    _forge(saved, format=FORMAT + 1)
    with pytest.raises(InputError, match=f"artifact format {FORMAT + 1}, expected {FORMAT}"):
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


def test_the_certificate_says_that_batch_and_stream_agree(certified: Path) -> None:
    parity = load_artifact(certified).manifest.parity
    assert parity is not None
    assert parity.events == SLICE_EVENTS
    assert parity.rows == SLICE_EVENTS // 2  # every other event is a quote, none of them refused
    assert 0 < parity.ready < parity.rows


def test_a_slice_that_gives_other_features_is_refused(certified: Path) -> None:
    data = (certified / SLICE_FILE).read_bytes()
    stored = safetensors_numpy.load(data)
    stored["values"][100, 2] += 1.0
    forged = safetensors_numpy.save(stored)
    (certified / SLICE_FILE).write_bytes(forged)
    with pytest.raises(InputError, match="truncated or changed"):
        load_artifact(certified)
    files = read_manifest(certified).files
    _forge(certified, files=files | {SLICE_FILE: hashlib.sha256(forged).hexdigest()})
    with pytest.raises(InputError, match="computes other features"):
        load_artifact(certified)


def test_kernels_that_compute_other_features_are_noticed(
    certified: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shifted(tape: Tape, params: FeatureParams, names: Sequence[str]) -> FeatureMatrix:
        honest = compute_matrix(tape, params, names)
        return msgspec.structs.replace(honest, values=peek(honest.values))

    monkeypatch.setattr(certificate, "compute_matrix", shifted)
    with pytest.raises(InputError, match="differ between batch and stream"):
        load_artifact(certified)


def test_an_artifact_is_not_saved_with_features_that_differ(
    manifest: Manifest,
    arrays: dict[str, npt.NDArray[np.generic]],
    tape: Tape,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rounded(tape: Tape, params: FeatureParams, names: Sequence[str]) -> FeatureMatrix:
        honest = compute_matrix(tape, params, names)
        return msgspec.structs.replace(honest, values=np.round(honest.values, 12))

    monkeypatch.setattr(certificate, "compute_matrix", rounded)
    with pytest.raises(ScalpError, match="differ between batch and stream"):
        save_artifact(manifest, arrays, tmp_path / "model", tape)
    assert not (tmp_path / "model").exists()


def test_the_card_is_the_manifest_in_words(certified: Path) -> None:
    manifest = load_artifact(certified).manifest
    card = (certified / CARD_FILE).read_text()
    assert card.startswith("# Model tiny, 0123456789abcdef")
    for text in ("500 ms", "BTCUSDT-PERP.BINANCE", "a.parquet", "python 3.12", "* Seed: 7"):
        assert text in card
    for name in manifest.feature_names:
        assert f"| `{name}` |" in card
    assert manifest.parity is not None
    assert manifest.parity.features_sha256[:12] in card
    assert "No folds are recorded" in card


def test_the_card_shows_folds_audit_and_a_signal_no_better_than_imbalance(
    manifest: Manifest,
) -> None:
    told = msgspec.structs.replace(
        manifest,
        label={"kind": "direction"},
        label_audit={"majority": {"accuracy": 0.61}, "persistence": {"accuracy": 0.52}},
        folds=[
            {"name": f"part {k}", "start": day, "test_rows": 1_000 * k, "horizons": figures}
            for k, day, figures in (
                (1, "a", {"100": {"moves": 50, "auc": 0.7}, "500": {"moves": 60, "auc": 0.6}}),
                (2, "b", {"100": {"moves": 70, "auc": 0.8}, "500": {"moves": 80, "auc": None}}),
            )
        ],
        metrics={"holdout": {"ensemble": {"auc": 0.9, "auc_imbalance": 0.91}}},
    )
    card = render_card(told)
    assert "| majority | 0.6100 |" in card
    assert "| part 2 | b | 2,000 |" in card
    assert "| 100 ms, part 2 | 70 | 0.8000 |" in card
    assert "| 500 ms, part 2 | 80 | - |" in card
    assert "not above queue imbalance alone (0.9100)" in card
    assert "No folds" not in card


@pytest.mark.parametrize("name", [CARD_FILE, SLICE_FILE])
def test_every_file_is_verified(certified: Path, name: str) -> None:
    (certified / name).write_bytes(b"# the best model there is")
    with pytest.raises(InputError, match="truncated or changed"):
        load_artifact(certified)
    (certified / name).unlink()
    with pytest.raises(InputError, match="missing"):
        load_artifact(certified)


def test_a_directory_that_is_no_artifact_is_never_overwritten(
    manifest: Manifest, arrays: dict[str, npt.NDArray[np.generic]], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear all")
    with pytest.raises(UsageError, match="is no model artifact"):
        save_artifact(manifest, arrays, tmp_path / "home")
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear all"
