"""A model on disk: manifest, arrays, parity slice and card, verified whenever it is loaded."""

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
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.calibration import WIDTH as CALIBRATION_WIDTH
from nautilus_scalp.models.card import render_card
from nautilus_scalp.models.certificate import certify
from nautilus_scalp.models.certificate import recheck
from nautilus_scalp.models.ensemble import ARRAY_NAMES
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import FORMAT
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.models.move_rate import RATE_WIDTH
from nautilus_scalp.models.registry import find_artifact


MANIFEST_FILE = "manifest.json"
ARRAYS_FILE = "arrays.safetensors"
SLICE_FILE = "parity.safetensors"
CARD_FILE = "README.md"
REMEDY = "train the model again, or restore the artifact from where it came"

Arrays = Mapping[str, npt.NDArray[np.generic]]


def save_artifact(
    manifest: Manifest, arrays: Arrays, path: Path, tape: Tape | None = None
) -> Manifest:
    """Write an artifact; it appears whole or not at all.

    Parameters
    ----------
    manifest : Manifest
        Its certificate and checksums are filled in here.
    arrays : Mapping[str, ndarray]
        By the names in ``ARRAY_NAMES``.
    path : Path
        Directory of the artifact; an older one there is replaced.
    tape : Tape, optional
        What the model was trained on; its first events are kept to prove that batch and stream
        compute the same features. Without it the artifact has no parity certificate.

    Returns
    -------
    Manifest
        The manifest as written.

    Raises
    ------
    UsageError
        If `path` holds something that is not an artifact.
    ScalpError
        If batch and stream compute different features.

    """
    require_free(path)
    plain = {name: np.ascontiguousarray(arrays[name]) for name in ARRAY_NAMES}
    files = {ARRAYS_FILE: safetensors_numpy.save(plain)}
    certificate = None
    if tape is not None:
        certificate, files[SLICE_FILE] = certify(tape, manifest.features, manifest.feature_names)
    manifest = msgspec.structs.replace(manifest, parity=certificate)
    files[CARD_FILE] = render_card(manifest).encode()
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = msgspec.structs.replace(manifest, files=sums)
    manifest = msgspec.structs.replace(manifest, manifest_sha256=_fingerprint(manifest))
    text = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2)
    _write(path, files | {MANIFEST_FILE: text + b"\n"})
    return manifest


def require_free(path: Path) -> None:
    """Refuse a directory that an artifact may not take the place of.

    Raises
    ------
    UsageError
        If `path` is neither free nor empty nor an artifact.

    """
    if path.is_dir() and (path / MANIFEST_FILE).is_file():
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        message = f"{path} exists and is no model artifact; it is not overwritten"
        raise UsageError(message, "name a new directory, such as models/<name>/<id>")


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for name, data in files.items():
            (draft / name).write_bytes(data)
        draft.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def read_manifest(path: Path) -> Manifest:
    """Read and verify a manifest alone, without the arrays.

    Parameters
    ----------
    path : Path
        Directory of the artifact, or ``models/<name>`` for the champion of that name.

    Raises
    ------
    UsageError
        If there is no artifact at ``path``.
    InputError
        If the manifest is not readable, of another format, or was changed.

    """
    file = find_artifact(path) / MANIFEST_FILE
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
        Directory of the artifact, or ``models/<name>`` for the champion of that name.

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
        version or machine computes other features than those the model was trained on.

    """
    path = find_artifact(path)
    manifest = read_manifest(path)
    files = {name: _read_file(path / name, sha) for name, sha in manifest.files.items()}
    _check_schema(manifest, path)
    file = path / ARRAYS_FILE
    try:
        arrays = safetensors_numpy.load(files[ARRAYS_FILE])
    except (KeyError, SafetensorError) as error:
        message = f"{file}: not a safetensors file: {error}"
        raise InputError(message, REMEDY) from error
    _check_arrays(manifest, arrays, file)
    recheck_parity(manifest, files.get(SLICE_FILE, b""), path)
    return Ensemble(manifest, arrays)


def recheck_parity(manifest: Manifest, data: bytes, path: Path) -> bool | None:
    """Compute the features of the stored slice again, in batch and as a stream.

    Parameters
    ----------
    manifest : Manifest
        Of the artifact.
    data : bytes
        Content of its ``parity.safetensors``.
    path : Path
        Directory of the artifact, for errors.

    Returns
    -------
    bool or None
        Whether every bit is the training machine's; None without a certificate.

    Raises
    ------
    InputError
        If the features are not those that the model was trained on.

    """
    if manifest.parity is None:
        return None
    source = str(path / SLICE_FILE)
    return recheck(manifest.parity, data, manifest.features, manifest.feature_names, source)


def _read_file(file: Path, sha256: str) -> bytes:
    if not file.is_file():
        message = f"{file}: missing"
        raise InputError(message, REMEDY)
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        message = f"{file}: its checksum differs from the manifest's; truncated or changed"
        raise InputError(message, REMEDY)
    return data


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
        "calibration": (len(MODEL_NAMES) + 1, CALIBRATION_WIDTH),
        "weights": (len(MODEL_NAMES),),
        "log_move_range": (2,),
        "move_rate": (RATE_WIDTH,),
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
