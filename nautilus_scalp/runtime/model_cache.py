"""Find the artifact that a run wants, or train it."""

from pathlib import Path
from typing import TYPE_CHECKING

from nautilus_trader.common.config import resolve_config_path

from nautilus_scalp.errors import UsageError
from nautilus_scalp.models.artifact import read_manifest
from nautilus_scalp.models.registry import find_artifact
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.console import Report


if TYPE_CHECKING:
    from nautilus_scalp.training.config import TrainingConfig


def find_model(config: BacktestConfig, progress: Report) -> Path | None:
    """Return the artifact for the blocks that need one and name none.

    Parameters
    ----------
    config : BacktestConfig
        Its `model` section says which.
    progress : Report
        Told of the training, if one is needed.

    Returns
    -------
    Path or None
        Directory of a verified manifest; None if no block waits for a model.

    Raises
    ------
    UsageError
        If a block waits for a model and the configuration names none.

    """
    if not any(_waits_for_model(block.config_path, block.config) for block in config.actors):
        return None
    if config.model.path is not None:
        path = find_artifact(Path(config.model.path))
        read_manifest(path)
        return path
    if config.model.training is None:
        message = "an actor needs a model, and the configuration names none"
        raise UsageError(message, "set model.path, model.training or the actor's model_path")
    return trained_model(
        Path(config.model.training), Path(config.run.catalog), Path(config.model.cache), progress
    )


def _waits_for_model(config_path: str, block: dict[str, object]) -> bool:
    fields = resolve_config_path(config_path).__struct_fields__
    return "model_path" in fields and "model_path" not in block


def cached_model(training: Path, catalog: Path, cache: Path) -> Path | None:
    """Return the artifact of a training configuration if it is in the cache.

    Parameters
    ----------
    training : Path
        Training configuration.
    catalog : Path
        What it was learnt from.
    cache : Path
        Directory that trained artifacts are kept in.

    Returns
    -------
    Path or None
        Directory of the artifact.

    """
    _, path = _place(training, catalog, cache)
    return path if path.exists() else None


def trained_model(training: Path, catalog: Path, cache: Path, progress: Report) -> Path:
    """Return the artifact of a training configuration, trained now if it is not in the cache.

    Parameters
    ----------
    training : Path
        Training configuration.
    catalog : Path
        What to learn from.
    cache : Path
        Directory that trained artifacts are kept in.
    progress : Report
        Told of the training, if one is needed.

    Returns
    -------
    Path
        Directory of the artifact.

    """
    settings, path = _place(training, catalog, cache)
    if path.exists():
        read_manifest(path)
        return path
    from nautilus_scalp.training.pipeline import train  # noqa: PLC0415

    return train(settings, catalog, path, progress).path


def _place(training: Path, catalog: Path, cache: Path) -> tuple["TrainingConfig", Path]:
    """Return the training's settings, and where its artifact on a catalog lies."""
    # The training libraries take seconds to import; a cached artifact needs none of them.
    from nautilus_scalp.training.config import load_training_config  # noqa: PLC0415
    from nautilus_scalp.training.identity import model_id_for  # noqa: PLC0415

    settings = load_training_config(training)
    return settings, cache / settings.name / model_id_for(settings, catalog)
