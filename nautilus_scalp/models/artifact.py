"""A model on disk: ``manifest.json`` and ``arrays.safetensors``, verified whenever it is loaded."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.models.ensemble import ARRAY_NAMES
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import FORMAT
from nautilus_scalp.models.manifest import Manifest


MANIFEST_FILE = "manifest.json"
ARRAYS_FILE = "arrays.safetensors"
REMEDY = "train the model again, or restore the artifact from where it came"

Arrays = Mapping[str, npt.NDArray[np.generic]]


def save_artifact(manifest: Manifest, arrays: Arrays, path: Path) -> Manifest:
    """Write an artifact; it appears whole or not at all.

    Parameters
    ----------
    manifest : Manifest
        Its checksums are filled in here.
    arrays : Mapping[str, ndarray]
        By the names in ``ARRAY_NAMES``.
    path : Path
        Directory of the artifact; an older one there is replaced.

    Returns
    -------
    Manifest
        The manifest as written.

    """
    data = safetensors_numpy.save(
        {name: np.ascontiguousarray(arrays[name]) for name in ARRAY_NAMES}
    )
    manifest = msgspec.structs.replace(
        manifest, arrays_sha256=hashlib.sha256(data).hexdigest(), manifest_sha256=""
    )
    manifest = msgspec.structs.replace(manifest, manifest_sha256=_fingerprint(manifest))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        (draft / ARRAYS_FILE).write_bytes(data)
        text = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2)
        (draft / MANIFEST_FILE).write_bytes(text + b"\n")
        draft.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def read_manifest(path: Path) -> Manifest:
    """Read and verify a manifest alone, without the arrays.

    Raises
    ------
    UsageError
        If there is no artifact at ``path``.
    InputError
        If the manifest is not readable, of another format, or was changed.

    """
    file = path / MANIFEST_FILE
    if not file.is_file():
        message = f"{path}: no model artifact here ({MANIFEST_FILE} is missing)"
        raise UsageError(message, "give the directory that `nautilus-scalp train` wrote")
    raw = file.read_bytes()
    try:
        declared = msgspec.json.decode(raw)
        if isinstance(declared, dict) and declared.get("format") != FORMAT:
            message = f"{file}: artifact format {declared.get('format')!r}, expected {FORMAT}"
            raise InputError(message, "train the model again with this version")
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        message = f"{file}: not a readable manifest: {error}"
        raise InputError(message, REMEDY) from error
    if manifest.manifest_sha256 != _fingerprint(manifest):
        message = f"{file}: its content does not match its own checksum; it was changed"
        raise InputError(message, REMEDY)
    return manifest


def load_artifact(path: Path) -> Ensemble:
    """Load an artifact after verifying all of it.

    Parameters
    ----------
    path : Path
        Directory of the artifact.

    Returns
    -------
    Ensemble
        The compiled ensemble.

    Raises
    ------
    UsageError
        If there is no artifact at ``path``.
    InputError
        If a file is missing, truncated or changed, if arrays do not fit together, or if this
        version computes other features than those the model was trained on.

    """
    manifest = read_manifest(path)
    file = path / ARRAYS_FILE
    if not file.is_file():
        message = f"{file}: missing"
        raise InputError(message, REMEDY)
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != manifest.arrays_sha256:
        message = f"{file}: its checksum differs from the manifest's; truncated or changed"
        raise InputError(message, REMEDY)
    try:
        arrays = safetensors_numpy.load(data)
    except SafetensorError as error:
        message = f"{file}: not a safetensors file: {error}"
        raise InputError(message, REMEDY) from error
    _check_schema(manifest, path)
    _check_arrays(manifest, arrays, file)
    return Ensemble(manifest, arrays)


def _fingerprint(manifest: Manifest) -> str:
    blank = msgspec.structs.replace(manifest, manifest_sha256="")
    return hashlib.sha256(msgspec.json.encode(blank, order="sorted")).hexdigest()


def _check_schema(manifest: Manifest, path: Path) -> None:
    try:
        current = build_schema(manifest.features, manifest.feature_names).hash
    except UsageError as error:
        message = f"{path}: trained on features that this version does not have: {error.message}"
        raise InputError(message, "train the model again with this version") from error
    if current != manifest.schema_hash:
        message = (
            f"{path}: trained on feature schema {manifest.schema_hash[:12]}, "
            f"this version computes {current[:12]}"
        )
        raise InputError(message, "train the model again with this version")


def _check_arrays(manifest: Manifest, arrays: Arrays, file: Path) -> None:
    """Check names, shapes and finiteness, so that no kernel ever reads beside an array."""
    missing = sorted(set(ARRAY_NAMES) - set(arrays))
    if missing:
        message = f"{file}: arrays missing: {', '.join(missing)}"
        raise InputError(message, REMEDY)
    count = len(manifest.feature_names)
    hidden = arrays["lstm_layer1"].shape[-1] // 4
    inner = arrays["lstm_head1"].shape[-1]
    expected: dict[str, tuple[int, ...]] = {
        "center": (count,),
        "scale": (count,),
        "linear_weight": (4, count),
        "linear_bias": (4,),
        "lstm_layer1": (count + hidden + 1, 4 * hidden),
        "lstm_layer2": (2 * hidden + 1, 4 * hidden),
        "lstm_head1": (hidden + 1, inner),
        "lstm_head2": (inner + 1, 3),
        "boosting_base": (3,),
        "calibration": (len(MODEL_NAMES) + 1, 3),
        "weights": (len(MODEL_NAMES),),
        "log_move_range": (2,),
    }
    for trees in ("forest", "boosting"):
        shape = arrays[f"{trees}_feature"].shape
        expected[f"{trees}_feature"] = shape
        expected[f"{trees}_threshold"] = shape
        expected[f"{trees}_leaf"] = (*shape, 3)
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            message = f"{file}: {name} has shape {arrays[name].shape}, expected {shape}"
            raise InputError(message, REMEDY)
    for name in ARRAY_NAMES:
        if not name.endswith("_threshold") and not np.isfinite(arrays[name]).all():
            message = f"{file}: {name} holds values that are not finite"
            raise InputError(message, REMEDY)
    for trees in ("forest", "boosting"):
        if int(arrays[f"{trees}_feature"].max()) >= count:
            message = f"{file}: {trees} tests a feature that the schema does not have"
            raise InputError(message, REMEDY)
