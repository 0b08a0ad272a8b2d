"""The artifact that a live run uses."""

from pathlib import Path

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.console import progress_bar
from nautilus_scalp.runtime.live_config import LiveConfig
from nautilus_scalp.runtime.model_cache import _trained as trained_model


def named_model(config: LiveConfig) -> Path | None:
    """Return the artifact that the configuration names.

    Parameters
    ----------
    config : LiveConfig
        Its `model` section.

    Returns
    -------
    Path or None
        None if it names none, or a training instead.

    """
    return Path(config.model.path) if config.model.path else None


def find_live_model(config: LiveConfig) -> Path | None:
    """Return the artifact for blocks that want one and name none.

    Parameters
    ----------
    config : LiveConfig
        Its `model` section. A training is allowed in mode "practice", which has a catalog: its
        artifact is taken from the cache, or trained first.

    Returns
    -------
    Path or None
        None if the configuration names no model.

    Raises
    ------
    UsageError
        If a training is named where there is no catalog to train on.

    """
    path = named_model(config)
    if path is not None or config.model.training is None:
        return path
    if config.live.mode != "practice" or config.practice is None:
        message = f"mode {config.live.mode!r} does not train, and model.training is set"
        raise UsageError(message, "train first, and set model.path to the artifact's directory")
    training, cache = Path(config.model.training), Path(config.model.cache)
    with progress_bar() as progress:
        return trained_model(training, Path(config.practice.catalog), cache, progress)
