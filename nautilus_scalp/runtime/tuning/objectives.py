"""What a trial is scored by: a model's walk forward, or strategies on parts of their window."""

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.errors import UsageError
from nautilus_scalp.evaluation.performance import minute_returns
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.report.measures import combine
from nautilus_scalp.runtime.report.measures import mark_times
from nautilus_scalp.runtime.report.measures import measure
from nautilus_scalp.runtime.run import resolve_window
from nautilus_scalp.runtime.run import run_configs
from nautilus_scalp.runtime.trials import DataWindow
from nautilus_scalp.runtime.trials import Trial
from nautilus_scalp.runtime.trials import data_window
from nautilus_scalp.runtime.trials import identity
from nautilus_scalp.runtime.trials import record_trial
from nautilus_scalp.runtime.tuning.shared import SharedModels
from nautilus_scalp.runtime.tuning.shared import unchanged_models
from nautilus_scalp.runtime.tuning.study import OnFold
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.config import load_training_config
from nautilus_scalp.training.walk_forward import FoldScore
from nautilus_scalp.training.walk_forward import walk_forward_scores


PARTS = 3
_BPS = 1e4
_NS_PER_S = 1_000_000_000

type Floats = npt.NDArray[np.float64]


class TrainingObjective:
    """The mean AUC over the folds of a training configuration, at its own horizon.

    A trial calibrates on the held-out tail of each fold's training rows and not out of fold, which
    would fit every model several times more; the AUC ranks, and hardly knows the difference.

    Parameters
    ----------
    path : Path
        The configuration.
    given : sequence of str
        ``--set`` assignments of the user, under those of a trial.
    catalog : Path
        What to learn from.

    Attributes
    ----------
    kept : Path, optional
        Where to keep the models of the configuration as it is, by fold: a trial that leaves the
        settings of one as they are does not fit it again.

    """

    metric = "AUC of the ensemble over moves, mean over walk-forward folds"
    kept: Path | None = None

    def __init__(self, path: Path, given: Sequence[str], catalog: Path) -> None:
        self._path = path
        self._given = given
        self.config = load_training_config(path, given)
        names = self.config.instruments or None
        known = names or [facts.instrument_id for facts in catalog_instruments(catalog)]
        first_ns, last_ns = catalog_window(catalog, names)
        start_ns, end_ns = self.config.start_ns, self.config.end_ns
        bounds = (first_ns if start_ns is None else start_ns, end_ns or last_ns)
        self.window: DataWindow = data_window(catalog, known, *bounds)
        self._tape = read_tape(catalog, names, start_ns, end_ns, extras=True)

    def __call__(self, assignments: Sequence[str], on_fold: OnFold) -> None:
        """Fit and score every fold; what `on_fold` raises ends the walk."""
        config = load_training_config(self._path, [*self._given, *assignments])
        self._record(config)

        def told(index: int, fold: FoldScore) -> None:
            auc = fold.figure("auc", config.horizon_ms)
            if auc is None:
                message = f"the fold {fold.name} has no moves both ways to score"
                raise UsageError(message, "widen start..end, or cut fewer folds")
            on_fold(index, auc)

        unchanged = unchanged_models(config, self.config)
        walk_forward_scores(
            self._tape,
            _calibrated_once(config),
            on_fold=told,
            stages_of=lambda index: SharedModels(self.kept, index, unchanged),
        )

    def _record(self, config: TrainingConfig) -> None:
        trial = Trial(kind="tune", name=config.name, identity=identity(config), window=self.window)
        record_trial(trial)


class BacktestObjective:
    """The mean net result over consecutive parts of the window, in bps of the starting balance.

    Parameters
    ----------
    path : Path
        The configuration.
    given : sequence of str
        ``--set`` assignments of the user, under those of a trial.

    """

    metric = "net result in bps of the balance, mean over consecutive parts of the window"

    def __init__(self, path: Path, given: Sequence[str]) -> None:
        self._path = path
        self._given = given
        self.config = load_config(path, given)
        window = resolve_window(self.config)
        catalog = Path(self.config.run.catalog)
        bounds = (window.start_ns, window.end_ns)
        self.window: DataWindow = data_window(catalog, self.config.instrument_ids, *bounds)
        edges = np.linspace(*bounds, PARTS + 1).astype(np.int64).tolist()
        self._parts = list(pairwise(edges))

    def __call__(self, assignments: Sequence[str], on_fold: OnFold) -> None:
        """Run every part; what `on_fold` raises ends it."""
        for index, part in enumerate(self._parts):
            on_fold(index, self._run(assignments, part)[0])

    def returns(self, assignments: Sequence[str]) -> Floats:
        """Return the returns of all full minutes of all parts, over the starting balance."""
        found = [self._run(assignments, part)[1] for part in self._parts]
        return np.concatenate(found)

    def _run(self, assignments: Sequence[str], part: tuple[int, int]) -> tuple[float, Floats]:
        config = _within(load_config(self._path, [*self._given, *assignments]), part)
        name = self._path.stem
        _, facts, results, _ = run_configs(
            {name: config}, lambda _stage, _fraction: None, judge_signal=False, kind="tune"
        )
        capital, grid_ns = facts.capital[name], mark_times(facts, results)
        total = combine([measure(one, grid_ns, capital) for one in results], grid_ns, capital)
        return total.net / capital * _BPS, minute_returns(total.equity, grid_ns, capital)


def study_identity(settings: Mapping[str, Any], window: DataWindow, *parts: Any) -> str:  # noqa: ANN401
    """Return the id of a study: a hash of configuration, data, dials and seed."""
    return identity(settings, window, *parts)


def _calibrated_once(config: TrainingConfig) -> TrainingConfig:
    if config.ensemble.weighting == "learned":
        return config
    ensemble = msgspec.structs.replace(config.ensemble, folds=0)
    return msgspec.structs.replace(config, ensemble=ensemble)


def _within(config: BacktestConfig, part: tuple[int, int]) -> BacktestConfig:
    start, end = (datetime.fromtimestamp(ns / _NS_PER_S, UTC) for ns in part)
    run = msgspec.structs.replace(config.run, start=start, end=end, queue_models=False)
    return msgspec.structs.replace(config, run=run)
