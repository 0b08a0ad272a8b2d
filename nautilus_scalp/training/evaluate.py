"""Judge a trained model on data that it has never seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.catalogue import side_kinds
from nautilus_scalp.features.engine import FeatureMatrix
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.settings import to_iso
from nautilus_scalp.training.audit import audit_label
from nautilus_scalp.training.label_kinds import LabelParams
from nautilus_scalp.training.label_kinds import make_labels
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.score import score_matrix


def evaluate(
    model: Path,
    catalog: Path,
    start_ns: int | None = None,
    end_ns: int | None = None,
    instrument_ids: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Score a model's signal over a window of a catalog.

    The features and the LSTM start cold at the beginning of the window, as they do in a backtest
    of the same window.

    Parameters
    ----------
    model : Path
        Directory of an artifact.
    catalog : Path
        A Nautilus catalog.
    start_ns, end_ns : int, optional
        Window [start, end) in nanoseconds. By default from the end of the training window, or
        from the catalog's first event if that is later, to the catalog's last event.
    instrument_ids : Sequence[str], optional
        All instruments with quotes by default.

    Returns
    -------
    dict[str, Any]
        The answer of ``evaluate --json``: ``model``, ``window``, ``label_audit``, ``n``,
        ``horizons``, ``per_model``, and ``per_instrument``, ``reliability``, ``notes``.

    Raises
    ------
    UsageError
        If the window overlaps what the model was trained on, or holds nothing.
    InputError
        If the artifact or the catalog is damaged.

    """
    ensemble = load_artifact(model)
    manifest = ensemble.manifest
    first, last = catalog_window(catalog, instrument_ids)
    start = max(first, manifest.train_end_ns) if start_ns is None else start_ns
    end = last if end_ns is None else end_ns
    require_unseen(manifest, start, end)
    extras = bool(side_kinds(manifest.feature_names))
    tape = read_tape(catalog, instrument_ids, start, end, extras=extras)
    matrix = compute_matrix(tape, manifest.features, manifest.feature_names)
    names = [facts.instrument_id for facts in tape.instruments]
    return {
        "model": manifest.model_id,
        "window": [to_iso(start), to_iso(end)],
        "label_audit": _audit(ensemble, matrix),
        **score_matrix(ensemble, matrix, names).answer(),
    }


def _audit(ensemble: Ensemble, matrix: FeatureMatrix) -> dict[str, Any]:
    """Score the rules without skill on the model's label, over the events that it predicts."""
    manifest = ensemble.manifest
    fields = LabelParams.__struct_fields__
    params = msgspec.convert({k: v for k, v in manifest.label.items() if k in fields}, LabelParams)
    quotes = (matrix.ts_event_ns, matrix.mid, matrix.segment)
    labels = make_labels(*quotes, matrix.imbalance, manifest.horizon_ms, params)
    found = audit_label(labels, matrix.ready, quotes, matrix.imbalance, params).plain()
    return {"label": manifest.label, **found}


def require_unseen(manifest: Manifest, start_ns: int, end_ns: int) -> None:
    """Refuse a window that the model may know.

    Raises
    ------
    UsageError
        If [start, end) is empty, or comes within the embargo of the training window.

    """
    known_from = manifest.train_start_ns - manifest.embargo_ms * NS_PER_MS
    known_to = manifest.train_end_ns
    if end_ns <= start_ns:
        message = f"the catalog holds nothing after {to_iso(start_ns)}, where training ended"
        raise UsageError(message, "import later data, or train on less with `end` set earlier")
    if start_ns < known_to and end_ns > known_from:
        message = (
            f"the window {to_iso(start_ns)} .. {to_iso(end_ns)} overlaps the training window "
            f"{to_iso(manifest.train_start_ns)} .. {to_iso(known_to)}"
        )
        raise UsageError(message, f"evaluate from {to_iso(known_to)} on (--start)")
