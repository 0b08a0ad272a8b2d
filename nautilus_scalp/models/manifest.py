"""What a model artifact says about itself."""

from typing import Any

import msgspec

from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.models.calibration import Gains
from nautilus_scalp.models.certificate import ParityCertificate


FORMAT = 7  # raise it whenever the layout changes: older artifacts are then refused


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Provenance and settings of one trained ensemble, stored as ``manifest.json``.

    Attributes
    ----------
    format : int
        Layout of the artifact; a loader refuses another one.
    model_id : str
        Content hash of configuration, data and features, known before training.
    name : str
        Name of the configuration.
    horizon_ms : int
        The label is the mid this long after an event, by exchange time.
    horizons_ms : tuple[int, ...]
        Horizons with a calibration of their own, for scoring.
    features : FeatureParams
        Parameters of the feature engine.
    feature_names : tuple[str, ...]
        The columns, in order.
    schema_hash : str
        Hash of the feature schema that the parameters and columns must reproduce.
    instruments : tuple[str, ...]
        Instrument ids trained on.
    train_start_ns, train_end_ns : int
        Exchange time, [start, end). No label ends within ``embargo_ms`` of the end, so data from
        ``train_end_ns`` on may be used to judge the model.
    embargo_ms : int
        Distance kept between label intervals on both sides of a split.
    data_checksums : dict[str, str]
        SHA-256 of what was read, by name.
    versions : dict[str, str]
        Of Python and of the libraries that trained the model.
    seed : int
        Seed of every random choice.
    sizes : dict[str, dict[str, int]]
        Trees, depth, layers, hidden units and the like, by model.
    weights : dict[str, float]
        Weight of each model in the ensemble.
    signal_threshold : float
        Probability of up or down from which the signal counts as a call.
    call_thresholds : dict[str, float]
        The same by horizon in ms, for the probabilities of that horizon.
    horizon_calibration : dict[str, Gains]
        By horizon in ms, how the mean of the models is calibrated for it: see
        `nautilus_scalp.models.calibration.calibrated_odds`.
    metrics : dict[str, Any]
        Row counts and figures on the rows held out of training.
    importances : dict[str, dict[str, float]]
        By feature, then by model: its share of the model's importance. Absolute coefficients
        (logistic), impurity (forest), gain (xgboost).
    label : dict[str, Any]
        What the label is: kind and parameters.
    label_audit : dict[str, Any]
        What rules without skill score on that label, by rule.
    selection : dict[str, Any]
        How the columns were chosen inside the training data, and how stable the choice was.
    folds : list[dict[str, Any]]
        Parts of the training window in order of time, each predicted by models fitted to the
        others: name, window, rows, and figures by horizon.
    parity : ParityCertificate, optional
        That batch and stream compute the same features of the stored slice; None for arrays that
        were never trained on a tape.
    files : dict[str, str]
        SHA-256 of every other file of the artifact, by name.
    manifest_sha256 : str
        SHA-256 of this manifest with this field empty.

    """

    format: int = FORMAT
    model_id: str
    name: str
    horizon_ms: int
    horizons_ms: tuple[int, ...]
    features: FeatureParams
    feature_names: tuple[str, ...]
    schema_hash: str
    instruments: tuple[str, ...]
    train_start_ns: int
    train_end_ns: int
    embargo_ms: int
    data_checksums: dict[str, str]
    versions: dict[str, str]
    seed: int
    sizes: dict[str, dict[str, int]]
    weights: dict[str, float]
    signal_threshold: float
    call_thresholds: dict[str, float] = {}
    horizon_calibration: dict[str, Gains]
    metrics: dict[str, Any]
    importances: dict[str, dict[str, float]]
    label: dict[str, Any] = {}
    label_audit: dict[str, Any] = {}
    selection: dict[str, Any] = {}
    folds: list[dict[str, Any]] = []
    parity: ParityCertificate | None = None
    files: dict[str, str] = {}
    manifest_sha256: str = ""
