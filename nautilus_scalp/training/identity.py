"""The id of an artifact, known before it is trained: a hash of everything that decides it."""

import hashlib
from pathlib import Path

import msgspec

from nautilus_scalp.data.catalog import catalog_checksums
from nautilus_scalp.features.catalogue import side_kinds
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.models.manifest import FORMAT
from nautilus_scalp.training.config import TrainingConfig


RECIPE = 8  # raise it whenever the training code changes what comes out of the same data
ID_LENGTH = 16


def model_id_for(config: TrainingConfig, catalog: Path) -> str:
    """Return the id that training with a configuration on a catalog gives.

    Parameters
    ----------
    config : TrainingConfig
        The configuration.
    catalog : Path
        A Nautilus catalog.

    Returns
    -------
    str
        The same for the same configuration, quotes, trades, features and recipe.

    Raises
    ------
    UsageError
        If the catalog or one of the instruments is not there.

    """
    return identify(config, training_checksums(config, catalog))


def training_checksums(config: TrainingConfig, catalog: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the configured instruments that a training reads."""
    sums = catalog_checksums(catalog, config.instruments or None)
    if reads_extras(config):
        return sums
    return {name: sha for name, sha in sums.items() if "quote_tick" in name or "trade_tick" in name}


def reads_extras(config: TrainingConfig) -> bool:
    """Tell whether a training looks at more than quotes and trades."""
    if config.columns:
        return bool(side_kinds(config.columns))
    return config.selection.method == "learned" and config.selection.depth


def identify(config: TrainingConfig, checksums: dict[str, str]) -> str:
    """Return the id for a configuration and the checksums of its data."""
    parts = {
        "recipe": RECIPE,
        "format": FORMAT,
        "config": config,
        "data": checksums,
        "schema": build_schema(config.features).hash,
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:ID_LENGTH]
