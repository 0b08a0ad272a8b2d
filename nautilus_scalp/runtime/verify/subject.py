"""What is verified: a trained model, or what a configuration trains and trades."""

from pathlib import Path

import msgspec

from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.models.registry import find_artifact
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.model_cache import find_model
from nautilus_scalp.runtime.run import resolve_window
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.settings import read_toml
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.config import load_training_config
from nautilus_scalp.training.label_kinds import LabelParams


RULES_ALONE = "the strategies trade by rules alone, there is no model"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """
    The target of a verification.

    Attributes
    ----------
    training : TrainingConfig, optional
        Label, columns, horizon, embargo and ensemble weights, with the small sizes of the
        verification; None for strategies without a model. No columns means that training chooses
        them.
    model : Path, optional
        Directory of the artifact.
    ensemble : Ensemble, optional
        The artifact, loaded and verified.
    config : BacktestConfig, optional
        The backtest, if the target is one.
    window : Window, optional
        What it replays.

    """

    training: TrainingConfig | None = None
    model: Path | None = None
    ensemble: Ensemble | None = None
    config: BacktestConfig | None = None
    window: Window | None = None


def find_subject(target: Path, options: VerifyOptions, progress: Report) -> Subject:
    """Resolve a target.

    Parameters
    ----------
    target : Path
        Directory of an artifact, a training configuration or a backtest configuration. The model
        of a backtest is taken from its cache, or trained first.
    options : VerifyOptions
        Sizes of the models that are trained here.
    progress : Report
        Told of a training.

    Returns
    -------
    Subject
        The target.

    Raises
    ------
    UsageError
        If there is nothing at `target`.
    InputError
        If the artifact is damaged.

    """
    if target.is_dir():
        return _model_subject(target, options)
    if not {"run", "strategies"} & set(read_toml(target)):
        return Subject(training=_small(load_training_config(target), options))
    backtest = load_config(target)
    model = _own_model(backtest) or find_model(backtest, progress)
    subject = _model_subject(model, options) if model is not None else Subject()
    return msgspec.structs.replace(subject, config=backtest, window=resolve_window(backtest))


def _own_model(config: BacktestConfig) -> Path | None:
    """Return the model that an actor block names itself."""
    paths = [block.config["model_path"] for block in config.actors if "model_path" in block.config]
    return find_artifact(Path(paths[0])) if paths else None


def _model_subject(model: Path, options: VerifyOptions) -> Subject:
    ensemble = load_artifact(model)
    manifest = ensemble.manifest
    known = set(LabelParams.__struct_fields__)
    label = {key: value for key, value in manifest.label.items() if key in known}
    config = TrainingConfig(
        name=manifest.name,
        horizon_ms=manifest.horizon_ms,
        embargo_ms=manifest.embargo_ms,
        label=msgspec.convert(label, LabelParams),
        features=manifest.features,
        columns=manifest.feature_names,
        ensemble=msgspec.convert(manifest.weights, EnsembleParams),
    )
    return Subject(training=_small(config, options), model=model, ensemble=ensemble)


def _small(config: TrainingConfig, options: VerifyOptions) -> TrainingConfig:
    """Keep what is learned and how rows are split; make the models and the market ours."""
    return msgspec.structs.replace(
        config,
        instruments=(),
        start=None,
        end=None,
        score_horizons_ms=(config.horizon_ms,),
        seed=options.seed,
        ensemble=msgspec.structs.replace(config.ensemble, folds=options.folds),
        logistic=options.logistic,
        random_forest=options.random_forest,
        lstm=options.lstm,
        xgboost=options.xgboost,
    )
