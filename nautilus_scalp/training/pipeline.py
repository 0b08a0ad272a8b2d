"""From a catalog to a verified artifact: fit four models, calibrate, judge, save."""

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.evaluation.classification import horizon_metrics
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.artifact import require_free
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.training.audit import audit_label
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import build_dataset
from nautilus_scalp.training.fit_models import Progress
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.fit_models import importances
from nautilus_scalp.training.fit_weights import blend
from nautilus_scalp.training.fit_weights import configured_weights
from nautilus_scalp.training.fit_weights import with_weights
from nautilus_scalp.training.identity import identify
from nautilus_scalp.training.identity import reads_extras
from nautilus_scalp.training.identity import training_checksums
from nautilus_scalp.training.join import filter_settings
from nautilus_scalp.training.join import join_models
from nautilus_scalp.training.join import label_weights
from nautilus_scalp.training.out_of_fold import OutOfFold
from nautilus_scalp.training.out_of_fold import predict_out_of_fold
from nautilus_scalp.training.out_of_fold import predict_rows
from nautilus_scalp.training.stages import NO_STAGES
from nautilus_scalp.training.stages import Arrays
from nautilus_scalp.training.stages import Stages


DEFAULT_HOME = Path("models")
LIBRARIES = ("nautilus-scalp", "numpy", "numba", "scikit-learn", "xgboost", "torch")


class TrainingResult(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a training leaves behind.

    Attributes
    ----------
    path : Path
        Directory of the artifact.
    model_id : str
        Its id.
    label_audit : dict[str, Any]
        What rules without skill score on the label; to be read before any figure.
    metrics : dict[str, Any]
        Row counts and figures on the held-out rows.
    selection : dict[str, Any]
        How the features were chosen.
    importances : dict[str, dict[str, float]]
        What each feature contributes, by feature and measure.

    """

    path: Path
    model_id: str
    label_audit: dict[str, Any]
    metrics: dict[str, Any]
    selection: dict[str, Any]
    importances: dict[str, dict[str, float]]


def train(
    config: TrainingConfig,
    catalog: Path,
    out: Path | None = None,
    progress: Progress = lambda _stage, _fraction: None,
) -> TrainingResult:
    """Train an ensemble on a catalog and save it.

    The artifact appears whole or not at all. Finished stages are kept beside it until then: the
    same training, started again after an interruption, goes on after the last of them, and ends
    with the bytes of one that was never interrupted.

    Parameters
    ----------
    config : TrainingConfig
        What to learn from, what to predict, sizes and seed. The same configuration on the same
        data and machine gives the same bytes.
    catalog : Path
        A Nautilus catalog.
    out : Path, optional
        Directory of the artifact; ``models/<name>/<id>`` by default.
    progress : Callable[[str, float], None], optional
        Called with the stage and the share of it that is done.

    Returns
    -------
    TrainingResult
        Where the artifact is and how good it was on held-out rows.

    Raises
    ------
    UsageError
        If the catalog or an instrument is not there.
    InputError
        If the window holds too little, or a file is damaged.

    """
    progress("read", 0.0)
    checksums = training_checksums(config, catalog)
    model_id = identify(config, checksums)
    path = out if out is not None else DEFAULT_HOME / config.name / model_id
    require_free(path)
    window = (config.start_ns, config.end_ns)
    tape = read_tape(catalog, config.instruments or None, *window, extras=reads_extras(config))
    stages = Stages(path.parent / f".{path.name}.{model_id}.stages")
    ensemble = fit_ensemble(tape, config, model_id, checksums, progress, stages)
    manifest = save_artifact(ensemble.manifest, ensemble.arrays, path, tape)
    stages.clear()
    progress("save", 1.0)
    return TrainingResult(
        path=path,
        model_id=model_id,
        label_audit={"label": manifest.label, "rules": manifest.label_audit},
        metrics=manifest.metrics,
        selection=manifest.selection,
        importances=manifest.importances,
    )


def fit_ensemble(
    tape: Tape,
    config: TrainingConfig,
    model_id: str,
    checksums: dict[str, str],
    progress: Progress,
    stages: Stages = NO_STAGES,
) -> Ensemble:
    """Fit, calibrate and judge an ensemble on the events of a tape.

    Parameters
    ----------
    tape : Tape
        Events of the training window.
    config : TrainingConfig
        What to predict, sizes and seed.
    model_id : str
        For the manifest.
    checksums : dict[str, str]
        For the manifest.
    progress : Callable[[str, float], None]
        Called with the stage and the share of it that is done.
    stages : Stages, optional
        Where finished stages are kept; then each model is explained, too.

    Returns
    -------
    Ensemble
        Ready to be saved.

    """
    dataset = build_dataset(tape, config, stages)
    progress("read", 1.0)
    train = dataset.side(dataset.split.train)
    holdout = dataset.side(dataset.split.holdout)
    arrays = fit_packed(train, holdout, config, progress, stages, explain=stages is not NO_STAGES)
    progress("calibrate", 0.0)
    ensemble = assemble(arrays, dataset, config, model_id, checksums, progress, stages)
    progress("calibrate", 1.0)
    return ensemble


def assemble(  # noqa: PLR0913, PLR0917 - what a manifest tells, and who listens
    arrays: Arrays,
    dataset: Dataset,
    config: TrainingConfig,
    model_id: str,
    checksums: dict[str, str],
    progress: Progress = lambda _stage, _fraction: None,
    stages: Stages = NO_STAGES,
) -> Ensemble:
    """Turn fitted models into a compiled, calibrated and judged ensemble.

    Parameters
    ----------
    arrays : dict[str, ndarray]
        The packed models, from `fit_packed` or `pack_models`.
    dataset : Dataset
        What they were fitted on; its held-out rows calibrate and judge.
    config : TrainingConfig
        What was predicted, weights and seed.
    model_id : str
        For the manifest.
    checksums : dict[str, str]
        For the manifest.
    progress : Callable[[str, float], None], optional
        Called with the stage and the share of it that is done.
    stages : Stages, optional
        Where finished stages are kept.

    Returns
    -------
    Ensemble
        Ready to be saved.

    """
    audit = audit_label(
        dataset.target,
        (dataset.split.train | dataset.split.holdout) & ~dataset.reflected,
        (dataset.ts_event_ns, dataset.mid, dataset.segment),
        dataset.imbalance,
        config.label,
    ).plain()
    manifest = Manifest(
        model_id=model_id,
        name=config.name,
        horizon_ms=config.horizon_ms,
        horizons_ms=tuple(sorted(dataset.labels)),
        features=config.features,
        feature_names=dataset.schema.names,
        schema_hash=dataset.schema.hash,
        instruments=dataset.instruments,
        train_start_ns=dataset.start_ns,
        train_end_ns=dataset.end_ns,
        embargo_ms=config.embargo_ms,
        data_checksums=checksums,
        versions=_versions(),
        seed=config.seed,
        sizes=_sizes(arrays),
        weights={},
        signal_threshold=1.0,
        horizon_calibration={},
        metrics={},
        importances=importances(arrays, dataset.schema.names),
        selection=dataset.choice.facts,
        label={
            "horizon_ms": config.horizon_ms,
            **msgspec.to_builtins(config.label),
            **{f"share {name}": share for name, share in audit["shares"].items()},
        },
        label_audit=audit["rules"],
    )
    raw = Ensemble(manifest, arrays)
    said = predict_out_of_fold(dataset, raw, config, progress, stages)
    weights = configured_weights(config.ensemble)
    if config.ensemble.weighting == "learned":
        weights = blend(said.per_model, *label_weights(dataset, said.rows))
    manifest = with_weights(manifest, weights)
    return _calibrate(Ensemble(manifest, arrays | {"weights": weights}), said, dataset, config)


def _calibrate(
    raw: Ensemble, said: OutOfFold, dataset: Dataset, config: TrainingConfig
) -> Ensemble:
    """Fit calibrations and thresholds on what the models say out of fold, and judge."""
    joined = join_models(said, raw.arrays["weights"].astype(np.float64), dataset, config)
    arrays = raw.arrays | {
        "calibration": joined.calibration,
        "move_rate": filter_settings(config, config.horizon_ms),
    }
    manifest = msgspec.structs.replace(
        raw.manifest,
        horizon_calibration=joined.horizons,
        signal_threshold=joined.signal_threshold,
        call_thresholds=joined.thresholds,
        folds=joined.folds,
    )
    metrics = _holdout_metrics(Ensemble(manifest, arrays), dataset)
    return Ensemble(msgspec.structs.replace(manifest, metrics=metrics), arrays)


def _holdout_metrics(ensemble: Ensemble, dataset: Dataset) -> dict[str, Any]:
    """Judge every model on the held-out rows of the real tape; the reflected ones add nothing."""
    manifest = ensemble.manifest
    labels = dataset.labels[manifest.horizon_ms]
    rows = np.flatnonzero(dataset.split.holdout & ~dataset.reflected & labels.known)
    prediction = predict_rows(ensemble, dataset, rows)
    models = dict(zip(MODEL_NAMES, prediction.per_model, strict=True))
    models["ensemble"] = prediction.probabilities
    truth = (labels.move_bps[rows], dataset.imbalance[rows], manifest.signal_threshold)
    return {
        "rows": {
            "train": int(dataset.split.train.sum()),
            "holdout": len(rows),
            "reflected": int(dataset.reflected.sum()),
        },
        "holdout": {
            name: msgspec.to_builtins(horizon_metrics(output, *truth))
            for name, output in models.items()
        },
    }


def _sizes(arrays: Arrays) -> dict[str, dict[str, int]]:
    def trees(kind: str) -> dict[str, int]:
        count, width = arrays[f"{kind}_feature"].shape
        return {"trees": count, "depth": width.bit_length() - 1}

    return {
        "logistic": {"inputs": arrays["linear_weight"].shape[1], "outputs": 3},
        "random_forest": trees("forest"),
        "lstm": {
            "layers": 2,
            "hidden": arrays["lstm_layer1"].shape[1] // 4,
            "head": arrays["lstm_head1"].shape[1],
        },
        "xgboost": trees("boosting"),
    }


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in LIBRARIES
    }
