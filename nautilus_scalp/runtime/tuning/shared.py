"""Fitted models that trials share, because they do not turn what those were fitted with."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.stages import Arrays
from nautilus_scalp.training.stages import Stages


_TABLES = {
    "linear": "logistic",
    "random_forest": "random_forest",
    "xgboost": "xgboost",
    "lstm": "lstm",
}
_AFTER_FITTING = ("ensemble", "move_rate", "score_horizons_ms")


def unchanged_models(config: TrainingConfig, given: TrainingConfig) -> frozenset[str]:
    """Return the stages of `fit_packed` that two configurations have in common.

    Parameters
    ----------
    config, given : TrainingConfig
        Of a trial, and as it was given. Where they differ in data, label, features or folds they
        have none.

    """
    free = (*_TABLES.values(), *_AFTER_FITTING)
    if msgspec.structs.replace(config, **{key: getattr(given, key) for key in free}) != given:
        return frozenset()
    return frozenset(
        stage for stage, table in _TABLES.items() if getattr(config, table) == getattr(given, table)
    )


class SharedModels(Stages):
    """The models of one fold: those that are unchanged are kept, the others fitted every time.

    Parameters
    ----------
    path : Path, optional
        Directory of the study's models; None keeps nothing.
    fold : int
        Index of the fold.
    unchanged : frozenset[str]
        From `unchanged_models`.

    """

    def __init__(self, path: Path | None, fold: int, unchanged: frozenset[str]) -> None:
        super().__init__(None if path is None else path / f"fold-{fold + 1}")
        self._unchanged = unchanged

    def run(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return a kept model if it is unchanged, else fit it."""
        return super().run(name, compute) if name in self._unchanged else compute()
