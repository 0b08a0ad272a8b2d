"""The artifact that a live run uses, and its code compiled before the first tick."""

from pathlib import Path

import numpy as np

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.models.registry import find_artifact
from nautilus_scalp.runtime.console import progress_bar
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.model_cache import cached_model
from nautilus_scalp.runtime.model_cache import trained_model


_MADE_UP = InstrumentFacts(
    instrument_id="MADE-UP.NOWHERE", price_precision=1, size_precision=3, tick_size=0.1
)
_STEP_NS = 50_000_000
_MOST_STEPS = 50_000
_ENOUGH_PREDICTIONS = 200


def named_model(config: LiveConfig) -> Path | None:
    """Return the artifact that the configuration names.

    Parameters
    ----------
    config : LiveConfig
        Its `model` section.

    Returns
    -------
    Path or None
        The champion's, if the section names a name of the registry. Of a training it is what lies
        in the cache; None if nothing does, or if the section names neither.

    """
    if config.model.path:
        return find_artifact(Path(config.model.path))
    if config.model.training is None or config.practice is None:
        return None
    return cached_model(
        Path(config.model.training), Path(config.practice.catalog), Path(config.model.cache)
    )


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


def model_paths(config: LiveConfig, model: Path | None) -> list[Path]:
    """Return every artifact that the run loads.

    Parameters
    ----------
    config : LiveConfig
        Its blocks may name artifacts of their own.
    model : Path, optional
        The artifact for blocks that name none.

    Returns
    -------
    list[Path]
        Sorted, each once.

    """
    named = {Path(b.config["model_path"]) for b in config.actors if "model_path" in b.config}
    return sorted(named | ({model} if model is not None else set()))


def warm_up(path: Path) -> int:
    """Compile the code of features, models and policy before a market waits for it.

    The first call of every compiled function takes up to a second, half a minute in all, in which
    a running node would hear nothing. A made-up market is run through an engine of its own until
    signals come, and forgotten.

    Parameters
    ----------
    path : Path
        The artifact.

    Returns
    -------
    int
        Predictions that were made.

    """
    # Compiled code takes a second to load; a run by rules alone needs none of it.
    from nautilus_scalp.features.engine import FeatureEngine  # noqa: PLC0415
    from nautilus_scalp.models.artifact import load_artifact  # noqa: PLC0415
    from nautilus_scalp.signals.policy import decide  # noqa: PLC0415

    ensemble = load_artifact(path)
    manifest, stream = ensemble.manifest, ensemble.stream()
    engine = FeatureEngine(_MADE_UP, manifest.features, manifest.feature_names)
    predictions = 0
    rng = np.random.default_rng(0)
    for step, move in enumerate(rng.integers(-3, 4, _MOST_STEPS).cumsum()):
        ts_ns, mid = step * _STEP_NS, 50_000.0 + 0.1 * float(move)
        engine.on_trade(ts_ns, mid, 0.1, 1.0 if step % 2 else -1.0)
        if engine.on_quote(ts_ns, mid - 0.1, mid + 0.1, 1.0 + step % 7, 1.0 + step % 5):
            p = stream.predict(engine.value, engine.segment, ts_ns, mid)
            decide(p, stream.move_bps)
            predictions += 1
        if predictions == _ENOUGH_PREDICTIONS:
            break
    return predictions
